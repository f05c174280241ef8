package models_test

import (
	"encoding/binary"
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
	a := models.Arch{Input: n["gru.weight_ih_l0"].Shape[1], Outputs: n["head.bias"].Shape[0], Head: models.SigmoidHead}
	ends, hidden := n.Cells()
	for i, end := range ends {
		if strings.HasSuffix(end, "_reverse") {
			a.Layers[len(a.Layers)-1].Bidirectional = true
		} else {
			a.Layers = append(a.Layers, models.Layer{Cell: models.GRU, Hidden: hidden[i]})
		}
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

func TestForwardAgreesWithTorch(t *testing.T) {
	for _, name := range []string{"gru_100steps", "gru_bi_100steps", "gru_1layer", "gru_2layer", "gru_bi", "gru_bi2"} {
		g := oracle.Load(t, "torch/"+name)
		m, inner := modelOf(t, archOf(g), g), modelOf(t, archOf(bare(g)), bare(g))
		x := g["x"]
		steps, lanes := x.Shape[0], x.Shape[1]
		for lane := range lanes {
			in := oracle.Lane(x.Data, steps, lanes, lane)
			prob, out := answers(t, m.NewState(), in), logits(answers(t, inner.NewState(), in))
			for _, by := range []string{"f32.", "f64."} {
				what := fmt.Sprintf("%s, lane %d, %s", name, lane, by)
				oracle.Close(t, what+"prob", prob, concat(oracle.Lane(g[by+"prob"].Data, steps, lanes, lane)), forwardLimit)
				oracle.Close(t, what+"out", out, concat(oracle.Lane(g[by+"out"].Data, steps, lanes, lane)), forwardLimit)
			}
		}
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

// A state that begins with given numbers, through a snapshot that holds them.
func TestInitialStateAgreesWithTorch(t *testing.T) {
	g := oracle.Load(t, "torch/gru_initial")
	m := modelOf(t, archOf(g), g)
	steps, lanes := g["x"].Shape[0], g["x"].Shape[1]
	for lane := range lanes {
		var h0 [][]float64
		for _, row := range g["h0"].Rows() {
			h0 = append(h0, row[lane*len(row)/lanes:][:len(row)/lanes])
		}
		s := m.NewState()
		if err := s.UnmarshalBinary(snapshotWith(t, m, h0)); err != nil {
			t.Fatal(err)
		}
		got := answers(t, s, oracle.Lane(g["x"].Data, steps, lanes, lane))
		want := concat(oracle.Lane(g["f64.prob"].Data, steps, lanes, lane))
		oracle.Close(t, fmt.Sprintf("lane %d", lane), got, want, forwardLimit)
	}
}

// snapshotWith returns the snapshot of a causal state whose layers hold h. A
// snapshot ends with the hidden vectors and with two empty lists, each with
// its length in front.
func snapshotWith(t *testing.T, m *models.Model, h [][]float64) []byte {
	t.Helper()
	b, err := m.NewState().AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	at := len(b) - 2*4
	for _, row := range h {
		at -= 4 + 4*len(row)
	}
	for _, row := range h {
		if at < 0 || binary.LittleEndian.Uint32(b[at:]) != uint32(len(row)) {
			t.Fatalf("no hidden vector of %d values at byte %d of the snapshot", len(row), at)
		}
		at += 4
		for _, v := range row {
			binary.LittleEndian.PutUint32(b[at:], math.Float32bits(float32(v)))
			at += 4
		}
	}
	return b
}

// Stacks of every kind, layers of different widths and both directions mixed,
// with weights larger than PyTorch's usual ones, against float64.
func TestForwardAgreesWithFloat64(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 1))
		n := randomNet(rng, 1+rng.IntN(8), 1+rng.IntN(3))
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
		inner := bare(n)
		got := logits(answers(t, modelOf(t, archOf(inner), inner).NewState(), x))
		oracle.Close(t, what+": out", got, concat(out), forwardLimit)
	}
}

// randomNet returns a network with weights that are float32 numbers.
func randomNet(rng *rand.Rand, input, layers int) oracle.Net {
	n := oracle.Net{"input.mean": randomArray(rng, 1, input), "input.scale": randomArray(rng, 1, input)}
	width := input
	for layer := range layers {
		hidden, next := 1+rng.IntN(24), 0
		for _, suffix := range []string{"", "_reverse"}[:1+rng.IntN(2)] {
			end, bound := fmt.Sprintf("_l%d%s", layer, suffix), 1.5/math.Sqrt(float64(hidden))
			n["gru.weight_ih"+end] = randomArray(rng, bound, 3*hidden, width)
			n["gru.weight_hh"+end] = randomArray(rng, bound, 3*hidden, hidden)
			n["gru.bias_ih"+end] = randomArray(rng, bound, 3*hidden)
			n["gru.bias_hh"+end] = randomArray(rng, bound, 3*hidden)
			next += hidden
		}
		width = next
	}
	outputs := 1 + rng.IntN(3)
	n["head.weight"], n["head.bias"] = randomArray(rng, 1/math.Sqrt(float64(width)), outputs, width), randomArray(rng, 1, outputs)
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
