// Package oracle is the reference that tests hold the engine against: the same
// mathematics in float64, written for the eye and not for speed, and the
// goldens that other programs made. Nothing but tests may import it.
//
// It shares no code with what it checks: a mistake would have to be made twice.
package oracle

import (
	"fmt"
	"strings"
)

// Net is a recurrent network as nothing but its weights by name; names and
// shapes say which layers it has, of which cells, how wide they are and which
// are bidirectional. Names and layouts are PyTorch's, with the kind of the
// cell in front; its equation tells the order of the rows:
//
//	<cell>.weight_ih_l0[_reverse] [gates*hidden, input]    <cell>.bias_ih_l0[_reverse] [gates*hidden]
//	<cell>.weight_hh_l0[_reverse] [gates*hidden, hidden]   <cell>.bias_hh_l0[_reverse] [gates*hidden]
//	lstm-peephole.weight_peep_l0[_reverse] [3*hidden]      to the gates i, f, o
//	row-conv.weight_l0 [width, context+1]  a layer that sums over frames to come, known context frames late
//	blocks [2]                      frames of a block and of its right context: reverse cells begin there
//	sum_l0                          whatever it holds, the directions of layer 0 are added, not joined
//	head.weight [outputs, width]    head.bias [outputs]; without them the logits are the outputs
//	input.embedding [tokens, width] frames are the numbers of tokens, which are looked up here
//	input.onehot [1]                frames are the numbers of so many tokens, which become 1 among zeros
//	input.mean, input.scale [input] all other frames are normalised; both may be missing
//
// Other names are ignored, so a golden that contains a network is one.
type Net map[string]Array

// Cell is one cell of a net: its tensors are <Kind>.weight_ih_<End> and so on.
type Cell struct {
	Kind   string // gru
	End    string // l0, l0_reverse, l1, ...
	Hidden int    // number of units
}

const reverse = "_reverse"

// Reverse tells whether the cell runs from the end.
func (c Cell) Reverse() bool { return strings.HasSuffix(c.End, reverse) }

func (c Cell) layer() string { return strings.TrimSuffix(c.End, reverse) }

// Cells lists the cells in the order of the rows of PyTorch's hidden state:
// l0, l0_reverse, l1, ...
func (n Net) Cells() (cells []Cell) {
	for layer := 0; ; layer++ {
		found := len(cells)
		for _, suffix := range []string{"", reverse} {
			end := fmt.Sprintf("l%d%s", layer, suffix)
			for kind, blocks := range gates {
				if w, ok := n[kind+".weight_ih_"+end]; ok {
					cells = append(cells, Cell{kind, end, w.Shape[0] / blocks})
				}
			}
		}
		if _, conv := n[fmt.Sprintf("row-conv.weight_l%d", layer)]; !conv && len(cells) == found {
			return cells
		}
	}
}

// Forward takes one sequence x [steps][input] through all layers. h0 holds the
// initial state of each cell in the order of Cells, empty for dense cells; nil
// means zeros, which a memory c begins with in any case. It returns the outputs
// of the top layer [steps][width] and the last state of each cell.
func (n Net) Forward(x, h0 [][]float64) (out, hn [][]float64) {
	states := n.zeros()
	for i, h := range h0 {
		copy(states[i].h, h)
	}
	out = n.run(x, len(x), len(x), states, nil)
	for _, s := range states {
		hn = append(hn, s.h)
	}
	return out, hn
}

// zeros are the states of all cells before anything was heard.
func (n Net) zeros() (states []state) {
	for _, c := range n.Cells() {
		states = append(states, c.zero())
	}
	return states
}

// run takes one sequence x through all layers and returns the outputs of the
// top one. The states of all cells are replaced by the last ones, those of
// forward cells by the ones after keep steps; what lies at length or beyond is
// padding. The outputs of layer i are multiplied by drop[i], if that is there.
func (n Net) run(x [][]float64, length, keep int, states []state, drop [][][]float64) [][]float64 {
	out, cells := n.input(x), n.Cells()
	for layer := 0; ; layer++ {
		name, in := fmt.Sprintf("l%d", layer), out
		if w, ok := n["row-conv.weight_"+name]; ok {
			out = rowConv(w, in)
			continue
		}
		if len(cells) == 0 {
			return out
		}
		for out = nil; len(cells) > 0 && cells[0].layer() == name; cells, states = cells[1:], states[1:] {
			var y [][]float64
			y, states[0] = n.through(cells[0], in, length, keep, states[0])
			switch _, sum := n["sum_"+name]; {
			case out == nil:
				out = y
			case sum:
				out = zip(out, y, add)
			default:
				out = zip(out, y, join)
			}
		}
		if layer < len(drop) && drop[layer] != nil {
			out = zip(out, drop[layer], multiply)
		}
	}
}

// rowConv is a row convolution as a stream has it: step t says what is known of
// the frame context steps before. Before the first frame are zeros.
func rowConv(w Array, x [][]float64) [][]float64 {
	taps := w.Shape[1]
	y := make([][]float64, len(x))
	for t := range x {
		y[t] = each(x[t], func(i int) (sum float64) {
			for j := range taps {
				if at := t - (taps - 1) + j; at >= 0 {
					sum += w.Data[i*taps+j] * x[at][i]
				}
			}
			return sum
		})
	}
	return y
}

// inBlocks is run for a net in blocks: of each block of frames, and those to
// its right, the outputs of the block are kept, and forward cells go on from
// there.
func (n Net) inBlocks(x [][]float64, length int, states []state) [][]float64 {
	block, right := int(n["blocks"].Data[0]), int(n["blocks"].Data[1])
	var out [][]float64
	for first := 0; first < length; first += block {
		keep, end := min(block, length-first), min(first+block+right, length)
		for i, c := range n.Cells() {
			if c.Reverse() {
				states[i] = c.zero()
			}
		}
		out = append(out, n.run(x[first:end], end-first, keep, states, nil)[:keep]...)
	}
	for len(out) < len(x) { // padding
		out = append(out, make([]float64, n.width()))
	}
	return out
}

// width is that of the outputs of the top layer.
func (n Net) width() int { return n["head.weight"].Shape[1] }

// input is what the first layer gets of the frames.
func (n Net) input(x [][]float64) [][]float64 {
	embedding, embedded := n["input.embedding"]
	onehot, encoded := n["input.onehot"]
	mean, normalised := n["input.mean"]
	y := make([][]float64, len(x))
	for t, row := range x {
		switch {
		case embedded:
			y[t] = embedding.Rows()[int(row[0])]
		case encoded:
			y[t] = make([]float64, int(onehot.Data[0]))
			y[t][int(row[0])] = 1
		case normalised:
			for i, v := range row {
				y[t] = append(y[t], (v-mean.Data[i])*n["input.scale"].Data[i])
			}
		default:
			y[t] = row
		}
	}
	return y
}

// Head returns the logits [steps][outputs] of the outputs of the top layer.
func (n Net) Head(out [][]float64) [][]float64 {
	w, ok := n["head.weight"]
	if !ok {
		return out
	}
	logits := make([][]float64, len(out))
	for t, row := range out {
		logits[t] = affine(w, n["head.bias"], row)
	}
	return logits
}

// affine returns w x + b for w [rows, cols].
func affine(w, b Array, x []float64) []float64 {
	if len(w.Shape) != 2 || w.Shape[1] != len(x) || w.Shape[0] != len(b.Data) {
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

// zip combines two sequences frame by frame.
func zip(a, b [][]float64, combine func(a, b []float64) []float64) [][]float64 {
	y := make([][]float64, len(a))
	for t := range a {
		y[t] = combine(a[t], b[t])
	}
	return y
}

func join(a, b []float64) []float64 { return append(append([]float64(nil), a...), b...) }

func add(a, b []float64) []float64 {
	return each(a, func(i int) float64 { return a[i] + b[i] })
}

func multiply(a, b []float64) []float64 {
	return each(a, func(i int) float64 { return a[i] * b[i] })
}

// each returns f of every index of a.
func each(a []float64, f func(i int) float64) []float64 {
	y := make([]float64, len(a))
	for i := range y {
		y[i] = f(i)
	}
	return y
}
