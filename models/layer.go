package models

// layer is one recurrent layer of a stack.
type layer struct {
	in    int
	width int
	fwd   *gru
	bwd   *gru // nil unless bidirectional
}

// forward computes y [steps × width] from x [steps × in]. It is the only way
// through a layer: live it runs with one step at a time and h carried from
// call to call, offline with all steps at once. h [hidden] is the state of
// the forward cell, which has seen turn steps; the backward cell begins at the last step with nothing
// heard.
func (l *layer) forward(y, x []float32, steps, turn int, h, scratch []float32) {
	l.fwd.run(y, l.width, x, steps, turn, false, h, scratch)
	if l.bwd == nil {
		return
	}
	back := scratch[:l.bwd.hidden]
	clear(back)
	l.bwd.run(y[l.fwd.hidden:], l.width, x, steps, 0, true, back, scratch[l.bwd.hidden:])
}

// scratch is the number of values that forward needs to work in, if it is to
// project so many frames at once.
func (l *layer) scratch(frames int) int { return l.fwd.hidden + l.fwd.scratch(frames) }
