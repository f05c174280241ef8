package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// cells writes the twins of cells.go that are not in gru: as there, every
// operation rounds as the scalar one does.
func (g gates) cells() {
	g.sum("tanh", "tanh(x+y)", g.tanh)
	g.relu()
	g.operation("blend", "h, z, n", "h = n + z*(h-n)", func(m mover, n int, h, z, c reg.Register) {
		v := m.load(c, n)
		m.blend(v, z, h)
	})
	g.operation("addProduct", "x, a, b", "x += a*b", func(m mover, n int, x, a, b reg.Register) {
		v := m.load(a, n)
		m.mul(v, b)
		m.add(v, x)
		m.store(v, x)
	})
	g.operation("mulTanh", "h, o, c", "h = o*tanh(c)", func(m mover, n int, h, o, c reg.Register) {
		v := m.load(c, n)
		g.tanh(v)
		m.mul(v, o)
		m.store(v, h)
	})
}

// sum writes a function of the sum of two vectors, in place of the first.
func (g gates) sum(name, what string, f func(lanes)) {
	TEXT(name+"Vectors"+g.suffix, NOSPLIT, "func(x, y *float32, mask *int32, vectors int)")
	Doc(name + "Vectors" + g.suffix + " does x = " + what + " for whole vectors and a masked one.")
	Pragma("noescape")
	x, y := Load(Param("x"), GP64()), Load(Param("y"), GP64())
	g.sweep(4, []reg.Register{x, y}, func(m mover, n int) {
		v := m.load(x, n)
		m.add(v, y)
		f(v)
		m.store(v, x)
	})
}

// relu takes the sum as the last operand of the maximum, which is the one that
// it returns where that is NaN or -0.
func (g gates) relu() {
	g.sum("relu", "max(x+y, 0)", func(x lanes) {
		zero := g.vector()
		VMOVUPS(g.f(0), zero)
		do(func(v []reg.VecVirtual) { VMAXPS(v[0], zero, v[0]) }, x)
	})
}

// operation writes what makes one vector of three, in place of the first.
func (g gates) operation(name, operands, what string, body func(m mover, n int, a, b, c reg.Register)) {
	TEXT(name+"Vectors"+g.suffix, NOSPLIT, "func("+operands+" *float32, mask *int32, vectors int)")
	Doc(name + "Vectors" + g.suffix + " does " + what + " for whole vectors and a masked one.")
	Pragma("noescape")
	var at []reg.Register
	for _, operand := range strings.Split(operands, ", ") {
		at = append(at, Load(Param(operand), GP64()))
	}
	g.sweep(4, at, func(m mover, n int) { body(m, n, at[0], at[1], at[2]) })
}

// blend does h = v + z*(h-v).
func (m mover) blend(v lanes, z, h reg.Register) {
	w := m.load(h, len(v))
	do(func(v []reg.VecVirtual) { VSUBPS(v[0], v[1], v[1]) }, v, w)
	m.mul(w, z)
	do(func(v []reg.VecVirtual) { VADDPS(v[0], v[1], v[1]) }, v, w)
	m.store(w, h)
}
