package models

import "github.com/streamer-audio/streamer/internal/kernel"

// Batch steps many streams of one model of no backward cells together: the
// weights are read once for all of them. Each stream gets the bits that [State.Push] would give
// it. A Batch belongs to one goroutine; what it keeps is room to work in.
type Batch struct {
	m    *Model
	most int       // streams at a time
	h, c []float32 // [most × hidden]
	room room
}

// NewBatch returns a Batch that steps up to so many streams at a time. The
// model must have no bidirectional layer.
func (m *Model) NewBatch(most int) *Batch {
	if most < 1 || m.arch.bidirectional() {
		panic("models: a batch needs room for a stream, and a model of one direction")
	}
	width := max(m.arch.Input, m.arch.Outputs)
	b := &Batch{m: m, most: most}
	for i := range m.layers {
		l := &m.layers[i]
		width = max(width, l.width)
		if l.conv != nil {
			continue
		}
		atLeast(&b.h, most*l.fwd.state)
		atLeast(&b.c, most*(l.fwd.memory-l.fwd.state))
	}
	b.room.x, b.room.y = make([]float32, most*width), make([]float32, most*width)
	b.room.reserve(m.layers, most, most, 0)
	return b
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
		if s.m != b.m || len(frames[i]) != b.m.arch.FrameLen() {
			panic("models: a state of another model, or a frame that is not Arch.FrameLen long")
		}
		b.m.encode(b.room.x[i*in:(i+1)*in], frames[i])
		s.hear(b.room.x[i*in:(i+1)*in], 1)
	}
	for l := range b.m.layers {
		b.layer(l, states)
		b.room.x, b.room.y = b.room.y, b.room.x
	}
	if b.m.arch.Head == NoHead {
		return
	}
	width := b.m.layers[len(b.m.layers)-1].width
	b.m.answer(b.room.y[:len(states)*outputs], b.room.x[:len(states)*width], len(states), native)
	for i, s := range states {
		copy(s.grow(outputs), b.room.y[i*outputs:])
		s.align(1)
	}
}

// layer takes x through layer l into y, and moves the states on.
func (b *Batch) layer(l int, states []*State) {
	c, rows := b.m.layers[l].fwd, len(states)
	if conv := b.m.layers[l].conv; conv != nil {
		width := b.m.layers[l].width
		for i, s := range states {
			conv.run(b.room.y[i*width:(i+1)*width], b.room.x[i*width:(i+1)*width], 1, s.mem[l])
		}
		return
	}
	h, cells := b.h[:rows*c.state], b.c[:rows*(c.memory-c.state)]
	for i, s := range states {
		copy(h[i*c.state:(i+1)*c.state], s.mem[l])
		copy(cells[i*(c.memory-c.state):], s.mem[l][c.state:])
	}
	c.project(b.room.gx, b.room.x[:rows*c.in], rows, native)
	if c.fused != nil {
		b.stepFused(c, h, rows)
	} else {
		c.step(b.room.y, h, cells, 0, rows, rows, &b.room)
	}
	for i, s := range states {
		copy(s.mem[l][:c.state], b.room.y[i*c.hidden:])
		copy(s.mem[l][c.state:], cells[i*(c.memory-c.state):])
	}
}

// stepFused is units.step for a cell whose step is fused: the products are one
// for all rows, the gates are a call a row.
func (b *Batch) stepFused(c *units, h []float32, rows int) {
	for _, k := range c.blocks {
		n := len(k.bh)
		gx, gh := b.room.gx[rows*c.Gates*k.first:rows*c.Gates*k.end], b.room.r[:rows*n]
		kernel.MulBias(gh, k.bh, h, k.wh, rows, n, c.hidden)
		for i := range rows {
			row := i * c.hidden
			c.fused(b.room.y[row+k.first:row+k.end], h[row+k.first:row+k.end], nil, nil, nil, nil,
				gx[i*n:(i+1)*n], gh[i*n:(i+1)*n])
		}
	}
}
