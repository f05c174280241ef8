package models

import "github.com/streamer-audio/streamer/internal/kernel"

// gru is a gated recurrent unit (Cho et al. 2014) in PyTorch's arithmetic,
// which applies the reset gate after the product:
//
//	r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
//	z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
//	n  = tanh(W_in x + b_in + r*(W_hn h + b_hn))
//	h' = (1-z)*n + z*h
//
// In the notation of the course Gamma_u = 1-z, Gamma_r = r, c~ = n, c<t> = h'.
// Units are kept in blocks of which each has all its weights in one place,
// transposed, one column an output: a step streams through them once.
type gru struct {
	in, hidden int
	blocks     []block
}

// block is some neighbouring units of a cell, [u] of them.
type block struct {
	first, end int       // units
	wx, wh     []float32 // [in × 3u], [hidden × 3u], columns r, z, n
	bx, bh     []float32 // [3u]
}

// newGRU takes the four tensors of [Arch.Shapes] in their order.
func newGRU(in, hidden int, t []Tensor) *gru {
	c := &gru{in: in, hidden: hidden}
	for first := 0; first < hidden; first += kernel.GRUUnits {
		end := min(first+kernel.GRUUnits, hidden)
		part := func(t Tensor, width int) []float32 { // rows r, z and n of the units
			var rows []float32
			for gate := range 3 {
				rows = append(rows, t.Data[(gate*hidden+first)*width:(gate*hidden+end)*width]...)
			}
			return transpose(rows, 3*(end-first), width)
		}
		c.blocks = append(c.blocks, block{first, end, part(t[0], in), part(t[1], hidden), part(t[2], 1), part(t[3], 1)})
	}
	return c
}

// scratch is the number of values that run needs to work in, if it is to
// project so many frames at once.
func (c *gru) scratch(frames int) int { return 3 * frames * c.hidden }

// run takes the state h [hidden] through all steps of x [steps × in], forwards
// or backwards, and writes the state after each to a row of y. turn counts the
// steps of the stream: every other one goes through the blocks from the last
// to the first, and finds in the cache what the step before has left there.
func (c *gru) run(y []float32, stride int, x []float32, steps, turn int, backwards bool, h, scratch []float32) {
	most, prev := len(scratch)/(3*c.hidden), h
	for done := 0; done < steps; {
		frames := min(most, steps-done)
		first := done
		if backwards {
			first = steps - done - frames
		}
		in := x[first*c.in : (first+frames)*c.in]
		if frames > 1 { // what does not wait for the state, for all of them at once
			c.project(scratch, in, frames)
			in = nil
		}
		for i := range frames {
			if backwards {
				i = frames - 1 - i
			}
			next := y[(first+i)*stride:][:c.hidden]
			c.step(next, prev, in, scratch, i, frames, turn)
			prev = next
			turn++
		}
		done += frames
	}
	if steps > 0 {
		copy(h, prev)
	}
}

// project writes W_i x + b_i of so many frames x to gx, block by block
// [frames × 3u].
func (c *gru) project(gx, x []float32, frames int) {
	for _, b := range c.blocks {
		to := gx[frames*3*b.first : frames*3*b.end]
		kernel.MulBias(to, b.bx, x, b.wx, frames, len(b.bx), c.in)
	}
}

// step computes the state after h, for an input x [in] or, if that is nil, for
// row i of the projections gx of so many frames.
func (c *gru) step(next, h, x, gx []float32, i, frames, turn int) {
	for k := range c.blocks {
		if turn%2 == 1 {
			k = len(c.blocks) - 1 - k
		}
		b := &c.blocks[k]
		wx, bx := b.wx, b.bx
		if x == nil {
			at, n := frames*3*b.first, len(b.bx)
			wx, bx = nil, gx[at+i*n:at+(i+1)*n]
		}
		kernel.GRUStep(next[b.first:b.end], h[b.first:b.end], x, h, wx, b.wh, bx, b.bh)
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
