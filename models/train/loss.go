package train

import (
	"math"

	"github.com/streamer-audio/streamer/internal/kernel"
)

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
