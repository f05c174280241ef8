package main

import (
	"fmt"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gates writes the gate kernels of one set of instructions.
type gates struct {
	*table
	instructions
}

// table is the read-only data of the gates: each constant sixteen times over,
// to serve as the operand of a vector instruction of any width.
type table struct {
	sym Mem
	at  map[uint32]int
}

func newTable() *table { return &table{GLOBL("gateConstants", 8|16), map[uint32]int{}} }

func (t *table) bits(b uint32) Mem {
	i, ok := t.at[b]
	if !ok {
		i = 64 * len(t.at)
		t.at[b] = i
		for lane := range 16 {
			DATA(i+4*lane, U32(b))
		}
	}
	return t.sym.Offset(i)
}

func (t *table) f(v float64) Mem { return t.bits(math.Float32bits(float32(v))) }

// lanes are vectors on which the same operations are done side by side: each
// alone would wait for its own last result most of the time.
type lanes []reg.VecVirtual

func (g gates) lanes(n int) lanes { return each(n, func(int) reg.VecVirtual { return g.vector() }) }

// do applies an operation to each vector of x, y and so on in turn.
func do(f func(v []reg.VecVirtual), operands ...lanes) {
	for i := range operands[0] {
		var v []reg.VecVirtual
		for _, o := range operands {
			v = append(v, o[i])
		}
		f(v)
	}
}

// gru is the twin of gruGatesPlain. No multiply-add is fused: every
// operation rounds as the scalar one does, so both give the same bits, and
// on machines that multiply and add on separate ports it costs next to
// nothing. r and z lie side by side and are done first, as one long vector;
// then the candidate and the state.
func (g gates) gru() {
	g.sum("sigmoid", "sigmoid(x+y)", g.sigmoid)

	TEXT("gruState"+g.suffix, NOSPLIT, "func(h, r, z, n, ghn *float32, mask *int32, vectors int)")
	Doc("gruState" + g.suffix + " does n = tanh(n + r*ghn), h = n + z*(h-n) for whole vectors and a masked one.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	h, r, z, c, ghn := load("h"), load("r"), load("z"), load("n"), load("ghn")
	g.sweep(4, []reg.Register{h, r, z, c, ghn}, func(m mover, n int) {
		v := m.load(r, n)
		m.mul(v, ghn)
		m.add(v, c)
		g.tanh(v)
		m.store(v, c)
		m.blend(v, z, h)
	})
}

// gruBack is the twin of gruGatesBackPlain.
func (g gates) gruBack() {
	TEXT("gruBack"+g.suffix, NOSPLIT, "func(dh, dy, prev, r, z, n, hr, hz, hn *float32, mask *int32, vectors int)")
	Doc("gruBack" + g.suffix + " is GRUGatesBack for whole vectors and a masked one.")
	Pragma("noescape")
	names := []string{"dh", "dy", "prev", "r", "z", "n", "hr", "hz", "hn"}
	var at []reg.Register
	p := map[string]reg.Register{}
	for _, name := range names {
		p[name] = Load(Param(name), GP64())
		at = append(at, p[name])
	}
	g.sweep(1, at, func(m mover, n int) {
		load := func(name string) reg.VecVirtual { return m.load(p[name], n)[0] }
		store := func(v reg.VecVirtual, names ...string) {
			for _, name := range names {
				m.store(lanes{v}, p[name])
			}
		}
		slope := func(gate reg.VecVirtual) reg.VecVirtual { // gate*(1-gate)
			y := g.vector()
			VMOVUPS(g.f(1), y)
			VSUBPS(gate, y, y)
			VMULPS(gate, y, y)
			return y
		}
		one, d, t, z, c := g.vector(), load("dh"), g.vector(), load("z"), load("n")
		VMOVUPS(g.f(1), one)
		VADDPS(load("dy"), d, d)
		prev := load("prev")
		VSUBPS(c, prev, prev)
		VMULPS(d, prev, prev)
		VMULPS(slope(z), prev, prev) // d loss / d a_z
		VMULPS(z, d, t)              // d loss / d h that does not go through W_hh
		store(t, "dh")
		VSUBPS(z, one, t)
		VMULPS(d, t, t)
		store(prev, "z", "hz")
		VMULPS(c, c, c)
		VSUBPS(c, one, c)
		VMULPS(c, t, t) // d loss / d a_n
		r := load("r")
		VMULPS(r, t, d)
		hn := load("hn")
		VMULPS(t, hn, hn)
		VMULPS(slope(r), hn, hn) // d loss / d a_r
		store(t, "n")
		store(d, "hn")
		store(hn, "r", "hr")
	})
}

// sweep emits a body for several whole vectors at once, for one, and for a
// masked one. It moves the pointers on.
func (g gates) sweep(wide int, pointers []reg.Register, body func(m mover, n int)) {
	left := Load(Param("vectors"), GP64())
	for _, n := range slices.Compact([]int{wide, 1}) {
		loop, end := fmt.Sprintf("by%d", n), fmt.Sprintf("less%d", n)
		Label(loop)
		SUBQ(U32(uint32(n)), left)
		JLT(LabelRef(end))
		body(mover{gates: g}, n)
		for _, p := range pointers {
			ADDQ(U32(uint32(g.bytes*n)), p)
		}
		JMP(LabelRef(loop))
		Label(end)
		ADDQ(U32(uint32(n)), left)
	}
	at := Load(Param("mask"), GP64())
	TESTQ(at, at)
	JZ(LabelRef("done"))
	mask := g.maskAt(at)
	body(mover{g, mask, g.words(mask)}, 1)
	Label("done")
	VZEROUPPER()
	RET()
}

// mover takes vectors from memory and back, under a mask if it has one.
type mover struct {
	gates
	mask  reg.Register
	words reg.VecVirtual
}

func (m mover) load(p reg.Register, n int) lanes {
	v := m.lanes(n)
	for i := range v {
		if at := (Mem{Base: p, Disp: m.bytes * i}); m.mask == nil {
			VMOVUPS(at, v[i])
		} else {
			m.loadMasked(at, m.mask, m.words, v[i])
		}
	}
	return v
}

func (m mover) store(v lanes, p reg.Register) {
	for i := range v {
		if at := (Mem{Base: p, Disp: m.bytes * i}); m.mask == nil {
			VMOVUPS(v[i], at)
		} else {
			m.storeMasked(v[i], m.mask, m.words, at)
		}
	}
}

func (m mover) add(v lanes, p reg.Register) {
	do(func(v []reg.VecVirtual) { VADDPS(v[1], v[0], v[0]) }, v, m.load(p, len(v)))
}

func (m mover) mul(v lanes, p reg.Register) {
	do(func(v []reg.VecVirtual) { VMULPS(v[1], v[0], v[0]) }, v, m.load(p, len(v)))
}

// sigmoid turns x into 1/(1+e**-x).
func (g gates) sigmoid(x lanes) {
	do(func(v []reg.VecVirtual) { g.xor(g.bits(1<<31), v[0]) }, x)
	g.exp(x)
	do(func(v []reg.VecVirtual) {
		one := g.vector()
		VADDPS(g.f(1), v[0], v[0])
		VMOVUPS(g.f(1), one)
		VDIVPS(v[0], one, v[0])
	}, x)
}

// tanh turns x into 1 - 2/(e**2x + 1).
func (g gates) tanh(x lanes) {
	do(func(v []reg.VecVirtual) { VADDPS(v[0], v[0], v[0]) }, x)
	g.exp(x)
	do(func(v []reg.VecVirtual) {
		y := g.vector()
		VADDPS(g.f(1), v[0], v[0])
		VMOVUPS(g.f(2), y)
		VDIVPS(v[0], y, v[0])
		VMOVUPS(g.f(1), y)
		VSUBPS(v[0], y, v[0])
	}, x)
}

// exp is gateExp of the package, operation by operation. The clamps take x as
// their last operand, which is the one that they return where it is NaN.
func (g gates) exp(x lanes) {
	shift, n, p := g.lanes(len(x)), g.lanes(len(x)), g.lanes(len(x))
	do(func(v []reg.VecVirtual) { VMOVUPS(g.f(87), v[1]); VMINPS(v[0], v[1], v[0]) }, x, n)
	do(func(v []reg.VecVirtual) { VMOVUPS(g.f(-87), v[1]); VMAXPS(v[0], v[1], v[0]) }, x, n)
	do(func(v []reg.VecVirtual) { VMULPS(g.f(1.4426950408889634), v[0], v[1]) }, x, shift)
	do(func(v []reg.VecVirtual) { VADDPS(g.f(1.5*(1<<23)), v[0], v[0]) }, shift)
	do(func(v []reg.VecVirtual) { VSUBPS(g.f(1.5*(1<<23)), v[0], v[1]) }, shift, n)
	do(func(v []reg.VecVirtual) { VMULPS(g.f(0.693359375), v[0], v[1]) }, n, p)
	do(func(v []reg.VecVirtual) { VSUBPS(v[1], v[0], v[0]) }, x, p)
	do(func(v []reg.VecVirtual) { VMULPS(g.f(-2.12194440e-4), v[0], v[1]) }, n, p)
	do(func(v []reg.VecVirtual) { VSUBPS(v[1], v[0], v[0]) }, x, p)
	do(func(v []reg.VecVirtual) { VMULPS(g.f(1.0/5040), v[0], v[1]) }, x, p)
	for _, c := range []float64{1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5} {
		do(func(v []reg.VecVirtual) { VADDPS(g.f(c), v[1], v[1]) }, x, p)
		do(func(v []reg.VecVirtual) { VMULPS(v[0], v[1], v[1]) }, x, p)
	}
	do(func(v []reg.VecVirtual) { VMULPS(v[0], v[1], v[1]) }, x, p)
	do(func(v []reg.VecVirtual) { VADDPS(v[0], v[1], v[1]) }, x, p)
	do(func(v []reg.VecVirtual) { VADDPS(g.f(1), v[0], v[0]) }, p)
	do(func(v []reg.VecVirtual) { VPSLLD(Imm(23), v[0], v[0]) }, shift)
	do(func(v []reg.VecVirtual) { VPADDD(g.bits(127<<23), v[0], v[0]) }, shift)
	do(func(v []reg.VecVirtual) { VMULPS(v[0], v[1], v[2]) }, shift, p, x)
}
