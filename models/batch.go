package models

import "github.com/streamer-audio/streamer/internal/kernel"

// Batch steps many streams of one model of no backward cells together: the
// weights are read once for all of them. Each stream gets the bits that
// [State.PushAll] would give it. A Batch belongs to one goroutine; what it
// keeps is room to work in.
type Batch struct {
	m    *Model
	most int       // streams at a time
	h, c []float32 // [most × hidden]
	room room
}

// abreast is how many frames of each stream are projected together, of those
// that are there.
const abreast = 2

// NewBatch returns a Batch that steps up to so many streams at a time. The
// model must have no bidirectional layer.
func (m *Model) NewBatch(most int) *Batch {
	if most < 1 || m.arch.Bidirectional() {
		panic("models: a batch needs room for a stream, and a model of one direction")
	}
	width := max(m.width, m.arch.Outputs)
	b := &Batch{m: m, most: most}
	for i := range m.layers {
		l := &m.layers[i]
		if l.conv != nil {
			continue
		}
		atLeast(&b.h, most*l.fwd.state)
		atLeast(&b.c, most*(l.fwd.memory-l.fwd.state))
	}
	b.room.x, b.room.y = make([]float32, abreast*most*width), make([]float32, abreast*most*width)
	b.room.reserve(m.layers, abreast*most, most, 0)
	return b
}

// Push is states[i].PushAll(frames[i]) for every i. All states are of the
// batch's model, none is there twice, and all have the same number of frames.
func (b *Batch) Push(states []*State, frames [][]float32) {
	if len(states) != len(frames) {
		panic("models: a batch needs frames for each state")
	}
	if len(states) == 0 {
		return
	}
	length := b.m.arch.FrameLen()
	n := len(frames[0]) / length
	for i, s := range states {
		if s.m != b.m || s.by != native || len(frames[i]) != n*length {
			panic("models: a state of another model, or a portable one, or frames that are not as many as the others, each Arch.FrameLen long")
		}
	}
	for len(states) > 0 {
		most := min(b.most, len(states))
		for at := 0; at < n; at += abreast {
			b.push(states[:most], frames[:most], at, min(abreast, n-at))
		}
		states, frames = states[most:], frames[most:]
	}
}

// push takes n frames of each stream, from frame at on. Rows go by time: first
// the first frames of all.
func (b *Batch) push(states []*State, frames [][]float32, at, n int) {
	in, length, outputs := b.m.arch.Input, b.m.arch.FrameLen(), b.m.arch.Outputs
	rows := n * len(states)
	for row := range rows {
		i, t := row%len(states), at+row/len(states)
		x := b.room.x[row*in : (row+1)*in]
		b.m.encode(x, frames[i][t*length:(t+1)*length])
		states[i].hear(x, 1)
	}
	for l := range b.m.layers {
		b.layer(l, states, n)
		b.room.x, b.room.y = b.room.y, b.room.x
	}
	if b.m.arch.Head == NoHead {
		return
	}
	width := b.m.layers[len(b.m.layers)-1].width
	answers := b.room.y[:rows*outputs]
	b.m.answer(answers, b.room.x[:rows*width], rows, native)
	for i, s := range states {
		to := s.grow(n * outputs)
		for t := range n {
			copy(to[t*outputs:(t+1)*outputs], answers[(t*len(states)+i)*outputs:])
		}
		s.align(n)
	}
}

// layer takes n frames of each stream through layer l, from x to y, and moves
// the states on.
func (b *Batch) layer(l int, states []*State, n int) {
	c, streams := b.m.layers[l].fwd, len(states)
	x, y := b.room.x, b.room.y
	if conv := b.m.layers[l].conv; conv != nil {
		width := b.m.layers[l].width
		for row := range n * streams {
			conv.run(y[row*width:(row+1)*width], x[row*width:(row+1)*width], 1, states[row%streams].mem[l])
		}
		return
	}
	h, cells := b.h[:streams*c.state], b.c[:streams*(c.memory-c.state)]
	for i, s := range states {
		copy(h[i*c.state:(i+1)*c.state], s.mem[l])
		copy(cells[i*(c.memory-c.state):], s.mem[l][c.state:])
	}
	c.project(b.room.gx, x[:n*streams*c.in], n*streams, native)
	for t := range n {
		next := y[t*streams*c.hidden : (t+1)*streams*c.hidden]
		if c.fused != nil {
			b.stepFused(c, next, h, t*streams, n*streams)
		} else {
			c.step(next, h, cells, t*streams, streams, n*streams, &b.room)
		}
		h = next[:len(h)]
	}
	for i, s := range states {
		copy(s.mem[l][:c.state], h[i*c.state:])
		copy(s.mem[l][c.state:], cells[i*(c.memory-c.state):])
	}
}

// stepFused is units.step for a cell whose step is fused: the products are one
// for all streams, the gates are a call a stream.
func (b *Batch) stepFused(c *units, next, h []float32, first, frames int) {
	streams := len(next) / c.hidden
	for _, k := range c.blocks {
		n := len(k.bh)
		gx, gh := b.room.gx[(frames*k.first*c.Gates)+first*n:], b.room.r[:streams*n]
		kernel.MulBias(gh, k.bh, h, k.wh, streams, n, c.hidden)
		for i := range streams {
			row := i * c.hidden
			c.fused(next[row+k.first:row+k.end], h[row+k.first:row+k.end], nil, nil, nil, nil,
				gx[i*n:(i+1)*n], gh[i*n:(i+1)*n])
		}
	}
}
