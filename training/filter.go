package training

import "math"

// biquad is a filter of second order in transposed direct form II, float64 inside so that low cut-off frequencies keep
// their precision. Coefficients follow Bristow-Johnson's cookbook (bilinear transform with warped frequency).
type biquad struct {
	b0, b1, b2, a1, a2 float64
	z1, z2             float64
}

func (f *biquad) next(x float64) float64 {
	y := float64(f.b0*x) + f.z1
	f.z1 = float64(f.b1*x) - float64(f.a1*y) + f.z2
	f.z2 = float64(f.b2*x) - float64(f.a2*y)
	return y
}

func lowpass(hz, q float64) biquad {
	c, alpha := warp(hz, q)
	return normalised((1-c)/2, 1-c, (1-c)/2, 1+alpha, -2*c, 1-alpha)
}

func highpass(hz, q float64) biquad {
	c, alpha := warp(hz, q)
	return normalised((1+c)/2, -(1 + c), (1+c)/2, 1+alpha, -2*c, 1-alpha)
}

// bandpass has a gain of 1 at hz.
func bandpass(hz, q float64) biquad {
	c, alpha := warp(hz, q)
	return normalised(alpha, 0, -alpha, 1+alpha, -2*c, 1-alpha)
}

// peaking raises the band around hz by the given decibels.
func peaking(hz, q, db float64) biquad {
	c, alpha := warp(hz, q)
	a := decibels(db / 2)
	return normalised(1+float64(alpha*a), -2*c, 1-float64(alpha*a), 1+alpha/a, -2*c, 1-alpha/a)
}

func warp(hz, q float64) (cosine, alpha float64) {
	w := 2 * math.Pi * min(hz, 0.49*Rate) / Rate
	return math.Cos(w), math.Sin(w) / (2 * q)
}

func normalised(b0, b1, b2, a0, a1, a2 float64) biquad {
	return biquad{b0: b0 / a0, b1: b1 / a0, b2: b2 / a0, a1: a1 / a0, a2: a2 / a0}
}

// butterworth returns the sections of a low-pass or high-pass of even order: the pole pairs of a Butterworth filter lie
// at equal angles, which gives each section its own Q.
func butterworth(kind func(hz, q float64) biquad, hz float64, order int) []biquad {
	sections := make([]biquad, order/2)
	for i := range sections {
		angle := math.Pi * float64(2*i+1) / float64(2*order)
		sections[i] = kind(hz, 1/(2*math.Cos(angle)))
	}
	return sections
}

// apply runs samples through the sections in place.
func apply(samples []float32, sections ...biquad) {
	for i := range sections {
		f := sections[i] // a copy keeps the state in registers
		for j, x := range samples {
			samples[j] = float32(f.next(float64(x) + denormalGuard))
		}
	}
}

// denormalGuard keeps the decaying state of a recursive filter out of the denormal range, where arithmetic is slow. It
// lies 360 dB under full scale.
const denormalGuard = 1e-18
