package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mjibson/go-dsp/fft"
	"gonum.org/v1/gonum/dsp/fourier"
)

func random(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}

func bitsEqual(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// sweep calls f over the whole range of float32, densely where it matters.
func sweep(f func(x float32)) {
	for bits := uint64(0); bits < 1<<32; bits += 9973 {
		if x := math.Float32frombits(uint32(bits)); !math.IsNaN(float64(x)) {
			f(x)
		}
	}
	for x := float32(-100); x < 100; x += 0.00173 {
		f(x)
	}
}

func TestGateFunctionsAccuracy(t *testing.T) {
	var sig, tan float64
	sweep(func(x float32) {
		d := math.Abs(float64(Sigmoid(x)) - 1/(1+math.Exp(-float64(x))))
		sig = max(sig, d)
		tan = max(tan, math.Abs(float64(Tanh(x))-math.Tanh(float64(x))))
		if math.IsNaN(d) {
			t.Fatalf("Sigmoid(%v) is NaN", x)
		}
	})
	t.Logf("greatest error: sigmoid %.3g, tanh %.3g", sig, tan)
	if sig > 2e-7 || tan > 2e-7 {
		t.Fatalf("errors %g and %g exceed 2e-7", sig, tan)
	}
	inf := float32(math.Inf(1))
	if Sigmoid(inf) != 1 || Sigmoid(-inf) > 1e-37 || Tanh(inf) != 1 || Tanh(-inf) != -1 {
		t.Fatal("wrong at infinity")
	}
	nan := float32(math.NaN())
	for _, f := range []func(float32) float32{Exp, Sigmoid, Tanh} {
		if v := f(nan); v == v {
			t.Fatalf("NaN became %v", v)
		}
	}
}

func TestExpLogAccuracy(t *testing.T) {
	var exp, log float64
	for x := float32(-87); x < 88.5; x += 0.00117 {
		want := math.Exp(float64(x))
		exp = max(exp, math.Abs(float64(Exp(x))-want)/want)
	}
	for bits := uint32(0x00800000); bits < 0x7f800000; bits += 7919 {
		x := math.Float32frombits(bits)
		want := math.Log(float64(x))
		log = max(log, math.Abs(float64(Log(x))-want)/max(1, math.Abs(want)))
	}
	t.Logf("greatest relative error of exp %.3g; of log, relative above 1 and absolute below, %.3g", exp, log)
	if exp > 2e-7 || log > 1.5e-7 {
		t.Fatalf("errors %g and %g", exp, log)
	}
	if v := Exp(1000); !math.IsInf(float64(v), 1) {
		t.Errorf("Exp(1000) = %v", v)
	}
	if v := Exp(-1000); v != 0 {
		t.Errorf("Exp(-1000) = %v", v)
	}
}

// Two independent libraries are the oracle of the spectrum.
func TestPowerSpectrum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	for _, n := range []int{8, 16, 32, 64, 128, 256, 512, 1024, 4096} {
		frame := random(rng, n)
		wide := make([]float64, n)
		var energy float64
		for i, v := range frame {
			wide[i] = float64(v)
			energy += wide[i] * wide[i]
		}
		got := make([]float32, n/2+1)
		NewRealFFT(n).Power(got, frame, make([]float32, 2*n))
		gonum := fourier.NewFFT(n).Coefficients(nil, wide)
		goDSP := fft.FFTReal(wide)
		for k := range got {
			for _, x := range []complex128{gonum[k], goDSP[k]} {
				want := real(x)*real(x) + imag(x)*imag(x)
				if math.Abs(float64(got[k])-want) > 1e-6*(want+energy) {
					t.Fatalf("n=%d bin %d: %g, want %g", n, k, got[k], want)
				}
			}
		}
	}
}

func TestPowerAllocatesNothing(t *testing.T) {
	f := NewRealFFT(512)
	dst, frame, scratch := make([]float32, 257), make([]float32, 512), make([]float32, 1024)
	if n := testing.AllocsPerRun(10, func() { f.Power(dst, frame, scratch) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// Sixteen sums in their fixed order: exactly that in every variant, where the
// numbers are such that no rounding tells a fused product from another.
func TestDotHasItsOrder(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(70, 0))
		for n := range 300 {
			a, b := make([]float32, n), make([]float32, n)
			var sum [16]float32
			for i := range a {
				// Products of 12 bits and 12 are exact, their sums are rounded.
				a[i] = float32(rng.IntN(1<<12)) * float32(math.Ldexp(1, rng.IntN(20)-10))
				b[i] = float32(rng.IntN(1<<12) - 1<<11)
				sum[i%16] += a[i] * b[i]
			}
			for apart := 8; apart > 0; apart /= 2 {
				for l := range apart {
					sum[l] += sum[l+apart]
				}
			}
			if got := v.dot(a, b); got != sum[0] {
				t.Fatalf("%d products: %v, want %v", n, got, sum[0])
			}
		}
	})
}

func TestDotRefusesWrongSizes(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("slices may differ in length")
		}
	}()
	Dot(make([]float32, 2), make([]float32, 3))
}
