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
// the forward cell; the backward cell begins at the last step with nothing
// heard.
func (l *layer) forward(y, x []float32, steps int, h, scratch []float32) {
	for t := range steps {
		l.fwd.step(h, x[t*l.in:(t+1)*l.in], scratch)
		copy(y[t*l.width:], h)
	}
	if l.bwd == nil {
		return
	}
	back := scratch[l.bwd.scratch():][:l.bwd.hidden]
	clear(back)
	for t := steps - 1; t >= 0; t-- {
		l.bwd.step(back, x[t*l.in:(t+1)*l.in], scratch)
		copy(y[t*l.width+l.fwd.hidden:], back)
	}
}

// scratch is the number of values that forward needs to work in.
func (l *layer) scratch() int { return l.fwd.scratch() + l.fwd.hidden }
