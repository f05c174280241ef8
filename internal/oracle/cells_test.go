package oracle

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

var kinds = slices.Sorted(maps.Keys(gates))

// random adds the tensors of a cell to the net.
func (n Net) random(rng *rand.Rand, kind, end string, input, hidden int) {
	array := func(shape ...int) Array {
		a := Array{Shape: shape, Data: make([]float64, product(shape))}
		for i := range a.Data {
			a.Data[i] = rng.NormFloat64()
		}
		return a
	}
	rows := gates[kind] * hidden
	n[kind+".weight_ih_"+end], n[kind+".bias_ih_"+end] = array(rows, input), array(rows)
	n[kind+".weight_hh_"+end], n[kind+".bias_hh_"+end] = array(rows, hidden), array(rows)
	n[kind+".weight_peep_"+end] = array(3 * hidden)
}

func product(shape []int) int {
	p := 1
	for _, d := range shape {
		p *= d
	}
	return p
}

func randomBatch(rng *rand.Rand, steps, lanes, width int) *Batch {
	b := &Batch{Steps: steps, Lanes: lanes, X: make([]float64, steps*lanes*width)}
	for i := range b.X {
		b.X[i] = rng.NormFloat64()
	}
	return b
}

// outputs are those of a batch through the net.
func outputs(n Net, b *Batch) []float64 {
	_, out, _, _ := n.ForwardBatch(b)
	return out
}

// renamed returns the net with the tensors of one kind of cell under the name
// of another.
func renamed(n Net, from, to string) Net {
	m := Net{}
	for _, what := range []string{"weight_ih", "bias_ih", "weight_hh", "bias_hh"} {
		m[to+"."+what+"_l0"] = n[from+"."+what+"_l0"]
	}
	return m
}

// Cells are special cases of each other.
func TestCellsAreRelated(t *testing.T) {
	const input, hidden = 3, 4
	rng := rand.New(rand.NewPCG(1, 1))
	b := randomBatch(rng, 7, 2, input)
	one := func(kind string) Net {
		n := Net{}
		n.random(rng, kind, "l0", input, hidden)
		return n
	}

	dense := one("rnn")
	clear(dense["rnn.weight_hh_l0"].Data)
	clear(dense["rnn.bias_hh_l0"].Data)
	Close(t, "dense", outputs(renamed(dense, "rnn", "dense"), b), outputs(dense, b), limit)
	relu := renamed(dense, "rnn", "rnn-relu")
	Close(t, "dense-relu", outputs(renamed(relu, "rnn-relu", "dense-relu"), b), outputs(relu, b), limit)

	simple := one("gru-simple")
	for _, kind := range []string{"gru", "gru-before"} {
		open := renamed(simple, "gru-simple", kind)
		for name, a := range open { // a gate r in front that is always open
			block := Array{Shape: slices.Clone(a.Shape), Data: make([]float64, len(a.Data)/2)}
			if name == kind+".bias_ih_l0" {
				for i := range block.Data {
					block.Data[i] = 1000
				}
			}
			block.Shape[0], block.Data = 3*hidden, append(block.Data, a.Data...)
			if name == kind+".weight_ih_l0" || name == kind+".weight_hh_l0" {
				clear(block.Data[:len(a.Data)/2])
			}
			open[name] = block
		}
		Close(t, "gru-simple as "+kind, outputs(simple, b), outputs(open, b), limit)
	}

	blind := one("lstm-peephole")
	clear(blind["lstm-peephole.weight_peep_l0"].Data)
	Close(t, "lstm-peephole", outputs(blind, b), outputs(renamed(blind, "lstm-peephole", "lstm"), b), limit)
}

// A lane with padding answers as its frames alone would, in stacks of two
// layers of every cell; and in the padding as ForwardBatch says.
func TestPaddingChangesNothing(t *testing.T) {
	const steps, input, hidden = 6, 3, 4
	for _, kind := range kinds {
		rng := rand.New(rand.NewPCG(2, 1))
		n, lengths := Net{}, []int{6, 3, 1, 0}
		for _, suffix := range []string{"", reverse} {
			n.random(rng, kind, "l0"+suffix, input, hidden)
			n.random(rng, kind, "l1"+suffix, 2*hidden, hidden)
		}
		b := randomBatch(rng, steps, len(lengths), input)
		b.Lengths = lengths
		_, out, hn, cn := n.ForwardBatch(b)
		for lane, length := range lengths {
			if length == 0 {
				continue
			}
			alone := &Batch{Steps: length, Lanes: 1}
			for _, row := range Lane(b.X, steps, b.Lanes, lane)[:length] {
				alone.X = append(alone.X, row...)
			}
			_, want, lastH, lastC := n.ForwardBatch(alone)
			what := fmt.Sprintf("%s, %d frames", kind, length)
			got := Lane(out, steps, b.Lanes, lane)
			Close(t, what, slices.Concat(got[:length]...), want, 0)
			for i := range lastH {
				if size := len(lastH[i]); size > 0 {
					Close(t, what+": h", hn[i][lane*size:][:size], lastH[i], 0)
				}
				if size := len(lastC[i]); size > 0 {
					Close(t, what+": c", cn[i][lane*size:][:size], lastC[i], 0)
				}
			}
			for _, row := range got[length:] {
				if len(lastH[2]) > 0 {
					Close(t, what+": forward padding", row[:hidden], lastH[2], 0)
					Close(t, what+": reverse padding", row[hidden:], make([]float64, hidden), 0)
				}
			}
		}
	}
}

// A state that is handed on makes one sequence of two, for every cell.
func TestStateIsHandedOn(t *testing.T) {
	for _, kind := range kinds {
		rng := rand.New(rand.NewPCG(3, 1))
		n, b := Net{}, randomBatch(rng, 6, 2, 3)
		n.random(rng, kind, "l0", 3, 4)
		n.random(rng, kind, "l1", 4, 5)
		half := len(b.X) / 2
		first, second := &Batch{Steps: 3, Lanes: 2, X: b.X[:half]}, &Batch{Steps: 3, Lanes: 2, X: b.X[half:]}
		_, out, hn, cn := n.ForwardBatch(first)
		second.H0, second.C0 = hn, cn
		Close(t, kind, append(out, outputs(n, second)...), outputs(n, b), 0)
	}
}

func TestDirectionsAreAdded(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	n, b := Net{}, randomBatch(rng, 5, 2, 3)
	n.random(rng, "lstm", "l0", 3, 4)
	n.random(rng, "lstm", "l0"+reverse, 3, 4)
	var want []float64
	for _, row := range (Array{Shape: []int{10}, Data: outputs(n, b)}).Rows() {
		want = append(want, add(row[:4], row[4:])...)
	}
	n["sum_l0"] = Array{Shape: []int{1}, Data: []float64{0}}
	Close(t, "sum", outputs(n, b), want, 0)
}

// Factors that are the same at every step are as good as other weights in the
// next layer.
func TestDropMultipliesOutputs(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	n, b := Net{}, randomBatch(rng, 5, 2, 3)
	n.random(rng, "gru-before", "l0", 3, 4)
	n.random(rng, "rnn", "l1", 4, 5)
	factors := []float64{0, 2, 0.5, 1}
	b.Drop = [][]float64{nil}
	for range b.Steps * b.Lanes {
		b.Drop[0] = append(b.Drop[0], factors...)
	}
	got := outputs(n, b)
	b.Drop = [][]float64{{}}
	w := n["rnn.weight_ih_l1"]
	for i := range w.Data {
		w.Data[i] *= factors[i%4]
	}
	Close(t, "drop", got, outputs(n, b), limit)
}

// One-hot tokens are an embedding by the identity, and both are frames with a
// single 1.
func TestOneHotIsAnEmbedding(t *testing.T) {
	const tokens = 4
	n, eye := Net{}, identity(tokens)["dense-relu.weight_ih_l0"]
	n.random(rand.New(rand.NewPCG(6, 1)), "lstm", "l0", tokens, 3)
	b := &Batch{Steps: 3, Lanes: 2, X: []float64{0, 3, 1, 1, 2, 0}}
	frames := &Batch{Steps: 3, Lanes: 2}
	for _, v := range b.X {
		frames.X = append(frames.X, eye.Rows()[int(v)]...)
	}
	want := outputs(n, frames)
	n["input.onehot"] = Array{Shape: []int{1}, Data: []float64{tokens}}
	Close(t, "one-hot", outputs(n, b), want, 0)
	delete(n, "input.onehot")
	n["input.embedding"] = eye
	Close(t, "embedding", outputs(n, b), want, 0)
}

func TestCellsOfAMixedNet(t *testing.T) {
	got := Net(Load(t, "torch/cells_mixed")).Cells()
	want := []Cell{{"rnn", "l0", 5}, {"lstm", "l1", 5}, {"gru", "l2", 5}, {"gru", "l2_reverse", 5}}
	if !slices.Equal(got, want) || got[2].Reverse() || !got[3].Reverse() {
		t.Errorf("cells %v instead of %v", got, want)
	}
}
