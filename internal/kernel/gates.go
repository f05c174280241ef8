package kernel

import "math"

// Exp returns e**x with a relative error below 2e-7 for |x| <= 87, 0 below
// -87.3, the largest finite values up to 88.7 and +Inf beyond. NaN gives NaN.
//
// Range reduction after Cody and Waite ("Software Manual for the Elementary
// Functions", 1980): x = n ln2 + r with |r| <= ln2/2, where ln2 is split in
// two so that n*ln2Hi is exact; e**r by its Taylor polynomial.
func Exp(x float32) float32 {
	const (
		log2e   = 1.4426950408889634
		ln2Hi   = 0.693359375
		ln2Lo   = -2.12194440e-4
		shifter = 1.5 * (1 << 23) // adding it rounds to the nearest integer
	)
	if x > 88.7228 {
		return float32(math.Inf(1))
	}
	if x < -87.3365 {
		return 0
	}
	n := float32(float32(x*log2e)+shifter) - shifter
	r := float32(x - float32(n*ln2Hi))
	r = float32(r - float32(n*ln2Lo))
	p := float32(1.0 / 5040)
	p = float32(p*r) + 1.0/720
	p = float32(p*r) + 1.0/120
	p = float32(p*r) + 1.0/24
	p = float32(p*r) + 1.0/6
	p = float32(p*r) + 0.5
	p = float32(float32(p*r)*r) + r
	p++
	// Two factors, because 2**128 is not a float32 while e**88.7 is.
	half := int32(n) / 2
	return p * pow2(half) * pow2(int32(n)-half)
}

func pow2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// gateExp returns e**x for the gates: x is held within ±87, beyond which no
// gate changes. It is Exp with fewer cases, so that eight at a time take the
// same operations.
func gateExp(x float32) float32 {
	const (
		log2e   = 1.4426950408889634
		ln2Hi   = 0.693359375
		ln2Lo   = -2.12194440e-4
		shifter = 1.5 * (1 << 23)
	)
	if x > 87 {
		x = 87
	}
	if x < -87 {
		x = -87
	}
	// The low bits of shifted hold the integer n.
	shifted := float32(x*log2e) + shifter
	n := shifted - shifter
	r := x - float32(n*ln2Hi)
	r -= float32(n * ln2Lo)
	p := float32(r * (1.0 / 5040))
	p = float32((p + 1.0/720) * r)
	p = float32((p + 1.0/120) * r)
	p = float32((p + 1.0/24) * r)
	p = float32((p + 1.0/6) * r)
	p = float32((p + 0.5) * r)
	p = float32(p*r) + r + 1
	return p * math.Float32frombits(math.Float32bits(shifted)<<23+127<<23)
}

// Sigmoid returns 1/(1+e**-x) with an absolute error below 2e-7.
func Sigmoid(x float32) float32 { return 1 / (1 + gateExp(-x)) }

// Tanh returns the hyperbolic tangent of x with an absolute error below 2e-7.
func Tanh(x float32) float32 { return 1 - 2/(gateExp(x+x)+1) }

// GRUGates turns the pre-activations of one step into the new hidden state,
// in place, and leaves the gates in gx for those who want them:
//
//	r = sigmoid(gx_r + gh_r)
//	z = sigmoid(gx_z + gh_z)
//	n = tanh(gx_n + r*gh_n)
//	h = n + z*(h-n)            // = (1-z)*n + z*h
//
// h is [hidden]; gx = W_ih x + b_ih and gh = W_hh h + b_hh are [3*hidden] with
// rows r, z, n. Afterwards gx holds r, z, n. The reset gate is applied after
// the product, as in PyTorch and cuDNN.
//
// h must not overlap gx or gh, nor these each other. All variants give the
// same bits as Sigmoid and Tanh, unit by unit.
func GRUGates(h, gx, gh []float32) {
	if len(gx) != 3*len(h) || len(gh) != 3*len(h) {
		panic("kernel: gates do not match the hidden size")
	}
	gruGates(h, gx, gh)
}

// GRUGatesBack is the way back through [GRUGates] (backpropagation through
// time, Werbos 1990). On entry dh + dy is d loss / d h<t>, prev is h<t-1>, gx
// holds the gates r, z, n and gh what GRUGates was given. On return gx and gh
// hold d loss / d gx and d loss / d gh, and dh the part of d loss / d h<t-1>
// that does not go through W_hh:
//
//	dn = dh (1-z)              da_n = dn (1-n^2)
//	dz = dh (h-n)              da_z = dz z (1-z)
//	dr = da_n gh_n             da_r = dr r (1-r)
//	dgx = (da_r, da_z, da_n)   dgh = (da_r, da_z, da_n r)
//
// dh, dy and prev are [hidden], gx and gh [3*hidden]; none overlaps another.
// All variants give the same bits.
func GRUGatesBack(dh, dy, prev, gx, gh []float32) {
	if k := len(dh); len(dy) != k || len(prev) != k || len(gx) != 3*k || len(gh) != 3*k {
		panic("kernel: gates do not match the hidden size")
	}
	gruGatesBack(dh, dy, prev, gx, gh)
}
