package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The complex transform of package kernel on separate real and imaginary
// parts: the butterflies of its plain twin, none of their operations fused, in
// an order in which eight can be done at a time. As long as eight or more
// neighbours share a twiddle factor they make a vector (fftRows); the last
// three stages, where they do not, come after a transposition (fftLast).

// complexes are a real and an imaginary vector.
type complexes struct{ re, im reg.VecVirtual }

func newComplexes() complexes { return complexes{YMM(), YMM()} }

func (c complexes) load(re, im Mem) complexes {
	VMOVUPS(re, c.re)
	VMOVUPS(im, c.im)
	return c
}

func (c complexes) store(re, im Mem) {
	VMOVUPS(c.re, re)
	VMOVUPS(c.im, im)
}

// butterfly does a, b = a + w b, a - w b.
func butterfly(a, b complexes, wr, wi Op) {
	t, u := newComplexes(), newComplexes()
	VMULPS(wr, b.re, t.re)
	VMULPS(wi, b.im, u.re)
	VMULPS(wi, b.re, t.im)
	VMULPS(wr, b.im, u.im)
	VSUBPS(u.re, t.re, t.re)
	VADDPS(u.im, t.im, t.im)
	VSUBPS(t.re, a.re, b.re)
	VSUBPS(t.im, a.im, b.im)
	VADDPS(t.re, a.re, a.re)
	VADDPS(t.im, a.im, a.im)
}

func transform() {
	fftSplit()
	fftRows2()
	fftRows4()
	fftLast()
	fftPower()
}

// fftSplit takes even samples to re and odd ones to im.
func fftSplit() {
	TEXT("fftSplit", NOSPLIT, "func(re, im, frame *float32, vectors int)")
	Doc("fftSplit takes even samples to re and odd ones to im.")
	Pragma("noescape")
	re, im := Load(Param("re"), GP64()), Load(Param("im"), GP64())
	frame, left := Load(Param("frame"), GP64()), Load(Param("vectors"), GP64())
	x, y, even, odd := YMM(), YMM(), YMM(), YMM()
	Label("split")
	VMOVUPS(Mem{Base: frame}, x)
	VMOVUPS(Mem{Base: frame, Disp: 32}, y)
	VSHUFPS(Imm(0x88), y, x, even)
	VSHUFPS(Imm(0xdd), y, x, odd)
	VPERMPD(Imm(0xd8), even, even)
	VPERMPD(Imm(0xd8), odd, odd)
	VMOVUPS(even, Mem{Base: re})
	VMOVUPS(odd, Mem{Base: im})
	ADDQ(Imm(64), frame)
	ADDQ(Imm(32), re)
	ADDQ(Imm(32), im)
	DECQ(left)
	JNZ(LabelRef("split"))
	VZEROUPPER()
	RET()
}

// fftRows2 is the first stage: one block, in two halves.
func fftRows2() {
	TEXT("fftRows2", NOSPLIT, "func(re, im, twRe, twIm *float32, vectors int)")
	Doc("fftRows2 does the first stage; a half of the block has so many vectors.")
	Pragma("noescape")
	re, im := Load(Param("re"), GP64()), Load(Param("im"), GP64())
	w := newComplexes()
	VBROADCASTSS(Mem{Base: Load(Param("twRe"), GP64())}, w.re)
	VBROADCASTSS(Mem{Base: Load(Param("twIm"), GP64())}, w.im)
	left, half := Load(Param("vectors"), GP64()), GP64()
	MOVQ(left, half)
	SHLQ(Imm(5), half)
	Label("rows2")
	at := func(i int) (Mem, Mem) {
		return row([]reg.Register{re}, half, i, 0), row([]reg.Register{im}, half, i, 0)
	}
	a, b := newComplexes().load(at(0)), newComplexes().load(at(1))
	butterfly(a, b, w.re, w.im)
	a.store(at(0))
	b.store(at(1))
	ADDQ(Imm(32), re)
	ADDQ(Imm(32), im)
	DECQ(left)
	JNZ(LabelRef("rows2"))
	VZEROUPPER()
	RET()
}

// fftRows4 is two stages in one pass. Each of the blocks is four rows; the
// first stage pairs rows two apart with the block's own factor, the second
// neighbours, which are then two blocks with factors of their own.
func fftRows4() {
	TEXT("fftRows4", NOSPLIT, "func(re, im, twRe, twIm *float32, blocks, vectors int)")
	Doc("fftRows4 does two stages; a quarter of a block has so many vectors.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	re, im, twRe, twIm, blocks := load("re"), load("im"), load("twRe"), load("twIm"), load("blocks")
	quarter, re3, im3, left, b := GP64(), GP64(), GP64(), GP64(), GP64()
	Load(Param("vectors"), quarter)
	SHLQ(Imm(5), quarter)
	XORQ(b, b)
	Label("block")
	Load(Param("vectors"), left)
	var w [3]complexes
	for i := range w {
		w[i] = newComplexes()
	}
	factor := func(i int, scale uint8, disp int) {
		VBROADCASTSS(Mem{Base: twRe, Index: b, Scale: scale, Disp: disp}, w[i].re)
		VBROADCASTSS(Mem{Base: twIm, Index: b, Scale: scale, Disp: disp}, w[i].im)
	}
	factor(0, 4, 0)
	factor(1, 8, 0)
	LEAQ(Mem{Base: re, Index: quarter, Scale: 2}, re3)
	ADDQ(quarter, re3)
	LEAQ(Mem{Base: im, Index: quarter, Scale: 2}, im3)
	ADDQ(quarter, im3)
	Label("rows4")
	var x [4]complexes
	at := func(i int) (Mem, Mem) {
		return row([]reg.Register{re, re3}, quarter, i, 0), row([]reg.Register{im, im3}, quarter, i, 0)
	}
	for i := range x {
		x[i] = newComplexes().load(at(i))
	}
	butterfly(x[0], x[2], w[0].re, w[0].im)
	butterfly(x[1], x[3], w[0].re, w[0].im)
	butterfly(x[0], x[1], w[1].re, w[1].im)
	x[0].store(at(0))
	x[1].store(at(1))
	factor(2, 8, 4) // only here, for want of registers
	butterfly(x[2], x[3], w[2].re, w[2].im)
	x[2].store(at(2))
	x[3].store(at(3))
	for _, p := range []reg.Register{re, im, re3, im3} {
		ADDQ(Imm(32), p)
	}
	DECQ(left)
	JNZ(LabelRef("rows4"))
	// re and im are at the block's second row.
	for range 3 {
		ADDQ(quarter, re)
		ADDQ(quarter, im)
	}
	INCQ(b)
	CMPQ(b, blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// reversed3 is the bit reversal of 0..7.
var reversed3 = [8]int{0, 4, 2, 6, 1, 5, 3, 7}

// fftLast does the last three stages of 64 numbers: rows of eight, stride
// apart, taken in bit-reversed order and transposed, so that the lanes run
// through neighbouring frequencies. tw holds the seven factors of each lane.
func fftLast() {
	TEXT("fftLast", 0, "func(dstRe, dstIm, srcRe, srcIm, tw *float32, stride int)")
	Doc("fftLast does the last three stages of eight rows of eight. The stride is in bytes.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	tw, stride, row3, row6 := load("tw"), load("stride"), GP64(), GP64()
	local := AllocLocal(512)
	part := func(im int) func(i int) Mem { return func(i int) Mem { return local.Offset(256*im + 32*i) } }
	for im, name := range []string{"srcRe", "srcIm"} {
		src := load(name)
		rows := eight(src, row3, row6, stride)
		transpose(func(i int) Mem { return rows(reversed3[i]) }, part(im))
	}
	at := func(i int) (Mem, Mem) { return part(0)(i), part(1)(i) }
	w := func(i int) (Mem, Mem) { return Mem{Base: tw, Disp: 64 * i}, Mem{Base: tw, Disp: 64*i + 32} }
	pair := func(a, b complexes, i int) {
		wr, wi := w(i)
		butterfly(a, b, wr, wi)
	}
	for i := range 4 {
		a, b := newComplexes().load(at(i)), newComplexes().load(at(i+4))
		pair(a, b, 0)
		a.store(at(i))
		b.store(at(i + 4))
	}
	dstRe, dstIm, im3, im6 := load("dstRe"), load("dstIm"), GP64(), GP64()
	outRe, outIm := eight(dstRe, row3, row6, stride), eight(dstIm, im3, im6, stride)
	for half := range 2 {
		var x [4]complexes
		for i := range x {
			x[i] = newComplexes().load(at(4*half + i))
		}
		pair(x[0], x[2], 1+half)
		pair(x[1], x[3], 1+half)
		pair(x[0], x[1], 3+2*half)
		pair(x[2], x[3], 4+2*half)
		for i := range x {
			r := reversed3[4*half+i]
			x[i].store(outRe(r), outIm(r))
		}
	}
	VZEROUPPER()
	RET()
}

// eight sets row3 and row6 and returns the operands of eight rows.
func eight(base, row3, row6, stride reg.Register) func(i int) Mem {
	point(base, stride, []reg.Register{row3, row6})
	return func(i int) Mem { return row([]reg.Register{base, row3, row6}, stride, i, 0) }
}

// transpose writes eight rows as columns.
func transpose(src, dst func(i int) Mem) {
	in := each(8, func(i int) reg.VecVirtual { y := YMM(); VMOVUPS(src(i), y); return y })
	low := make([]reg.VecVirtual, 8) // pairs of rows interleaved
	for i := 0; i < 8; i += 2 {
		low[i], low[i+1] = YMM(), YMM()
		VUNPCKLPS(in[i+1], in[i], low[i])
		VUNPCKHPS(in[i+1], in[i], low[i+1])
	}
	mid := make([]reg.VecVirtual, 8) // four rows of a column in each half
	for i := 0; i < 8; i += 4 {
		for j := range 2 {
			mid[i+2*j], mid[i+2*j+1] = YMM(), YMM()
			VSHUFPS(Imm(0x44), low[i+2+j], low[i+j], mid[i+2*j])
			VSHUFPS(Imm(0xee), low[i+2+j], low[i+j], mid[i+2*j+1])
		}
	}
	for i := range 4 {
		for half, order := range []uint64{0x20, 0x31} {
			y := YMM()
			VPERM2F128(Imm(order), mid[i+4], mid[i], y)
			VMOVUPS(y, dst(i+4*half))
		}
	}
}

// fftPower turns the spectrum of the packed frame into the power of the real
// one, eight frequencies k = 1.. and their mirror images at a time. It is
// separate of the package, operation by operation.
func fftPower() {
	order := GLOBL("reverseLanes", 8|16)
	for i := range 8 {
		DATA(4*i, U32(uint32(7-i)))
	}
	half := GLOBL("oneHalf", 8|16)
	for i := range 8 {
		DATA(4*i, F32(0.5))
	}
	TEXT("fftPower", NOSPLIT, "func(dst, re, im, cos, sin *float32, half int)")
	Doc("fftPower writes dst[1:half] from the spectrum of half points.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	dst, re, im, cos, sin := load("dst"), load("re"), load("im"), load("cos"), load("sin")
	k, m := GP64(), load("half")
	MOVQ(U32(1), k)
	SUBQ(Imm(8), m)
	reverse := YMM()
	VMOVUPS(order, reverse)
	Label("power")
	low := func(p reg.Register) Mem { return Mem{Base: p, Index: k, Scale: 4} }
	high := func(p reg.Register) Mem { return Mem{Base: p, Index: m, Scale: 4} }
	fetch := func(p reg.Register) (a, b reg.VecVirtual) {
		a, b = YMM(), YMM()
		VMOVUPS(low(p), a)
		VPERMPS(high(p), reverse, b)
		return a, b
	}
	rk, rm := fetch(re)
	ik, im2 := fetch(im)
	e, o, t, u := newComplexes(), newComplexes(), newComplexes(), newComplexes()
	VADDPS(rm, rk, e.re)
	VSUBPS(im2, ik, e.im)
	VADDPS(im2, ik, o.re)
	VSUBPS(rk, rm, o.im)
	for _, v := range []reg.VecVirtual{e.re, e.im, o.re, o.im} {
		VMULPS(half, v, v)
	}
	VMULPS(low(cos), o.re, t.re)
	VMULPS(low(sin), o.im, u.re)
	VMULPS(low(sin), o.re, t.im)
	VMULPS(low(cos), o.im, u.im)
	VSUBPS(u.re, t.re, t.re)
	VADDPS(u.im, t.im, t.im)
	VADDPS(t.re, e.re, u.re)
	VADDPS(t.im, e.im, u.im)
	VSUBPS(t.re, e.re, e.re)
	VSUBPS(t.im, e.im, e.im)
	square := func(c complexes) reg.VecVirtual {
		VMULPS(c.re, c.re, c.re)
		VMULPS(c.im, c.im, c.im)
		VADDPS(c.im, c.re, c.re)
		return c.re
	}
	VMOVUPS(square(u), low(dst))
	v := square(e)
	VPERMPS(v, reverse, v)
	VMOVUPS(v, high(dst))
	ADDQ(Imm(8), k)
	SUBQ(Imm(8), m)
	CMPQ(k, m)
	JLT(LabelRef("power"))
	VZEROUPPER()
	RET()
}
