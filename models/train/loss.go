package train

import (
	"math"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
)

// lossOf returns the loss that the batch's targets ask for, not yet divided by
// count, and replaces the logits by its gradient, divided.
func (g *graph) lossOf(b *Batch, count float64) float64 {
	outputs := g.n.net.arch.Outputs
	switch {
	case b.Labels != nil:
		return g.ctc.loss(g.logits, b, g.lanes, outputs, count)
	case b.Classes != nil:
		return crossEntropy(g.logits, b.Classes, b.Mask, outputs, count)
	case g.n.net.arch.Head == models.LinearHead:
		return squaredError(g.logits, b.Y, b.Mask, count)
	}
	return binaryCrossEntropy(g.logits, b.Y, b.Mask, count)
}

// binaryCrossEntropy returns the sum of mask * BCE(sigmoid(logit), y) over all
// values and replaces each logit by its gradient, divided by count:
//
//	loss     = max(a,0) - a y + log(1 + e**-|a|)
//	d loss/a = (sigmoid(a) - y) mask / count
//
// y may be anything in [0, 1]; mask weighs each value, 0 leaves it out.
func binaryCrossEntropy(logits, y, mask []float32, count float64) float64 {
	var sum float64
	scale := float32(1 / count)
	for i, a := range logits {
		m := mask[i]
		if m == 0 {
			logits[i] = 0
			continue
		}
		v := float64(a)
		loss := max(v, 0) - v*float64(y[i]) + math.Log1p(math.Exp(-math.Abs(v)))
		sum += float64(float64(m) * loss)
		logits[i] = float32((kernel.Sigmoid(a)-y[i])*m) * scale
	}
	return sum
}

// squaredError is the sum of mask * (a-y)^2/2.
func squaredError(logits, y, mask []float32, count float64) float64 {
	var sum float64
	scale := float32(1 / count)
	for i, a := range logits {
		d := a - y[i]
		if mask[i] == 0 {
			d = 0
		}
		sum += float64(float64(mask[i])*float64(d)*float64(d)) / 2
		logits[i] = float32(d*mask[i]) * scale
	}
	return sum
}

// crossEntropy is the sum over the rows of mask * -log softmax(a)[class],
// a row of outputs each; a negative class leaves its row out.
//
//	d loss/a = (softmax(a) - [1 at the class, else 0]) mask / count
func crossEntropy(logits []float32, classes []int, mask []float32, outputs int, count float64) float64 {
	var sum float64
	for i, class := range classes {
		a := logits[i*outputs : (i+1)*outputs]
		if class < 0 || mask[i] == 0 {
			clear(a)
			continue
		}
		sum += float64(float64(mask[i]) * (logSumExp(a) - float64(a[class])))
		kernel.Softmax(a)
		a[class]--
		scale := float32(float64(mask[i]) / count)
		for j, v := range a {
			a[j] = v * scale
		}
	}
	return sum
}

// logSumExp is log(sum of e**a).
func logSumExp(a []float32) float64 {
	var sum float64
	most := float64(a[0])
	for _, v := range a {
		most = max(most, float64(v))
	}
	for _, v := range a {
		sum += math.Exp(float64(v) - most)
	}
	return most + math.Log(sum)
}
