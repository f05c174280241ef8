package training

import (
	"math"
	"testing"
)

func TestRandomIsDeterminedBySeedAndKeys(t *testing.T) {
	a, b := newRandom(1, 2, 3), newRandom(1, 2, 3)
	for range 100 {
		if a.unit() != b.unit() {
			t.Fatal("equal seeds and keys gave different numbers")
		}
	}
	seen := map[float64]string{}
	for name, r := range map[string]*random{"1;2,3": newRandom(1, 2, 3), "1;3,2": newRandom(1, 3, 2), "2;2,3": newRandom(2, 2, 3),
		"1;2": newRandom(1, 2), "1;2,3,0": newRandom(1, 2, 3, 0), "1;0": newRandom(1, 0), "1": newRandom(1)} {
		v := r.unit()
		if other, found := seen[v]; found {
			t.Errorf("%s and %s give the same numbers", name, other)
		}
		seen[v] = name
	}
}

func TestWhiteNoiseHasUnitVariance(t *testing.T) {
	r := newRandom(5)
	const n = 200000
	var sum, squares, fourth float64
	for range n {
		x := float64(r.white())
		sum += x
		squares += x * x
		fourth += x * x * x * x
	}
	if mean := sum / n; math.Abs(mean) > 0.01 {
		t.Errorf("mean %g", mean)
	}
	if v := squares / n; math.Abs(v-1) > 0.01 {
		t.Errorf("variance %g", v)
	}
	if k := fourth / n; math.Abs(k-2.7) > 0.1 { // Irwin-Hall of four: 3 - 6/(5*4)
		t.Errorf("kurtosis %g, expected 2.7", k)
	}
}

func TestDistributionsStayInRange(t *testing.T) {
	r := newRandom(6)
	var drawn [3]int
	for range 30000 {
		if v := r.between(-2, 5); v < -2 || v >= 5 {
			t.Fatalf("between gave %g", v)
		}
		if v := r.geometric(0.1, 10); v < 0.1 || v >= 10.0001 {
			t.Fatalf("geometric gave %g", v)
		}
		drawn[r.weighted([]float64{1, 0, 3})]++
	}
	if drawn[1] != 0 || math.Abs(float64(drawn[0])/30000-0.25) > 0.02 {
		t.Errorf("weights 1, 0, 3 were drawn %v times", drawn)
	}
}

func TestDecibels(t *testing.T) {
	for _, db := range []float64{-120, -6, 0, 3, 20, 60} {
		if got, want := decibels(db), math.Pow(10, db/20); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("decibels(%g) = %g, want %g", db, got, want)
		}
	}
	if got := semitones(12); got != 2 {
		t.Errorf("an octave is a factor of %g", got)
	}
}
