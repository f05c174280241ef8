package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMulIsThePlainOne(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(50, 0))
		for n := range 300 {
			x, y := awkward(rng, n), awkward(rng, n)
			want := make([]float32, n)
			productsPlain(want, x, y)
			got, intact := guarded(make([]float32, n))
			in, intactX := guarded(x)
			v.products(got, in, y)
			if !intact() || !intactX() || !sameOrNaN(got, want) || !sameOrNaN(in, x) {
				t.Fatalf("%d values: products differ, or what surrounds them", n)
			}
			if v.products(in, in, y); !sameOrNaN(in, want) {
				t.Fatalf("%d values: in place differs", n)
			}
		}
	})
}

func TestCentreIsThePlainOne(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(52, 0))
		for n := range 300 {
			x, mean, scale := awkward(rng, n), awkward(rng, n), awkward(rng, n)
			want := make([]float32, n)
			centrePlain(want, x, mean, scale)
			got, intact := guarded(make([]float32, n))
			if v.centre(got, x, mean, scale); !intact() || !sameOrNaN(got, want) {
				t.Fatalf("%d values differ, or what surrounds them", n)
			}
		}
	})
}

// Every kind of number: whatever Log makes of one, the vectors make of it.
func TestLogSumIsLog(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(51, 0))
		for n := range 300 {
			x, c := awkward(rng, n), float32(rng.NormFloat64())
			want := make([]float32, n)
			for i := range x {
				want[i] = Log(x[i] + c)
			}
			got, intact := guarded(x)
			v.logSum(got, c)
			if !intact() || !sameOrNaN(got, want) {
				t.Fatalf("%d values: logarithms differ, or what surrounds them", n)
			}
		}
		var x []float32
		sweep(func(a float32) { x = append(x, a) })
		want := slices.Clone(x)
		logSumPlain(want, 0)
		if v.logSum(x, 0); !sameOrNaN(x, want) {
			t.Fatal("the range of float32: logarithms differ")
		}
	})
}

func TestLogPassesOnWhatHasNone(t *testing.T) {
	if x := Log(float32(math.Inf(1))); !math.IsInf(float64(x), 1) {
		t.Errorf("of infinity: %v", x)
	}
	if x := Log(float32(math.NaN())); x == x {
		t.Errorf("of NaN: %v", x)
	}
}

func TestVectorsAllocateNothing(t *testing.T) {
	x := make([]float32, 45)
	if n := testing.AllocsPerRun(10, func() { Mul(x, x, x); Centre(x[:20], x[20:40], x[:20], x[:20]); LogSum(x, 1) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
