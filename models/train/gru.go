package train

import (
	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
)

// weights are the four tensors of a GRU cell, with transposed copies of the
// matrices that the way forward multiplies by. The copies are made once per
// step and shared by all lanes.
type weights struct {
	in, hidden int
	wi, wh     []float32 // [3h × in], [3h × h]
	wiT, whT   []float32 // [in × 3h], [h × 3h]
	bi, bh     []float32 // [3h]
}

func newWeights(t []models.Tensor) *weights {
	w := &weights{in: t[0].Shape[1], hidden: t[1].Shape[1],
		wi: t[0].Data, wh: t[1].Data, bi: t[2].Data, bh: t[3].Data}
	w.wiT, w.whT = make([]float32, len(w.wi)), make([]float32, len(w.wh))
	return w
}

// refresh makes the transposed copies anew.
func (w *weights) refresh() {
	transpose(w.wiT, w.wi, 3*w.hidden, w.in)
	transpose(w.whT, w.wh, 3*w.hidden, w.hidden)
}

func transpose(dst, a []float32, rows, cols int) {
	for i := range rows {
		for j, v := range a[i*cols : (i+1)*cols] {
			dst[j*rows+i] = v
		}
	}
}

// gru runs one cell over a window of steps × lanes rows, and back.
type gru struct {
	*weights
	reverse bool
	h0      []float32 // [lanes × h] state before the first step

	x    []float32 // input of the window, not owned
	y    []float32 // [steps × lanes × h] states after each step
	gx   []float32 // [steps × lanes × 3h] gates r, z, n; on the way back d loss / d gx
	gh   []float32 // [steps × lanes × 3h] W_hh h + b_hh; on the way back d loss / d gh
	prev []float32 // [steps × lanes × h] states before each step, for the weight gradient
	dh   []float32 // [lanes × h]
	grad [4][]float32
}

func newGRU(w *weights, reverse bool, lanes int) *gru {
	g := &gru{weights: w, reverse: reverse, h0: make([]float32, lanes*w.hidden), dh: make([]float32, lanes*w.hidden)}
	for i, t := range [][]float32{w.wi, w.wh, w.bi, w.bh} {
		g.grad[i] = make([]float32, len(t))
	}
	return g
}

// order is the index of the i-th step in the direction of the cell.
func (g *gru) order(i, steps int) int {
	if g.reverse {
		return steps - 1 - i
	}
	return i
}

// forward computes y from x and h0 and leaves h0 as it was. The arithmetic is
// that of models.Model, to the bit.
func (g *gru) forward(x []float32, steps, lanes int) []float32 {
	h, n, rows := g.hidden, 3*g.hidden, steps*lanes
	g.x = x
	g.y, g.prev = resize(g.y, rows*h), resize(g.prev, rows*h)
	g.gx, g.gh = resize(g.gx, rows*n), resize(g.gh, rows*n)
	kernel.MulBias(g.gx, g.bi, x, g.wiT, rows, n, g.in)
	state := g.h0
	for i := range steps {
		t := g.order(i, steps) * lanes
		gh := g.gh[t*n : (t+lanes)*n]
		kernel.MulBias(gh, g.bh, state, g.whT, lanes, n, h)
		y := g.y[t*h : (t+lanes)*h]
		copy(g.prev[t*h:], state)
		copy(y, state)
		for l := range lanes {
			kernel.GRUGates(y[l*h:(l+1)*h], g.gx[(t+l)*n:(t+l+1)*n], gh[l*n:(l+1)*n])
		}
		state = y
	}
	return g.y
}

// carry makes the last state the initial state of the next window.
func (g *gru) carry(steps, lanes int) {
	last := g.order(steps-1, steps) * lanes * g.hidden
	copy(g.h0, g.y[last:last+lanes*g.hidden])
}

// backward adds d loss / d x to dx, given dy = d loss / d y, and gathers the
// gradient of the weights in grad. It walks the steps in the opposite order
// (backpropagation through time, Werbos 1990); [kernel.GRUGatesBack] has the
// equations of a step, to which this adds dh(t-1) += W_hh^T dgh.
func (g *gru) backward(dx, dy []float32, steps, lanes int) {
	h, n, rows := g.hidden, 3*g.hidden, steps*lanes
	clear(g.dh)
	for i := steps - 1; i >= 0; i-- {
		t := g.order(i, steps) * lanes
		for l := range lanes {
			row := t + l
			kernel.GRUGatesBack(g.dh[l*h:(l+1)*h], dy[row*h:(row+1)*h], g.prev[row*h:(row+1)*h],
				g.gx[row*n:(row+1)*n], g.gh[row*n:(row+1)*n])
		}
		kernel.MulAdd(g.dh, g.gh[t*n:(t+lanes)*n], g.wh, lanes, h, n)
	}
	if dx != nil {
		kernel.MulAdd(dx, g.gx, g.wi, rows, g.in, n)
	}
	for i := range g.grad {
		clear(g.grad[i])
	}
	kernel.MulTransAdd(g.grad[0], g.gx, g.x, n, g.in, rows)
	kernel.MulTransAdd(g.grad[1], g.gh, g.prev, n, h, rows)
	kernel.SumRowsAdd(g.grad[2], g.gx, rows, n)
	kernel.SumRowsAdd(g.grad[3], g.gh, rows, n)
}

// resize returns a slice of n values, reusing a; what it holds is undefined.
func resize(a []float32, n int) []float32 {
	if cap(a) < n {
		return make([]float32, n)
	}
	return a[:n]
}
