package oracle

// Batch is a time-major batch: value i of lane b at step t is at
// [(t*Lanes+b)*width+i]. What is nil is all zeros, or for Mask all ones.
// ForwardBatch needs nothing but Steps, Lanes and X.
type Batch struct {
	Steps, Lanes int
	X            []float64   // [Steps*Lanes*input]
	Lengths      []int       // [Lanes] steps before the padding; nil: all of them
	H0, C0       [][]float64 // initial states by cell (see Net.Cells), each [Lanes*hidden], or empty
	Drop         [][]float64 // by layer [Steps*Lanes*width], or empty: what its outputs are multiplied by

	Y       []float64 // [Steps*Lanes*outputs] targets of Loss and SquaredError
	Mask    []float64 // weights: [Steps*Lanes*outputs], or [Steps*Lanes] for CrossEntropy
	Classes []int     // [Steps*Lanes] targets of CrossEntropy; negative: none
	Labels  [][]int   // [Lanes] targets of CTC, each a sequence of 1..outputs-1
}

// ForwardBatch runs the lanes one after the other and returns logits
// [Steps*Lanes*outputs], outputs of the top layer [Steps*Lanes*width] and the
// last states by cell, each [Lanes*hidden]; those that a cell does not have
// are empty.
//
// A step at or beyond the length of its lane leaves the state of the lane as
// it was, and answers with it: a forward cell repeats its last state to the
// end, a reverse one repeats its initial state until it comes to the last step
// that counts.
func (n Net) ForwardBatch(b *Batch) (logits, out []float64, hn, cn [][]float64) {
	hn, cn = make([][]float64, len(n.Cells())), make([][]float64, len(n.Cells()))
	for lane := range b.Lanes {
		states := n.zeros()
		b.start(states, lane)
		var y [][]float64
		if x := Lane(b.X, b.Steps, b.Lanes, lane); len(n["blocks"].Data) > 0 {
			y = n.inBlocks(x, b.length(lane), states)
		} else {
			y = n.run(x, b.length(lane), b.Steps, states, b.drop(lane))
		}
		out = putLane(out, y, b.Lanes, lane)
		logits = putLane(logits, n.Head(y), b.Lanes, lane)
		for i, s := range states {
			hn[i], cn[i] = append(hn[i], s.h...), append(cn[i], s.c...)
		}
	}
	return logits, out, hn, cn
}

// start sets the initial states of a lane.
func (b *Batch) start(states []state, lane int) {
	for i, s := range states {
		if b.H0 != nil {
			copy(s.h, b.H0[i][lane*len(s.h):])
		}
		if b.C0 != nil {
			copy(s.c, b.C0[i][lane*len(s.c):])
		}
	}
}

// drop cuts the factors of one lane out, by layer; nil where there are none.
func (b *Batch) drop(lane int) [][][]float64 {
	drop := make([][][]float64, len(b.Drop))
	for i, factors := range b.Drop {
		if len(factors) > 0 {
			drop[i] = Lane(factors, b.Steps, b.Lanes, lane)
		}
	}
	return drop
}

// length is the number of steps of the lane that are no padding.
func (b *Batch) length(lane int) int {
	if b.Lengths == nil {
		return b.Steps
	}
	return b.Lengths[lane]
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
