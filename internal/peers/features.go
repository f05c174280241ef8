package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/mjibson/go-dsp/fft"
	"github.com/tphakala/simd/f32"
	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/streamer-audio/streamer/features"
)

// featureTolerance is of natural logarithms: 0.001 is a tenth of a percent of
// a band's power.
const featureTolerance = 1e-3

// signal is two seconds of noise with a tone in it, within [-1, 1].
func signal(rate int) []float32 {
	x := normal(2*rate, 6)
	for i := range x {
		tone := 0.3 * math.Sin(2*math.Pi*440*float64(i)/float64(rate))
		x[i] = float32(min(max(0.05*float64(x[i])+tone, -1), 1))
	}
	return x
}

func featureContests(*setup) []*contest {
	config := features.DefaultConfig()
	c := &contest{tolerance: featureTolerance, title: fmt.Sprintf("log-mel-%d, %d samples every %d, FFT %d",
		config.Mels, config.Window, config.Hop, config.NFFT)}
	x := signal(config.Rate)
	bank := newBands(config)
	windows := wholeWindows(config, x)
	var want [][]float64
	for _, w := range windows {
		want = append(want, bank.reference(w))
	}
	stream, err := features.New(config)
	if err != nil {
		panic(err) // the default recipe is valid
	}
	c.add(oursName, oursFeatureGap(stream.Open(), x, want), oursFeatures(stream, x))
	enter := func(name string, p frameMaker) {
		got, gap := make([]float32, config.Mels), 0.0
		for i := range want {
			p.frame(got, windows[i])
			gap = max(gap, worst(got, want[i]))
		}
		at := 0
		c.add(name, gap, repeat(func() {
			p.frame(got, windows[at])
			at = (at + 1) % len(windows)
		}))
	}
	enter("tphakala/simd STFT", newTphakalaFrames(bank))
	enter("gonum FFT, float64", newGonumFrames(bank))
	enter("go-dsp FFT, float64", newDSPFrames(bank))
	return []*contest{c}
}

// oursFeatures pushes hop after hop. So the buffering of a stream is counted,
// which the peers, who find their window in one piece, do not have.
func oursFeatures(s *features.Stream, x []float32) func(n int) {
	hop, at, frame := s.Shift(), 0, make([]float32, s.Dim())
	return repeat(func() {
		s.Push(x[at : at+hop])
		s.Next(frame)
		if at += hop; at+hop > len(x) {
			at = 0
		}
	})
}

// wholeWindows is the windows that lie inside x, in the order of their frames.
// A window ends with a hop; the first frames look back to before x.
func wholeWindows(c features.Config, x []float32) [][]float32 {
	var all [][]float32
	for end := c.Hop; end <= len(x); end += c.Hop {
		if end >= c.Window {
			all = append(all, x[end-c.Window:end])
		}
	}
	return all
}

// oursFeatureGap compares the last frames of x with what is wanted of its
// whole windows.
func oursFeatureGap(s *features.Stream, x []float32, want [][]float64) float64 {
	var all []float32
	frame := make([]float32, s.Dim())
	for s.Push(x); s.Next(frame); {
		all = append(all, frame...)
	}
	early := len(all)/s.Dim() - len(want)
	if early < 0 {
		return math.Inf(1)
	}
	return worst(all[early*s.Dim():], slices.Concat(want...))
}

// frameMaker computes a frame [mels] from the samples of a window [window].
type frameMaker interface {
	frame(dst, samples []float32)
}

// gonumFrames computes the FFT in float64, as gonum does nothing else.
type gonumFrames struct {
	*bands
	fft      *fourier.FFT
	in       []float64
	spectrum []complex128
	power    []float32
}

func newGonumFrames(b *bands) *gonumFrames {
	bins := b.NFFT/2 + 1
	return &gonumFrames{bands: b, fft: fourier.NewFFT(b.NFFT), in: make([]float64, b.NFFT),
		spectrum: make([]complex128, bins), power: make([]float32, bins)}
}

func (g *gonumFrames) frame(dst, samples []float32) {
	for i, v := range samples {
		g.in[i] = float64(v * g.window[i])
	}
	g.fft.Coefficients(g.spectrum, g.in)
	squares(g.power, g.spectrum)
	g.apply(dst, g.power)
}

// dspFrames cannot reuse its spectrum: go-dsp allocates one each time.
type dspFrames struct {
	*bands
	in    []float64
	power []float32
}

func newDSPFrames(b *bands) *dspFrames {
	fft.SetWorkerPoolSize(1)
	return &dspFrames{bands: b, in: make([]float64, b.NFFT), power: make([]float32, b.NFFT/2+1)}
}

func (d *dspFrames) frame(dst, samples []float32) {
	for i, v := range samples {
		d.in[i] = float64(v * d.window[i])
	}
	squares(d.power, fft.FFTReal(d.in)[:len(d.power)])
	d.apply(dst, d.power)
}

func squares(power []float32, spectrum []complex128) {
	for i, v := range spectrum {
		power[i] = float32(real(v)*real(v) + imag(v)*imag(v))
	}
}

// tphakalaFrames does all of it with vectors.
type tphakalaFrames struct {
	*bands
	plan                *f32.STFTPlan
	in, window0, powers []float32 // padded with zeros to the length of the FFT
}

func newTphakalaFrames(b *bands) *tphakalaFrames {
	plan, err := f32.NewSTFTPlan(b.NFFT)
	if err != nil {
		panic(err) // the default recipe has a power of two
	}
	t := &tphakalaFrames{bands: b, plan: plan, in: make([]float32, b.NFFT), window0: make([]float32, b.NFFT),
		powers: make([]float32, b.NFFT/2+1)}
	copy(t.window0, b.window)
	return t
}

func (t *tphakalaFrames) frame(dst, samples []float32) {
	copy(t.in, samples)
	t.plan.STFTPowerInto(t.powers, t.in, t.window0, t.Hop, f32.NoPad)
	for m, w := range t.weights {
		dst[m] = f32.DotProduct(w, t.powers[t.first[m]:])
	}
	f32.AddScalar(dst, dst, float32(t.Floor))
	f32.LogInPlace(dst)
}
