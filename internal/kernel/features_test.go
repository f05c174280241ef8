package kernel

import (
	"encoding/binary"
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

func TestDecodeInt16IsThePlainOne(t *testing.T) {
	eachVariant(t, func(t *testing.T, v variant) {
		rng := rand.New(rand.NewPCG(53, 0))
		for n := range 300 {
			src := make([]byte, 2*n)
			want := make([]float32, n)
			for i := range want {
				x := int16(rng.Uint32())
				if rng.IntN(8) == 0 {
					x = []int16{math.MinInt16, math.MaxInt16, 0, -1}[rng.IntN(4)]
				}
				binary.LittleEndian.PutUint16(src[2*i:], uint16(x))
				want[i] = float32(x) / 32768
			}
			got, intact := guarded(make([]float32, n))
			if v.decodeInt16(got, src, 1.0/32768); !intact() || !bitsEqual(got, want) {
				t.Fatalf("%d numbers differ, or what surrounds them", n)
			}
		}
	})
}

// The sums of this machine are those of the plain one, which are each band's
// products in order, however long bands are and wherever they lie.
func TestBandsAddUpInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(54, 0))
	for range 2000 {
		values := 1 + rng.IntN(300)
		x, bands := random(rng, values), rng.IntN(50)
		first, weights, want := make([]int, bands), make([][]float32, bands), make([]float32, bands)
		most := 1 + rng.IntN(values)
		for m := range bands {
			weights[m] = random(rng, rng.IntN(most+1))
			first[m] = rng.IntN(values - len(weights[m]) + 1)
			for i, w := range weights[m] {
				want[m] += float32(w * x[first[m]+i])
			}
		}
		b := NewBands(first, weights, values)
		got, intact := guarded(make([]float32, bands))
		in, intactIn := guarded(x)
		if b.Sum(got, in); !intact() || !intactIn() || !slices.Equal(got, want) {
			t.Fatalf("%d bands of up to %d of %d values: %v, want %v", bands, most, values, got, want)
		}
		if b.sumPlain(got, x); !slices.Equal(got, want) {
			t.Fatalf("%d bands of up to %d of %d values, plain: %v, want %v", bands, most, values, got, want)
		}
	}
}

func TestBandsRefuseWhatDoesNotFit(t *testing.T) {
	for name, f := range map[string]func(){
		"beyond the row":  func() { NewBands([]int{2}, [][]float32{{1, 1}}, 3) },
		"before the row":  func() { NewBands([]int{-1}, [][]float32{{1, 1}}, 3) },
		"without weights": func() { NewBands([]int{0, 1}, [][]float32{{1, 1}}, 3) },
		"a longer row":    func() { NewBands([]int{0}, [][]float32{{1, 1}}, 3).Sum(make([]float32, 1), make([]float32, 4)) },
		"a longer answer": func() { NewBands([]int{0}, [][]float32{{1, 1}}, 3).Sum(make([]float32, 2), make([]float32, 3)) },
		"odd bytes":       func() { DecodeInt16(make([]float32, 2), make([]byte, 3), 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
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
