package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// variant is one implementation of what the program chooses between.
type variant struct {
	name     string
	id       string
	gemm     func(c, bias, a, b []float32, m, n, k, rs, cs int)
	gruGates func(h, gx, gh []float32)
	gruBack  func(dh, dy, prev, gx, gh []float32)
	gruStep  func(next, prev, x, h, wx, wh, bx, bh []float32)
	products func(dst, x, y []float32)
	centre   func(dst, x, mean, scale []float32)
	logSum   func(x []float32, c float32)
	dot      func(a, b []float32) float32

	decodeInt16 func(dst []float32, src []byte, scale float32)

	sigmoidSum, tanhSum, reluSum func(x, y []float32)
	blend, addProduct, mulTanh   func(a, b, c []float32)
}

var variants = []variant{{"plain", plainID, gemmPlain, gruGatesPlain, gruGatesBackPlain, gruStepPlain, productsPlain, centrePlain, logSumPlain, dotPlain,
	decodeInt16Plain, sigmoidSumPlain, tanhSumPlain, reluSumPlain, blendPlain, addProductPlain, mulTanhPlain}}

func eachVariant(t *testing.T, test func(t *testing.T, v variant)) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) { test(t, v) })
	}
}

func TestIDNamesAVariant(t *testing.T) {
	if last := variants[len(variants)-1].id; ID() != last {
		t.Fatalf("ID() is %q, the fastest variant here %q", ID(), last)
	}
}

// size draws from 1 to limit, small, odd and round sizes more often.
func size(rng *rand.Rand, limit int) int {
	special := []int{1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 31, 64, 65, 96, 97, 128, 191, 255, 256, 257, 499, 500}
	n := 1 + rng.IntN(limit)
	switch rng.IntN(3) {
	case 0:
		return n
	case 1:
		return 1 + rng.IntN(min(limit, 24))
	}
	return min(limit, special[rng.IntN(len(special))])
}

// sizes draws a product that costs at most about a million multiplications.
func sizes(rng *rand.Rand) (m, n, k int) {
	for {
		if m, n, k = size(rng, 500), size(rng, 500), size(rng, 600); m*n*k <= 1<<20 {
			return
		}
	}
}

// product is a random product and its strides, for a as it is or transposed.
type product struct {
	c, a, b         []float32
	m, n, k, rs, cs int
}

func randomProduct(rng *rand.Rand) product {
	m, n, k := sizes(rng)
	p := product{random(rng, m*n), random(rng, m*k), random(rng, k*n), m, n, k, k, 1}
	if rng.IntN(2) == 0 {
		p.rs, p.cs = 1, m
	}
	return p
}

func (p *product) String() string {
	return fmt.Sprintf("%d×%d×%d, strides %d %d", p.m, p.n, p.k, p.rs, p.cs)
}

func (p *product) run(v variant) []float32 {
	c := slices.Clone(p.c)
	v.gemm(c, nil, p.a, p.b, p.m, p.n, p.k, p.rs, p.cs)
	return c
}

// guarded returns a copy of a between sentinels, and a check that they stand.
func guarded(a []float32) (in []float32, intact func() bool) {
	const width = 32
	sentinel := math.Float32frombits(0x7fbadbad)
	whole := slices.Repeat([]float32{sentinel}, len(a)+2*width)
	in = whole[width : width+len(a) : width+len(a)]
	copy(in, a)
	return in, func() bool {
		for _, guard := range [][]float32{whole[:width], whole[width+len(a):]} {
			for _, v := range guard {
				if math.Float32bits(v) != math.Float32bits(sentinel) {
					return false
				}
			}
		}
		return true
	}
}

func TestProductsAgreeWithFloat64(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(2, 0))
		for range 120 {
			p := randomProduct(rng)
			c, intact := guarded(p.c)
			v.gemm(c, nil, p.a, p.b, p.m, p.n, p.k, p.rs, p.cs)
			if !intact() {
				t.Fatalf("%v: wrote outside c", &p)
			}
			for range 200 {
				i, j := rng.IntN(p.m), rng.IntN(p.n)
				want := float64(p.c[i*p.n+j])
				size := math.Abs(want)
				for l := range p.k {
					x := float64(p.a[i*p.rs+l*p.cs]) * float64(p.b[l*p.n+j])
					want, size = want+x, size+math.Abs(x)
				}
				if d := math.Abs(float64(c[i*p.n+j]) - want); d > 1e-6*(size+1) {
					t.Fatalf("%v: c[%d][%d] off by %g", &p, i, j, d)
				}
			}
		}
	})
}

// An output must not know what was computed with it: every row and every run
// of columns, computed alone, has the bits of the whole.
func TestOutputsAreIndependent(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(1, 0))
		for range 120 {
			p := randomProduct(rng)
			whole := p.run(v)
			i0 := rng.IntN(p.m)
			j0 := rng.IntN(p.n)
			rows, cols := 1+rng.IntN(p.m-i0), 1+rng.IntN(p.n-j0)
			part := product{m: rows, n: cols, k: p.k, rs: p.rs, cs: p.cs, a: p.a[i0*p.rs:]}
			var want []float32
			for i := i0; i < i0+rows; i++ {
				part.c = append(part.c, p.c[i*p.n+j0:][:cols]...)
				want = append(want, whole[i*p.n+j0:][:cols]...)
			}
			for l := range p.k {
				part.b = append(part.b, p.b[l*p.n+j0:][:cols]...)
			}
			if !bitsEqual(part.run(v), want) {
				t.Fatalf("%v: rows %d+%d, columns %d+%d alone differ", &p, i0, rows, j0, cols)
			}
		}
	})
}

// A product from a bias is one whose rows hold it.
func TestBiasIsWhatRowsHold(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(8, 0))
		for range 120 {
			p := randomProduct(rng)
			bias := random(rng, p.n)
			got, intact := guarded(p.c)
			v.gemm(got, bias, p.a, p.b, p.m, p.n, p.k, p.rs, p.cs)
			fillRows(p.c, bias)
			if !intact() || !bitsEqual(got, p.run(v)) {
				t.Fatalf("%v: a bias is not what its rows would be", &p)
			}
		}
	})
	c := []float32{1, 1, 1, 1}
	if MulBias(c, []float32{2, 3}, nil, nil, 2, 2, 0); !slices.Equal(c, []float32{2, 3, 2, 3}) {
		t.Fatalf("no products leave %v", c)
	}
	MulBias(nil, c[:2], nil, make([]float32, 6), 0, 2, 3)
	defer func() {
		if recover() == nil {
			t.Error("a bias may have any length")
		}
	}()
	MulBias(c, c[:1], nil, nil, 2, 2, 0)
}

// The order is k = 0..K-1 from what c holds: doing the first part of the sum
// in one call and the rest in a second gives the same bits, and so does the
// sum one product at a time.
func TestSumsRunInOrder(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(6, 0))
		for range 60 {
			p := randomProduct(rng)
			whole, split := p.run(v), slices.Clone(p.c)
			for l := 0; l < p.k; {
				step := min(p.k-l, 1+rng.IntN(2)*rng.IntN(p.k))
				v.gemm(split, nil, p.a[l*p.cs:], p.b[l*p.n:(l+step)*p.n], p.m, p.n, step, p.rs, p.cs)
				l += step
			}
			if !bitsEqual(whole, split) {
				t.Fatalf("%v: the sum in parts differs", &p)
			}
		}
	})
}

// fma rounds a*b+c once: the product is exact in float64, and the sum is
// rounded to odd there (Boldo and Melquiond 2008), so that rounding it again
// does no harm.
func fma(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	s := p + q
	t := s - p
	if lost := float64(p-float64(s-t)) + float64(q-t); lost != 0 && math.Float64bits(s)&1 == 0 {
		if (lost > 0) == (s > 0) {
			return float32(math.Float64frombits(math.Float64bits(s) + 1))
		}
		return float32(math.Float64frombits(math.Float64bits(s) - 1))
	}
	return float32(s)
}

// want is one output by what the variant's id promises.
func (p *product) want(v variant, i, j int) float32 {
	sum := p.c[i*p.n+j]
	for l := range p.k {
		a, b := p.a[i*p.rs+l*p.cs], p.b[l*p.n+j]
		if v.id == plainID {
			sum += float32(a * b)
		} else {
			sum = fma(a, b, sum)
		}
	}
	return sum
}

func TestArithmeticIsAsNamed(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(7, 0))
		for range 60 {
			p := randomProduct(rng)
			got := p.run(v)
			for range 100 {
				i, j := rng.IntN(p.m), rng.IntN(p.n)
				if want := p.want(v, i, j); math.Float32bits(got[i*p.n+j]) != math.Float32bits(want) {
					t.Fatalf("%v: c[%d][%d] = %g, want %g", &p, i, j, got[i*p.n+j], want)
				}
			}
		}
	})
}

// All heights and widths of tiles, whole and partial.
func TestEveryTile(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(12, 0))
		for m := 1; m <= 19; m++ {
			for n := 1; n <= 400; n += 1 + n/100*6 {
				const k = 3
				p := product{random(rng, m*n), random(rng, m*k), random(rng, k*n), m, n, k, k, 1}
				for at, x := range p.run(v) {
					if want := p.want(v, at/n, at%n); math.Float32bits(x) != math.Float32bits(want) {
						t.Fatalf("%v: c[%d][%d] = %g, want %g", &p, at/n, at%n, x, want)
					}
				}
			}
		}
	})
}

// A NaN or an infinity reaches the outputs that it belongs to, even past a
// factor of 0, and no others.
func TestProductsPassNaNOn(t *testing.T) {
	nan := float32(math.NaN())
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(8, 0))
		for range 60 {
			p := randomProduct(rng)
			clear(p.a)
			i, j, l := rng.IntN(p.m), rng.IntN(p.n), rng.IntN(p.k)
			byRow := rng.IntN(2) == 0
			if byRow {
				p.a[i*p.rs+l*p.cs] = nan
			} else {
				p.b[l*p.n+j] = []float32{nan, float32(math.Inf(1))}[rng.IntN(2)] // 0*Inf is NaN
			}
			for at, x := range p.run(v) {
				if hit := byRow && at/p.n == i || !byRow && at%p.n == j; hit != (x != x) {
					t.Fatalf("%v: c[%d][%d] = %v", &p, at/p.n, at%p.n, x)
				}
			}
		}
	})
}

func TestNothingToDo(t *testing.T) {
	for _, s := range [][3]int{{0, 3, 2}, {3, 0, 2}, {3, 2, 0}, {0, 0, 0}} {
		m, n, k := s[0], s[1], s[2]
		rng := rand.New(rand.NewPCG(9, 0))
		c, a, b := random(rng, m*n), random(rng, m*k), random(rng, k*n)
		want := slices.Clone(c)
		MulAdd(c, a, b, m, n, k)
		MulTransAdd(c, a, b, m, n, k)
		SumRowsAdd(make([]float32, n), make([]float32, 0), 0, n)
		if !bitsEqual(c, want) {
			t.Fatalf("%v: c changed", s)
		}
	}
}

func TestWrongSizesPanic(t *testing.T) {
	f := func(n int) []float32 { return make([]float32, n) }
	for name, call := range map[string]func(){
		"MulAdd":      func() { MulAdd(f(4), f(4), f(3), 2, 2, 2) },
		"negative":    func() { MulAdd(f(4), f(4), f(4), -2, -2, -2) },
		"MulTransAdd": func() { MulTransAdd(f(4), f(5), f(4), 2, 2, 2) },
		"SumRowsAdd":  func() { SumRowsAdd(f(2), f(5), 2, 2) },
		"GRUGates":    func() { GRUGates(f(3), f(9), f(8)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func TestSumRowsAdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 0))
	for range 60 {
		m, n := size(rng, 300), size(rng, 300)
		a, dst := random(rng, m*n), random(rng, n)
		want := slices.Clone(dst)
		for i := range a {
			want[i%n] += a[i]
		}
		if SumRowsAdd(dst, a, m, n); !bitsEqual(dst, want) {
			t.Fatalf("%d×%d: sums differ from those in order", m, n)
		}
	}
}

func TestProductsAllocateNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 0))
	c, a, b := random(rng, 40*50), random(rng, 40*300), random(rng, 300*50)
	if n := testing.AllocsPerRun(10, func() {
		MulAdd(c, a, b, 40, 50, 300)
		MulTransAdd(c, a, b, 40, 50, 300)
		MulAdd(c[:50], a[:300], b, 1, 50, 300)
		SumRowsAdd(c[:50], b, 300, 50)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
