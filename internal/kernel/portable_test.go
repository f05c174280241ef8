package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every product is rounded, then added, first to last.
func TestPortableProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	draw := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64())
		}
		return list
	}
	for range 50 {
		m, n, k := rng.IntN(6), rng.IntN(40), rng.IntN(30)
		a, b, bias, c := draw(m*k), draw(k*n), draw(n), draw(m*n)
		PortableMulBias(c, bias, a, b, m, n, k)
		for i := range m {
			for j := range n {
				sum := bias[j]
				for l := range k {
					sum = float32(sum + float32(a[i*k+l]*b[l*n+j]))
				}
				if math.Float32bits(sum) != math.Float32bits(c[i*n+j]) {
					t.Fatalf("%d×%d×%d: (%d, %d) is %v, want %v", m, n, k, i, j, c[i*n+j], sum)
				}
			}
		}
	}
	a, b := draw(100), draw(100)
	if got, want := PortableDot(a, b), dotPlain(a, b); got != want {
		t.Errorf("dot %v, want %v", got, want)
	}
}

func TestPortableProductsCheckSizes(t *testing.T) {
	for name, f := range map[string]func(){
		"product": func() {
			PortableMulBias(make([]float32, 3), make([]float32, 2), make([]float32, 2), make([]float32, 2), 2, 2, 1)
		},
		"bias": func() {
			PortableMulBias(make([]float32, 4), make([]float32, 3), make([]float32, 2), make([]float32, 2), 2, 2, 1)
		},
		"dot": func() { PortableDot(make([]float32, 2), make([]float32, 3)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of wrong sizes was taken", name)
				}
			}()
			f()
		}()
	}
}
