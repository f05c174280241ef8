package models

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Unbounded is the look-ahead of a model that needs the whole recording.
const Unbounded = math.MaxInt

// Arch is the shape of a model: input normalisation, recurrent layers one on
// the other, and a dense head on each frame.
type Arch struct {
	Input   int     `json:"input"` // values in a frame
	Layers  []Layer `json:"layers"`
	Outputs int     `json:"outputs"` // values in an answer
	Head    string  `json:"head"`    // SigmoidHead
}

// Layer is one recurrent layer. A bidirectional layer runs a second cell from
// the end to the beginning and hands on both outputs, forward one first: its
// output is 2*Hidden wide (Schuster and Paliwal 1997).
type Layer struct {
	Cell          string `json:"cell"` // GRU
	Hidden        int    `json:"hidden"`
	Bidirectional bool   `json:"bidirectional,omitempty"`
}

// Cells and heads.
const (
	GRU         = "gru"     // reset gate after the product, as PyTorch
	SigmoidHead = "sigmoid" // one probability an output
)

// Sizes beyond these are taken for a broken file.
const (
	maxWidth  = 4096
	maxLayers = 16
)

// Validate names the first value that makes no sense.
func (a Arch) Validate() error {
	switch {
	case a.Input < 1 || a.Input > maxWidth:
		return fmt.Errorf("models: input of %d values is not within 1..%d", a.Input, maxWidth)
	case a.Outputs < 1 || a.Outputs > maxWidth:
		return fmt.Errorf("models: %d outputs are not within 1..%d", a.Outputs, maxWidth)
	case a.Head != SigmoidHead:
		return fmt.Errorf("models: head %q is unknown; known: %s", a.Head, SigmoidHead)
	case len(a.Layers) < 1 || len(a.Layers) > maxLayers:
		return fmt.Errorf("models: %d layers are not within 1..%d", len(a.Layers), maxLayers)
	}
	for i, l := range a.Layers {
		if l.Cell != GRU {
			return fmt.Errorf("models: layer %d: cell %q is unknown; known: %s", i, l.Cell, GRU)
		}
		if l.Hidden < 1 || l.Hidden > maxWidth {
			return fmt.Errorf("models: layer %d: hidden size %d is not within 1..%d", i, l.Hidden, maxWidth)
		}
	}
	return nil
}

// Causal tells whether an answer depends on nothing after its own frame.
func (a Arch) Causal() bool {
	for _, l := range a.Layers {
		if l.Bidirectional {
			return false
		}
	}
	return true
}

// Width is the number of values that the layer hands on per frame.
func (l Layer) Width() int {
	if l.Bidirectional {
		return 2 * l.Hidden
	}
	return l.Hidden
}

// Tensor is a named array, row-major.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Info says what a model is for and where it comes from.
type Info struct {
	Name       string            // "vad"
	Task       string            // "vad"
	Features   json.RawMessage   // feature recipe, opaque to this package
	Provenance map[string]string // recipe, seed, kernel id, data, ...
}

// Directions of a cell, as suffixes of its tensors' names.
const (
	forwardSuffix = ""
	reverseSuffix = "_reverse"
)

// Shapes lists the tensors of a model in the order of its layers, without
// data. Names and layouts are those of PyTorch's nn.GRU and nn.Linear, rows in
// the order r, z, n.
//
//	input.mean, input.scale             [input]    frame = (frame-mean)*scale
//	gru.weight_ih_l0[_reverse]          [3*hidden, input]
//	gru.weight_hh_l0[_reverse]          [3*hidden, hidden]
//	gru.bias_ih_l0, gru.bias_hh_l0 [..] [3*hidden]
//	head.weight, head.bias              [outputs, width], [outputs]
func (a Arch) Shapes() []Tensor {
	list := []Tensor{{Name: "input.mean", Shape: []int{a.Input}}, {Name: "input.scale", Shape: []int{a.Input}}}
	width := a.Input
	for i, l := range a.Layers {
		list = append(list, cellShapes(i, forwardSuffix, width, l.Hidden)...)
		if l.Bidirectional {
			list = append(list, cellShapes(i, reverseSuffix, width, l.Hidden)...)
		}
		width = l.Width()
	}
	return append(list, Tensor{Name: "head.weight", Shape: []int{a.Outputs, width}},
		Tensor{Name: "head.bias", Shape: []int{a.Outputs}})
}

func cellShapes(layer int, suffix string, in, hidden int) []Tensor {
	end := "_l" + strconv.Itoa(layer) + suffix
	return []Tensor{
		{Name: "gru.weight_ih" + end, Shape: []int{3 * hidden, in}},
		{Name: "gru.weight_hh" + end, Shape: []int{3 * hidden, hidden}},
		{Name: "gru.bias_ih" + end, Shape: []int{3 * hidden}},
		{Name: "gru.bias_hh" + end, Shape: []int{3 * hidden}},
	}
}

// Len is the number of values of a tensor of this shape.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}
