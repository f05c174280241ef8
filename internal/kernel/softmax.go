package kernel

import "slices"

// Softmax replaces each x by e**x over the sum of all e**x, with an absolute
// error below 3e-7. The greatest x is taken off first, so that none is too
// large. The sum runs from the first to the last, in float64: many small ones
// would be rounded away beside a large one. -Inf becomes 0. If one is NaN or
// +Inf, or all are -Inf, all become NaN.
//
// It is plain Go on all machines: a model has few answers, and this runs once
// for them all.
func Softmax(x []float32) {
	if len(x) == 0 {
		return
	}
	top, sum := slices.Max(x), 0.0
	for i, v := range x {
		x[i] = Exp(v - top)
		sum += float64(x[i])
	}
	for i, v := range x {
		x[i] = float32(float64(v) / sum)
	}
}
