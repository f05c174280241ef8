package train

import (
	"math"

	"github.com/streamer-audio/streamer/models"
)

// adam is AdamW (Loshchilov and Hutter 2019) in PyTorch's order: decay, then
// the step of Adam (Kingma and Ba 2015) with bias correction.
//
//	w -= lr*decay*w
//	m  = b1 m + (1-b1) g          v = b2 v + (1-b2) g^2
//	w -= lr/(1-b1^t) * m / (sqrt(v)/sqrt(1-b2^t) + eps)
type adam struct {
	beta1, beta2, decay float64
	limit               float64 // to each value of a gradient
	steps               int64
	m, v                [][]float32
}

const adamEps = 1e-8

func newAdam(c Config, tensors []models.Tensor) *adam {
	a := &adam{beta1: c.Beta1, beta2: c.Beta2, decay: c.WeightDecay, limit: c.ClipValue}
	for _, t := range tensors {
		a.m, a.v = append(a.m, make([]float32, len(t.Data))), append(a.v, make([]float32, len(t.Data)))
	}
	return a
}

// step moves the tensors against scale*grads. One-dimensional tensors (biases)
// decay too, as PyTorch does unless told otherwise.
func (a *adam) step(tensors, grads []models.Tensor, lr, scale float64) {
	a.steps++
	t := float64(a.steps)
	rate := lr / (1 - math.Pow(a.beta1, t))
	root := 1 / math.Sqrt(1-math.Pow(a.beta2, t))
	for i := range tensors {
		m, v, g := a.m[i], a.v[i], grads[i].Data
		w := tensors[i].Data
		for j := range w {
			gj := cut(g[j], a.limit) * scale
			mj := float64(a.beta1*float64(m[j])) + float64((1-a.beta1)*gj)
			vj := float64(a.beta2*float64(v[j])) + float64((1-a.beta2)*float64(gj*gj))
			wj := float64(float64(w[j]) * (1 - float64(lr*a.decay)))
			m[j], v[j] = float32(mj), float32(vj)
			w[j] = float32(wj - float64(rate*mj)/(float64(math.Sqrt(vj)*root)+adamEps))
		}
	}
}

// globalNorm is the Euclidean norm of all gradients together, each value cut
// to within ±limit.
func globalNorm(grads []models.Tensor, limit float64) float64 {
	var sum float64
	for _, t := range grads {
		for _, v := range t.Data {
			d := cut(v, limit)
			sum += float64(d * d)
		}
	}
	return math.Sqrt(sum)
}

// cut is v within ±limit. 0 means no limit.
func cut(v float32, limit float64) float64 {
	if limit <= 0 {
		return float64(v)
	}
	return max(-limit, min(limit, float64(v)))
}

// clipScale is the factor that brings a gradient of this norm down to at most
// limit (Pascanu, Mikolov and Bengio 2013). 0 means no limit.
func clipScale(norm, limit float64) float64 {
	if limit <= 0 || norm <= limit {
		return 1
	}
	return limit / (norm + 1e-6) // as torch.nn.utils.clip_grad_norm_
}

// Cosine is the rate of one of so many steps, the first of which is step 0: it
// falls from lr to nothing along half a cosine (Loshchilov and Hutter 2017).
func Cosine(lr float64, step, steps int) float64 {
	return lr * 0.5 * (1 + math.Cos(math.Pi*float64(step)/float64(steps)))
}
