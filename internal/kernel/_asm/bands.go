package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bandSums is the twin of bandGroup.sumPlain: four values of each of eight
// bands, transposed, so that each lane adds up its own band in order.
func bandSums() {
	TEXT("bandSums", NOSPLIT, "func(dst, x *float32, first *int, weights *float32, quads int)")
	Doc("bandSums adds up eight bands of four times quads weights.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	x, first := load("x"), load("first")
	at := make([]reg.Register, 8)
	for lane := range at {
		at[lane] = GP64()
		MOVQ(Mem{Base: first, Disp: 8 * lane}, at[lane])
		LEAQ(Mem{Base: x, Index: at[lane], Scale: 4}, at[lane])
	}
	weights, quads, sum := load("weights"), load("quads"), YMM()
	VXORPS(sum, sum, sum)
	Label("quad")
	var rows [4]reg.VecVirtual // of two bands each, four apart
	for i := range rows {
		rows[i] = YMM()
		half := rows[i].(reg.Vec).AsX()
		VMOVUPS(Mem{Base: at[i]}, half)
		VINSERTF128(Imm(1), Mem{Base: at[i+4]}, rows[i], rows[i])
	}
	for i := 0; i < 4; i += 2 {
		low, high := YMM(), YMM()
		VUNPCKLPS(rows[i+1], rows[i], low)
		VUNPCKHPS(rows[i+1], rows[i], high)
		rows[i], rows[i+1] = low, high
	}
	step := 0
	for i := range 2 {
		for _, order := range []uint64{0x44, 0xee} {
			v := YMM()
			VSHUFPS(Imm(order), rows[i+2], rows[i], v)
			VMULPS(Mem{Base: weights, Disp: 32 * step}, v, v)
			VADDPS(v, sum, sum)
			step++
		}
	}
	for _, p := range at {
		ADDQ(Imm(16), p)
	}
	ADDQ(U32(128), weights)
	DECQ(quads)
	JNZ(LabelRef("quad"))
	VMOVUPS(sum, Mem{Base: load("dst")})
	VZEROUPPER()
	RET()
}

// int16s makes numbers of 16-bit integers.
func (g gates) int16s() {
	TEXT("int16Vectors"+g.suffix, NOSPLIT, "func(dst *float32, src *byte, scale *float32, vectors int)")
	Doc("int16Vectors" + g.suffix + " makes scaled numbers of so many vectors of 16-bit integers.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	dst, src, left, scale, v := load("dst"), load("src"), load("vectors"), g.vector(), g.vector()
	VBROADCASTSS(Mem{Base: load("scale")}, scale)
	Label("decode")
	VPMOVSXWD(Mem{Base: src}, v)
	VCVTDQ2PS(v, v)
	VMULPS(scale, v, v)
	VMOVUPS(v, Mem{Base: dst})
	ADDQ(Imm(uint64(g.bytes/2)), src)
	ADDQ(Imm(uint64(g.bytes)), dst)
	DECQ(left)
	JNZ(LabelRef("decode"))
	VZEROUPPER()
	RET()
}
