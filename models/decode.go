package models

// Best is the index of the largest of p, the first one if there are several.
func Best(p []float32) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}

// Sample draws an index with the probabilities p, by a u that is uniform in
// [0, 1). Pushed back as the next token, answers become a sequence: one in,
// many out.
func Sample(p []float32, u float64) int {
	var sum float64
	for _, v := range p {
		sum += float64(v)
	}
	u = float64(u * sum) // float32 probabilities do not add up to 1
	last := 0
	for i, v := range p {
		if v > 0 {
			if last = i; u < float64(v) {
				break
			}
			u -= float64(v)
		}
	}
	return last
}

// CTC reads labels off the answers of a model that was trained with
// connectionist temporal classification (Graves et al. 2006), frame by frame:
// the best output of each, with repeats merged and blanks, output 0, dropped.
// It looks at nothing but the frame and the one before, so a causal model
// transcribes live.
type CTC struct {
	Last int // best output of the frame before; to be kept where a State is
}

// Push takes the answer of the next frame, and returns the label that begins
// with it, if one does.
func (c *CTC) Push(p []float32) (label int, ok bool) {
	label = Best(p)
	ok = label != 0 && label != c.Last
	c.Last = label
	return label, ok
}

// Reset forgets the frame before.
func (c *CTC) Reset() { c.Last = 0 }
