package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// step is the code of one fused step of some units: products, gates and state
// in one go, so that nothing but weights and states touches memory.
type step struct {
	gates
	vectors    int          // of units
	units      reg.Register // bytes from gate to gate
	stride     reg.Register // bytes of a row of weights
	mask       reg.Register // of the last vector of each gate; nil: it is whole
	wx, wh     reg.Register
	x, h       reg.Register
	name       string
	accX, accH [3]lanes // r, z, n
}

// gruStep is the twin of gruStepPlain for units that fill the vectors, or in
// AVX-512 for any. Products of input and state go on side by side: twelve
// accumulators hide the latency of the multiply-add.
func (g gates) gruStep() {
	TEXT("stepUnits"+g.suffix, NOSPLIT, "func(next, prev, x, h, wx, wh, bx, bh *float32, mask *int32, in, hidden, units, vectors int)")
	Doc("stepUnits" + g.suffix + " is GRUStep for so many vectors of units; units and mask say how many those are.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	s := step{gates: g, units: load("units"), wx: load("wx"), wh: load("wh"), x: load("x"), h: load("h"), stride: GP64()}
	if g.wide() {
		s.mask = g.loadMask("mask")
	}
	SHLQ(Imm(2), s.units)
	LEAQ(Mem{Base: s.units, Index: s.units, Scale: 2}, s.stride)
	vectors := load("vectors")
	CMPQ(vectors, Imm(2))
	JE(LabelRef("step2"))
	for _, n := range []int{1, 2} {
		s.vectors, s.name = n, fmt.Sprintf("step%d", n)
		Label(s.name)
		s.emit()
	}
}

func (s *step) emit() {
	bx, bh := Load(Param("bx"), GP64()), Load(Param("bh"), GP64())
	for gate := range 3 {
		s.accX[gate], s.accH[gate] = s.lanes(s.vectors), s.lanes(s.vectors)
		for i := range s.vectors {
			s.fetch(s.at(bx, gate, i), i, s.accX[gate][i])
			s.fetch(s.at(bh, gate, i), i, s.accH[gate][i])
		}
	}
	// both is how many inputs and states go together.
	in, hidden, both := Load(Param("in"), GP64()), Load(Param("hidden"), GP64()), GP64()
	MOVQ(in, both)
	CMPQ(hidden, both)
	CMOVQLT(hidden, both)
	SUBQ(both, in)
	SUBQ(both, hidden)
	s.loop("both", both, true, true)
	s.loop("input", in, true, false)
	s.loop("state", hidden, false, true)
	s.finish()
	VZEROUPPER()
	RET()
}

// at is where a vector of a gate lies in a row.
func (s *step) at(row reg.Register, gate, i int) Mem {
	m := Mem{Base: row, Disp: s.bytes * i}
	if gate > 0 {
		m.Index, m.Scale = s.units, uint8(gate)
	}
	return m
}

// fetch loads a vector, whose lanes beyond the units are 0.
func (s *step) fetch(m Mem, i int, v reg.VecVirtual) {
	if s.mask != nil && i == s.vectors-1 {
		VMOVUPS_Z(m, s.mask, v)
	} else {
		VMOVUPS(m, v)
	}
}

// loop adds the products of so many inputs, states, or both.
func (s *step) loop(what string, left reg.Register, input, state bool) {
	loop, done := s.name+what, s.name+what+"done"
	TESTQ(left, left)
	JZ(LabelRef(done))
	Label(loop)
	if input {
		s.add(s.x, s.wx, s.accX)
	}
	if state {
		s.add(s.h, s.wh, s.accH)
	}
	DECQ(left)
	JNZ(LabelRef(loop))
	Label(done)
}

// add adds one value times its row of weights, and moves on to the next.
func (s *step) add(value, row reg.Register, acc [3]lanes) {
	v := s.vector()
	VBROADCASTSS(Mem{Base: value}, v)
	for gate := range acc {
		for i, a := range acc[gate] {
			if m := s.at(row, gate, i); s.mask != nil && i == s.vectors-1 {
				VFMADD231PS(m, v, s.mask, a)
			} else {
				VFMADD231PS(m, v, a)
			}
		}
	}
	ADDQ(Imm(4), value)
	ADDQ(s.stride, row)
}

// finish is gru, in registers.
func (s *step) finish() {
	add := func(v []reg.VecVirtual) { VADDPS(v[1], v[0], v[0]) }
	r, z, n, hn := s.accX[0], s.accX[1], s.accX[2], s.accH[2]
	do(add, r, s.accH[0])
	do(add, z, s.accH[1])
	s.sigmoid(r)
	do(func(v []reg.VecVirtual) { VMULPS(v[1], v[0], v[0]) }, hn, r)
	do(add, n, hn)
	s.sigmoid(z)
	s.tanh(n)
	prev, next, w := Load(Param("prev"), GP64()), Load(Param("next"), GP64()), s.lanes(s.vectors)
	for i := range w {
		s.fetch(Mem{Base: prev, Disp: s.bytes * i}, i, w[i])
	}
	do(func(v []reg.VecVirtual) { VSUBPS(v[0], v[1], v[1]) }, n, w)
	do(func(v []reg.VecVirtual) { VMULPS(v[1], v[0], v[0]) }, w, z)
	do(func(v []reg.VecVirtual) { VADDPS(v[0], v[1], v[1]) }, n, w)
	for i, v := range w {
		if m := (Mem{Base: next, Disp: s.bytes * i}); s.mask != nil && i == s.vectors-1 {
			VMOVUPS(v, s.mask, m)
		} else {
			VMOVUPS(v, m)
		}
	}
}
