package train

import (
	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
)

// taps are the weights of a row convolution ([models.RowConv]), as all shards
// read them.
type taps struct {
	width, count int
	w            []float32 // [width × count]
	byTap        []float32 // [count × width], transposed for a step
}

func newTaps(t models.Tensor) *taps {
	return &taps{width: t.Shape[0], count: t.Shape[1], w: t.Data, byTap: make([]float32, len(t.Data))}
}

func (w *taps) refresh() { transpose(w.byTap, w.w, w.width, w.count) }

// tap returns the weights of the frame that comes j after the first.
func (w *taps) tap(j int) []float32 { return w.byTap[j*w.width : (j+1)*w.width] }

// conv runs a row convolution over a window of steps × lanes rows, and back.
// Row t of its output is about the frame count-1 before it. The frames before
// the window are carried on; gradients stop there.
type conv struct {
	*taps
	past  []float32   // [(count-1) × lanes × width] input before the window
	x     []float32   // past and the input of the window
	y     []float32   // [rows × width]
	grads [][]float32 // one: [width × count]
	sums  []float32   // [count × width]
}

func newConv(w *taps, lanes int) *conv {
	n := len(w.w)
	return &conv{taps: w, past: make([]float32, (w.count-1)*lanes*w.width), grads: [][]float32{make([]float32, n)},
		sums: make([]float32, n)}
}

// forward computes y. The arithmetic is that of models.Model, to the bit.
func (c *conv) forward(x []float32, steps, lanes int) []float32 {
	c.x = append(append(c.x[:0], c.past...), x...)
	c.y = resize(c.y, len(x))
	clear(c.y)
	for row := range steps * lanes {
		for j := range c.count {
			kernel.AddProduct(part(c.y, row, 1, c.width), c.tap(j), part(c.x, row+j*lanes, 1, c.width))
		}
	}
	return c.y
}

// backward adds d loss / d x to dx, unless that is nil, given dy = d loss / d y,
// and gathers the gradient of the weights.
func (c *conv) backward(dx, dy []float32, steps, lanes int) {
	clear(c.sums)
	before := c.count - 1
	for row := range steps * lanes {
		d := part(dy, row, 1, c.width)
		for j := range c.count {
			kernel.AddProduct(part(c.sums, j, 1, c.width), d, part(c.x, row+j*lanes, 1, c.width))
			if from := row + (j-before)*lanes; dx != nil && from >= 0 {
				kernel.AddProduct(part(dx, from, 1, c.width), d, c.tap(j))
			}
		}
	}
	transpose(c.grads[0], c.sums, c.count, c.width)
}

// carry makes the last frames those before the next window.
func (c *conv) carry() { copy(c.past, c.x[len(c.x)-len(c.past):]) }

// reset makes a lane forget what it has heard.
func (c *conv) reset(lane, lanes int) {
	for j := range c.count - 1 {
		clear(part(c.past, j*lanes+lane, 1, c.width))
	}
}
