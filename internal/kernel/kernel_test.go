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

// A row of a product must not know how many rows were computed with it.
func TestMulAddRowsAreIndependent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for range 60 {
		m, n, k := 1+rng.IntN(150), 1+rng.IntN(420), 1+rng.IntN(90)
		a, b, c := random(rng, m*k), random(rng, k*n), random(rng, m*n)
		whole, solo := slices.Clone(c), slices.Clone(c)
		MulAdd(whole, a, b, m, n, k)
		for i := range m {
			MulAdd(solo[i*n:(i+1)*n], a[i*k:(i+1)*k], b, 1, n, k)
		}
		if !bitsEqual(whole, solo) {
			t.Fatalf("%d×%d×%d: rows together and alone differ", m, n, k)
		}
	}
}

func TestProductsAgreeWithFloat64(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	for range 40 {
		m, n, k := rng.IntN(70), rng.IntN(200), rng.IntN(90)
		a, b, c := random(rng, m*k), random(rng, k*n), random(rng, m*n)
		at := make([]float32, len(a))
		for i := range m {
			for l := range k {
				at[l*m+i] = a[i*k+l]
			}
		}
		got, gotT := slices.Clone(c), slices.Clone(c)
		MulAdd(got, a, b, m, n, k)
		MulTransAdd(gotT, at, b, m, n, k)
		for i := range m {
			for j := range n {
				want, size := float64(c[i*n+j]), math.Abs(float64(c[i*n+j]))
				for l := range k {
					p := float64(a[i*k+l]) * float64(b[l*n+j])
					want, size = want+p, size+math.Abs(p)
				}
				limit := 1e-6 * (size + 1)
				if d := math.Abs(float64(got[i*n+j]) - want); d > limit {
					t.Fatalf("product off by %g", d)
				}
				if d := math.Abs(float64(gotT[i*n+j]) - want); d > limit {
					t.Fatalf("transposed product off by %g", d)
				}
			}
		}
	}
}

func TestMulAddRefusesWrongSizes(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	MulAdd(make([]float32, 4), make([]float32, 4), make([]float32, 3), 2, 2, 2)
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
		NewRealFFT(n).Power(got, frame, make([]float32, n))
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
	dst, frame, scratch := make([]float32, 257), make([]float32, 512), make([]float32, 512)
	if n := testing.AllocsPerRun(10, func() { f.Power(dst, frame, scratch) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkPower512(b *testing.B) {
	f := NewRealFFT(512)
	dst, frame, scratch := make([]float32, 257), random(rand.New(rand.NewPCG(4, 0)), 512), make([]float32, 512)
	for b.Loop() {
		f.Power(dst, frame, scratch)
	}
}

func BenchmarkMulAdd(b *testing.B) {
	const m, n, k = 32, 192, 64
	rng := rand.New(rand.NewPCG(5, 0))
	x, w, y := random(rng, m*k), random(rng, k*n), random(rng, m*n)
	for b.Loop() {
		MulAdd(y, x, w, m, n, k)
	}
	b.ReportMetric(2*m*n*k*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
