package main

import (
	"math"
	"math/rand/v2"
)

// cell is one direction of a GRU layer as PyTorch lays it out: rows in the
// order r, z, n.
type cell struct {
	input, hidden int
	wi            []float32 // [3*hidden × input]
	wh            []float32 // [3*hidden × hidden]
	bi, bh        []float32 // [3*hidden]
}

// newCell draws a cell as PyTorch would initialise it.
func newCell(input, hidden int, seed uint64) *cell {
	random := rand.New(rand.NewPCG(seed, 0))
	reach := 1 / math.Sqrt(float64(hidden))
	draw := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32((2*random.Float64() - 1) * reach)
		}
		return v
	}
	return &cell{input: input, hidden: hidden, wi: draw(3 * hidden * input), wh: draw(3 * hidden * hidden),
		bi: draw(3 * hidden), bh: draw(3 * hidden)}
}

// weightBytes is what a step has to read.
func (c *cell) weightBytes() int { return 4 * (len(c.wi) + len(c.wh)) }

// flops of one step, counting its two matrix products only.
func (c *cell) flops() float64 { return 2 * float64(len(c.wi)+len(c.wh)) }

// normal draws n values of mean 0 and variance 1.
func normal(n int, seed uint64) []float32 {
	random := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(random.NormFloat64())
	}
	return v
}

// reference is the hidden states [frames × hidden] that follow the frames, in
// float64 and from a state of zeros.
func (c *cell) reference(frames []float32) []float64 {
	var all []float64
	h := make([]float64, c.hidden)
	for ; len(frames) > 0; frames = frames[c.input:] {
		h = c.referenceStep(widen(frames[:c.input]), h)
		all = append(all, h...)
	}
	return all
}

// referenceStep is the equations of the GRU whose reset gate comes after the
// product, one unit after the other.
func (c *cell) referenceStep(x, h []float64) []float64 {
	n := c.hidden
	fromInput := func(row int) float64 { return line(c.wi, c.bi, row, x) }
	fromState := func(row int) float64 { return line(c.wh, c.bh, row, h) }
	next := make([]float64, n)
	for i := range next {
		r := logistic(fromInput(i) + fromState(i))
		z := logistic(fromInput(n+i) + fromState(n+i))
		candidate := math.Tanh(fromInput(2*n+i) + r*fromState(2*n+i))
		next[i] = (1-z)*candidate + z*h[i]
	}
	return next
}

// referenceBoth is the states of both directions side by side
// [frames × 2*hidden], forward ones first.
func referenceBoth(forward, backward *cell, frames []float32) []float64 {
	in, n := forward.input, forward.hidden
	there, back := forward.reference(frames), backward.reference(turned(frames, in))
	var all []float64
	steps := len(frames) / in
	for t := range steps {
		all = append(all, there[t*n:(t+1)*n]...)
		all = append(all, back[(steps-1-t)*n:(steps-t)*n]...)
	}
	return all
}

// turned is the frames in reverse order.
func turned(frames []float32, input int) []float32 {
	var all []float32
	for end := len(frames); end > 0; end -= input {
		all = append(all, frames[end-input:end]...)
	}
	return all
}

// dense is a layer with the logistic function behind it.
type dense struct {
	outputs, width int
	w, b           []float32 // [outputs × width], [outputs]
}

// reference is the answers [rows × outputs] to the rows of h [rows × width].
func (d dense) reference(h []float64) []float64 {
	var all []float64
	for ; len(h) > 0; h = h[d.width:] {
		for i := range d.outputs {
			all = append(all, logistic(line(d.w, d.b, i, h[:d.width])))
		}
	}
	return all
}

// line is b[row] + w[row]·x.
func line(w, b []float32, row int, x []float64) float64 {
	sum := float64(b[row])
	for i, v := range w[row*len(x) : (row+1)*len(x)] {
		sum += float64(v) * x[i]
	}
	return sum
}

func logistic(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

func widen(x []float32) []float64 {
	wide := make([]float64, len(x))
	for i, v := range x {
		wide[i] = float64(v)
	}
	return wide
}

// referenceProduct is a [m×k] times b [k×n], in float64.
func referenceProduct(a, b []float32, m, n, k int) []float64 {
	c := make([]float64, m*n)
	for i := range m {
		row := c[i*n : (i+1)*n]
		for l := range k {
			scale := float64(a[i*k+l])
			for j, v := range b[l*n : (l+1)*n] {
				row[j] += scale * float64(v)
			}
		}
	}
	return c
}
