package oracle

import (
	"fmt"
	"math"
)

// gates says how many blocks of rows, one block a gate, the weights of each
// kind of cell have.
var gates = map[string]int{
	"rnn": 1, "rnn-relu": 1, "dense": 1, "dense-relu": 1,
	"gru-simple": 2, "gru-before": 3, "gru": 3,
	"lstm": 4, "lstm-peephole": 4,
}

// state is what a cell carries from step to step: its output h and, in the
// LSTMs, a memory c. Dense cells carry nothing. A state is never changed, only
// followed by another.
type state struct{ h, c []float64 }

// zero is the state before anything was heard.
func (c Cell) zero() state {
	switch c.Kind {
	case "dense", "dense-relu":
		return state{}
	case "lstm", "lstm-peephole":
		return state{make([]float64, c.Hidden), make([]float64, c.Hidden)}
	}
	return state{h: make([]float64, c.Hidden)}
}

// through runs one cell over x from the state s; a reverse one from the end.
// The last state of a forward one is that after keep steps. A step of the
// padding leaves the state as it was. What a dense cell, which
// has no state, makes of the padding is as good as anything.
func (n Net) through(c Cell, x [][]float64, length, keep int, s state) (y [][]float64, last state) {
	last = s
	y = make([][]float64, len(x))
	for i := range x {
		t := i
		if c.Reverse() {
			t = len(x) - 1 - i
		}
		switch c.Kind {
		case "dense":
			y[t] = activate(math.Tanh, n.of(c, "ih", x[t]))
		case "dense-relu":
			y[t] = activate(relu, n.of(c, "ih", x[t]))
		default:
			if t < length {
				s = n.step(c, x[t], s)
			}
			y[t] = s.h
		}
		if c.Reverse() || i < keep {
			last = s
		}
	}
	return y, last
}

// of is the product of the cell's weights with a vector, and their bias.
func (n Net) of(c Cell, what string, x []float64) []float64 {
	return affine(n[c.Kind+".weight_"+what+"_"+c.End], n[c.Kind+".bias_"+what+"_"+c.End], x)
}

// step returns the state that follows s once the cell has heard x.
func (n Net) step(c Cell, x []float64, s state) state {
	gx, gh := n.of(c, "ih", x), n.of(c, "hh", s.h)
	switch c.Kind {
	case "rnn":
		return state{h: activate(math.Tanh, add(gx, gh))}
	case "rnn-relu":
		return state{h: activate(relu, add(gx, gh))}
	case "gru-simple":
		return state{h: gruSimple(gx, gh, s.h)}
	case "gru-before":
		return state{h: gruBefore(gx, gh, s.h, func(v []float64) []float64 { return n.of(c, "hh", v) })}
	case "gru":
		return state{h: gru(gx, gh, s.h)}
	case "lstm":
		return lstm(gx, gh, make([]float64, 3*c.Hidden), s)
	case "lstm-peephole":
		return lstm(gx, gh, n[c.Kind+".weight_peep_"+c.End].Data, s)
	}
	panic(fmt.Sprintf("oracle: unknown cell %q", c.Kind))
}

// In the equations below gx = W_i x + b_i and gh = W_h h + b_h.

// gru is the cell of Cho et al. (2014) with the reset gate after the product,
// as PyTorch documents nn.GRU:
//
//	r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
//	z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
//	n  = tanh(W_in x + b_in + r*(W_hn h + b_hn))
//	h' = (1-z)*n + z*h
func gru(gx, gh, h []float64) []float64 {
	size := len(h)
	return each(h, func(i int) float64 {
		r := Sigmoid(gx[i] + gh[i])
		z := Sigmoid(gx[size+i] + gh[size+i])
		n := math.Tanh(gx[2*size+i] + r*gh[2*size+i])
		return (1-z)*n + z*h[i]
	})
}

// gruBefore is the same with the reset gate before the product, as in the
// paper; ONNX calls it linear_before_reset = 0. hh is the function W_h v + b_h.
//
//	n  = tanh(W_in x + b_in + W_hn (r*h) + b_hn)
func gruBefore(gx, gh, h []float64, hh func(v []float64) []float64) []float64 {
	size := len(h)
	v := hh(each(h, func(i int) float64 {
		r := Sigmoid(gx[i] + gh[i])
		return r * h[i]
	}))
	return each(h, func(i int) float64 {
		z := Sigmoid(gx[size+i] + gh[size+i])
		n := math.Tanh(gx[2*size+i] + v[2*size+i])
		return (1-z)*n + z*h[i]
	})
}

// gruSimple has no reset gate.
//
//	z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
//	n  = tanh(W_in x + b_in + W_hn h + b_hn)
//	h' = (1-z)*n + z*h
func gruSimple(gx, gh, h []float64) []float64 {
	size := len(h)
	return each(h, func(i int) float64 {
		z := Sigmoid(gx[i] + gh[i])
		n := math.Tanh(gx[size+i] + gh[size+i])
		return (1-z)*n + z*h[i]
	})
}

// lstm is the cell of Gers et al. (2002), whose gates see the memory through
// the weights peep = p_i, p_f, p_o. With zeros there it is that of Hochreiter
// and Schmidhuber with a forget gate, as PyTorch documents nn.LSTM:
//
//	i  = sigmoid(W_ii x + b_ii + W_hi h + b_hi + p_i*c)
//	f  = sigmoid(W_if x + b_if + W_hf h + b_hf + p_f*c)
//	g  = tanh(W_ig x + b_ig + W_hg h + b_hg)
//	c' = f*c + i*g
//	o  = sigmoid(W_io x + b_io + W_ho h + b_ho + p_o*c')
//	h' = o*tanh(c')
func lstm(gx, gh, peep []float64, s state) state {
	size := len(s.h)
	c := each(s.c, func(j int) float64 {
		i := Sigmoid(gx[j] + gh[j] + peep[j]*s.c[j])
		f := Sigmoid(gx[size+j] + gh[size+j] + peep[size+j]*s.c[j])
		g := math.Tanh(gx[2*size+j] + gh[2*size+j])
		return f*s.c[j] + i*g
	})
	h := each(s.h, func(j int) float64 {
		o := Sigmoid(gx[3*size+j] + gh[3*size+j] + peep[2*size+j]*c[j])
		return o * math.Tanh(c[j])
	})
	return state{h, c}
}

func activate(g func(float64) float64, a []float64) []float64 {
	return each(a, func(i int) float64 { return g(a[i]) })
}

func relu(x float64) float64 { return max(x, 0) }

// Sigmoid returns 1/(1+e**-x).
func Sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
