package models

import "github.com/streamer-audio/streamer/internal/kernel"

// Batch steps many streams of one causal model together: the weights are read
// once for all of them. Each stream gets the bits that [State.Push] would give
// it. A Batch belongs to one goroutine; what it keeps is room to work in.
type Batch struct {
	m    *Model
	most int       // streams at a time
	x, y []float32 // [most × width] activations going into and out of a layer
	h    []float32 // [most × hidden]
	gx   []float32 // [most × 3*hidden], block by block
	gh   []float32 // [most × 3u] of a block
}

// NewBatch returns a Batch that steps up to so many streams at a time. The
// model must be causal.
func (m *Model) NewBatch(most int) *Batch {
	if most < 1 || m.Lookahead() != 0 {
		panic("models: a batch needs room for a stream, and a causal model")
	}
	width, hidden := max(m.arch.Input, m.arch.Outputs), 0
	for i := range m.layers {
		width, hidden = max(width, m.layers[i].width), max(hidden, m.layers[i].fwd.hidden)
	}
	room := func(n int) []float32 { return make([]float32, most*n) }
	return &Batch{m: m, most: most, x: room(width), y: room(width), h: room(hidden),
		gx: room(3 * hidden), gh: room(3 * kernel.GRUUnits)}
}

// Push is states[i].Push(frames[i]) for every i. All states are of the batch's
// model, none is there twice.
func (b *Batch) Push(states []*State, frames [][]float32) {
	if len(states) != len(frames) {
		panic("models: a batch needs one frame for each state")
	}
	for len(states) > 0 {
		n := min(b.most, len(states))
		b.push(states[:n], frames[:n])
		states, frames = states[n:], frames[n:]
	}
}

func (b *Batch) push(states []*State, frames [][]float32) {
	in, outputs := b.m.arch.Input, b.m.arch.Outputs
	for i, s := range states {
		if s.m != b.m || len(frames[i]) != in {
			panic("models: a state of another model, or a frame that is not Arch.Input long")
		}
		b.m.normalise(b.x[i*in:(i+1)*in], frames[i])
	}
	for l := range b.m.layers {
		b.layer(l, states)
		b.x, b.y = b.y, b.x
	}
	width := b.m.layers[len(b.m.layers)-1].width
	b.m.answer(b.y[:len(states)*outputs], b.x[:len(states)*width], len(states))
	for i, s := range states {
		copy(s.grow(outputs), b.y[i*outputs:])
	}
}

// layer takes x through layer l into y, and moves the states on.
func (b *Batch) layer(l int, states []*State) {
	c, rows := b.m.layers[l].fwd, len(states)
	for i, s := range states {
		copy(b.h[i*c.hidden:(i+1)*c.hidden], s.h[l])
	}
	c.project(b.gx, b.x[:rows*c.in], rows)
	for _, k := range c.blocks {
		n := len(k.bh)
		gx, gh := b.gx[rows*3*k.first:rows*3*k.end], b.gh[:rows*n]
		kernel.MulBias(gh, k.bh, b.h[:rows*c.hidden], k.wh, rows, n, c.hidden)
		for i := range rows {
			row := i * c.hidden
			kernel.GRUStep(b.y[row+k.first:row+k.end], b.h[row+k.first:row+k.end], nil, nil, nil, nil,
				gx[i*n:(i+1)*n], gh[i*n:(i+1)*n])
		}
	}
	for i, s := range states {
		copy(s.h[l], b.y[i*c.hidden:])
	}
}
