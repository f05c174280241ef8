package oracle

import "math"

// Batch is a time-major batch: value i of lane b at step t is at
// [(t*Lanes+b)*width+i].
type Batch struct {
	Steps, Lanes int
	X            []float64   // [Steps*Lanes*input]
	Y, Mask      []float64   // [Steps*Lanes*outputs]; not needed by ForwardBatch
	H0           [][]float64 // initial state by cell (see Net.Cells), each [Lanes*hidden]; nil means zeros
}

// ForwardBatch runs the lanes one after the other and returns logits
// [Steps*Lanes*outputs], outputs of the top layer [Steps*Lanes*width] and the
// last states by cell, each [Lanes*hidden].
func (n Net) ForwardBatch(b *Batch) (logits, out []float64, hn [][]float64) {
	_, hidden := n.Cells()
	hn = make([][]float64, len(hidden))
	for lane := range b.Lanes {
		var h0 [][]float64
		for i, states := range b.H0 {
			h0 = append(h0, states[lane*hidden[i]:][:hidden[i]])
		}
		y, last := n.Forward(Lane(b.X, b.Steps, b.Lanes, lane), h0)
		out = putLane(out, y, b.Lanes, lane)
		logits = putLane(logits, n.Head(y), b.Lanes, lane)
		for i, h := range last {
			hn[i] = append(hn[i], h...)
		}
	}
	return logits, out, hn
}

// Loss is the weighted mean of the binary cross-entropy,
// sum(Mask*bce(sigmoid(logit), Y)) / sum(Mask).
func (n Net) Loss(b *Batch) float64 {
	logits, _, _ := n.ForwardBatch(b)
	var sum, weight float64
	for i, v := range logits {
		sum += b.Mask[i] * BCE(v, b.Y[i])
		weight += b.Mask[i]
	}
	return sum / weight
}

// BCE is -y ln p - (1-y) ln(1-p) for p = sigmoid(logit). It is computed from
// the logit, so that p may come close to 0 and 1:
// max(v, 0) - v*y + ln(1 + e**-|v|).
func BCE(logit, y float64) float64 {
	return max(logit, 0) - logit*y + math.Log1p(math.Exp(-math.Abs(logit)))
}

// Lane cuts the sequence [steps][width] of one lane out of time-major data.
func Lane(data []float64, steps, lanes, lane int) [][]float64 {
	width := len(data) / (steps * lanes)
	x := make([][]float64, steps)
	for t := range x {
		x[t] = data[(t*lanes+lane)*width:][:width]
	}
	return x
}

// putLane is the inverse of Lane; it makes room when it is first called.
func putLane(data []float64, x [][]float64, lanes, lane int) []float64 {
	width := len(x[0])
	if data == nil {
		data = make([]float64, len(x)*lanes*width)
	}
	for t, row := range x {
		copy(data[(t*lanes+lane)*width:], row)
	}
	return data
}

// Gradient is that of f with respect to x by central differences,
// (f(x+eps)-f(x-eps)) / 2eps for each value in turn. f must read x. With
// float64 and eps = 1e-5 the error is about 1e-10 for functions of ordinary
// curvature. x is left as it was.
func Gradient(f func() float64, x []float64, eps float64) []float64 {
	g := make([]float64, len(x))
	for i, v := range x {
		x[i] = v + eps
		up := f()
		x[i] = v - eps
		down := f()
		x[i] = v
		g[i] = (up - down) / (2 * eps)
	}
	return g
}
