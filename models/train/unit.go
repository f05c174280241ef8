package train

import (
	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
)

// weights are the tensors of a cell, with transposed copies of the matrices
// that the way forward multiplies by. The copies are made once per step and
// shared by all lanes.
type weights struct {
	models.Weights
	state      int       // values of h that a step reads: hidden, or 0 without a state
	n, ne, nl  int       // products a step takes: of the input, of the state, of what Reset makes of it
	xT, hT, lT []float32 // [in × n], [state × ne], [state × nl]
	bh         []float32 // [n]; zeros without a state
}

// newWeights takes the tensors of the next cell and returns the others.
func newWeights(t []models.Tensor) (*weights, []models.Tensor) {
	w := &weights{}
	w.Weights, t = models.CellWeights(t)
	c, h := w.Cell, w.Hidden
	w.n, w.ne, w.nl = c.Gates*h, (c.Gates-c.Late)*h, c.Late*h
	w.bh = make([]float32, w.n)
	if c.Memory > 0 {
		w.state, w.bh = h, w.BH
	}
	w.xT, w.hT, w.lT = make([]float32, len(w.X)), make([]float32, w.ne*w.state), make([]float32, w.nl*w.state)
	return w, t
}

// early and late are the rows of W_h that multiply the state, and those that
// multiply what Reset makes of it.
func (w *weights) early() []float32 { return w.H[:w.ne*w.state] }
func (w *weights) late() []float32  { return w.H[w.ne*w.state:] }

// refresh makes the transposed copies anew.
func (w *weights) refresh() {
	transpose(w.xT, w.X, w.n, w.In)
	transpose(w.hT, w.early(), w.ne, w.state)
	transpose(w.lT, w.late(), w.nl, w.state)
}

func transpose(dst, a []float32, rows, cols int) {
	for i := range rows {
		for j, v := range a[i*cols : (i+1)*cols] {
			dst[j*rows+i] = v
		}
	}
}

// unit runs one cell over a window of steps × lanes rows, and back. A lane
// whose sequence has ended keeps its state through the rest of the window, and
// a reverse cell begins at its lane's last frame.
type unit struct {
	*weights
	reverse bool
	h0, c0  []float32 // [lanes × state], [lanes × hidden] before the first step; c0 if the cell has a c

	x            []float32 // input of the window, not owned
	y, c         []float32 // [rows × hidden] after each step
	prevH, prevC []float32 // [rows × hidden] before each step
	gx, gh       []float32 // [rows × n], [rows × ne] gates; on the way back d loss / d the products
	v, gl        []float32 // [rows × hidden], [rows × nl] of late gates
	dh, dc, dv   []float32 // [lanes × hidden]; backward begins with d loss / d the last state and ends with d the first
	grad         [][]float32
	join         func(step int) // adds to dh and dc of a step, before they are used; may be nil
	lags         []float64      // [steps] squares of d loss / d h<t>, summed over the lanes; nil: nobody asks
	memoryLags   []float64      // the same of d loss / d c<t>
	step         models.Step
}

func newUnit(w *weights, reverse bool, lanes int) *unit {
	u := &unit{weights: w, reverse: reverse, h0: make([]float32, lanes*w.state), dh: make([]float32, lanes*w.Hidden)}
	if w.Cell.Memory > 1 {
		u.c0, u.dc = make([]float32, lanes*w.Hidden), make([]float32, lanes*w.Hidden)
	}
	if w.Cell.Late > 0 {
		u.dv = make([]float32, lanes*w.Hidden)
	}
	for _, t := range [][]float32{w.X, w.H, w.BX, w.BH, w.Peep} {
		if t != nil {
			u.grad = append(u.grad, make([]float32, len(t)))
		}
	}
	return u
}

// order is the index of the i-th step in the direction of the cell.
func (u *unit) order(i, steps int) int {
	if u.reverse {
		return steps - 1 - i
	}
	return i
}

func (u *unit) resize(rows int) {
	u.y, u.prevH = resize(u.y, rows*u.Hidden), resize(u.prevH, rows*u.state)
	u.gx, u.gh = resize(u.gx, rows*u.n), resize(u.gh, rows*u.ne)
	if u.c0 != nil {
		u.c, u.prevC = resize(u.c, rows*u.Hidden), resize(u.prevC, rows*u.Hidden)
	}
	if u.nl > 0 {
		u.v, u.gl = resize(u.v, rows*u.Hidden), resize(u.gl, rows*u.nl)
	}
}

// forward computes y from x and the first state, and leaves that as it was.
// The arithmetic is that of models.Model, to the bit. lengths has the frames
// of each lane, nil if no lane ends before the window does.
func (u *unit) forward(x []float32, steps, lanes int, lengths []int) []float32 {
	u.x = x
	u.resize(steps * lanes)
	kernel.MulBias(u.gx, u.BX, x, u.xT, steps*lanes, u.n, u.In)
	h, c := u.h0, u.c0
	for i := range steps {
		step := u.order(i, steps)
		t := step * lanes
		copy(u.prevH[t*u.state:], h)
		copy(u.prevC[min(t*u.Hidden, len(u.prevC)):], c)
		kernel.MulBias(u.gh[t*u.ne:(t+lanes)*u.ne], u.bh[:u.ne], h, u.hT, lanes, u.ne, u.state)
		if u.nl > 0 {
			for l := range lanes {
				u.Cell.Reset(u.at(t+l, l))
			}
			kernel.MulBias(u.gl[t*u.nl:(t+lanes)*u.nl], u.bh[u.ne:], u.v[t*u.Hidden:(t+lanes)*u.Hidden], u.lT, lanes, u.nl, u.Hidden)
		}
		for l := range lanes {
			if s := u.at(t+l, l); ended(lengths, l, step) {
				u.keep(s)
			} else {
				u.Cell.Forward(s)
			}
		}
		h, c = u.y[t*u.Hidden : (t+lanes)*u.Hidden][:lanes*u.state], part(u.c, t, lanes, u.Hidden)
	}
	return u.y
}

// ended tells whether a lane has no frame at this step.
func ended(lengths []int, lane, step int) bool { return lengths != nil && step >= lengths[lane] }

// keep makes a step leave the state as it is.
func (u *unit) keep(s *models.Step) {
	if u.state == 0 {
		clear(s.H)
	}
	copy(s.H, s.PrevH)
	copy(s.C, s.PrevC)
}

// part is so many rows of a [rows × width] from one on; of nothing, nothing.
func part(a []float32, row, rows, width int) []float32 {
	if len(a) == 0 {
		return nil
	}
	return a[row*width : (row+rows)*width]
}

// at returns the step of one row, which is one of the lane.
func (u *unit) at(row, lane int) *models.Step {
	h := u.Hidden
	u.step = models.Step{
		H: part(u.y, row, 1, h), C: part(u.c, row, 1, h), PrevH: part(u.prevH, row, 1, u.state), PrevC: part(u.prevC, row, 1, h),
		X: part(u.gx, row, 1, u.n), R: part(u.gh, row, 1, u.ne), V: part(u.v, row, 1, h), Late: part(u.gl, row, 1, u.nl),
		Peep: u.Peep, DH: part(u.dh, lane, 1, h), DC: part(u.dc, lane, 1, h), DV: part(u.dv, lane, 1, h)}
	if u.Peep != nil {
		u.step.DPeep = u.grad[len(u.grad)-1]
	}
	return &u.step
}

// carry makes the last state the first state of the next window.
func (u *unit) carry(steps, lanes int) {
	last := u.order(steps-1, steps) * lanes
	copy(u.h0, part(u.y, last, lanes, u.Hidden))
	copy(u.c0, part(u.c, last, lanes, u.Hidden))
}

// backward adds d loss / d x to dx, given dy = d loss / d y, and gathers the
// gradient of the weights in grad. It walks the steps in the opposite order
// (backpropagation through time, Werbos 1990); the cell has the equations of
// a step, to which this adds what comes through its products.
func (u *unit) backward(dx, dy []float32, steps, lanes int, lengths []int) {
	for i := range u.grad {
		clear(u.grad[i])
	}
	for i := steps - 1; i >= 0; i-- {
		step := u.order(i, steps)
		t := step * lanes
		if u.join != nil {
			u.join(step)
		}
		for l := range lanes {
			s := u.at(t+l, l)
			s.DY = part(dy, t+l, 1, u.Hidden)
			u.record(step, s)
			if ended(lengths, l, step) {
				skip(s)
			} else {
				u.Cell.Backward(s)
			}
		}
		if u.nl > 0 {
			u.backwardLate(step, lanes, lengths)
		}
		if u.state > 0 {
			kernel.MulAdd(u.dh, u.gh[t*u.ne:(t+lanes)*u.ne], u.early(), lanes, u.Hidden, u.ne)
		}
	}
	if dx != nil {
		kernel.MulAdd(dx, u.gx, u.X, steps*lanes, u.In, u.n)
	}
	u.gather(steps * lanes)
}

// backwardLate goes back through the product of the late gates.
func (u *unit) backwardLate(step, lanes int, lengths []int) {
	t := step * lanes
	clear(u.dv)
	kernel.MulAdd(u.dv, u.gl[t*u.nl:(t+lanes)*u.nl], u.late(), lanes, u.Hidden, u.nl)
	for l := range lanes {
		if !ended(lengths, l, step) {
			u.Cell.ResetBack(u.at(t+l, l))
		}
	}
}

// skip is the way back through keep: the gradient by the state goes on, and
// none comes from an output that counts for nothing.
func skip(s *models.Step) {
	clear(s.X)
	clear(s.R)
	clear(s.Late)
}

// recordLags asks for what record notes.
func (u *unit) recordLags(steps int) {
	u.lags = make([]float64, steps)
	if u.c0 != nil {
		u.memoryLags = make([]float64, steps)
	}
}

// record notes d loss / d h<t> and d c<t>, if they are asked for.
func (u *unit) record(step int, s *models.Step) {
	if u.lags == nil {
		return
	}
	for i, d := range s.DY {
		v := float64(s.DH[i]) + float64(d)
		u.lags[step] += float64(v * v)
	}
	for _, d := range s.DC {
		u.memoryLags[step] += float64(float64(d) * float64(d))
	}
}

// gather sums the gradients of the weights over all rows.
func (u *unit) gather(rows int) {
	grad := u.grad
	next := func() (g []float32) {
		g, grad = grad[0], grad[1:]
		return g
	}
	kernel.MulTransAdd(next(), u.gx, u.x, u.n, u.In, rows)
	if u.state > 0 {
		g, split := next(), u.ne*u.Hidden
		kernel.MulTransAdd(g[:split], u.gh, u.prevH, u.ne, u.Hidden, rows)
		if u.nl > 0 {
			kernel.MulTransAdd(g[split:], u.gl, u.v, u.nl, u.Hidden, rows)
		}
	}
	kernel.SumRowsAdd(next(), u.gx, rows, u.n)
	if u.state > 0 {
		g := next()
		kernel.SumRowsAdd(g[:u.ne], u.gh, rows, u.ne)
		kernel.SumRowsAdd(g[u.ne:], u.gl, rows, u.nl)
	}
}

// resize returns a slice of n values, reusing a; what it holds is undefined.
func resize(a []float32, n int) []float32 {
	if cap(a) < n {
		return make([]float32, n)
	}
	return a[:n]
}
