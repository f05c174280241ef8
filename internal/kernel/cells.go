package kernel

// Here is what the units of recurrent layers are made of. In every function
// all slices are of one length. The first one is written; it may be another
// one as a whole, but overlaps none in part. All variants give the same bits,
// those of Sigmoid and Tanh, unit by unit.

// SigmoidSum replaces each x by Sigmoid(x + y). Both are [n]; x may be y, and
// overlaps it in no other way.
func SigmoidSum(x, y []float32) {
	checkLengths(x, y, y)
	sigmoidSum(x, y)
}

func sigmoidSumPlain(x, y []float32) {
	for i, v := range y {
		x[i] = Sigmoid(x[i] + v)
	}
}

// TanhSum replaces each x by Tanh(x + y). Both are [n]; x may be y, and
// overlaps it in no other way.
func TanhSum(x, y []float32) {
	checkLengths(x, y, y)
	tanhSum(x, y)
}

func tanhSumPlain(x, y []float32) {
	for i, v := range y {
		x[i] = Tanh(x[i] + v)
	}
}

// ReLUSum replaces each x by x + y, and by 0 where that is less. A sum of NaN
// or -0 stays what it is. Both are [n]; x may be y, and overlaps it in no
// other way.
func ReLUSum(x, y []float32) {
	checkLengths(x, y, y)
	reluSum(x, y)
}

func reluSumPlain(x, y []float32) {
	for i, v := range y {
		if x[i] += v; x[i] < 0 {
			x[i] = 0
		}
	}
}

// Blend replaces each h by n + z*(h-n), which is (1-z)*n + z*h, rounded after
// each operation as in [GRUGates]. All three are [n]; h may be z or n, and
// overlaps them in no other way.
func Blend(h, z, n []float32) {
	checkLengths(h, z, n)
	blend(h, z, n)
}

func blendPlain(h, z, n []float32) {
	z, n = z[:len(h)], n[:len(h)]
	for i, v := range h {
		h[i] = n[i] + float32(z[i]*(v-n[i]))
	}
}

// AddProduct adds the products of a and b to x. Unlike those of [MulAdd] they
// are rounded first in every variant. All three are [n]; x may be a or b, and
// overlaps them in no other way.
func AddProduct(x, a, b []float32) {
	checkLengths(x, a, b)
	addProduct(x, a, b)
}

func addProductPlain(x, a, b []float32) {
	b = b[:len(a)]
	for i, v := range a {
		x[i] += float32(v * b[i])
	}
}

// MulTanh writes o*Tanh(c) to h. All three are [n]; h may be o or c, and
// overlaps them in no other way.
func MulTanh(h, o, c []float32) {
	checkLengths(h, o, c)
	mulTanh(h, o, c)
}

func mulTanhPlain(h, o, c []float32) {
	o = o[:len(c)]
	for i, v := range c {
		h[i] = float32(o[i] * Tanh(v))
	}
}

func checkLengths(a, b, c []float32) {
	if len(b) != len(a) || len(c) != len(a) {
		panic("kernel: slices differ in length")
	}
}
