package training

import (
	"math"
	"math/rand/v2"
)

// random is a source of the numbers of one purpose. It is a PCG, whose output the Go 1 promise fixes, with the few
// distributions that the mixer needs.
type random struct{ pcg rand.PCG }

// newRandom returns the source that belongs to seed and keys. Two lists that differ in any place give unrelated
// streams (the keys are folded in with the finaliser of splitmix64, Steele et al. 2014).
func newRandom(seed uint64, keys ...uint64) *random {
	a, b := scramble(seed), scramble(seed^0x6a09e667f3bcc909)
	for i, k := range keys {
		a = scramble(a ^ scramble(k+uint64(i)))
		b = scramble(b + a)
	}
	r := new(random)
	r.pcg.Seed(a, b)
	return r
}

func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit returns a number in [0, 1) with 53 random bits.
func (r *random) unit() float64 { return float64(r.pcg.Uint64()>>11) * 0x1p-53 }

// between returns a number in [lo, hi).
func (r *random) between(lo, hi float64) float64 { return lo + float64((hi-lo)*r.unit()) }

// geometric returns a number in [lo, hi) whose logarithm is uniform; both must be positive.
func (r *random) geometric(lo, hi float64) float64 {
	return lo * math.Exp2(float64(r.unit()*math.Log2(hi/lo)))
}

// chance is true with probability p.
func (r *random) chance(p float64) bool { return r.unit() < p }

// below returns an integer in [0, n), n > 0.
func (r *random) below(n int) int { return int(r.unit() * float64(n)) }

// white returns a sample of nearly Gaussian noise of unit variance: the sum of four uniform numbers (Irwin-Hall),
// which is all that a noise signal needs and costs one draw.
func (r *random) white() float32 {
	u := r.pcg.Uint64()
	sum := int32(u&0xffff) + int32(u>>16&0xffff) + int32(u>>32&0xffff) + int32(u>>48)
	return float32(sum-2*0xffff) * whiteScale
}

// whiteScale is 1 over the standard deviation of the sum of four uniform integers of 16 bits: sqrt(4/12) * 65536.
const whiteScale = 1 / 37837.227

// normal returns a number of about Gaussian distribution with the given deviation.
func (r *random) normal(deviation float64) float64 { return float64(r.white()) * deviation }

// weighted returns an index drawn in proportion to weights, whose sum must be positive.
func (r *random) weighted(weights []float64) int {
	var total float64
	for _, w := range weights {
		total += w
	}
	left := r.unit() * total
	for i, w := range weights {
		if left -= w; left < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// decibels converts an amplitude ratio in dB into the ratio itself. math.Exp2 rather than math.Pow: Pow goes through
// math.Exp, whose last bit depends on whether the processor has a fused multiply-add.
func decibels(db float64) float64 { return math.Exp2(db * (math.Log2E * math.Ln10 / 20)) }

// semitones converts an interval into a ratio of frequencies.
func semitones(n float64) float64 { return math.Exp2(n / 12) }
