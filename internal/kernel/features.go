package kernel

import (
	"encoding/binary"
	"math"
)

// DecodeInt16 writes the signed 16-bit numbers of src, little-endian, times
// scale to dst. src has two bytes for each.
func DecodeInt16(dst []float32, src []byte, scale float32) {
	if len(src) != 2*len(dst) {
		panic("kernel: two bytes make a number")
	}
	decodeInt16(dst, src, scale)
}

// decodeInt16Plain takes four numbers at a time, where there are.
func decodeInt16Plain(dst []float32, src []byte, scale float32) {
	i := 0
	for ; i+4 <= len(dst); i += 4 {
		v := binary.LittleEndian.Uint64(src[2*i:])
		o := dst[i : i+4 : i+4]
		o[0] = float32(int16(v)) * scale
		o[1] = float32(int16(v>>16)) * scale
		o[2] = float32(int16(v>>32)) * scale
		o[3] = float32(int16(v>>48)) * scale
	}
	for ; i < len(dst); i++ {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:]))) * scale
	}
}

// Mul writes the products of x and y to dst. All three are of one length; dst
// may be x or y, and overlaps them in no other way.
func Mul(dst, x, y []float32) {
	if len(x) != len(dst) || len(y) != len(dst) {
		panic("kernel: slices differ in length")
	}
	products(dst, x, y)
}

func productsPlain(dst, x, y []float32) {
	for i, v := range x {
		dst[i] = float32(v * y[i])
	}
}

// Centre writes (x-mean)*scale to dst. All four are of one length and dst
// overlaps none of the others.
func Centre(dst, x, mean, scale []float32) {
	if n := len(dst); len(x) != n || len(mean) != n || len(scale) != n {
		panic("kernel: slices differ in length")
	}
	centre(dst, x, mean, scale)
}

func centrePlain(dst, x, mean, scale []float32) {
	for i, v := range x {
		dst[i] = float32((v - mean[i]) * scale[i])
	}
}

// LogSum replaces each x by Log(x + c), to the bit.
func LogSum(x []float32, c float32) { logSum(x, c) }

func logSumPlain(x []float32, c float32) {
	for i, v := range x {
		x[i] = Log(v + c)
	}
}

// Log returns the natural logarithm of a positive normal x with an absolute
// error below 1e-6 (and below 1e-7 relative away from 1), of +Inf and NaN
// themselves. Zero, denormals and negative numbers are not handled: the
// features add a floor before they take it.
//
// x = 2**e * m with m in [sqrt(1/2), sqrt(2)); with s = (m-1)/(m+1),
// log m = 2s (1 + s^2/3 + s^4/5 + ...) (Abramowitz and Stegun 4.1.27).
func Log(x float32) float32 {
	const ln2Hi, ln2Lo = 0.693359375, -2.12194440e-4
	const sqrtHalf = 0x3f3504f3 // bits of sqrt(1/2)
	if !(x <= math.MaxFloat32) {
		return x
	}
	bits := math.Float32bits(x) - sqrtHalf
	e := float32(int32(bits) >> 23)
	m := math.Float32frombits(bits&0x7fffff + sqrtHalf)
	s := (m - 1) / (m + 1)
	w := s * s
	p := float32(1.0 / 9)
	p = float32(p*w) + 1.0/7
	p = float32(p*w) + 1.0/5
	p = float32(p*w) + 1.0/3
	p = float32(float32(p*w)*s) + s
	return float32(e*ln2Hi) + float32(float32(e*ln2Lo)+float32(2*p))
}
