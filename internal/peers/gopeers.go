package main

import (
	"math"

	"github.com/tphakala/simd/f32"
	"github.com/viterin/vek/vek32"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// goLayer is a GRU layer made of what a Go library offers: each product is one
// call or one loop of calls, and the gates follow.
type goLayer struct {
	*cell
	h, gx, gh []float32                             // [hidden], [3*hidden], [3*hidden]
	affine    func(y, w, b, x []float32)            // y = b + w x
	gates     func(h, gx, gh []float32, hidden int) // h = the next state
}

func (l *goLayer) step(frame []float32) {
	l.affine(l.gx, l.wi, l.bi, frame)
	l.affine(l.gh, l.wh, l.bh, l.h)
	l.gates(l.h, l.gx, l.gh, l.hidden)
}

func (l *goLayer) answer() []float32 { return l.h }

// sequence takes a recording and writes the hidden states to y
// [frames × hidden].
func (l *goLayer) sequence(y, frames []float32) {
	clear(l.h)
	for ; len(frames) > 0; y, frames = y[l.hidden:], frames[l.input:] {
		l.step(frames[:l.input])
		copy(y, l.h)
	}
}

func newGoLayer(c *cell, affine func(y, w, b, x []float32), gates func(h, gx, gh []float32, hidden int)) *goLayer {
	return &goLayer{cell: c, h: make([]float32, c.hidden), gx: make([]float32, 3*c.hidden), gh: make([]float32, 3*c.hidden),
		affine: affine, gates: gates}
}

func gonumAffine(y, w, b, x []float32) {
	copy(y, b)
	blas32.Gemv(blas.NoTrans, 1, blas32.General{Rows: len(y), Cols: len(x), Stride: len(x), Data: w},
		blas32.Vector{N: len(x), Inc: 1, Data: x}, 1, blas32.Vector{N: len(y), Inc: 1, Data: y})
}

func vekAffine(y, w, b, x []float32) {
	for i := range y {
		y[i] = b[i] + vek32.Dot(w[i*len(x):(i+1)*len(x)], x)
	}
}

func tphakalaAffine(y, w, b, x []float32) {
	f32.DotProductStrided(y, w, x, len(y), len(x), len(x))
	f32.Add(y, y, b)
}

func plainAffine(y, w, b, x []float32) {
	for i := range y {
		sum := b[i]
		for j, v := range w[i*len(x) : (i+1)*len(x)] {
			sum += v * x[j]
		}
		y[i] = sum
	}
}

// plainGates uses the standard library, for peers that have no such functions.
func plainGates(h, gx, gh []float32, hidden int) {
	for i := range h {
		r := plainSigmoid(gx[i] + gh[i])
		z := plainSigmoid(gx[hidden+i] + gh[hidden+i])
		n := float32(math.Tanh(float64(gx[2*hidden+i] + r*gh[2*hidden+i])))
		h[i] = n + z*(h[i]-n)
	}
}

func plainSigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }

// tphakalaGates overwrites gx.
func tphakalaGates(h, gx, gh []float32, hidden int) {
	both, n := gx[:2*hidden], gx[2*hidden:]
	f32.Add(both, both, gh[:2*hidden])
	f32.SigmoidInPlace(both)
	r, z := both[:hidden], both[hidden:]
	f32.FMA(n, r, gh[2*hidden:], n)
	f32.TanhInPlace(n)
	f32.Sub(h, h, n)
	f32.FMA(h, z, h, n)
}

func newGonum(c *cell) *goLayer    { return newGoLayer(c, gonumAffine, plainGates) }
func newVek(c *cell) *goLayer      { return newGoLayer(c, vekAffine, plainGates) }
func newTphakala(c *cell) *goLayer { return newGoLayer(c, tphakalaAffine, tphakalaGates) }
func newPlain(c *cell) *goLayer    { return newGoLayer(c, plainAffine, plainGates) }
