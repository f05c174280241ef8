package models

import "github.com/streamer-audio/streamer/internal/kernel"

// layer is one layer of a stack.
type layer struct {
	in    int
	width int
	top   bool // nothing hears it but the head
	sum   bool // of both directions
	fwd   *units
	bwd   *units   // nil unless bidirectional
	conv  *rowConv // instead of units, if it is one
}

// memory is the number of values that the layer carries from step to step.
func (l *layer) memory() int {
	if l.conv != nil {
		return l.conv.context * l.width
	}
	return l.fwd.memory
}

// forward computes y [steps × width] from x [steps × in]. It is the only way
// through a layer: live it runs with one step at a time and mem carried from
// call to call, offline with all steps at once. mem is the memory of the
// forward cell, which has seen turn steps; it is carried on from the first keep
// steps, for which the others are what follows. The backward cell begins at
// the last step with nothing heard.
func (l *layer) forward(y, x []float32, steps, keep, turn int, mem []float32, room *room) {
	if l.conv != nil {
		l.conv.run(y, x, steps, mem)
		return
	}
	l.fwd.run(y, l.width, x, keep, turn, false, mem, room)
	if keep < steps && !l.top {
		ahead := room.ahead[:l.fwd.memory]
		copy(ahead, mem)
		l.fwd.run(y[keep*l.width:], l.width, x[keep*l.in:], steps-keep, turn+keep, false, ahead, room)
	}
	if l.bwd == nil {
		return
	}
	back := room.back[:l.bwd.memory]
	clear(back)
	if !l.sum {
		l.bwd.run(y[l.fwd.hidden:], l.width, x, steps, 0, true, back, room)
		return
	}
	n := steps * l.width
	l.bwd.run(room.sum[:n], l.width, x, steps, 0, true, back, room)
	kernel.SumRowsAdd(y[:n], room.sum[:n], 1, n)
}

// units are the weights of one cell, laid out for stepping: units in blocks of
// which each has all its weights in one place, transposed, one column an
// output. A step streams through them once.
type units struct {
	*Cell
	in, hidden int
	state      int // values of h that a step reads: hidden, or 0 without a state
	memory     int // values carried from step to step
	blocks     []block
}

// block is some neighbouring units of a cell, [u] of them. The last Late gates
// have their weights of the state apart.
type block struct {
	first, end int       // units
	wx, wh, wl []float32 // [in × Gates*u], [hidden × early*u], [hidden × Late*u]
	bx, bh, bl []float32 // [Gates*u], [early*u], [Late*u]
	peep       []float32 // [Peeps*u]
}

// columnsAtOnce is the number of outputs of a block whose step is not fused:
// enough for as many sums side by side as the processor can be at.
var columnsAtOnce = 384 // tests take fewer, for more blocks

// unitsAtOnce is the most units of a block.
func (c *Cell) unitsAtOnce() int {
	if c.fused != nil {
		return kernel.GRUUnits
	}
	return max(16, columnsAtOnce/c.Gates/16*16)
}

func newUnits(w Weights) *units {
	c := &units{Cell: w.Cell, in: w.In, hidden: w.Hidden, memory: w.Cell.Memory * w.Hidden}
	if w.BH == nil {
		w.BH = make([]float32, len(w.BX)) // so that R is zero
	} else {
		c.state = w.Hidden
	}
	early := c.Gates - c.Late
	most := c.unitsAtOnce()
	for first := 0; first < c.hidden; first += most {
		end := min(first+most, c.hidden)
		part := func(a []float32, from, to, width int) []float32 { // rows of the units for some gates
			var rows []float32
			for gate := from; gate < to; gate++ {
				rows = append(rows, a[(gate*c.hidden+first)*width:(gate*c.hidden+end)*width]...)
			}
			return transpose(rows, (to-from)*(end-first), width)
		}
		c.blocks = append(c.blocks, block{first, end,
			part(w.X, 0, c.Gates, c.in), part(w.H, 0, early, c.state), part(w.H, early, c.Gates, c.state),
			part(w.BX, 0, c.Gates, 1), part(w.BH, 0, early, 1), part(w.BH, early, c.Gates, 1),
			part(w.Peep, 0, c.Peeps, 1)})
	}
	return c
}

// run takes the memory mem through all steps of x [steps × in], forwards or
// backwards, and writes the output of each to a row of y. turn counts the
// steps of the stream: every other one goes through the blocks from the last
// to the first, and finds in the cache what the step before has left there.
func (c *units) run(y []float32, stride int, x []float32, steps, turn int, backwards bool, mem []float32, room *room) {
	prev, cells := mem[:c.state], mem[c.state:]
	for done := 0; done < steps; {
		frames := min(room.frames, steps-done)
		first := done
		if backwards {
			first = steps - done - frames
		}
		in := x[first*c.in : (first+frames)*c.in]
		fused := c.fused != nil && room.by == native
		if frames > 1 || !fused { // what does not wait for the state, for all of them at once
			c.project(room.gx, in, frames, room.by)
			in = nil
		}
		for i := range frames {
			if backwards {
				i = frames - 1 - i
			}
			next := y[(first+i)*stride:][:c.hidden]
			if fused {
				c.stepFused(next, prev, in, room.gx, i, frames, turn)
			} else {
				c.step(next, prev, cells, i, 1, frames, room)
			}
			prev = next[:c.state]
			turn++
		}
		done += frames
	}
	if steps > 0 {
		copy(mem[:c.state], prev)
	}
}

// project writes W_x x + b_x of so many frames x to gx, block by block
// [frames × Gates*u].
func (c *units) project(gx, x []float32, frames int, by arithmetic) {
	for _, b := range c.blocks {
		to := gx[frames*c.Gates*b.first : frames*c.Gates*b.end]
		by.mulBias(to, b.bx, x, b.wx, frames, len(b.bx), c.in)
	}
}

// stepFused computes the state after h, for an input x [in] or, if that is
// nil, for row i of the projections gx of so many frames.
func (c *units) stepFused(next, h, x, gx []float32, i, frames, turn int) {
	for k := range c.blocks {
		if turn%2 == 1 {
			k = len(c.blocks) - 1 - k
		}
		b := &c.blocks[k]
		wx, bx := b.wx, b.bx
		if x == nil {
			at, n := frames*c.Gates*b.first, len(b.bx)
			wx, bx = nil, gx[at+i*n:at+(i+1)*n]
		}
		c.fused(next[b.first:b.end], h[b.first:b.end], x, h, wx, b.wh, bx, b.bh)
	}
}

// step computes the states after h and cells [rows × hidden] of so many
// streams, for the projections from row i on of so many frames. cells, if the
// cell has any, are replaced.
func (c *units) step(next, h, cells []float32, i, rows, frames int, room *room) {
	early, v := c.Gates-c.Late, room.v[:c.Late*len(h)]
	for k := range c.blocks {
		b := &c.blocks[k]
		r := room.r[rows*early*b.first : rows*early*b.end]
		room.by.mulBias(r, b.bh, h, b.wh, rows, len(b.bh), c.state)
		for row := range rows {
			if c.Late > 0 {
				c.Reset(c.at(b, next, h, cells, row, i, rows, frames, room))
			}
		}
	}
	for k := range c.blocks {
		b := &c.blocks[k]
		n := len(b.bl)
		if n > 0 {
			room.by.mulBias(room.late[:rows*n], b.bl, v, b.wl, rows, n, c.state)
		}
		for row := range rows {
			c.Forward(c.at(b, next, h, cells, row, i, rows, frames, room))
		}
	}
}

// at is the step of one row of a block.
func (c *units) at(b *block, next, h, cells []float32, row, i, rows, frames int, room *room) *Step {
	nx, nr, nl := len(b.bx), len(b.bh), len(b.bl)
	x, r := room.gx[frames*c.Gates*b.first:], room.r[rows*(c.Gates-c.Late)*b.first:]
	memory := part(cells, c.memory-c.state, row, b)
	room.step = Step{H: part(next, c.hidden, row, b), PrevH: part(h, c.state, row, b), C: memory, PrevC: memory,
		X: x[(i+row)*nx : (i+row+1)*nx], R: r[row*nr : (row+1)*nr], Peep: b.peep}
	if nl > 0 {
		room.step.V, room.step.Late = part(room.v, c.hidden, row, b), room.late[row*nl:(row+1)*nl]
	}
	return &room.step
}

// part is the units of a block in one row of a [rows × width], empty if there
// is no width.
func part(a []float32, width, row int, b *block) []float32 {
	if width == 0 {
		return nil
	}
	return a[row*width+b.first : row*width+b.end]
}

// room is what layers work in: for so many frames projected together, and
// products of the state for so many rows.
type room struct {
	by     arithmetic
	x, y   []float32 // activations going into and out of a layer
	frames int
	gx     []float32 // [frames × Gates*hidden] block by block
	r      []float32 // [rows × early*hidden] block by block
	v      []float32 // [rows × hidden]
	late   []float32 // [rows × Late*u] of a block
	back   []float32 // memory of a backward cell
	ahead  []float32 // memory of a forward cell that hears what it will hear again
	sum    []float32 // [steps × hidden] of a backward cell
	step   Step
}

// reserve makes room for all layers: frames projected together, rows stepped
// together, sequences of so many steps.
func (r *room) reserve(layers []layer, frames, rows, steps int) {
	r.frames = frames
	for i := range layers {
		l, c := &layers[i], layers[i].fwd
		if c == nil {
			continue
		}
		atLeast(&r.gx, frames*c.Gates*c.hidden)
		if c.fused == nil || r.by == portable {
			atLeast(&r.r, rows*(c.Gates-c.Late)*c.hidden)
		} else {
			atLeast(&r.r, rows*c.Gates*kernel.GRUUnits)
		}
		atLeast(&r.v, rows*c.Late*c.hidden)
		atLeast(&r.late, rows*c.Late*c.unitsAtOnce())
		atLeast(&r.ahead, c.memory)
		if l.bwd != nil {
			atLeast(&r.back, c.memory)
		}
		if l.sum {
			atLeast(&r.sum, steps*c.hidden)
		}
	}
}

func atLeast(a *[]float32, n int) {
	if len(*a) < n {
		*a = make([]float32, n)
	}
}

// transpose returns the transposed copy of a [rows × cols].
func transpose(a []float32, rows, cols int) []float32 {
	t := make([]float32, len(a))
	for i := range rows {
		for j, v := range a[i*cols : (i+1)*cols] {
			t[j*rows+i] = v
		}
	}
	return t
}
