package main

import (
	"math"

	"github.com/streamer-audio/streamer/features"
)

// bands is the recipe with its tables, for the peers and for the reference:
// made here anew, so that a mistake in ours would show.
type bands struct {
	features.Config
	window  []float32   // [Window]
	first   []int       // first bin of each band
	weights [][]float32 // weights of a band's bins that are not zero
}

func newBands(c features.Config) *bands {
	b := &bands{Config: c, window: make([]float32, c.Window)}
	for i := range b.window {
		b.window[i] = float32(hann(i, c.Window))
	}
	for m := range c.Mels {
		all := triangle(c, m)
		from, to := 0, len(all)
		for from < to && all[from] == 0 {
			from++
		}
		for to > from && all[to-1] == 0 {
			to--
		}
		var w []float32
		for _, v := range all[from:to] {
			w = append(w, float32(v))
		}
		b.first, b.weights = append(b.first, from), append(b.weights, w)
	}
	return b
}

func hann(i, n int) float64 { return 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n-1)) }

// triangle is the weights [NFFT/2+1] of band m: the corners are equally far
// apart in mel, the sides are straight in Hz.
func triangle(c features.Config, m int) []float64 {
	toMel := func(hz float64) float64 { return 2595 * math.Log10(1+hz/700) }
	step := (toMel(c.HighHz) - toMel(c.LowHz)) / float64(c.Mels+1)
	corner := func(i int) float64 {
		return 700 * (math.Pow(10, (toMel(c.LowHz)+float64(i)*step)/2595) - 1)
	}
	left, top, right := corner(m), corner(m+1), corner(m+2)
	w := make([]float64, c.NFFT/2+1)
	for k := range w {
		hz := float64(k) * float64(c.Rate) / float64(c.NFFT)
		switch {
		case hz > left && hz <= top:
			w[k] = (hz - left) / (top - left)
		case hz > top && hz < right:
			w[k] = (right - hz) / (right - top)
		}
	}
	return w
}

// apply writes ln(power in the band + floor) to dst [mels] from the power
// spectrum, for peers that have no functions of their own for it.
func (b *bands) apply(dst, power []float32) {
	for m, w := range b.weights {
		var sum float32
		for i, v := range power[b.first[m]:][:len(w)] {
			sum += w[i] * v
		}
		dst[m] = float32(math.Log(float64(sum) + b.Floor))
	}
}

// reference is the frame of a window of samples, in float64 and by the
// definition of the Fourier transform.
func (b *bands) reference(samples []float32) []float64 {
	turn := make([]complex128, b.NFFT)
	for i := range turn {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / float64(b.NFFT))
		turn[i] = complex(cos, sin)
	}
	power := make([]float64, b.NFFT/2+1)
	for k := range power {
		var sum complex128
		for i, v := range samples {
			sum += complex(float64(v)*hann(i, len(samples)), 0) * turn[i*k%b.NFFT]
		}
		power[k] = real(sum)*real(sum) + imag(sum)*imag(sum)
	}
	frame := make([]float64, b.Mels)
	for m := range frame {
		sum := b.Floor
		for k, w := range triangle(b.Config, m) {
			sum += w * power[k]
		}
		frame[m] = math.Log(sum)
	}
	return frame
}
