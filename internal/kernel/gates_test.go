package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sameOrNaN reports whether both hold the same bits, all NaNs being one.
func sameOrNaN(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
	})
}

// awkward draws numbers of every size, with infinities and NaN among them.
func awkward(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		switch rng.IntN(4) {
		case 0:
			v[i] = math.Float32frombits(rng.Uint32())
		default:
			v[i] = float32(rng.NormFloat64() * math.Exp(rng.Float64()*6))
		}
	}
	return v
}

// The variants are Sigmoid and Tanh unit by unit, whatever the hidden size and
// the place in it.
func TestGRUGatesAreTheScalarFunctions(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(20, 0))
		for hidden := range 140 {
			h, x, y := awkward(rng, hidden), awkward(rng, 3*hidden), awkward(rng, 3*hidden)
			gh, intactH := guarded(y)
			gx, intactX := guarded(x)
			out, intactOut := guarded(h)
			v.gruGates(out, gx, gh)
			if !intactH() || !intactX() || !intactOut() || !sameOrNaN(gh, y) {
				t.Fatalf("hidden %d: wrote where it must not", hidden)
			}
			for i := range hidden {
				r := Sigmoid(x[i] + y[i])
				z := Sigmoid(x[hidden+i] + y[hidden+i])
				n := Tanh(x[2*hidden+i] + float32(r*y[2*hidden+i]))
				want := []float32{r, z, n, n + float32(z*float32(h[i]-n))}
				got := []float32{gx[i], gx[hidden+i], gx[2*hidden+i], out[i]}
				if !sameOrNaN(got, want) {
					t.Fatalf("hidden %d, unit %d: r, z, n, h = %v, want %v", hidden, i, got, want)
				}
			}
		}
	})
}

// The whole range of float32, through the gates themselves.
func TestGRUGatesAccuracy(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		const hidden = 8
		var x [hidden]float32
		var sig, tan float64
		filled := 0
		sweep(func(a float32) {
			x[filled] = a
			if filled++; filled < hidden {
				return
			}
			filled = 0
			var h [hidden]float32
			var gx, gh [3 * hidden]float32
			copy(gx[:], x[:])
			copy(gx[hidden:], x[:])
			copy(gx[2*hidden:], x[:])
			v.gruGates(h[:], gx[:], gh[:])
			for i, a := range x {
				s, th := 1/(1+math.Exp(-float64(a))), math.Tanh(float64(a))
				sig = max(sig, math.Abs(float64(gx[i])-s), math.Abs(float64(gx[hidden+i])-s))
				tan = max(tan, math.Abs(float64(gx[2*hidden+i])-th))
			}
		})
		t.Logf("greatest error: sigmoid %.3g, tanh %.3g", sig, tan)
		if !(sig <= 2e-7 && tan <= 2e-7) {
			t.Fatalf("errors %g and %g exceed 2e-7", sig, tan)
		}
	})
}

func TestGRUGatesPassNaNOn(t *testing.T) {
	nan := float32(math.NaN())
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(21, 0))
		for range 300 {
			hidden := 1 + rng.IntN(70)
			h, gx, gh := random(rng, hidden), random(rng, 3*hidden), random(rng, 3*hidden)
			unit, from := rng.IntN(hidden), rng.IntN(3)
			at := []*float32{&h[unit], &gx[rng.IntN(3)*hidden+unit], &gh[rng.IntN(3)*hidden+unit]}
			*at[from] = nan
			v.gruGates(h, gx, gh)
			for i, x := range h {
				if (x != x) != (i == unit) {
					t.Fatalf("hidden %d, NaN at unit %d: h[%d] = %v", hidden, unit, i, x)
				}
			}
		}
	})
}

// The way back is that of the plain twin, whatever the hidden size, and
// touches nothing else.
func TestGRUGatesBackIsThePlainOne(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(22, 0))
		for hidden := range 140 {
			in := [5][]float32{awkward(rng, hidden), awkward(rng, hidden), awkward(rng, hidden),
				awkward(rng, 3*hidden), awkward(rng, 3*hidden)}
			var want, got [5][]float32
			var intact [5]func() bool
			for i := range in {
				want[i] = slices.Clone(in[i])
				got[i], intact[i] = guarded(in[i])
			}
			gruGatesBackPlain(want[0], want[1], want[2], want[3], want[4])
			v.gruBack(got[0], got[1], got[2], got[3], got[4])
			for i := range in {
				if !intact[i]() || !sameOrNaN(got[i], want[i]) {
					t.Fatalf("hidden %d: argument %d differs, or what surrounds it", hidden, i)
				}
			}
		}
	})
}

// The gradient against finite differences of the gates, in float64.
func TestGRUGatesBackIsTheGradient(t *testing.T) {
	forward := func(v []float64) float64 { // of h<t-1>, the three of gx and of gh
		sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
		r, z := sigmoid(v[1]+v[4]), sigmoid(v[2]+v[5])
		n := math.Tanh(v[3] + r*v[6])
		return n + z*(v[0]-n)
	}
	rng := rand.New(rand.NewPCG(23, 0))
	for range 200 {
		in := random(rng, 7)
		prev, gx, gh := slices.Clone(in[:1]), slices.Clone(in[1:4]), slices.Clone(in[4:])
		h := slices.Clone(prev)
		GRUGates(h, gx, gh)
		dh, dy := []float32{0.75}, []float32{0.5}
		GRUGatesBack(dh, dy, prev, gx, gh)
		got := slices.Concat(dh, gx, gh)
		for i := range in {
			var v [2][7]float64
			const step = 1e-5
			for side := range v {
				for j, x := range in {
					v[side][j] = float64(x)
				}
				v[side][i] += step * float64(2*side-1)
			}
			want := 1.25 * (forward(v[1][:]) - forward(v[0][:])) / (2 * step)
			if math.Abs(float64(got[i])-want) > 1e-6 {
				t.Fatalf("input %d of %v: gradient %g, want %g", i, in, got[i], want)
			}
		}
	}
}

func TestGRUGatesAllocateNothing(t *testing.T) {
	h, gx, gh := make([]float32, 33), make([]float32, 99), make([]float32, 99)
	if n := testing.AllocsPerRun(10, func() { GRUGates(h, gx, gh); GRUGatesBack(h, gx[:33], gh[:33], gx, gh) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
