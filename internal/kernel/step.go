package kernel

// GRUUnits is the most units that GRUStep takes: as many as keep both of its
// products in registers.
const GRUUnits = 32

// GRUStep computes the next state of some of the units of a GRU, [u] of them:
//
//	gx = bx + x wx
//	gh = bh + h wh
//	next = as GRUGates(prev, gx, gh)
//
// x is [in], wx [in × 3u], h [hidden] the state of all units, wh [hidden × 3u],
// bx and bh [3u], prev [u] the old state of the units, a part of h. With no x
// there is no wx either, and bx is gx; with no h, bh is gh. next overlaps none
// of them: other units still need the old state.
//
// The bits are those of MulAdd and GRUGates.
func GRUStep(next, prev, x, h, wx, wh, bx, bh []float32) {
	u := len(next)
	switch n := 3 * u; {
	case u > GRUUnits || len(prev) != u || len(bx) != n || len(bh) != n:
		panic("kernel: units do not match their biases and states")
	case len(wx) != len(x)*n || len(wh) != len(h)*n:
		panic("kernel: weights do not match input and state")
	}
	if u > 0 {
		gruStep(next, prev, x, h, wx, wh, bx, bh)
	}
}

// gruStepPlain is GRUStep made of its parts.
func gruStepPlain(next, prev, x, h, wx, wh, bx, bh []float32) {
	var roomX, roomH [3 * GRUUnits]float32
	n := len(bx)
	gx, gh := roomX[:n], roomH[:n]
	gemmPlain(gx, bx, x, wx, 1, n, len(x), len(x), 1)
	gemmPlain(gh, bh, h, wh, 1, n, len(h), len(h), 1)
	copy(next, prev)
	gruGatesPlain(next, gx, gh)
}
