// Package oracle is the reference that tests hold the engine against: the same
// mathematics in float64, written for the eye and not for speed, and the
// goldens that other programs made. Nothing but tests may import it.
//
// It shares no code with what it checks: a mistake would have to be made twice.
package oracle

import (
	"fmt"
	"math"
	"strings"
)

// Net is a recurrent network as nothing but its weights by name; their shapes
// say how many layers it has, how wide they are and which are bidirectional.
// Names, layouts and the order r, z, n of the rows are PyTorch's:
//
//	gru.weight_ih_l0[_reverse] [3*hidden, input]    gru.bias_ih_l0[_reverse] [3*hidden]
//	gru.weight_hh_l0[_reverse] [3*hidden, hidden]   gru.bias_hh_l0[_reverse] [3*hidden]
//	head.weight [outputs, width]                    head.bias [outputs]
//	input.mean, input.scale [input]                 both may be missing
//
// Other names are ignored, so a golden that contains a network is one.
type Net map[string]Array

const reverse = "_reverse"

// Cells lists the cells in the order of the rows of PyTorch's hidden state, by
// the end of their tensors' names: l0, l0_reverse, l1, ... Hidden is their
// size.
func (n Net) Cells() (ends []string, hidden []int) {
	for layer := 0; ; layer++ {
		found := len(ends)
		for _, suffix := range []string{"", reverse} {
			end := fmt.Sprintf("l%d%s", layer, suffix)
			if w, ok := n["gru.weight_hh_"+end]; ok {
				ends, hidden = append(ends, end), append(hidden, w.Shape[1])
			}
		}
		if len(ends) == found {
			return ends, hidden
		}
	}
}

// Forward takes one sequence x [steps][input] through normalisation and all
// layers. h0 holds the initial state of each cell in the order of Cells; nil
// means zeros. It returns the outputs of the top layer [steps][width] and the
// last state of each cell.
func (n Net) Forward(x, h0 [][]float64) (out, hn [][]float64) {
	out = n.normalise(x)
	ends, hidden := n.Cells()
	for i := 0; i < len(ends); {
		var joined [][]float64
		layer := strings.TrimSuffix(ends[i], reverse)
		for ; i < len(ends) && strings.TrimSuffix(ends[i], reverse) == layer; i++ {
			h := make([]float64, hidden[i])
			if h0 != nil {
				copy(h, h0[i])
			}
			y, last := n.cell(ends[i], out, h)
			joined, hn = beside(joined, y), append(hn, last)
		}
		out = joined
	}
	return out, hn
}

// cell runs one cell over x from the state h; a reverse one from the end.
func (n Net) cell(end string, x [][]float64, h []float64) (y [][]float64, last []float64) {
	y = make([][]float64, len(x))
	wi, bi := n["gru.weight_ih_"+end], n["gru.bias_ih_"+end]
	wh, bh := n["gru.weight_hh_"+end], n["gru.bias_hh_"+end]
	for i := range x {
		t := i
		if strings.HasSuffix(end, reverse) {
			t = len(x) - 1 - i
		}
		h = step(affine(wi, bi, x[t]), affine(wh, bh, h), h)
		y[t] = h
	}
	return y, h
}

// step returns the state after h, with gx = W_i x + b_i and gh = W_h h + b_h
// (Cho et al. 2014, with the reset gate after the product, as PyTorch documents
// nn.GRU):
//
//	r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
//	z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
//	n  = tanh(W_in x + b_in + r*(W_hn h + b_hn))
//	h' = (1-z)*n + z*h
func step(gx, gh, h []float64) []float64 {
	next, size := make([]float64, len(h)), len(h)
	for i := range next {
		r := Sigmoid(gx[i] + gh[i])
		z := Sigmoid(gx[size+i] + gh[size+i])
		c := math.Tanh(gx[2*size+i] + r*gh[2*size+i])
		next[i] = (1-z)*c + z*h[i]
	}
	return next
}

// Head returns the logits [steps][outputs] of the outputs of the top layer.
func (n Net) Head(out [][]float64) [][]float64 {
	logits := make([][]float64, len(out))
	for t, row := range out {
		logits[t] = affine(n["head.weight"], n["head.bias"], row)
	}
	return logits
}

func (n Net) normalise(x [][]float64) [][]float64 {
	mean, ok := n["input.mean"]
	if !ok {
		return x
	}
	y := make([][]float64, len(x))
	for t, row := range x {
		for i, v := range row {
			y[t] = append(y[t], (v-mean.Data[i])*n["input.scale"].Data[i])
		}
	}
	return y
}

// affine returns w x + b for w [rows, cols].
func affine(w, b Array, x []float64) []float64 {
	if w.Shape[1] != len(x) || w.Shape[0] != len(b.Data) {
		panic("oracle: weights do not fit their input")
	}
	y := append([]float64(nil), b.Data...)
	for i := range y {
		row := w.Data[i*len(x):][:len(x)]
		for j, v := range x {
			y[i] += row[j] * v
		}
	}
	return y
}

// beside joins two sequences frame by frame.
func beside(a, b [][]float64) [][]float64 {
	if a == nil {
		return b
	}
	joined := make([][]float64, len(a))
	for t := range a {
		joined[t] = append(append([]float64(nil), a[t]...), b[t]...)
	}
	return joined
}

// Sigmoid returns 1/(1+e**-x).
func Sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
