package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// stepArgs are the arguments of GRUStep for u units, in inputs and hidden
// states, of which the units are the last ones.
func stepArgs(rng *rand.Rand, u, in, hidden int) [8][]float32 {
	h := random(rng, hidden)
	return [8][]float32{make([]float32, u), h[hidden-u:], random(rng, in), h,
		random(rng, in*3*u), random(rng, hidden*3*u), random(rng, 3*u), random(rng, 3*u)}
}

// A fused step has the bits of its parts, whatever the sizes, and writes the
// new states only.
func TestGRUStepIsItsParts(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(60, 0))
		for u := 1; u <= GRUUnits; u++ {
			for range 12 {
				a := stepArgs(rng, u, rng.IntN(2)*rng.IntN(70), u+rng.IntN(2)*rng.IntN(70))
				want := make([]float32, u)
				gx, gh := slices.Clone(a[6]), slices.Clone(a[7])
				if len(a[2]) > 0 {
					v.gemm(gx, nil, a[2], a[4], 1, 3*u, len(a[2]), len(a[2]), 1)
				}
				v.gemm(gh, nil, a[3], a[5], 1, 3*u, len(a[3]), len(a[3]), 1)
				copy(want, a[1])
				v.gruGates(want, gx, gh)
				next, intact := guarded(a[0])
				v.gruStep(next, a[1], a[2], a[3], a[4], a[5], a[6], a[7])
				if !intact() || !bitsEqual(next, want) {
					t.Fatalf("%d units, %d inputs, %d states: %v, want %v", u, len(a[2]), len(a[3]), next, want)
				}
			}
		}
	})
}

func TestGRUStepRefusesWrongSizes(t *testing.T) {
	for i := range 8 {
		rng := rand.New(rand.NewPCG(62, 0))
		a := stepArgs(rng, 5, 7, 9)
		a[i] = append(a[i][:len(a[i]):len(a[i])], 0)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("argument %d may have any length", i)
				}
			}()
			GRUStep(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7])
		}()
	}
}

func TestGRUStepAllocatesNothing(t *testing.T) {
	a := stepArgs(rand.New(rand.NewPCG(63, 0)), 21, 7, 30)
	eachVariant(t, func(t *testing.T, v variant) {
		if n := testing.AllocsPerRun(10, func() { v.gruStep(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]) }); n != 0 {
			t.Fatalf("%v allocations", n)
		}
	})
}
