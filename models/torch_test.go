package models_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/internal/oracle"
	"github.com/streamer-audio/streamer/models"
)

// forwardLimit is how far probabilities and hidden states may be from PyTorch's
// and from the true ones.
const forwardLimit = 2e-6

// archOf reads the architecture off the weights.
func archOf(n oracle.Net) models.Arch {
	cells := n.Cells()
	a := models.Arch{Input: n[cells[0].Kind+".weight_ih_l0"].Shape[1], Outputs: n["head.bias"].Shape[0], Head: models.SigmoidHead}
	if table, ok := n["input.embedding"]; ok {
		a.Encoding, a.Tokens, a.Head = models.Embedding, table.Shape[0], models.SoftmaxHead
	}
	for _, c := range cells {
		if c.Reverse() {
			_, sum := n[strings.TrimSuffix("sum_"+c.End, "_reverse")]
			a.Layers[len(a.Layers)-1].Bidirectional, a.Layers[len(a.Layers)-1].Sum = true, sum
		} else {
			a.Layers = append(a.Layers, models.Layer{Cell: c.Kind, Hidden: c.Hidden})
		}
	}
	if w, ok := n["row-conv.weight_l1"]; ok {
		a.Layers = append(a.Layers, models.Layer{Cell: models.RowConv, Hidden: w.Shape[0], Context: w.Shape[1] - 1})
	}
	if b, ok := n["blocks"]; ok {
		a.Block, a.Right = int(b.Data[0]), int(b.Data[1])
	}
	return a
}

func modelOf(t *testing.T, a models.Arch, n oracle.Net) *models.Model {
	t.Helper()
	var tensors []models.Tensor
	for _, s := range a.Shapes() {
		tensors = append(tensors, models.Tensor{Name: s.Name, Shape: s.Shape, Data: n[s.Name].Float32()})
	}
	m, err := models.New(a, models.Info{Name: "golden"}, tensors)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// bare returns the network with the identity for a head, so that the answers
// are the sigmoids of the outputs of its top layer.
func bare(n oracle.Net) oracle.Net {
	width := n["head.weight"].Shape[1]
	weight := make([]float64, width*width)
	for i := range width {
		weight[i*width+i] = 1
	}
	b := oracle.Net{}
	for name, a := range n {
		b[name] = a
	}
	b["head.weight"] = oracle.Array{Shape: []int{width, width}, Data: weight}
	b["head.bias"] = oracle.Array{Shape: []int{width}, Data: make([]float64, width)}
	return b
}

// answers pushes a sequence and returns all answers, one after the other.
func answers(t *testing.T, s *models.State, x [][]float64) []float32 {
	t.Helper()
	for _, row := range x {
		s.Push(oracle.Array{Data: row}.Float32())
	}
	s.Flush()
	var all []float32
	for out := make([]float32, s.Model().Arch().Outputs); s.Next(out); {
		all = append(all, out...)
	}
	return all
}

// logits undoes the sigmoid.
func logits(p []float32) []float64 {
	x := make([]float64, len(p))
	for i, v := range p {
		x[i] = math.Log(float64(v)) - math.Log1p(-float64(v))
	}
	return x
}

// concat puts a sequence into one slice.
func concat(x [][]float64) (all []float64) {
	for _, row := range x {
		all = append(all, row...)
	}
	return all
}

// forwardGoldens are whole sequences from a state of zeros, by PyTorch and, for
// the cells that it lacks, by ONNX Runtime.
var forwardGoldens = []string{"torch/gru_100steps", "torch/gru_bi_100steps", "torch/gru_1layer", "torch/gru_2layer", "torch/gru_bi", "torch/gru_bi2",
	"torch/cells_rnn_1layer", "torch/cells_rnn_2layer", "torch/cells_rnn_bi", "torch/cells_rnn_bi2",
	"torch/cells_rnn-relu_1layer", "torch/cells_rnn-relu_2layer", "torch/cells_rnn-relu_bi", "torch/cells_rnn-relu_bi2",
	"torch/cells_lstm_1layer", "torch/cells_lstm_2layer", "torch/cells_lstm_bi", "torch/cells_lstm_bi2", "torch/cells_lstm_100steps",
	"torch/cells_mixed", "torch/cells_lstm_padded", "torch/cells_lstm_bi_padded",
	"onnx/cells_gru-before_1layer", "onnx/cells_gru-before_bi", "onnx/cells_lstm_1layer", "onnx/cells_lstm_bi",
	"onnx/cells_lstm-peephole_1layer", "onnx/cells_lstm-peephole_bi"}

func TestForwardAgreesWithOriginals(t *testing.T) {
	for _, name := range forwardGoldens {
		g := oracle.Load(t, name)
		m, inner := modelOf(t, archOf(g), g), modelOf(t, archOf(bare(g)), bare(g))
		x := g["x"]
		steps, lanes := x.Shape[0], x.Shape[1]
		for lane := range lanes {
			length := steps
			if lengths, ok := g["lengths"]; ok {
				length = int(lengths.Data[lane])
			}
			in := oracle.Lane(x.Data, steps, lanes, lane)[:length]
			prob, out := answers(t, m.NewState(), in), logits(answers(t, inner.NewState(), in))
			for _, by := range []string{"f32.", "f64."} {
				if _, ok := g[by+"out"]; !ok && strings.HasPrefix(name, "onnx/") {
					continue // ONNX Runtime has float32 only
				}
				what := fmt.Sprintf("%s, lane %d, %s", name, lane, by)
				oracle.Close(t, what+"prob", prob, concat(oracle.Lane(g[by+"prob"].Data, steps, lanes, lane)[:length]), forwardLimit)
				if strings.Contains(name, "relu") {
					continue // its outputs are not within the reach of a sigmoid that is undone
				}
				oracle.Close(t, what+"out", out, concat(oracle.Lane(g[by+"out"].Data, steps, lanes, lane)[:length]), forwardLimit)
			}
		}
	}
}

// Tokens through an embedding, with a softmax.
func TestTokensAgreeWithTorch(t *testing.T) {
	g := oracle.Load(t, "torch/cells_lstm_tokens")
	m := modelOf(t, archOf(g), g)
	steps, lanes := g["x"].Shape[0], g["x"].Shape[1]
	for lane := range lanes {
		got := answers(t, m.NewState(), oracle.Lane(g["x"].Data, steps, lanes, lane))
		oracle.Close(t, fmt.Sprintf("lane %d", lane), got, concat(oracle.Lane(g["f64.prob"].Data, steps, lanes, lane)), forwardLimit)
	}
}

// A state that is kept between two windows, and one that is reset.
func TestCarriedStateAgreesWithTorch(t *testing.T) {
	const restart = 1
	g := oracle.Load(t, "torch/gru_truncated")
	m := modelOf(t, archOf(g), g)
	steps, lanes := g["x1"].Shape[0], g["x1"].Shape[1]
	for lane := range lanes {
		s := m.NewState()
		for _, window := range []string{"1", "2"} {
			if window == "2" && lane == restart {
				s.Reset()
			}
			got := answers(t, s, oracle.Lane(g["x"+window].Data, steps, lanes, lane))
			want := concat(oracle.Lane(g["f64.prob"+window].Data, steps, lanes, lane))
			oracle.Close(t, fmt.Sprintf("window %s, lane %d", window, lane), got, want, forwardLimit)
		}
	}
}

// A state that begins with given numbers, and the memory that it ends with.
func TestInitialStateAgreesWithOriginals(t *testing.T) {
	for _, name := range []string{"torch/gru_initial", "torch/cells_rnn_initial", "torch/cells_rnn-relu_initial", "torch/cells_lstm_initial",
		"onnx/cells_gru-before_initial", "onnx/cells_lstm_initial", "onnx/cells_lstm-peephole_initial"} {
		g := oracle.Load(t, name)
		by := "f64."
		if strings.HasPrefix(name, "onnx/") {
			by = "f32."
		}
		m := modelOf(t, archOf(g), g)
		steps, lanes := g["x"].Shape[0], g["x"].Shape[1]
		for lane := range lanes {
			s := m.NewState()
			s.SetMemory(memoryOf(g, "h0", "c0", lane, lanes))
			got := answers(t, s, oracle.Lane(g["x"].Data, steps, lanes, lane))
			want := concat(oracle.Lane(g[by+"prob"].Data, steps, lanes, lane))
			oracle.Close(t, fmt.Sprintf("%s, lane %d", name, lane), got, want, forwardLimit)
			last := oracle.NewArray(nil, memoryOf(g, by+"hn", by+"cn", lane, lanes)).Data
			oracle.Close(t, fmt.Sprintf("%s, lane %d: memory", name, lane), s.AppendMemory(nil), last, forwardLimit)
		}
	}
}

// memoryOf is a lane of PyTorch's states as State.SetMemory wants it.
func memoryOf(g map[string]oracle.Array, h, c string, lane, lanes int) (memory []float32) {
	for layer := range g[h].Shape[0] {
		for _, name := range []string{h, c} {
			if a, ok := g[name]; ok {
				row := a.Float32()[layer*len(a.Data)/a.Shape[0]:][:len(a.Data)/a.Shape[0]]
				memory = append(memory, row[lane*len(row)/lanes:][:len(row)/lanes]...)
			}
		}
	}
	return memory
}

// Stacks of every kind, cells and widths and directions mixed, with weights
// larger than PyTorch's usual ones, against float64.
func TestForwardAgreesWithFloat64(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := randomNet(rng, models.CellNames()[int(seed)%len(models.CellNames())], 1+rng.IntN(8), 1+rng.IntN(3))
		x := make([][]float64, 100)
		for i := range x {
			x[i] = randomArray(rng, 2, n["input.mean"].Shape[0]).Data
		}
		out, _ := n.Forward(x, nil)
		want := concat(n.Head(out))
		for i, v := range want {
			want[i] = oracle.Sigmoid(v)
		}
		a := archOf(n)
		what := fmt.Sprintf("seed %d, layers %v", seed, a.Layers)
		oracle.Close(t, what+": prob", answers(t, modelOf(t, a, n).NewState(), x), want, forwardLimit)
	}
}

// randomNet returns a network with weights that are float32 numbers, its first
// layer of the given cell.
func randomNet(rng *rand.Rand, cell string, input, layers int) oracle.Net {
	a := models.Arch{Input: input, Outputs: 1 + rng.IntN(3), Head: models.SigmoidHead}
	for i := range layers {
		if i > 0 {
			cell = models.CellNames()[rng.IntN(len(models.CellNames()))]
		}
		l := models.Layer{Cell: cell, Hidden: 1 + rng.IntN(24)}
		if models.CellNamed(cell).Memory > 0 && rng.IntN(2) == 0 {
			l.Bidirectional, l.Sum = true, rng.IntN(2) == 0
		}
		a.Layers = append(a.Layers, l)
	}
	n := oracle.Net{}
	for _, t := range a.Shapes() {
		size := 1.5 / math.Sqrt(float64(t.Shape[0])/3)
		switch {
		case strings.HasPrefix(t.Name, "input."):
			size = 1
		case strings.HasPrefix(t.Name, "head.weight"):
			size = 1 / math.Sqrt(float64(t.Shape[1]))
		case strings.Contains(t.Name, "relu"):
			size /= 4 // what is not bounded must not grow from step to step
		}
		n[t.Name] = randomArray(rng, size, t.Shape...)
	}
	for i, l := range a.Layers {
		if l.Sum {
			n[fmt.Sprintf("sum_l%d", i)] = oracle.Array{}
		}
	}
	return n
}

// randomArray is uniform within ±bound.
func randomArray(rng *rand.Rand, bound float64, shape ...int) oracle.Array {
	count := 1
	for _, d := range shape {
		count *= d
	}
	data := make([]float32, count)
	for i := range data {
		data[i] = float32((2*rng.Float64() - 1) * bound)
	}
	return oracle.NewArray(shape, data)
}

// Frames whose row of frames to come is not whole are not compared: there
// PyTorch hears zeros, and a State its last frame.
func TestLateAnswersAgreeWithTorch(t *testing.T) {
	for _, name := range []string{"row_conv", "blocks", "blocks_long_right"} {
		n := oracle.Load(t, "torch/"+name)
		steps, lanes := n["x"].Shape[0], n["x"].Shape[1]
		m := modelOf(t, archOf(n), n)
		whole := steps
		if m.Arch().Block == 0 {
			whole -= m.Lookahead()
		}
		outputs := m.Arch().Outputs
		for lane := range lanes {
			got := answers(t, m.NewState(), oracle.Lane(n["x"].Data, steps, lanes, lane))
			want := concat(oracle.Lane(n["f64.prob"].Data, steps, lanes, lane))
			oracle.Close(t, fmt.Sprintf("%s, lane %d", name, lane), got[:whole*outputs], want[:whole*outputs], forwardLimit)
		}
	}
}
