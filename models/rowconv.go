package models

import "github.com/streamer-audio/streamer/internal/kernel"

// rowConv is a row convolution over what the layer below says, for each of its
// channels i, with the row of frames to come (Wang et al. 2016, equation 1):
//
//	y[t][i] = sum over j = 0..context of w[i][j] x[t+j][i]
//
// It is run as what it is on a stream: a sum over the past that is known
// context frames late.
type rowConv struct {
	context int
	w       []float32 // [context+1 × width] by tap
}

// newRowConv takes weights [width × context+1], as PyTorch's Conv1d has them
// with as many groups as channels.
func newRowConv(w Tensor) *rowConv {
	return &rowConv{context: w.Shape[1] - 1, w: transpose(w.Data, w.Shape[0], w.Shape[1])}
}

func (c *rowConv) width() int { return len(c.w) / (c.context + 1) }

// run writes to y [steps × width] the sums for the frames that lie context
// before those of x [steps × width]. mem [context × width] has the frames
// before x, oldest first, and is moved on.
func (c *rowConv) run(y, x []float32, steps int, mem []float32) {
	width := c.width()
	for t := range steps {
		row, frame := y[t*width:(t+1)*width], x[t*width:(t+1)*width]
		clear(row)
		for j := range c.context {
			kernel.AddProduct(row, c.w[j*width:(j+1)*width], mem[j*width:(j+1)*width])
		}
		kernel.AddProduct(row, c.w[c.context*width:], frame)
		if c.context > 0 {
			copy(mem, mem[width:])
			copy(mem[(c.context-1)*width:], frame)
		}
	}
}
