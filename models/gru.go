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
// Weights are kept transposed, one column an output, so that a step streams
// through them once.
type gru struct {
	in, hidden int
	wx, wh     []float32 // [in × 3*hidden], [hidden × 3*hidden]
	bx, bh     []float32 // [3*hidden]
}

// newGRU takes the four tensors of [Arch.Shapes] in their order.
func newGRU(in, hidden int, t []Tensor) *gru {
	return &gru{in: in, hidden: hidden,
		wx: transpose(t[0].Data, 3*hidden, in), wh: transpose(t[1].Data, 3*hidden, hidden),
		bx: t[2].Data, bh: t[3].Data}
}

// scratch is the number of values that run needs to work in, if it is to
// project so many frames at once.
func (c *gru) scratch(frames int) int { return (1 + frames) * 3 * c.hidden }

// run takes the state h [hidden] through all steps of x [steps × in], forwards
// or backwards, and writes the state after each to a row of y. What does not
// wait for the state is done for as many frames at once as scratch has room
// for, so that the input weights are read once for all of them.
func (c *gru) run(y []float32, stride int, x []float32, steps int, backwards bool, h, scratch []float32) {
	n := 3 * c.hidden
	gh, gx := scratch[:n], scratch[n:]
	for done := 0; done < steps; {
		frames := min(len(gx)/n, steps-done)
		first := done
		if backwards {
			first = steps - done - frames
		}
		c.project(gx[:frames*n], x[first*c.in:(first+frames)*c.in], frames)
		for i := range frames {
			if backwards {
				i = frames - 1 - i
			}
			c.step(h, gx[i*n:(i+1)*n], gh)
			copy(y[(first+i)*stride:], h)
		}
		done += frames
	}
}

// project writes W_i x + b_i of so many frames x to gx [frames × 3*hidden].
func (c *gru) project(gx, x []float32, frames int) {
	n := 3 * c.hidden
	for i := range frames {
		copy(gx[i*n:], c.bx)
	}
	kernel.MulAdd(gx, x, c.wx, frames, n, c.in)
}

// step moves the state h [hidden] one frame on, whose projected input is gx.
// It works in gx and gh, both [3*hidden].
func (c *gru) step(h, gx, gh []float32) {
	copy(gh, c.bh)
	kernel.MulAdd(gh, h, c.wh, 1, len(gh), c.hidden)
	kernel.GRUGates(h, gx, gh)
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
