package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The shapes of a step, of a batch and of the gradients in training.
func BenchmarkMulAdd(b *testing.B) {
	benchmarkProduct(b, MulAdd, [][3]int{{1, 192, 40}, {1, 192, 64}, {1, 384, 128}, {1, 768, 256}, {8, 192, 64},
		{16, 192, 64}, {32, 192, 64}, {32, 384, 128}, {64, 192, 64}, {3200, 384, 40}, {3200, 40, 192}})
}

func BenchmarkMulTransAdd(b *testing.B) {
	benchmarkProduct(b, MulTransAdd, [][3]int{{192, 40, 3200}, {192, 64, 3200}, {384, 160, 3200}, {1, 64, 3200}})
}

func benchmarkProduct(b *testing.B, mul func(c, a, b []float32, m, n, k int), shapes [][3]int) {
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		b.Run(fmt.Sprintf("%dx%dx%d", m, n, k), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(5, 0))
			x, w, y := random(rng, m*k), random(rng, k*n), random(rng, m*n)
			for b.Loop() {
				mul(y, x, w, m, n, k)
			}
			b.ReportMetric(2*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkSumRowsAdd(b *testing.B) {
	const m, n = 3200, 192
	a, dst := random(rand.New(rand.NewPCG(5, 0)), m*n), make([]float32, n)
	for b.Loop() {
		SumRowsAdd(dst, a, m, n)
	}
	b.ReportMetric(m*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkGRUGates(b *testing.B) {
	for _, hidden := range []int{64, 128, 100} {
		b.Run(fmt.Sprint(hidden), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(6, 0))
			h, x, y := random(rng, hidden), random(rng, 3*hidden), random(rng, 3*hidden)
			gx := make([]float32, 3*hidden)
			for b.Loop() {
				copy(gx, x)
				GRUGates(h, gx, y)
			}
		})
	}
}

// A layer: 40 inputs, all blocks, in alternating order.
func BenchmarkGRUStep(b *testing.B) {
	for _, hidden := range []int{64, 128, 256} {
		b.Run(fmt.Sprint(hidden), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(7, 0))
			x, h, next := random(rng, 40), random(rng, hidden), make([]float32, hidden)
			var wx, wh [][]float32
			bias := random(rng, 3*GRUUnits)
			blocks := hidden / GRUUnits
			for range blocks {
				wx, wh = append(wx, random(rng, 40*len(bias))), append(wh, random(rng, hidden*len(bias)))
			}
			for turn := 0; b.Loop(); turn++ {
				for k := range blocks {
					if turn%2 == 1 {
						k = blocks - 1 - k
					}
					at := k * GRUUnits
					GRUStep(next[at:at+GRUUnits], h[at:at+GRUUnits], x, h, wx[k], wh[k], bias, bias)
				}
			}
			b.ReportMetric(float64(4*3*hidden*(40+hidden))*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
		})
	}
}

func BenchmarkSigmoidSum(b *testing.B) { benchmarkSum(b, SigmoidSum) }
func BenchmarkTanhSum(b *testing.B)    { benchmarkSum(b, TanhSum) }
func BenchmarkReLUSum(b *testing.B)    { benchmarkSum(b, ReLUSum) }

func BenchmarkBlend(b *testing.B)      { benchmarkCell(b, Blend) }
func BenchmarkAddProduct(b *testing.B) { benchmarkCell(b, AddProduct) }
func BenchmarkMulTanh(b *testing.B)    { benchmarkCell(b, MulTanh) }

func benchmarkSum(b *testing.B, f func(x, y []float32)) {
	benchmarkCell(b, func(x, y, _ []float32) { f(x, y) })
}

// The values start afresh each time: they must not grow or die away.
func benchmarkCell(b *testing.B, f func(x, y, z []float32)) {
	rng := rand.New(rand.NewPCG(8, 0))
	from, y, z := random(rng, 128), random(rng, 128), random(rng, 128)
	x := make([]float32, 128)
	for b.Loop() {
		copy(x, from)
		f(x, y, z)
	}
}

func BenchmarkPower512(b *testing.B) {
	f := NewRealFFT(512)
	dst, frame, scratch := make([]float32, 257), random(rand.New(rand.NewPCG(4, 0)), 512), make([]float32, 1024)
	for b.Loop() {
		f.Power(dst, frame, scratch)
	}
}
