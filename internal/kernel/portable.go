package kernel

// PortableID names the arithmetic of the functions here together with that of
// gates, Exp, Log and Softmax, which are the same on all machines anyhow.
const PortableID = "portable-1"

// PortableMulBias is MulBias with each product rounded before it is added:
// slower, and the same bits on all machines.
func PortableMulBias(c, bias, a, b []float32, m, n, k int) {
	checkSizes(c, a, b, m, n, k)
	if len(bias) != n {
		panic("kernel: bias does not match the columns")
	}
	if m > 0 && n > 0 {
		gemmPlain(c, bias, a, b, m, n, k, k, 1)
	}
}

// PortableDot is Dot with each product rounded before it is added: slower, and
// the same bits on all machines.
func PortableDot(a, b []float32) float32 {
	if len(a) != len(b) {
		panic("kernel: slices differ in length")
	}
	return dotPlain(a, b)
}
