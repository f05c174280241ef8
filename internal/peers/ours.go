package main

import (
	"fmt"

	"github.com/streamer-audio/streamer/models"
)

// ours is a model of one recurrent layer and a head, and one stream of it. It
// normalises the frame and computes the head as well, which no peer does: that
// is what a model is, and it is not left out to look better.
type ours struct {
	model *models.Model
	head  dense
	state *models.State
	out   []float32 // [outputs]
}

// newOurs builds the layer from one cell, or from two for both directions.
func newOurs(outputs int, cells ...*cell) *ours {
	arch := models.Arch{Input: cells[0].input, Outputs: outputs, Head: models.SigmoidHead,
		Layers: []models.Layer{{Cell: models.GRU, Hidden: cells[0].hidden, Bidirectional: len(cells) > 1}}}
	width := arch.Layers[0].Width()
	o := &ours{head: dense{outputs: outputs, width: width, w: normal(outputs*width, 11), b: normal(outputs, 12)},
		out: make([]float32, outputs)}
	data := map[string][]float32{"head.weight": o.head.w, "head.bias": o.head.b,
		// frames go in as they are, so that peers can be given the same ones
		"input.mean": make([]float32, arch.Input), "input.scale": ones(arch.Input)}
	for i, c := range cells {
		end := "_l0" + []string{"", "_reverse"}[i]
		data["gru.weight_ih"+end], data["gru.weight_hh"+end] = c.wi, c.wh
		data["gru.bias_ih"+end], data["gru.bias_hh"+end] = c.bi, c.bh
	}
	tensors := arch.Shapes()
	for i := range tensors {
		tensors[i].Data = data[tensors[i].Name]
	}
	model, err := models.New(arch, models.Info{Name: "peers", Task: "none"}, tensors)
	if err != nil {
		panic(fmt.Sprintf("the model of the measurement is wrong: %v", err)) // no input leads here
	}
	o.model, o.state = model, model.NewState()
	return o
}

func ones(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

// step takes a frame [input]; answer is then the answer [outputs] to it.
func (o *ours) step(frame []float32) {
	o.state.Push(frame)
	o.state.Next(o.out)
}

func (o *ours) answer() []float32 { return o.out }

// sequence takes a recording from its beginning to its end and writes the
// answers to y [frames × outputs].
func (o *ours) sequence(y, frames []float32) {
	o.state.Reset()
	o.state.PushAll(frames)
	o.state.Flush()
	n := len(o.out)
	for ; len(y) >= n && o.state.Next(y[:n]); y = y[n:] {
	}
}

// The timed model has one output, which says little about the layer below. So
// a second one is checked too whose outputs, as many as the layer is wide, mix
// all the hidden values, each differently.
func headSizes(cells ...*cell) []int { return []int{1, len(cells) * cells[0].hidden} }

// oursStepGap is the largest difference of our answers to the reference when the
// frames come one by one; want is the hidden states [frames × hidden].
func oursStepGap(c *cell, frames []float32, want []float64) float64 {
	gap := 0.0
	for _, outputs := range headSizes(c) {
		o := newOurs(outputs, c)
		gap = max(gap, follow(o, frames, c.input, o.head.reference(want)))
	}
	return gap
}

// oursSequenceGap is the same for whole recordings, and for layers of one or
// two directions.
func oursSequenceGap(frames []float32, want []float64, cells ...*cell) float64 {
	gap := 0.0
	for _, outputs := range headSizes(cells...) {
		o := newOurs(outputs, cells...)
		y := make([]float32, len(frames)/cells[0].input*outputs)
		for range 2 { // twice: what is timed begins anew, too
			clear(y)
			o.sequence(y, frames)
			gap = max(gap, worst(y, o.head.reference(want)))
		}
	}
	return gap
}
