package oracle

import (
	"math"
	"strings"
	"testing"
)

// limit holds between two float64 computations of the same thing.
const limit = 1e-13

var (
	forwardOnly  = []string{"gru_100steps", "gru_bi_100steps"}
	withGradient = []string{"gru_1layer", "gru_2layer", "gru_bi", "gru_bi2", "gru_initial", "gru_bi_initial"}
)

// batchOf makes a Batch of the arrays of a golden whose names end in suffix.
func batchOf(g map[string]Array, suffix string) *Batch {
	x := g["x"+suffix]
	b := &Batch{Steps: x.Shape[0], Lanes: x.Shape[1], X: x.Data,
		Y: g["y"+suffix].Data, Mask: g["mask"+suffix].Data}
	if h0, ok := g["h0"]; ok {
		b.H0 = h0.Rows()
	}
	return b
}

func TestForwardAgreesWithTorch(t *testing.T) {
	for _, name := range append(forwardOnly, withGradient...) {
		g := Load(t, "torch/"+name)
		logits, out, hn := Net(g).ForwardBatch(batchOf(g, ""))
		for i, v := range logits {
			logits[i] = Sigmoid(v)
		}
		Close(t, name+": out", out, g["f64.out"].Data, limit)
		Close(t, name+": prob", logits, g["f64.prob"].Data, limit)
		for i, row := range g["f64.hn"].Rows() {
			Close(t, name+": hn", hn[i], row, limit)
		}
	}
}

func TestLossAgreesWithTorch(t *testing.T) {
	for _, name := range withGradient {
		g := Load(t, "torch/"+name)
		Close(t, name, []float64{Net(g).Loss(batchOf(g, ""))}, g["f64.loss"].Data, limit)
	}
}

// The difference quotient of the oracle's loss must be the gradient that
// PyTorch gets by going backwards, for every weight, the input and the initial
// state.
func TestGradientAgreesWithTorch(t *testing.T) {
	for _, name := range []string{"gru_1layer", "gru_2layer", "gru_bi_initial"} {
		g := Load(t, "torch/"+name)
		b := batchOf(g, "")
		if got := compareGradients(t, name, g, "f64.grad.", b); got < 7 {
			t.Errorf("%s: only %d gradients compared", name, got)
		}
	}
}

// In a truncated window the carried state is a constant.
func TestTruncatedGradientAgreesWithTorch(t *testing.T) {
	g := Load(t, "torch/gru_truncated")
	first := batchOf(g, "1")
	_, _, hn := Net(g).ForwardBatch(first)
	const restart = 1
	for i, h := range hn {
		Close(t, "carried state", h, g["f64.h1"].Rows()[i], limit)
		size := len(h) / first.Lanes
		clear(h[restart*size:][:size])
	}
	second := batchOf(g, "2")
	second.H0 = hn
	Close(t, "second loss", []float64{Net(g).Loss(second)}, g["f64.loss2"].Data, limit)
	if got := compareGradients(t, "second window", g, "f64.grad2.", second); got != 10 {
		t.Errorf("%d gradients compared instead of 10", got)
	}
}

// compareGradients checks every array of g that begins with prefix against
// finite differences and returns how many there were.
func compareGradients(t *testing.T, what string, g map[string]Array, prefix string, b *Batch) (compared int) {
	loss := func() float64 { return Net(g).Loss(b) }
	for name, want := range g {
		if of, ok := strings.CutPrefix(name, prefix); ok {
			Close(t, what+": "+of, Gradient(loss, g[of].Data, 1e-5), want.Data, 1e-9)
			compared++
		}
	}
	return compared
}

func TestGradientOfAPolynomial(t *testing.T) {
	x := []float64{1, -2, 0.5}
	f := func() float64 { return x[0]*x[0]*x[1] + 3*x[2] }
	Close(t, "gradient", Gradient(f, x, 1e-4), []float64{-4, 1, 3}, 1e-10)
	Close(t, "x afterwards", x, []float64{1, -2, 0.5}, 0)
}

func TestBCEIsTheDefinition(t *testing.T) {
	for _, v := range []float64{-5, -0.3, 0, 2, 7} {
		for _, y := range []float64{0, 0.25, 1} {
			p := Sigmoid(v)
			want := -y*math.Log(p) - (1-y)*math.Log(1-p)
			Close(t, "bce", []float64{BCE(v, y)}, []float64{want}, 1e-12)
		}
	}
	if got := BCE(-1000, 1); got != 1000 {
		t.Errorf("far from the answer: %g instead of 1000", got)
	}
}
