package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// products writes the products of two vectors: a window laid over a frame.
func (g gates) products() {
	TEXT("mulVectors"+g.suffix, NOSPLIT, "func(dst, x, y *float32, mask *int32, vectors int)")
	Doc("mulVectors" + g.suffix + " does dst = x*y for whole vectors and a masked one.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	dst, x, y := load("dst"), load("x"), load("y")
	g.sweep(4, []reg.Register{dst, x, y}, func(m mover, n int) {
		v := m.load(x, n)
		m.mul(v, y)
		m.store(v, dst)
	})
}

// logSum is the twin of logSumPlain: Log of the package, operation by
// operation.
func (g gates) logSum() {
	TEXT("logVectors"+g.suffix, NOSPLIT, "func(x, c *float32, mask *int32, vectors int)")
	Doc("logVectors" + g.suffix + " does x = log(x+c), c being one number, for whole vectors and a masked one.")
	Pragma("noescape")
	x, c := Load(Param("x"), GP64()), g.vector()
	VBROADCASTSS(Mem{Base: Load(Param("c"), GP64())}, c)
	g.sweep(2, []reg.Register{x}, func(m mover, n int) {
		v := m.load(x, n)
		do(func(v []reg.VecVirtual) { VADDPS(c, v[0], v[0]) }, v)
		g.log(v)
		m.store(v, x)
	})
}

func (g gates) log(x lanes) {
	const sqrtHalf = 0x3f3504f3
	e, s, p := g.lanes(len(x)), g.lanes(len(x)), g.lanes(len(x))
	do(func(v []reg.VecVirtual) {
		VMOVUPS(g.bits(sqrtHalf), v[1])
		VPSUBD(v[1], v[0], v[2])
		VPSRAD(Imm(23), v[2], v[1])
		VCVTDQ2PS(v[1], v[1])
		g.and(g.bits(0x7fffff), v[2])
		VPADDD(g.bits(sqrtHalf), v[2], v[2])
	}, x, e, s)
	do(func(v []reg.VecVirtual) {
		VADDPS(g.f(1), v[0], v[1])
		VSUBPS(g.f(1), v[0], v[0])
		VDIVPS(v[1], v[0], v[0])
	}, s, p)
	do(func(v []reg.VecVirtual) {
		w := g.vector()
		VMULPS(v[0], v[0], w)
		VMULPS(g.f(1.0/9), w, v[1])
		for _, c := range []float64{1.0 / 7, 1.0 / 5, 1.0 / 3} {
			VADDPS(g.f(c), v[1], v[1])
			VMULPS(w, v[1], v[1])
		}
		VMULPS(v[0], v[1], v[1])
		VADDPS(v[0], v[1], v[1])
	}, s, p)
	do(func(v []reg.VecVirtual) {
		x, e, s, p := v[0], v[1], v[2], v[3]
		VADDPS(p, p, p)
		VMULPS(g.f(-2.12194440e-4), e, s)
		VADDPS(p, s, s)
		VMULPS(g.f(0.693359375), e, e)
		VADDPS(s, e, e)
		g.unlessFinite(x, e)
	}, x, e, s, p)
}

// centred writes the twin of centredPlain.
func (g gates) centred() {
	TEXT("centreVectors"+g.suffix, NOSPLIT, "func(dst, x, mean, scale *float32, mask *int32, vectors int)")
	Doc("centreVectors" + g.suffix + " does dst = (x-mean)*scale for whole vectors and a masked one.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	dst, x, mean, scale := load("dst"), load("x"), load("mean"), load("scale")
	g.sweep(2, []reg.Register{dst, x, mean, scale}, func(m mover, n int) {
		v := m.load(x, n)
		do(func(v []reg.VecVirtual) { VSUBPS(v[1], v[0], v[0]) }, v, m.load(mean, n))
		m.mul(v, scale)
		m.store(v, dst)
	})
}
