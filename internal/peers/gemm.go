package main

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/streamer-audio/streamer/internal/kernel"
)

// products are the sizes m, n, k that are measured: a batch of streams through
// a recurrent and an input product, a gradient over many frames, a projection
// of many frames.
var products = [][3]int{{32, 384, 128}, {64, 192, 64}, {384, 160, 3200}, {3200, 384, 40}}

// gemmTolerance is of the values of a product over the root of k, so of values
// that have variance 1. Adding k products one after the other in float32 is off
// by 2^-24 sqrt(k/6) on average, 1.4e-6 for k = 3200, and by ten times that in
// the worst of many values; leaving one product out is off by 1/sqrt(k), 0.018.
const gemmTolerance = 1e-4

// multiplier adds a [m×k] times b [k×n] to c [m×n].
type multiplier func(c, a, b []float32, m, n, k int)

func gonumGemm(c, a, b []float32, m, n, k int) {
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, blas32.General{Rows: m, Cols: k, Stride: k, Data: a},
		blas32.General{Rows: k, Cols: n, Stride: n, Data: b}, 1, blas32.General{Rows: m, Cols: n, Stride: n, Data: c})
}

func gemmContests(*setup) []*contest {
	var all []*contest
	for _, p := range products {
		all = append(all, gemmContest(p[0], p[1], p[2]))
	}
	return all
}

func gemmContest(m, n, k int) *contest {
	c := &contest{title: fmt.Sprintf("%d×%d += %d×%d × %d×%d", m, n, m, k, k, n),
		flops: 2 * float64(m) * float64(n) * float64(k), tolerance: gemmTolerance}
	a, b := normal(m*k, 7), normal(k*n, 8)
	want := referenceProduct(a, b, m, n, k)
	enter := func(name string, multiply multiplier) {
		sum := make([]float32, m*n)
		multiply(sum, a, b, m, n, k)
		gap := worst(sum, want) / math.Sqrt(float64(k))
		c.add(name, gap, repeat(func() { multiply(sum, a, b, m, n, k) }))
	}
	enter(oursName, kernel.MulAdd)
	if openblas.absent != "" {
		c.miss("OpenBLAS", openblas.absent)
	} else {
		enter("OpenBLAS", openblasGemm)
	}
	enter("gonum blas32.Gemm", gonumGemm)
	c.limit("roof: as many multiply-adds", fmaRun(c.flops))
	return c
}
