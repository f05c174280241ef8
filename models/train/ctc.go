package train

import (
	"fmt"
	"math"
)

// ctc is connectionist temporal classification (Graves et al. 2006): the
// probability that a sequence of labels is what remains of a path, one output
// a frame, when repeats are merged and then blanks, output 0, are dropped.
//
// The labels l1 l2 .. with blanks around, 0 l1 0 l2 0 .., are the states s of
// a path. All sums are of logarithms, in float64:
//
//	alpha(t,s)  paths that are in s at frame t, up to and with frame t
//	beta(t,s)   paths that are in s at frame t, from frame t+1 on
//	p(labels)   = sum over s of alpha(t,s) beta(t,s), at any t
//	d -log p / d a(t,k) = softmax(a)(t,k) - sum over s of k of alpha(t,s) beta(t,s) / p
type ctc struct {
	logp        []float64 // [frames × outputs]
	alpha, beta []float64 // [frames × states]
	states      []int     // the output of each state
	share       []float64 // [outputs] of the paths at one frame
}

// blank is the output that stands for no label.
const blank = 0

// loss returns the sum over the lanes of -log p(labels), and replaces the
// logits by its gradient, divided by count.
func (c *ctc) loss(logits []float32, b *Batch, lanes, outputs int, count float64) (sum float64) {
	for lane, labels := range b.Labels {
		frames := b.Steps
		if b.Lengths != nil {
			frames = b.Lengths[lane]
		}
		at := func(t int) []float32 { return logits[(t*lanes+lane)*outputs:][:outputs] }
		for t := frames; t < b.Steps; t++ {
			clear(at(t))
		}
		if frames == 0 {
			continue
		}
		c.begin(labels, frames, outputs, at)
		c.forward(frames, outputs)
		c.backward(frames, outputs)
		last := c.alpha[(frames-1)*len(c.states):]
		logP := last[len(last)-1]
		if len(last) > 1 {
			logP = logAdd(logP, last[len(last)-2])
		}
		sum -= logP
		for t := range frames {
			c.gradient(at(t), t, outputs, logP, count)
		}
	}
	return sum
}

func (c *ctc) begin(labels []int, frames, outputs int, at func(t int) []float32) {
	c.states = append(c.states[:0], blank)
	for _, l := range labels {
		c.states = append(c.states, l, blank)
	}
	n := frames * len(c.states)
	c.alpha, c.beta = resize64(c.alpha, n), resize64(c.beta, n)
	c.logp, c.share = resize64(c.logp, frames*outputs), resize64(c.share, outputs)
	for t := range frames {
		a := at(t)
		norm := logSumExp(a)
		for k, v := range a {
			c.logp[t*outputs+k] = float64(v) - norm
		}
	}
}

// skips tells whether a path may come to state s from s-2, over a blank: not
// between equal labels, which would be merged.
func (c *ctc) skips(s int) bool {
	return s >= 2 && s < len(c.states) && c.states[s] != blank && c.states[s] != c.states[s-2]
}

func (c *ctc) forward(frames, outputs int) {
	n := len(c.states)
	for t := range frames {
		row, logp := c.alpha[t*n:(t+1)*n], c.logp[t*outputs:]
		for s := range row {
			from := math.Inf(-1)
			if t == 0 {
				if s < 2 {
					from = 0
				}
			} else {
				before := c.alpha[(t-1)*n : t*n]
				from = before[s]
				if s > 0 {
					from = logAdd(from, before[s-1])
				}
				if c.skips(s) {
					from = logAdd(from, before[s-2])
				}
			}
			row[s] = from + logp[c.states[s]]
		}
	}
}

func (c *ctc) backward(frames, outputs int) {
	n := len(c.states)
	for t := frames - 1; t >= 0; t-- {
		row := c.beta[t*n : (t+1)*n]
		for s := range row {
			row[s] = math.Inf(-1)
			if t == frames-1 {
				if s >= n-2 {
					row[s] = 0
				}
				continue
			}
			after, logp := c.beta[(t+1)*n:(t+2)*n], c.logp[(t+1)*outputs:]
			row[s] = after[s] + logp[c.states[s]]
			if s+1 < n {
				row[s] = logAdd(row[s], after[s+1]+logp[c.states[s+1]])
			}
			if c.skips(s + 2) {
				row[s] = logAdd(row[s], after[s+2]+logp[c.states[s+2]])
			}
		}
	}
}

// gradient replaces the logits of frame t.
func (c *ctc) gradient(a []float32, t, outputs int, logP, count float64) {
	n := len(c.states)
	clear(c.share)
	for s, k := range c.states {
		c.share[k] += math.Exp(c.alpha[t*n+s] + c.beta[t*n+s] - logP)
	}
	for k := range a {
		a[k] = float32((math.Exp(c.logp[t*outputs+k]) - c.share[k]) / count)
	}
}

// logAdd is log(e**a + e**b).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

func resize64(a []float64, n int) []float64 {
	if cap(a) < n {
		return make([]float64, n)
	}
	return a[:n]
}

// checkLabels names the first lane whose labels no path can give: each needs a
// frame, and a blank between it and an equal one before it.
func checkLabels(b *Batch, outputs int) error {
	for lane, labels := range b.Labels {
		frames, need := b.Steps, len(labels)
		if b.Lengths != nil {
			frames = b.Lengths[lane]
		}
		for i, l := range labels {
			if l <= blank || l >= outputs {
				return fmt.Errorf("train: lane %d: label %d is not within 1..%d", lane, l, outputs-1)
			}
			if i > 0 && l == labels[i-1] {
				need++
			}
		}
		if frames < need {
			return fmt.Errorf("train: lane %d: %d labels need %d frames, there are %d", lane, len(labels), need, frames)
		}
	}
	return nil
}
