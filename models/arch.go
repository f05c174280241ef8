package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unbounded is the look-ahead of a model that needs the whole recording.
const Unbounded = math.MaxInt

// Arch is the shape of a model: how a frame becomes the input of the first
// layer, layers one on the other, and a dense head on each frame.
type Arch struct {
	Input    int     `json:"input"`              // values that the first layer gets of a frame
	Encoding string  `json:"encoding,omitempty"` // Frames, OneHot or Embedding
	Tokens   int     `json:"tokens,omitempty"`   // size of the vocabulary; 0 for Frames
	Layers   []Layer `json:"layers"`
	Outputs  int     `json:"outputs"` // values in an answer; 0 for NoHead
	Head     string  `json:"head"`    // SigmoidHead, SoftmaxHead, LinearHead or NoHead

	// Delays makes output i of a step the answer about the frame Delays[i]
	// steps before it; none means 0 for all.
	Delays []int `json:"delays,omitempty"`
	// Block and Right run a bidirectional stack in blocks of so many frames,
	// with so many more to their right; 0 and 0 is the whole recording.
	Block int `json:"block,omitempty"`
	Right int `json:"right,omitempty"`
}

// Layer is one layer. A bidirectional layer runs a second cell from the end to
// the beginning and hands on both outputs (Schuster and Paliwal 1997): side by
// side, forward one first, or their sum.
type Layer struct {
	Cell          string `json:"cell"` // one of CellNames, or RowConv
	Hidden        int    `json:"hidden"`
	Context       int    `json:"context,omitempty"` // frames ahead that a row convolution hears
	Bidirectional bool   `json:"bidirectional,omitempty"`
	Sum           bool   `json:"sum,omitempty"` // of both directions
}

// Names of cells; [CellNames] lists them all.
const (
	RNN          = "rnn"           // tanh
	RNNReLU      = "rnn-relu"      //
	GRUSimple    = "gru-simple"    // update gate alone
	GRUBefore    = "gru-before"    // reset gate before the product, as in the course
	GRU          = "gru"           // reset gate after the product, as PyTorch
	LSTM         = "lstm"          //
	LSTMPeephole = "lstm-peephole" // its gates see the memory
	Dense        = "dense"         // tanh, no state
	DenseReLU    = "dense-relu"    // no state

	RowConv = "row-conv" // not a cell: looks ahead, channel by channel
)

// Encodings of the input.
const (
	Frames    = ""          // a frame is Input values, which are normalised
	OneHot    = "one-hot"   // a frame is the number of a token, which becomes 1 among zeros
	Embedding = "embedding" // a frame is the number of a token, which has a trained vector
)

// NoToken is the frame that stands for no token: the zero vector, which is what
// the first step of a sequence of tokens has before it.
const NoToken = -1

// Heads.
const (
	SigmoidHead = "sigmoid" // a probability for each output
	SoftmaxHead = "softmax" // probabilities of outputs that exclude each other
	LinearHead  = "linear"  // W y + b
	NoHead      = "none"    // no answers: only the state is wanted
)

// Sizes beyond these are taken for a broken file.
const (
	maxWidth  = 4096
	maxLayers = 16
	maxTokens = 1 << 20
)

// Validate names the first value that makes no sense.
func (a Arch) Validate() error {
	if err := a.validateInput(); err != nil {
		return err
	}
	switch a.Head {
	case SigmoidHead, SoftmaxHead, LinearHead:
		if a.Outputs < 1 || a.Outputs > maxTokens {
			return fmt.Errorf("models: %d outputs are not within 1..%d", a.Outputs, maxTokens)
		}
	case NoHead:
		if a.Outputs != 0 {
			return fmt.Errorf("models: %d outputs without a head", a.Outputs)
		}
	default:
		return fmt.Errorf("models: head %q is unknown; known: %s, %s, %s, %s", a.Head, SigmoidHead, SoftmaxHead, LinearHead, NoHead)
	}
	if len(a.Layers) < 1 || len(a.Layers) > maxLayers {
		return fmt.Errorf("models: %d layers are not within 1..%d", len(a.Layers), maxLayers)
	}
	for i, l := range a.Layers {
		if err := l.validate(); err != nil {
			return fmt.Errorf("models: layer %d: %w", i, err)
		}
		if l.Cell == RowConv && l.Hidden != a.into(i) {
			return fmt.Errorf("models: layer %d: a row convolution of %d channels over a layer of %d", i, l.Hidden, a.into(i))
		}
	}
	return a.validateAhead()
}

// into is the width of what layer i gets.
func (a Arch) into(i int) int {
	if i == 0 {
		return a.Input
	}
	return a.Layers[i-1].Width()
}

func (a Arch) validateInput() error {
	if a.Input < 1 || a.Input > maxWidth {
		return fmt.Errorf("models: input of %d values is not within 1..%d", a.Input, maxWidth)
	}
	switch a.Encoding {
	case Frames:
		if a.Tokens != 0 {
			return fmt.Errorf("models: a vocabulary of %d tokens, and frames that are no tokens", a.Tokens)
		}
		return nil
	case OneHot:
		if a.Tokens != a.Input {
			return fmt.Errorf("models: one-hot input of %d values does not fit %d tokens", a.Input, a.Tokens)
		}
	case Embedding:
	default:
		return fmt.Errorf("models: encoding %q is unknown; known: %s, %s, or none for frames", a.Encoding, OneHot, Embedding)
	}
	if a.Tokens < 1 || a.Tokens > maxTokens {
		return fmt.Errorf("models: vocabulary of %d tokens is not within 1..%d", a.Tokens, maxTokens)
	}
	return nil
}

func (l Layer) validate() error {
	c := CellNamed(l.Cell)
	switch {
	case c == nil && l.Cell != RowConv:
		return fmt.Errorf("cell %q is unknown; known: %s, %s", l.Cell, strings.Join(CellNames(), ", "), RowConv)
	case l.Context < 0 || l.Context > maxAhead || l.Context > 0 && l.Cell != RowConv:
		return fmt.Errorf("context of %d frames: a row convolution has 0..%d, a cell none", l.Context, maxAhead)
	case l.Hidden < 1 || l.Hidden > maxWidth:
		return fmt.Errorf("hidden size %d is not within 1..%d", l.Hidden, maxWidth)
	case l.Bidirectional && (c == nil || c.Memory == 0):
		return fmt.Errorf("cell %s has no state and so no direction", l.Cell)
	case l.Sum && !l.Bidirectional:
		return errors.New("one direction has no sum")
	}
	return nil
}

// Detects tells whether the model gives one probability for each frame of
// features, as speech detection needs.
func (a Arch) Detects() bool {
	return a.Encoding == Frames && a.Outputs == 1 && a.Head == SigmoidHead
}

// FrameLen is the number of values that State.Push takes: Input, or for tokens
// one, the token's number or NoToken.
func (a Arch) FrameLen() int {
	if a.Encoding == Frames {
		return a.Input
	}
	return 1
}

// Width is the number of values that the layer hands on per frame.
func (l Layer) Width() int {
	if l.Bidirectional && !l.Sum {
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
	Vocabulary json.RawMessage   // what the tokens are, opaque to this package; empty for frames
	Provenance map[string]string // recipe, seed, kernel id, data, ...
}

// Shapes lists the tensors of a model in the order of its layers, without
// data. Names and layouts are those of PyTorch's recurrent modules and
// nn.Linear, gates in the order that the cell's equations are documented with.
//
//	input.mean, input.scale               [input]    frame = (frame-mean)*scale
//	input.embedding                       [tokens, input] instead, if there is one
//	<cell>.weight_ih_l<i>[_reverse]       [gates*hidden, input]
//	<cell>.weight_hh_l<i>[_reverse]       [gates*hidden, hidden]
//	<cell>.bias_ih_l<i>, bias_hh_l<i> ... [gates*hidden]
//	<cell>.weight_peep_l<i>[_reverse]     [peeps*hidden] of lstm-peephole
//	row-conv.weight_l<i>                  [hidden, context+1]
//	head.weight, head.bias                [outputs, width], [outputs]
//
// Dense layers have weight_ih and bias_ih only.
func (a Arch) Shapes() []Tensor {
	list, width := a.inputShapes(), a.Input
	for i, l := range a.Layers {
		if l.Cell == RowConv {
			list = append(list, Tensor{Name: RowConv + ".weight_l" + strconv.Itoa(i), Shape: []int{l.Hidden, l.Context + 1}})
			continue
		}
		c := CellNamed(l.Cell)
		list = append(list, c.shapes(i, forwardSuffix, width, l.Hidden)...)
		if l.Bidirectional {
			list = append(list, c.shapes(i, reverseSuffix, width, l.Hidden)...)
		}
		width = l.Width()
	}
	if a.Head == NoHead {
		return list
	}
	return append(list, Tensor{Name: "head.weight", Shape: []int{a.Outputs, width}},
		Tensor{Name: "head.bias", Shape: []int{a.Outputs}})
}

func (a Arch) inputShapes() []Tensor {
	switch a.Encoding {
	case OneHot:
		return nil
	case Embedding:
		return []Tensor{{Name: "input.embedding", Shape: []int{a.Tokens, a.Input}}}
	}
	return []Tensor{{Name: "input.mean", Shape: []int{a.Input}}, {Name: "input.scale", Shape: []int{a.Input}}}
}

// Len is the number of values of a tensor of this shape.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}
