package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// softmax is Softmax in float64.
func softmax(x []float32) []float64 {
	top, sum := float64(slices.Max(x)), 0.0
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Exp(float64(v) - top)
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
	return y
}

func TestSoftmaxAccuracy(t *testing.T) {
	rng := rand.New(rand.NewPCG(90, 0))
	inf := float32(math.Inf(-1))
	rows := [][]float32{{5}, {math.MaxFloat32}, {-math.MaxFloat32}, {inf, 2}, {1, inf, 1, inf},
		{math.MaxFloat32, -math.MaxFloat32, math.MaxFloat32}, {3e38, 1, 2}, {-3e38, -3e38, inf}, {1000, 1001, 999}}
	for n := 1; n <= 4000; n += 1 + n/20 {
		for _, scale := range []float32{0, 0.1, 1, 10, 1000} {
			x := random(rng, n)
			for i := range x {
				x[i] *= scale
			}
			rows = append(rows, x)
		}
	}
	var worst float64
	for _, x := range rows {
		got := slices.Clone(x)
		Softmax(got)
		for i, want := range softmax(x) {
			d := math.Abs(float64(got[i]) - want)
			if worst = max(worst, d); !(d < 3e-7) {
				t.Fatalf("%d of %d: %g, want %g", i, len(x), got[i], want)
			}
		}
	}
	t.Logf("greatest error: %.3g", worst)
}

func TestSoftmaxAtTheEnds(t *testing.T) {
	Softmax(nil)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	x := []float32{-inf, 0, -inf, -200}
	if Softmax(x); !slices.Equal(x, []float32{0, 1, 0, 0}) {
		t.Errorf("-Inf became %v", x)
	}
	for _, x := range [][]float32{{nan}, {1, nan, 2}, {nan, inf, 1}, {1, inf}, {-inf, nan}, {-inf, -inf}} {
		was := slices.Clone(x)
		Softmax(x)
		for _, v := range x {
			if v == v {
				t.Errorf("%v became %v", was, x)
			}
		}
	}
}

// The sum runs in the order of the values.
func TestSoftmaxHasItsOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(91, 0))
	for n := 1; n < 60; n++ {
		x := random(rng, n)
		top, sum := slices.Max(x), 0.0
		want := make([]float32, n)
		for i, v := range x {
			want[i] = Exp(v - top)
			sum += float64(want[i])
		}
		for i, v := range want {
			want[i] = float32(float64(v) / sum)
		}
		if Softmax(x); !bitsEqual(x, want) {
			t.Fatalf("%d values: %v, want %v", n, x, want)
		}
	}
}
