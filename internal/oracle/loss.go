package oracle

import (
	"math"
	"slices"
)

// Loss is the weighted mean of the binary cross-entropy,
// sum(Mask*bce(sigmoid(logit), Y)) / sum(Mask). Padding does not count, here
// and in the other losses.
func (n Net) Loss(b *Batch) float64 {
	return n.mean(b, func(i int, v float64) float64 { return BCE(v, b.Y[i]) })
}

// SquaredError is the weighted mean of half the squares,
// sum(Mask*(logit-Y)**2/2) / sum(Mask).
func (n Net) SquaredError(b *Batch) float64 {
	return n.mean(b, func(i int, v float64) float64 { return 0.5 * (v - b.Y[i]) * (v - b.Y[i]) })
}

// mean is the weighted mean of a loss of each logit.
func (n Net) mean(b *Batch, loss func(i int, v float64) float64) float64 {
	logits, _, _, _ := n.ForwardBatch(b)
	outputs := len(logits) / (b.Steps * b.Lanes)
	var sum, weights float64
	for i, v := range logits {
		if w := b.weight(i, i/outputs); w > 0 {
			sum += w * loss(i, v)
			weights += w
		}
	}
	return sum / weights
}

// CrossEntropy is the weighted mean of -ln softmax(logits)[class] over the rows
// that have a class.
func (n Net) CrossEntropy(b *Batch) float64 {
	logits, _, _, _ := n.ForwardBatch(b)
	rows := Array{Shape: []int{b.Steps * b.Lanes}, Data: logits}.Rows()
	var sum, weights float64
	for i, row := range rows {
		if w := b.weight(i, i); w > 0 && b.Classes[i] >= 0 {
			sum += w * (LogSumExp(row) - row[b.Classes[i]])
			weights += w
		}
	}
	return sum / weights
}

// CTC is the mean of CTCLoss over all lanes.
func (n Net) CTC(b *Batch) float64 {
	logits, _, _, _ := n.ForwardBatch(b)
	var sum float64
	for lane, labels := range b.Labels {
		sum += CTCLoss(Lane(logits, b.Steps, b.Lanes, lane)[:b.length(lane)], labels)
	}
	return sum / float64(b.Lanes)
}

// weight is value i of the mask, which belongs to a row; 0 in the padding.
func (b *Batch) weight(i, row int) float64 {
	switch {
	case row/b.Lanes >= b.length(row%b.Lanes):
		return 0
	case b.Mask == nil:
		return 1
	}
	return b.Mask[i]
}

// BCE is -y ln p - (1-y) ln(1-p) for p = sigmoid(logit). It is computed from
// the logit, so that p may come close to 0 and 1:
// max(v, 0) - v*y + ln(1 + e**-|v|).
func BCE(logit, y float64) float64 {
	return max(logit, 0) - logit*y + math.Log1p(math.Exp(-math.Abs(logit)))
}

// LogSumExp is ln sum(e**x), computed so that no power overflows.
func LogSumExp(x []float64) float64 {
	most, sum := slices.Max(x), 0.0
	for _, v := range x {
		sum += math.Exp(v - most)
	}
	return most + math.Log(sum)
}

// Softmax is e**x / sum(e**x).
func Softmax(x []float64) []float64 {
	total := LogSumExp(x)
	return each(x, func(i int) float64 { return math.Exp(x[i] - total) })
}

// mostPaths is how many paths CTCLoss is ready to go.
const mostPaths = 20000

// CTCLoss is -ln p(labels) of connectionist temporal classification (Graves et
// al. 2006) for the logits [frames][outputs] of one sequence. It is the
// definition: a path is an output for each frame, its probability the product
// of theirs; p(labels) is the sum over all paths that collapse to the labels.
// There are outputs**frames paths; CTCLoss panics if those are more than
// 20000. Labels that no path collapses to have an infinite loss.
func CTCLoss(logits [][]float64, labels []int) float64 {
	paths, probs := 1, make([][]float64, len(logits))
	for t, row := range logits {
		probs[t] = Softmax(row)
		if paths *= len(row); paths > mostPaths {
			panic("oracle: too many paths for CTC")
		}
	}
	var sum float64
	path, collapsed := make([]int, len(logits)), []int(nil)
	for number := range paths {
		product := 1.0
		for t, p := range probs { // the outputs are the digits of the path's number
			path[t] = number % len(p)
			product *= p[path[t]]
			number /= len(p)
		}
		if collapsed = collapse(collapsed[:0], path); slices.Equal(collapsed, labels) {
			sum += product
		}
	}
	return -math.Log(sum)
}

// collapse makes one of neighbours that are equal, drops the blanks and appends
// the rest to labels.
func collapse(labels, path []int) []int {
	const blank = 0
	for t, k := range path {
		if k != blank && (t == 0 || k != path[t-1]) {
			labels = append(labels, k)
		}
	}
	return labels
}
