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

// scratch is the number of values that step needs to work in.
func (c *gru) scratch() int { return 6 * c.hidden }

// step moves the state h [hidden] one frame on, with the input x [in].
func (c *gru) step(h, x, scratch []float32) {
	n := 3 * c.hidden
	gx, gh := scratch[:n], scratch[n:2*n]
	copy(gx, c.bx)
	kernel.MulAdd(gx, x, c.wx, 1, n, c.in)
	copy(gh, c.bh)
	kernel.MulAdd(gh, h, c.wh, 1, n, c.hidden)
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
