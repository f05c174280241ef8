package oracle

import (
	"fmt"
	"math"
	"testing"
)

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

func TestLogSumExpIsTheDefinition(t *testing.T) {
	x := []float64{-1, 0.5, 2}
	want := math.Log(math.Exp(-1) + math.Exp(0.5) + math.Exp(2))
	Close(t, "near", []float64{LogSumExp(x)}, []float64{want}, 1e-15)
	Close(t, "far", []float64{LogSumExp([]float64{1000, 1000})}, []float64{1000 + math.Ln2}, 0)
	Close(t, "softmax", Softmax([]float64{math.Log(1), math.Log(3)}), []float64{0.25, 0.75}, 1e-15)
}

// A net whose logits are its input: a dense-relu cell with the identity, for
// input that is not negative.
func identity(width int) Net {
	w := Array{Shape: []int{width, width}, Data: make([]float64, width*width)}
	for i := range width {
		w.Data[i*width+i] = 1
	}
	return Net{"dense-relu.weight_ih_l0": w, "dense-relu.bias_ih_l0": {Shape: []int{width}, Data: make([]float64, width)}}
}

// Two steps of two lanes of two values; where there is padding, it is the
// second step of the second lane.
func TestLossesAreTheDefinition(t *testing.T) {
	n, x := identity(2), []float64{1, 2, 0, 4, 3, 0, 9, 9}
	y, mask := []float64{0, 2, 1, 1, 3, 4, 5, 5}, []float64{1, 0.5, 0, 2, 1, 0, 1, 1}
	nats := func(a, b float64) float64 { return math.Log(math.Exp(a) + math.Exp(b)) }
	classes := []int{1, 0, -1, 0}
	padded := []int{2, 1}
	for what, c := range map[string]struct {
		b    *Batch
		loss func(*Batch) float64
		want float64
	}{
		"squares":          {&Batch{Y: y}, n.SquaredError, (1 + 0 + 1 + 9 + 0 + 16 + 16 + 16) / 2.0 / 8},
		"weighted squares": {&Batch{Y: y, Mask: mask}, n.SquaredError, (1 + 2*9 + 16 + 16) / 2.0 / 6.5},
		"padded squares":   {&Batch{Y: y, Mask: mask, Lengths: padded}, n.SquaredError, (1 + 2*9) / 2.0 / 4.5},
		"padded bce": {&Batch{Y: make([]float64, 8), Mask: []float64{1, 0, 0, 0, 0, 3, 1, 1}, Lengths: padded},
			n.Loss, (BCE(1, 0) + 3*BCE(0, 0)) / 4},
		"classes": {&Batch{Classes: classes}, n.CrossEntropy,
			(nats(1, 2) - 2 + nats(0, 4) + nats(9, 9) - 9) / 3},
		"weighted classes": {&Batch{Classes: classes, Mask: []float64{1, 3, 1, 0}}, n.CrossEntropy,
			(nats(1, 2) - 2 + 3*nats(0, 4)) / 4},
		"padded classes": {&Batch{Classes: classes, Lengths: padded}, n.CrossEntropy,
			(nats(1, 2) - 2 + nats(0, 4)) / 2},
	} {
		c.b.Steps, c.b.Lanes, c.b.X = 2, 2, x
		Close(t, what, []float64{c.loss(c.b)}, []float64{c.want}, limit)
	}
}

// The sum over all paths must be what PyTorch gets by going forward and
// backward through them, and its difference quotient the gradient.
func TestCTCAgreesWithTorch(t *testing.T) {
	g := Load(t, "torch/ctc_tiny")
	steps, lanes := g["logits"].Shape[0], g["logits"].Shape[1]
	for lane, labels := range labelsOf(g) {
		length := int(g["lengths"].Data[lane])
		x := Lane(g["logits"].Data, steps, lanes, lane)[:length]
		loss := func() float64 { return CTCLoss(x, labels) / float64(lanes) }
		what := fmt.Sprintf("labels %v in %d frames", labels, length)
		Close(t, what, []float64{loss() * float64(lanes)}, g["f64.losses"].Data[lane:lane+1], 1e-12)
		for s, grad := range Lane(g["f64.grad.logits"].Data, steps, lanes, lane) {
			if s < length {
				Close(t, what+": gradient", Gradient(loss, x[s], 1e-5), grad, 1e-9)
			} else {
				Close(t, what+": gradient in the padding", make([]float64, len(grad)), grad, 0)
			}
		}
	}
}

// labelsOf are the labels of each lane of a CTC golden.
func labelsOf(g map[string]Array) (labels [][]int) {
	for lane, row := range g["labels"].Rows() {
		labels = append(labels, ints(Array{Data: row[:int(g["label_lengths"].Data[lane])]}))
	}
	return labels
}

func TestCTCOfABatch(t *testing.T) {
	g := Load(t, "torch/ctc_tiny")
	logits := g["logits"].Data
	least := 0.0
	for _, v := range logits {
		least = min(least, v)
	}
	for i := range logits { // not negative, which leaves the probabilities as they were
		logits[i] -= least
	}
	b := &Batch{Steps: g["logits"].Shape[0], Lanes: g["logits"].Shape[1], X: logits,
		Lengths: ints(g["lengths"]), Labels: labelsOf(g)}
	Close(t, "mean", []float64{identity(g["logits"].Shape[2]).CTC(b)}, g["f64.loss"].Data, 1e-12)
}

func TestCTCAtItsLimits(t *testing.T) {
	frames := func(n int) [][]float64 {
		x := make([][]float64, n)
		for i := range x {
			x[i] = make([]float64, 3)
		}
		return x
	}
	if got := CTCLoss(frames(2), []int{1, 1}); !math.IsInf(got, 1) {
		t.Errorf("labels that do not fit cost %g", got)
	}
	if got := CTCLoss(nil, nil); got != 0 {
		t.Errorf("nothing from nothing costs %g", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("3**10 paths did not panic")
		}
	}()
	CTCLoss(frames(10), nil)
}
