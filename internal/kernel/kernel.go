// Package kernel holds the arithmetic that the features and the recurrent
// engine run on: matrix products, gate functions, exp, log and a real FFT, in
// float32.
//
// Every function fixes the order of its operations: an output is the sum of
// its products in the order k = 0..K-1, each product rounded, then each sum
// rounded, whatever the number of rows computed together. So a batch of
// streams gives each stream the bits that it would have got alone. [ID] names
// the arithmetic: two programs with the same ID get the same bits.
package kernel

import (
	"runtime"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// ID names the arithmetic of this build. It goes into snapshots and into the
// provenance of trained weights. The architecture is part of it: gonum's
// vector loops multiply, round and add on amd64, while the compiler fuses
// the two steps elsewhere.
const ID = "blas32-1-" + runtime.GOARCH

// Blocks of this size stay below the size from which gonum's product starts
// goroutines, which nothing below the worker may do.
const (
	rowBlock = 64
	colBlock = 192
)

// MulAdd adds the product of a [m×k] and b [k×n] to c [m×n], all row-major:
// c[i][j] += sum over l of a[i][l]*b[l][j].
func MulAdd(c, a, b []float32, m, n, k int) {
	gemm(blas.NoTrans, c, a, b, m, n, k, k)
}

// MulTransAdd adds the product of a transposed [k×m] and b [k×n] to c [m×n]:
// c[i][j] += sum over l of a[l][i]*b[l][j]. It is the product that gathers the
// gradient of a weight matrix over k frames.
func MulTransAdd(c, a, b []float32, m, n, k int) {
	gemm(blas.Trans, c, a, b, m, n, k, m)
}

func gemm(tA blas.Transpose, c, a, b []float32, m, n, k, lda int) {
	if len(c) != m*n || len(a) != m*k || len(b) != k*n {
		panic("kernel: matrix sizes do not match their slices")
	}
	if m == 0 || n == 0 || k == 0 {
		return
	}
	for i := 0; i < m; i += rowBlock {
		rows := min(rowBlock, m-i)
		at := blas32.General{Rows: rows, Cols: k, Stride: lda}
		if tA == blas.NoTrans {
			at.Data = a[i*lda:]
		} else {
			at.Data, at.Rows, at.Cols = a[i:], k, rows
		}
		for j := 0; j < n; j += colBlock {
			cols := min(colBlock, n-j)
			blas32.Gemm(tA, blas.NoTrans, 1, at,
				blas32.General{Rows: k, Cols: cols, Stride: n, Data: b[j:]}, 1,
				blas32.General{Rows: rows, Cols: cols, Stride: n, Data: c[i*n+j:]})
		}
	}
}

// SumRowsAdd adds the rows of a [m×n] to dst [n], first row first.
func SumRowsAdd(dst, a []float32, m, n int) {
	for i := range m {
		for j, v := range a[i*n : (i+1)*n] {
			dst[j] += v
		}
	}
}
