package audio

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/mjibson/go-dsp/fft"
)

// Tones are measured over this many output samples, in which they have a
// whole number of periods: the Fourier transform then needs no window, and
// all that is not the tone is the resampler's doing.
const measured = 4096

// response is what a resampler makes of a tone of amplitude 1.
type response struct {
	gain complex128 // of the tone, phase counted from the time n/to; 0 if it is not below to/2
	rest float64    // dB, everything else relative to the tone pushed
}

// respond measures the response to k periods in the measured samples.
func respond(t *testing.T, from, to, k int, phase float64) response {
	t.Helper()
	r, err := NewResampler(from, to)
	if err != nil {
		t.Fatal(err)
	}
	// Skip the onset of the tone.
	first := int64(4*halfWidth) * int64(max(1, (to+from-1)/from))
	freq := float64(k) / measured * float64(to)
	in := make([]float32, r.Needed(first+measured-1))
	for i := range in {
		in[i] = float32(math.Sin(2*math.Pi*freq*float64(i)/float64(from) + phase))
	}
	out := r.Push(nil, in)[first:]
	x := make([]float64, measured)
	for i := range x {
		x[i] = float64(out[i])
	}
	spectrum := fft.FFTReal(x)
	var res response
	if 2*k < measured {
		// sin is (e^ix - e^-ix)/2i, and the first sample is not at time 0.
		angle := 2*math.Pi*float64(k)*float64(first)/measured + phase
		res.gain = spectrum[k] * 2i / measured / cmplx.Exp(complex(0, angle))
		spectrum[k], spectrum[measured-k] = 0, 0
	}
	var energy float64
	for _, c := range spectrum {
		energy += real(c)*real(c) + imag(c)*imag(c)
	}
	res.rest = 10 * math.Log10(energy/measured/measured/0.5)
	return res
}

// checkTones measures tones from end to end of what the input can hold: those
// around the edge of the filter, some at regular distances and some at random.
func checkTones(t *testing.T, from, to, count int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(from), uint64(to)))
	low := min(from, to)
	edge := measured * low / (2 * to) // half the lower rate
	top := measured * from / (2 * to) // half the input rate
	bins := []int{1, 7, edge / 2, 9 * edge / 10, edge - 1, edge}
	for b := edge + 1; b < top; b += max(1, (top-edge)/count) {
		bins = append(bins, b)
	}
	for range count {
		bins = append(bins, 1+rng.IntN(top-1))
	}
	for _, k := range bins {
		freq := float64(k) / measured * float64(to)
		if 2*freq >= float64(from) {
			continue // not a tone that the input can hold
		}
		res := respond(t, from, to, k, rng.Float64())
		if res.rest > -80 {
			t.Errorf("%d to %d Hz, tone of %.1f Hz: images and aliases at %.1f dB", from, to, freq, res.rest)
		}
		if freq > 0.45*float64(low) {
			continue
		}
		if db := 20 * math.Log10(cmplx.Abs(res.gain)); math.Abs(db) > 0.1 {
			t.Errorf("%d to %d Hz, tone of %.1f Hz: gain %.3f dB", from, to, freq, db)
		}
		// 1e-3 of a radian at a tone is less than a thousandth of its period
		// in time: output n is at n/to.
		if angle := cmplx.Phase(res.gain); math.Abs(angle) > 1e-3 {
			t.Errorf("%d to %d Hz, tone of %.1f Hz: phase %.5f", from, to, freq, angle)
		}
	}
}

func TestResamplerRejectsImagesAndAliases(t *testing.T) {
	for _, to := range []int{8000, 16000} {
		for _, from := range []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000} {
			if from != to {
				t.Run(fmt.Sprint(from, to), func(t *testing.T) { checkTones(t, from, to, 8) })
			}
		}
	}
}

// The other ways round, and ratios with too many phases to table them all.
func TestResamplerRejectsAtAnyRatio(t *testing.T) {
	pairs := [][2]int{
		{44100, 48000}, {48000, 44100}, {16000, 48000}, {4000, 192000}, {192000, 5000},
		{44099, 16000}, {44101, 8000}, {15999, 16000}, {16001, 16000}, {7919, 16000}, {191999, 16000}, {44101, 4001}, {4001, 100003},
	}
	for _, pair := range pairs {
		t.Run(fmt.Sprint(pair), func(t *testing.T) { checkTones(t, pair[0], pair[1], 2) })
	}
}

// What both rates have in common must not depend on the rate it came with:
// the same band-limited signal from each rate gives the same samples.
func TestResamplerAgreesBetweenRates(t *testing.T) {
	signal := func(t float64) float64 {
		return 0.3*math.Sin(2*math.Pi*440*t) + 0.2*math.Sin(2*math.Pi*1333*t+1) + 0.1*math.Sin(2*math.Pi*3200*t+2)
	}
	for _, from := range []int{8000, 11025, 16000, 22050, 24000, 32000, 44099, 44100, 48000, 96000, 192000} {
		in := make([]float32, from/4)
		for i := range in {
			in[i] = float32(signal(float64(i) / float64(from)))
		}
		r, err := NewResampler(from, 16000)
		if err != nil {
			t.Fatal(err)
		}
		out := r.Push(nil, in)
		for n := 200; n < len(out); n++ {
			want := signal(float64(n) / 16000)
			if diff := math.Abs(float64(out[n]) - want); diff > 1e-4 {
				t.Fatalf("%d Hz: output %d is %v, the signal there is %v", from, n, out[n], want)
			}
		}
	}
}

// A constant stays constant in every phase.
func TestResamplerKeepsOffset(t *testing.T) {
	for _, rates := range [][2]int{{44100, 16000}, {11025, 16000}, {44099, 16000}, {15999, 8000}} {
		r, err := NewResampler(rates[0], rates[1])
		if err != nil {
			t.Fatal(err)
		}
		in := make([]float32, rates[0])
		for i := range in {
			in[i] = 0.5
		}
		for n, v := range r.Push(nil, in)[200:] {
			if math.Abs(float64(v)-0.5) > 2e-6 {
				t.Fatalf("%v: output %d is %v", rates, n+200, v)
			}
		}
	}
}
