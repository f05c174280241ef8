package oracle

import (
	"math"
	"math/cmplx"

	"github.com/mjibson/go-dsp/fft"
)

// MelConfig is a log-mel recipe: symmetric Hann window, zero-padded FFT, power
// spectrum, triangular bands, ln(power+Floor).
type MelConfig struct {
	Rate, Window, Hop, NFFT, Mels int
	LowHz, HighHz, Floor          float64
}

// LogMel returns the frames [ceil(samples/Hop)][Mels]. Frame i covers the
// samples [(i+1)*Hop-Window, (i+1)*Hop); zeros lie before the first sample and
// after the last.
func LogMel(c MelConfig, samples []float64) [][]float64 {
	var frames [][]float64
	filters := c.Filters()
	for end := c.Hop; end < len(samples)+c.Hop; end += c.Hop {
		frame := make([]float64, c.NFFT)
		for i := range c.Window {
			if at := end - c.Window + i; at >= 0 && at < len(samples) {
				frame[i] = samples[at] * (0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(c.Window-1)))
			}
		}
		power, mels := Power(frame), make([]float64, c.Mels)
		for m, filter := range filters {
			for k, w := range filter {
				mels[m] += w * power[k]
			}
			mels[m] = math.Log(mels[m] + c.Floor)
		}
		frames = append(frames, mels)
	}
	return frames
}

// Power is |X[k]|^2 for k = 0..N/2 of a real frame of N samples.
func Power(frame []float64) []float64 {
	spectrum := fft.FFTReal(frame)
	power := make([]float64, len(frame)/2+1)
	for k := range power {
		a := cmplx.Abs(spectrum[k])
		power[k] = a * a
	}
	return power
}

// Filters returns the weights [Mels][NFFT/2+1]: triangles linear in Hz with
// peak 1, their corners equally far apart on the HTK scale
// 2595 log10(1+f/700).
func (c MelConfig) Filters() [][]float64 {
	low, high := 2595*math.Log10(1+c.LowHz/700), 2595*math.Log10(1+c.HighHz/700)
	corner := func(i int) float64 {
		mel := low + (high-low)*float64(i)/float64(c.Mels+1)
		return 700 * (math.Pow(10, mel/2595) - 1)
	}
	filters := make([][]float64, c.Mels)
	for m := range filters {
		left, peak, right := corner(m), corner(m+1), corner(m+2)
		for k := range c.NFFT/2 + 1 {
			hz := float64(k*c.Rate) / float64(c.NFFT)
			w := min((hz-left)/(peak-left), (right-hz)/(right-peak))
			filters[m] = append(filters[m], max(w, 0))
		}
	}
	return filters
}
