package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// cell is an operation of cells.go: the exported function, that of a variant,
// and what it makes of one unit. Some leave their last argument alone.
type cell struct {
	name   string
	inputs int
	call   func(a, b, c []float32)
	run    func(v variant, a, b, c []float32)
	unit   func(a, b, c float32) float32
}

var cells = []cell{
	{"SigmoidSum", 2, sumOf(SigmoidSum), func(v variant, a, b, _ []float32) { v.sigmoidSum(a, b) },
		func(a, b, _ float32) float32 { return Sigmoid(a + b) }},
	{"TanhSum", 2, sumOf(TanhSum), func(v variant, a, b, _ []float32) { v.tanhSum(a, b) },
		func(a, b, _ float32) float32 { return Tanh(a + b) }},
	{"ReLUSum", 2, sumOf(ReLUSum), func(v variant, a, b, _ []float32) { v.reluSum(a, b) }, reluUnit},
	{"Blend", 3, Blend, func(v variant, a, b, c []float32) { v.blend(a, b, c) },
		func(h, z, n float32) float32 { return n + float32(z*float32(h-n)) }},
	{"AddProduct", 3, AddProduct, func(v variant, a, b, c []float32) { v.addProduct(a, b, c) },
		func(x, a, b float32) float32 { return x + float32(a*b) }},
	{"MulTanh", 3, MulTanh, func(v variant, a, b, c []float32) { v.mulTanh(a, b, c) },
		func(_, o, c float32) float32 { return o * Tanh(c) }},
}

func sumOf(f func(x, y []float32)) func(a, b, c []float32) {
	return func(a, b, _ []float32) { f(a, b) }
}

func reluUnit(a, b, _ float32) float32 {
	if s := a + b; !(s < 0) {
		return s
	}
	return 0
}

// special is awkward with infinities, NaN and zeros of both signs for sure.
func special(rng *rand.Rand, n int) []float32 {
	inf, zero := math.Inf(1), float32(0)
	some := []float32{float32(inf), float32(-inf), float32(math.NaN()), zero, -1 / float32(inf), math.MaxFloat32}
	v := awkward(rng, n)
	for i := range v {
		if rng.IntN(3) == 0 {
			v[i] = some[rng.IntN(len(some))]
		}
	}
	return v
}

// wants is what the operation makes of its arguments, unit by unit.
func (c cell) wants(a [3][]float32) []float32 {
	want := make([]float32, len(a[0]))
	for i := range want {
		want[i] = c.unit(a[0][i], a[1][i], a[2][i])
	}
	return want
}

// The variants do what the scalar functions do, whatever the length and the
// place in it, and write to their first argument only.
func TestCellsAreTheScalarFunctions(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(80, 0))
		for _, c := range cells {
			for n := range 141 {
				in := [3][]float32{special(rng, n), special(rng, n), special(rng, n)}
				want := in
				want[0] = c.wants(in)
				var got [3][]float32
				var intact [3]func() bool
				for i := range in {
					got[i], intact[i] = guarded(in[i])
				}
				c.run(v, got[0], got[1], got[2])
				for i := range in {
					if !intact[i]() || !sameOrNaN(got[i], want[i]) {
						t.Fatalf("%s of %d: argument %d is %v, want %v, or what surrounds it differs", c.name, n, i, got[i], want[i])
					}
				}
			}
		}
	})
}

// The whole range of float32.
func TestCellsOverTheRange(t *testing.T) {
	var all []float32
	sweep(func(x float32) { all = append(all, x) })
	ones := slices.Repeat([]float32{1}, len(all))
	zeros := make([]float32, len(all))
	args := map[string][3][]float32{"SigmoidSum": {all, zeros, zeros}, "TanhSum": {all, zeros, zeros},
		"ReLUSum": {all, zeros, zeros}, "MulTanh": {zeros, ones, all}}
	eachVariant(t, func(t *testing.T, v variant) {
		for _, c := range cells {
			a, ok := args[c.name]
			if !ok {
				continue
			}
			got := slices.Clone(a[0])
			if c.run(v, got, a[1], a[2]); !sameOrNaN(got, c.wants(a)) {
				t.Errorf("%s differs from the scalar function", c.name)
			}
		}
	})
}

// The first argument may be any other one.
func TestCellsInPlace(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(81, 0))
		for _, c := range cells {
			for same := 1; same < 1<<c.inputs; same += 2 { // one bit for each argument that is the first
				for n := range 141 {
					a := [3][]float32{special(rng, n), special(rng, n), special(rng, n)}
					for i := range a {
						if same>>i&1 == 1 {
							a[i] = a[0]
						}
					}
					want := c.wants(a)
					if c.run(v, a[0], a[1], a[2]); !sameOrNaN(a[0], want) {
						t.Fatalf("%s of %d, in place %b: %v, want %v", c.name, n, same, a[0], want)
					}
				}
			}
		}
	})
}

// Programs get the operation that the name says, of one length or none.
func TestCellsAsExported(t *testing.T) {
	rng := rand.New(rand.NewPCG(82, 0))
	for _, c := range cells {
		for _, n := range []int{0, 1, 37} {
			a := [3][]float32{special(rng, n), special(rng, n), special(rng, n)}
			want := c.wants(a)
			if c.call(a[0], a[1], a[2]); !sameOrNaN(a[0], want) {
				t.Errorf("%s of %d: %v, want %v", c.name, n, a[0], want)
			}
		}
		for i := range c.inputs {
			for _, n := range []int{0, 4, 6} {
				a := [3][]float32{random(rng, 5), random(rng, 5), random(rng, 5)}
				a[i] = random(rng, n)
				if got := recovered(func() { c.call(a[0], a[1], a[2]) }); got != "kernel: slices differ in length" {
					t.Errorf("%s, argument %d of %d values for 5: panic %v", c.name, i, n, got)
				}
			}
		}
	}
}

func recovered(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

func TestCellsAllocateNothing(t *testing.T) {
	x, y, z := make([]float32, 45), make([]float32, 45), make([]float32, 45)
	for _, c := range cells {
		if n := testing.AllocsPerRun(10, func() { c.call(x, y, z) }); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Softmax(x) }); n != 0 {
		t.Errorf("Softmax: %v allocations", n)
	}
}
