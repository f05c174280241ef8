package oracle

import (
	"strings"
	"testing"
)

const (
	// limit holds between two float64 computations of the same thing.
	limit = 1e-13
	// limit32 holds between float64 and float32.
	limit32 = 2e-6
)

var (
	forwardOnly  = []string{"gru_100steps", "gru_bi_100steps", "cells_lstm_100steps"}
	withGradient = []string{
		"gru_1layer", "gru_2layer", "gru_bi", "gru_bi2", "gru_initial", "gru_bi_initial",
		"cells_rnn_1layer", "cells_rnn_2layer", "cells_rnn_bi", "cells_rnn_bi2", "cells_rnn_initial",
		"cells_rnn-relu_1layer", "cells_rnn-relu_2layer", "cells_rnn-relu_bi", "cells_rnn-relu_bi2",
		"cells_rnn-relu_initial",
		"cells_lstm_1layer", "cells_lstm_2layer", "cells_lstm_bi", "cells_lstm_bi2", "cells_lstm_initial",
		"cells_lstm_bi_initial", "cells_mixed", "cells_lstm_padded", "cells_lstm_bi_padded",
	}
)

// batchOf makes a Batch of the arrays of a golden whose names end in suffix.
func batchOf(g map[string]Array, suffix string) *Batch {
	x := g["x"+suffix]
	b := &Batch{Steps: x.Shape[0], Lanes: x.Shape[1], X: x.Data,
		Y: g["y"+suffix].Data, Mask: g["mask"+suffix].Data, Lengths: ints(g["lengths"]), Classes: ints(g["classes"])}
	if h0, ok := g["h0"]; ok {
		b.H0 = h0.Rows()
	}
	if c0, ok := g["c0"]; ok {
		b.C0 = c0.Rows()
	}
	return b
}

func ints(a Array) (list []int) {
	for _, v := range a.Data {
		list = append(list, int(v))
	}
	return list
}

// checkForward compares outputs, answers and last states with the arrays of a
// golden that begin with by. What is padding is not compared: others have zeros
// there.
func checkForward(t *testing.T, name string, g map[string]Array, by string,
	answer func(logits []float64) []float64, within float64) {
	t.Helper()
	b := batchOf(g, "")
	logits, out, hn, cn := Net(g).ForwardBatch(b)
	prob := Array{Shape: []int{b.Steps * b.Lanes}, Data: logits}.Rows()
	var got, want [2][]float64
	for lane := range b.Lanes {
		cut := func(data []float64) [][]float64 { return Lane(data, b.Steps, b.Lanes, lane)[:b.length(lane)] }
		for t, row := range cut(out) {
			got[0] = append(got[0], row...)
			got[1] = append(got[1], answer(prob[t*b.Lanes+lane])...)
			want[0] = append(want[0], cut(g[by+"out"].Data)[t]...)
			want[1] = append(want[1], cut(g[by+"prob"].Data)[t]...)
		}
	}
	Close(t, name+": out", got[0], want[0], within)
	Close(t, name+": prob", got[1], want[1], within)
	checkStates(t, name+": hn", hn, g[by+"hn"], within)
	if want, ok := g[by+"cn"]; ok {
		checkStates(t, name+": cn", cn, want, within)
	}
}

// checkStates compares the states of those cells that have one.
func checkStates(t *testing.T, what string, got [][]float64, want Array, within float64) {
	t.Helper()
	rows := want.Rows()
	for _, s := range got {
		if len(s) > 0 && len(rows) > 0 {
			Close(t, what, s, rows[0], within)
			rows = rows[1:]
		}
	}
	if len(rows) > 0 {
		t.Errorf("%s: %d states are missing", what, len(rows))
	}
}

func sigmoids(logits []float64) []float64 { return activate(Sigmoid, logits) }

func TestForwardAgreesWithTorch(t *testing.T) {
	for _, name := range append(forwardOnly, withGradient...) {
		g := Load(t, "torch/"+name)
		checkForward(t, name, g, "f64.", sigmoids, limit)
		checkForward(t, name, g, "f32.", sigmoids, limit32)
	}
}

func TestForwardAgreesWithONNXRuntime(t *testing.T) {
	for _, cell := range []string{"gru-before", "lstm", "lstm-peephole"} {
		for _, shape := range []string{"1layer", "bi", "initial", "bi_initial"} {
			name := "cells_" + cell + "_" + shape
			g := Load(t, "onnx/"+name)
			if got := Net(g).Cells()[0]; got != (Cell{cell, "l0", 5}) {
				t.Fatalf("%s: the first cell is %v", name, got)
			}
			checkForward(t, name, g, "f32.", sigmoids, limit32)
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
	for _, name := range []string{"gru_1layer", "gru_2layer", "gru_bi_initial", "cells_rnn_bi", "cells_rnn-relu_initial",
		"cells_lstm_2layer", "cells_lstm_bi_initial", "cells_mixed", "cells_lstm_padded", "cells_lstm_bi_padded"} {
		g := Load(t, "torch/"+name)
		b := batchOf(g, "")
		if got := compareGradients(t, name, g, "f64.grad.", func() float64 { return Net(g).Loss(b) }); got < 7 {
			t.Errorf("%s: only %d gradients compared", name, got)
		}
	}
}

// In a truncated window the carried state is a constant.
func TestTruncatedGradientAgreesWithTorch(t *testing.T) {
	g := Load(t, "torch/gru_truncated")
	first := batchOf(g, "1")
	_, _, hn, _ := Net(g).ForwardBatch(first)
	const restart = 1
	for i, h := range hn {
		Close(t, "carried state", h, g["f64.h1"].Rows()[i], limit)
		size := len(h) / first.Lanes
		clear(h[restart*size:][:size])
	}
	second := batchOf(g, "2")
	second.H0 = hn
	loss := func() float64 { return Net(g).Loss(second) }
	Close(t, "second loss", []float64{loss()}, g["f64.loss2"].Data, limit)
	if got := compareGradients(t, "second window", g, "f64.grad2.", loss); got != 10 {
		t.Errorf("%d gradients compared instead of 10", got)
	}
}

// Tokens that are looked up, and a softmax over classes that are not always
// there.
func TestTokensAndClassesAgreeWithTorch(t *testing.T) {
	const name = "cells_lstm_tokens"
	g := Load(t, "torch/"+name)
	checkForward(t, name, g, "f64.", Softmax, limit)
	checkForward(t, name, g, "f32.", Softmax, limit32)
	b := batchOf(g, "")
	loss := func() float64 { return Net(g).CrossEntropy(b) }
	Close(t, name, []float64{loss()}, g["f64.loss"].Data, limit)
	if got := compareGradients(t, name, g, "f64.grad.", loss); got != 7 {
		t.Errorf("%d gradients compared instead of 7", got)
	}
}

// compareGradients checks every array of g that begins with prefix against
// finite differences of the loss and returns how many there were.
func compareGradients(t *testing.T, what string, g map[string]Array, prefix string, loss func() float64) (compared int) {
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
