package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// table is the read-only data of the gates: each constant eight times over,
// to serve as the operand of a vector instruction.
type table struct {
	sym Mem
	at  map[uint32]int
}

func (t *table) bits(b uint32) Mem {
	i, ok := t.at[b]
	if !ok {
		i = 32 * len(t.at)
		t.at[b] = i
		for lane := range 8 {
			DATA(i+4*lane, U32(b))
		}
	}
	return t.sym.Offset(i)
}

func (t *table) f(v float64) Mem { return t.bits(math.Float32bits(float32(v))) }

// gruGates is the twin of gruGatesPlain, eight units at a time. No multiply-add
// is fused: every operation rounds as the scalar one does, so both give the
// same bits, and on machines that multiply and add on separate ports it costs
// next to nothing.
func gruGates() {
	t := &table{at: map[uint32]int{}}
	t.sym = GLOBL("gateConstants", 8|16)
	TEXT("gruGatesAVX2", NOSPLIT, "func(h, gx, gh *float32, mask *int32, vectors, hidden int)")
	Doc("gruGatesAVX2 is GRUGates for vectors whole vectors and one masked.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	u := units{h: load("h"), gx: load("gx"), gh: load("gh"), stride: load("hidden"), t: t}
	vectors := load("vectors")
	SHLQ(Imm(2), u.stride)
	TESTQ(vectors, vectors)
	JZ(LabelRef("tail"))
	Label("whole")
	u.emit(
		func(m Mem) reg.VecVirtual { y := YMM(); VMOVUPS(m, y); return y },
		func(y reg.VecVirtual, m Mem) { VMOVUPS(y, m) })
	for _, p := range []reg.Register{u.h, u.gx, u.gh} {
		ADDQ(Imm(32), p)
	}
	DECQ(vectors)
	JNZ(LabelRef("whole"))
	Label("tail")
	mp := load("mask")
	TESTQ(mp, mp)
	JZ(LabelRef("done"))
	mask := YMM()
	VMOVUPS(Mem{Base: mp}, mask)
	u.emit(
		func(m Mem) reg.VecVirtual { y := YMM(); VMASKMOVPS(m, mask, y); return y },
		func(y reg.VecVirtual, m Mem) { VMASKMOVPS(y, mask, m) })
	Label("done")
	VZEROUPPER()
	RET()
}

// units is the code for eight units.
type units struct {
	h, gx, gh, stride reg.Register
	t                 *table
}

func (u *units) emit(load func(Mem) reg.VecVirtual, store func(reg.VecVirtual, Mem)) {
	gate := func(base reg.Register, i int) Mem {
		m := Mem{Base: base}
		if i > 0 {
			m.Index, m.Scale = u.stride, uint8(i)
		}
		return m
	}
	r := load(gate(u.gx, 0))
	VADDPS(load(gate(u.gh, 0)), r, r)
	r = u.sigmoid(r)
	store(r, gate(u.gx, 0))

	n := load(gate(u.gh, 2))
	VMULPS(n, r, n)
	VADDPS(n, load(gate(u.gx, 2)), n)
	n = u.tanh(n)
	store(n, gate(u.gx, 2))

	z := load(gate(u.gx, 1))
	VADDPS(load(gate(u.gh, 1)), z, z)
	z = u.sigmoid(z)
	store(z, gate(u.gx, 1))

	h := load(gate(u.h, 0))
	VSUBPS(n, h, h)
	VMULPS(h, z, h)
	VADDPS(h, n, h)
	store(h, gate(u.h, 0))
}

// sigmoid is 1/(1+e**-x).
func (u *units) sigmoid(x reg.VecVirtual) reg.VecVirtual {
	VXORPS(u.t.bits(1<<31), x, x)
	e, one := u.exp(x), YMM()
	VMOVUPS(u.t.f(1), one)
	VADDPS(one, e, e)
	VDIVPS(e, one, e)
	return e
}

// tanh is 1 - 2/(e**2x + 1).
func (u *units) tanh(x reg.VecVirtual) reg.VecVirtual {
	VADDPS(x, x, x)
	e, y := u.exp(x), YMM()
	VADDPS(u.t.f(1), e, e)
	VMOVUPS(u.t.f(2), y)
	VDIVPS(e, y, e)
	VMOVUPS(u.t.f(1), y)
	VSUBPS(e, y, y)
	return y
}

// exp is gateExp of the package, operation by operation. The clamps take x as
// their last operand, which is the one that they return where it is NaN.
func (u *units) exp(x reg.VecVirtual) reg.VecVirtual {
	t, shift, n, y, p := u.t, YMM(), YMM(), YMM(), YMM()
	VMOVUPS(t.f(87), n)
	VMINPS(x, n, x)
	VMOVUPS(t.f(-87), n)
	VMAXPS(x, n, x)
	VMULPS(t.f(1.4426950408889634), x, shift)
	VADDPS(t.f(1.5*(1<<23)), shift, shift)
	VSUBPS(t.f(1.5*(1<<23)), shift, n)
	VMULPS(t.f(0.693359375), n, y)
	VSUBPS(y, x, x)
	VMULPS(t.f(-2.12194440e-4), n, y)
	VSUBPS(y, x, x)
	VMULPS(t.f(1.0/5040), x, p)
	for _, c := range []float64{1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5} {
		VADDPS(t.f(c), p, p)
		VMULPS(x, p, p)
	}
	VMULPS(x, p, p)
	VADDPS(x, p, p)
	VADDPS(t.f(1), p, p)
	VPSLLD(Imm(23), shift, shift)
	VPADDD(t.bits(127<<23), shift, shift)
	VMULPS(shift, p, p)
	return p
}
