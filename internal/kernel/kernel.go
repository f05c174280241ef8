// Package kernel holds the arithmetic that the features and the recurrent
// engine run on: matrix products, gate functions, exp, log, softmax and a real
// FFT, in float32.
//
// Every function fixes the order of its operations: an output of a product
// starts from what it holds and takes its products in the order k = 0..K-1,
// whatever the number of rows and columns computed together; only [Dot] has
// another order. So a batch of streams gives each stream the bits that it would
// have got alone. Machines differ in one thing only, whether a product is
// rounded before it is added; [ID] names the arithmetic: two programs with the
// same ID get the same bits.
//
// On amd64 with AVX2 and FMA all of that but [Softmax] runs in assembly, with
// AVX-512 all but the FFT on twice as many lanes, chosen when the program starts.
// Everywhere else, and with the build tag purego, plain Go does the same. A NaN
// that goes in comes out as a NaN; its sign and payload are unspecified.
package kernel

// The assembly is generated. This command, run here as "go generate .",
// reproduces the two committed files byte for byte.
//
//go:generate go -C _asm run . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg kernel

// MulAdd adds the product of a [m×k] and b [k×n] to c [m×n], all row-major:
// c[i][j] += sum over l of a[i][l]*b[l][j]. c must not overlap a or b.
func MulAdd(c, a, b []float32, m, n, k int) {
	checkSizes(c, a, b, m, n, k)
	if m > 0 && n > 0 && k > 0 {
		gemm(c, nil, a, b, m, n, k, k, 1)
	}
}

// MulBias is MulAdd to a c whose every row is bias [n], whatever c holds. bias
// must not overlap c.
func MulBias(c, bias, a, b []float32, m, n, k int) {
	checkSizes(c, a, b, m, n, k)
	if len(bias) != n {
		panic("kernel: bias does not match the columns")
	}
	switch {
	case m == 0 || n == 0:
	case k == 0:
		fillRows(c, bias)
	default:
		gemm(c, bias, a, b, m, n, k, k, 1)
	}
}

// MulTransAdd adds the product of a transposed [k×m] and b [k×n] to c [m×n]:
// c[i][j] += sum over l of a[l][i]*b[l][j]. It is the product that gathers the
// gradient of a weight matrix over k frames. c must not overlap a or b.
func MulTransAdd(c, a, b []float32, m, n, k int) {
	checkSizes(c, a, b, m, n, k)
	if m > 0 && n > 0 && k > 0 {
		gemm(c, nil, a, b, m, n, k, 1, m)
	}
}

func checkSizes(c, a, b []float32, m, n, k int) {
	if min(m, n, k) < 0 || len(c) != m*n || len(a) != m*k || len(b) != k*n {
		panic("kernel: matrix sizes do not match their slices")
	}
}

// dotLanes is the number of sums that Dot keeps.
const dotLanes = 16

// Dot returns the sum of the products of a and b, which are of one length. It
// is for a single output, whose products would wait for each other in the
// order of MulAdd: sum l takes the products l, l+16, l+32, ..., then sums are
// added that lie 8, 4, 2 and 1 apart.
func Dot(a, b []float32) float32 {
	if len(a) != len(b) {
		panic("kernel: slices differ in length")
	}
	return dotProduct(a, b)
}

var one = []float32{1}

// SumRowsAdd adds the rows of a [m×n] to dst [n], first row first. dst must
// not overlap a.
func SumRowsAdd(dst, a []float32, m, n int) {
	if min(m, n) < 0 || len(dst) != n || len(a) != m*n {
		panic("kernel: matrix size does not match its slices")
	}
	if m > 0 && n > 0 {
		// A product with ones: exact, so it only adds.
		gemm(dst, nil, one, a, 1, n, m, 0, 0)
	}
}
