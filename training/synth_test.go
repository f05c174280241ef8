package training

import (
	"math"
	"slices"
	"testing"
)

// Every kind of made sound is finite, audible, free of DC, the same for the same seed and another for another.
func TestSynths(t *testing.T) {
	for k, s := range synths {
		for seed := range uint64(4) {
			play := func(seed uint64) []float32 {
				x := make([]float32, 2*Rate)
				s.make(x, newRandom(seed, uint64(k)))
				return x
			}
			a, b, other := play(seed), play(seed), play(seed+1000)
			if !slices.Equal(a, b) {
				t.Fatalf("%s, seed %d: two calls differ", s.name, seed)
			}
			if slices.Equal(a, other) {
				t.Errorf("%s: seeds %d and %d sound the same", s.name, seed, seed+1000)
			}
			var sum float64
			for _, x := range a {
				if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
					t.Fatalf("%s, seed %d: not finite", s.name, seed)
				}
				sum += float64(x)
			}
			level := activeLevel(a)
			if level < 1e-4 || level > 100 {
				t.Errorf("%s, seed %d: level %g", s.name, seed, level)
			}
			if dc := math.Abs(sum / float64(len(a))); dc > 0.3*float64(level) {
				t.Errorf("%s, seed %d: DC of %g at a level of %g", s.name, seed, dc, level)
			}
		}
	}
}

// Short stretches are asked for too, down to a single sample.
func TestSynthsOfAnyLength(t *testing.T) {
	for _, n := range []int{0, 1, 31, 32, 33, 1000} {
		for seed := range uint64(40) {
			synthesise(make([]float32, n), newRandom(seed, uint64(n)))
		}
	}
}

func TestEverySynthIsDrawn(t *testing.T) {
	drawn := map[string]bool{}
	x := make([]float32, 2000)
	for seed := range uint64(300) {
		drawn[synthesise(x, newRandom(seed))] = true
	}
	for _, s := range synths {
		if !drawn[s.name] {
			t.Errorf("%s was never drawn", s.name)
		}
	}
}

func TestTiltFollowsThePowerLaw(t *testing.T) {
	for _, a := range []float64{0, 1, 2} {
		r := newRandom(4)
		x := make([]float32, 20*Rate)
		addWhite(x, r, 1)
		tilt(x, a)
		band := func(hz float64) float64 { // power per Hz around hz, in dB
			y := slices.Clone(x)
			apply(y, bandpass(hz, 4), bandpass(hz, 4))
			return powerLevel(sumSquares(y) / float64(len(y)) / hz)
		}
		if got, want := band(200)-band(3200), a*10*math.Log10(16); math.Abs(got-want) > 3 {
			t.Errorf("1/f^%g: falls %.1f dB from 200 to 3200 Hz, want %.1f", a, got, want)
		}
	}
}

// A rendered tone has the frequency that was asked for, and waveforms have unit power.
func TestRenderPitch(t *testing.T) {
	for _, hz := range []float64{55, 440, 3000} {
		for _, shape := range shapes {
			w := harmonics(partials(shape, 1, newRandom(1)), nil)
			x := make([]float32, Rate)
			render(x, w, newRandom(2), func(int) (float64, float64) { return hz, 1 })
			crossings := 0
			for i := 1; i < len(x); i++ {
				if x[i-1] < 0 && x[i] >= 0 {
					crossings++
				}
			}
			if math.Abs(float64(crossings)-hz) > 1 {
				t.Errorf("%s: %d periods in a second, want %g", shape, crossings, hz)
			}
			if p := sumSquares(x) / Rate; math.Abs(p-1) > 0.01 {
				t.Errorf("%s at %g Hz: power %g, want 1", shape, hz, p)
			}
		}
	}
	still := make([]float32, 100)
	render(still, sine, newRandom(1), func(int) (float64, float64) { return Rate, 1 })
	for _, x := range still {
		if x != still[0] {
			t.Fatal("a tone over Nyquist is heard as another")
		}
	}
}

func TestPluckedStringDiesAway(t *testing.T) {
	v := &instrument{pluck: true, pluckDecay: 0.5, release: 2}
	x := make([]float32, 2*Rate)
	v.play(x, newRandom(8), 60, 60, 0, 1)
	begin, end := activeLevel(x[:Rate/10]), activeLevel(x[Rate/2:Rate/2+Rate/10])
	if drop := 20 * math.Log10(float64(begin/end)); drop < 40 {
		t.Errorf("after the decay time it is down by %.0f dB only", drop)
	}
}

func TestPieceStaysInItsScale(t *testing.T) {
	for seed := range uint64(20) {
		p := newPiece(newRandom(seed))
		for degree := -10; degree < 20; degree++ {
			step := math.Mod(p.pitch(degree)-p.root+120, 12)
			if !slices.Contains(p.scale, step) {
				t.Fatalf("degree %d is %g semitones over the tonic, outside of %v", degree, step, p.scale)
			}
			if p.pitch(degree) >= p.pitch(degree+1) {
				t.Fatalf("degree %d does not rise", degree)
			}
		}
	}
}
