package train_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/internal/oracle"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

const (
	// gradLimit is how far a value of a gradient may be from the true one, as a
	// share of the largest value of its tensor, or of 0.01 where that is less:
	// the number that holds for the way forward. The gates' own error, which
	// float32 bounds by 2e-7, is most of what comes to pass.
	gradLimit = 2e-6
	// stepLimit holds for losses, norms and the weights after a step.
	stepLimit = 1e-6
)

// archOf reads the architecture off the weights.
func archOf(n oracle.Net) models.Arch {
	cells := n.Cells()
	a := models.Arch{Input: n[cells[0].Kind+".weight_ih_l0"].Shape[1], Outputs: n["head.bias"].Shape[0], Head: models.SigmoidHead}
	if table, ok := n["input.embedding"]; ok {
		a.Encoding, a.Tokens, a.Head = models.Embedding, table.Shape[0], models.SoftmaxHead
	}
	for _, c := range cells {
		if c.Reverse() {
			a.Layers[len(a.Layers)-1].Bidirectional = true
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

// trainerOf returns a trainer of a net with the weights of n.
func trainerOf(t *testing.T, a models.Arch, n oracle.Net, c train.Config) *train.Trainer {
	t.Helper()
	net, err := train.NewNet(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range net.Tensors() {
		if copied := copy(w.Data, n[w.Name].Float32()); copied != len(w.Data) {
			t.Fatalf("%s: %d values of %d", w.Name, copied, len(w.Data))
		}
	}
	tr, err := train.NewTrainer(net, c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func config(lanes, shards int) train.Config {
	c := train.DefaultConfig()
	c.Lanes, c.Shards = lanes, shards
	return c
}

// weightsOf converts the weights of a net to float64, with what the oracle
// cannot read off them.
func weightsOf(net *train.Net) oracle.Net {
	n, a := oracle.Net{}, net.Arch()
	for _, w := range net.Tensors() {
		n[w.Name] = oracle.NewArray(w.Shape, w.Data)
	}
	for i, l := range a.Layers {
		if l.Sum {
			n[fmt.Sprintf("sum_l%d", i)] = oracle.Array{}
		}
	}
	if a.Block > 0 {
		n["blocks"] = oracle.NewArray([]int{2}, []float32{float32(a.Block), float32(a.Right)})
	}
	if a.Encoding == models.OneHot {
		n["input.onehot"] = oracle.NewArray([]int{1}, []float32{float32(a.Tokens)})
	}
	return n
}

// batchOf returns the batch of a golden whose names end in suffix; restart is
// the lane that begins anew, or -1.
func batchOf(g map[string]oracle.Array, suffix string, restart int) *train.Batch {
	x := g["x"+suffix]
	b := &train.Batch{Steps: x.Shape[0], X: x.Float32(), Reset: make([]bool, x.Shape[1])}
	if classes, ok := g["classes"+suffix]; ok {
		b.Classes = ints(classes.Data)
	} else {
		b.Y, b.Mask = g["y"+suffix].Float32(), g["mask"+suffix].Float32()
	}
	if lengths, ok := g["lengths"+suffix]; ok {
		b.Lengths = ints(lengths.Data)
	}
	if restart >= 0 {
		b.Reset[restart] = true
	}
	return b
}

func ints(x []float64) (list []int) {
	for _, v := range x {
		list = append(list, int(v))
	}
	return list
}

// checkGradients computes the gradient of the batch and compares loss, norm
// and every trained tensor; of returns what a tensor's gradient should be.
func checkGradients(t *testing.T, what string, tr *train.Trainer, b *train.Batch, loss float64, of func(name string) []float64) {
	t.Helper()
	r, err := tr.Gradient(b)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	var squares float64
	for _, got := range tr.Net().Gradients() {
		if got.Name == "input.mean" || got.Name == "input.scale" {
			continue
		}
		want := of(got.Name)
		largest, _ := oracle.Distance(make([]float64, len(want)), want)
		oracle.Close(t, what+": "+got.Name, got.Data, want, gradLimit*max(largest, 1e-2))
		for _, v := range want {
			squares += v * v
		}
	}
	oracle.Close(t, what+": loss", []float64{r.Loss}, []float64{loss}, stepLimit)
	oracle.Close(t, what+": norm", []float64{r.GradNorm}, []float64{math.Sqrt(squares)}, stepLimit)
}

func TestGradientsAgreeWithTorch(t *testing.T) {
	for _, name := range []string{"gru_1layer", "gru_2layer", "gru_bi", "gru_bi2",
		"cells_rnn_1layer", "cells_rnn_2layer", "cells_rnn_bi", "cells_rnn_bi2",
		"cells_rnn-relu_1layer", "cells_rnn-relu_2layer", "cells_rnn-relu_bi", "cells_rnn-relu_bi2",
		"cells_lstm_1layer", "cells_lstm_2layer", "cells_lstm_bi", "cells_lstm_bi2",
		"cells_mixed", "cells_lstm_padded", "cells_lstm_bi_padded", "cells_lstm_tokens",
		"row_conv", "blocks", "blocks_long_right"} {
		g := oracle.Load(t, "torch/"+name)
		lanes := g["x"].Shape[1]
		for _, shards := range []int{1, lanes} {
			tr := trainerOf(t, archOf(g), g, config(lanes, shards))
			checkGradients(t, fmt.Sprintf("%s, %d shards", name, shards), tr, batchOf(g, "", -1), g["f64.loss"].Data[0],
				func(name string) []float64 { return g["f64.grad."+name].Data })
		}
	}
}

// The state goes on into the second window, its gradient does not; one lane
// begins anew.
func TestTruncatedGradientsAgreeWithTorch(t *testing.T) {
	const restart = 1
	g := oracle.Load(t, "torch/gru_truncated")
	for _, shards := range []int{1, 3} {
		tr := trainerOf(t, archOf(g), g, config(3, shards))
		for i, lane := range []int{-1, restart} {
			window := fmt.Sprint(i + 1)
			checkGradients(t, "window "+window, tr, batchOf(g, window, lane), g["f64.loss"+window].Data[0],
				func(name string) []float64 { return g["f64.grad"+window+"."+name].Data })
		}
	}
}

// Five updates with carried state, changing rate, weight decay and a limit to
// the norm that four of them exceed.
func TestTrainingAgreesWithTorch(t *testing.T) {
	g := oracle.Load(t, "torch/gru_training")
	c := config(3, 3)
	c.WeightDecay, c.Clip = g["decay"].Data[0], g["clip"].Data[0]
	tr := trainerOf(t, archOf(g), g, c)
	for i, lr := range g["lr"].Data {
		restart := -1
		if i == 2 {
			restart = 0
		}
		r, err := tr.Step(batchOf(g, fmt.Sprint(i+1), restart), lr)
		if err != nil {
			t.Fatal(err)
		}
		what := fmt.Sprintf("step %d", i+1)
		oracle.Close(t, what+": loss", []float64{r.Loss}, g["f64.losses"].Data[i:i+1], stepLimit)
		oracle.Close(t, what+": norm", []float64{r.GradNorm}, g["f64.norms"].Data[i:i+1], stepLimit)
		for _, w := range tr.Net().Tensors()[2:] {
			oracle.Close(t, what+": "+w.Name, w.Data, g[fmt.Sprintf("f64.after%d.%s", i+1, w.Name)].Data, stepLimit)
		}
	}
}

// Random nets of every kind, each first layer of another cell: whole
// sequences, or a window that begins with the state that the one before left,
// in lanes that do not begin anew; every loss, and padding. What counts
// is the difference quotient of the float64 loss.
func TestGradientsAgreeWithFiniteDifferences(t *testing.T) {
	for seed := range uint64(90) {
		rng := rand.New(rand.NewPCG(seed, 2))
		a := randomArch(rng, models.CellNames()[int(seed)%len(models.CellNames())], seed%2 == 0)
		lanes, first, second := 4, 1+rng.IntN(6), 2+rng.IntN(5)
		c := config(lanes, []int{1, 2, 4}[rng.IntN(3)])
		net, err := train.NewNet(a, seed)
		if err != nil {
			t.Fatal(err)
		}
		tr := trainerOf(t, a, weightsOf(net), c)
		if a.Encoding == models.Frames {
			if err := tr.Net().SetInput(randomFloats(rng, a.Input), randomFloats(rng, a.Input)); err != nil {
				t.Fatal(err)
			}
		}
		n := weightsOf(tr.Net())
		before, b := randomBatch(rng, a, first, lanes), randomBatch(rng, a, second, lanes)
		if _, err := tr.Gradient(before); err != nil {
			t.Fatal(err)
		}
		truth := inFloat64(b, lanes)
		if a.Causal() {
			_, _, truth.H0, truth.C0 = n.ForwardBatch(inFloat64(before, lanes))
			restart(truth.H0, b.Reset)
			restart(truth.C0, b.Reset)
		}
		loss := func() float64 { return lossOf(n, a, truth) }
		checkGradients(t, fmt.Sprintf("seed %d, %v", seed, a), tr, b, loss(),
			func(name string) []float64 { return oracle.Gradient(loss, n[name].Data, 1e-5) })
	}
}

// The same of nets that wait a little: delays, row convolutions, blocks. All
// lanes begin with the batch.
func TestGradientsOfLateNetsAgreeWithFiniteDifferences(t *testing.T) {
	for seed := range uint64(36) { // every cell first, in every way
		rng := rand.New(rand.NewPCG(seed, 3))
		a := lateArch(rng, models.CellNames()[int(seed)%len(models.CellNames())], int(seed)%4)
		if err := a.Validate(); err != nil {
			t.Fatal(err)
		}
		lanes, steps := 4, 5+rng.IntN(8)
		net, err := train.NewNet(a, seed)
		if err != nil {
			t.Fatal(err)
		}
		tr := trainerOf(t, a, weightsOf(net), config(lanes, []int{1, 2}[rng.IntN(2)]))
		n, b := weightsOf(tr.Net()), randomBatch(rng, a, steps, lanes)
		for b.Labels != nil { // CTC finds the times itself
			b = randomBatch(rng, a, steps, lanes)
		}
		truth := inFloat64(b, lanes)
		if a.Block == 0 {
			delayTargets(truth, a)
		}
		loss := func() float64 { return lossOf(n, a, truth) }
		checkGradients(t, fmt.Sprintf("seed %d, %v", seed, a), tr, b, loss(),
			func(name string) []float64 { return oracle.Gradient(loss, n[name].Data, 1e-5) })
	}
}

// lateArch waits by delays, row convolutions, both or blocks.
func lateArch(rng *rand.Rand, cell string, way int) models.Arch {
	a := randomArch(rng, cell, way < 3)
	if way == 3 {
		if cell == models.Dense || cell == models.DenseReLU {
			cell = models.LSTM
		}
		a.Layers = append(a.Layers, models.Layer{Cell: cell, Hidden: 1 + rng.IntN(4), Bidirectional: true})
		a.Block, a.Right = 1+rng.IntN(4), rng.IntN(5)
		return a
	}
	if way > 0 {
		at := rng.IntN(len(a.Layers) + 1)
		width := a.Input
		if at > 0 {
			width = a.Layers[at-1].Width()
		}
		a.Layers = slices.Insert(a.Layers, at, models.Layer{Cell: models.RowConv, Hidden: width, Context: rng.IntN(3)})
	}
	for i := range a.Outputs {
		if way == 1 {
			break
		}
		if a.Delays = append(a.Delays, rng.IntN(3)); a.Head == models.SoftmaxHead {
			a.Delays[i] = a.Delays[0]
		}
	}
	return a
}

// delayTargets moves each target to the step that answers it, by the
// definition.
func delayTargets(b *oracle.Batch, a models.Arch) {
	y, mask, classes := slices.Clone(b.Y), slices.Clone(b.Mask), b.Classes
	b.Classes = slices.Clone(classes) // the batch that is trained on has the same
	for i := range mask {
		each := max(1, len(y)/(b.Steps*b.Lanes))
		ahead := 0
		for _, l := range a.Layers {
			ahead += l.Context
		}
		if a.Delays != nil {
			ahead += a.Delays[i%each]
		}
		from := i - ahead*b.Lanes*each
		switch {
		case from < 0:
			b.Mask[i] = 0
		case classes != nil:
			b.Mask[i], b.Classes[i] = mask[from], classes[from]
		default:
			b.Mask[i], b.Y[i] = mask[from], y[from]
		}
	}
}

// lossOf is the loss that the targets of a batch ask for.
func lossOf(n oracle.Net, a models.Arch, b *oracle.Batch) float64 {
	switch {
	case b.Labels != nil:
		return n.CTC(b)
	case b.Classes != nil:
		return n.CrossEntropy(b)
	case a.Head == models.LinearHead:
		return n.SquaredError(b)
	}
	return n.Loss(b)
}

// restart clears the states of the lanes that begin anew.
func restart(h0 [][]float64, lanes []bool) {
	for _, h := range h0 {
		size := len(h) / len(lanes)
		for lane, anew := range lanes {
			if anew {
				clear(h[lane*size:][:size])
			}
		}
	}
}

// randomArch has one to three layers of different widths, the first one of the
// given cell. A causal one has no bidirectional layer.
func randomArch(rng *rand.Rand, cell string, causal bool) models.Arch {
	a := models.Arch{Input: 1 + rng.IntN(4), Outputs: 2 + rng.IntN(2),
		Head: []string{models.SigmoidHead, models.LinearHead, models.SoftmaxHead}[rng.IntN(3)]}
	switch a.Tokens = 2 + rng.IntN(4); rng.IntN(3) {
	case 0:
		a.Encoding, a.Input = models.OneHot, a.Tokens
	case 1:
		a.Encoding = models.Embedding
	default:
		a.Tokens = 0
	}
	for i := range 1 + rng.IntN(3) {
		if i > 0 {
			cell = models.CellNames()[rng.IntN(len(models.CellNames()))]
		}
		both := !causal && models.CellNamed(cell).Memory > 0 && rng.IntN(3) > 0
		a.Layers = append(a.Layers, models.Layer{Cell: cell, Hidden: 1 + rng.IntN(5), Bidirectional: both, Sum: both && rng.IntN(2) == 0})
	}
	return a
}

// randomBatch has a soft target here and there, weights 0, 0.5 and 1, lanes of
// different lengths, and some that begin anew. For a softmax it has classes or
// labels, so few frames that the oracle can try all paths.
func randomBatch(rng *rand.Rand, a models.Arch, steps, lanes int) *train.Batch {
	rows := steps * lanes
	b := &train.Batch{Steps: steps, Reset: make([]bool, lanes)}
	for range rows * a.FrameLen() {
		if a.Tokens > 0 {
			b.X = append(b.X, float32(rng.IntN(a.Tokens)))
		} else {
			b.X = append(b.X, float32(rng.NormFloat64()))
		}
	}
	if rng.IntN(2) == 0 {
		for range lanes {
			b.Lengths = append(b.Lengths, rng.IntN(steps+1))
		}
	}
	if b.Lengths != nil {
		b.Lengths[0] = steps // something to learn from
	}
	for lane := range lanes {
		b.Reset[lane] = rng.IntN(3) == 0
	}
	weight := func() float32 { return []float32{0.25, 0.5, 1}[rng.IntN(3)] }
	switch {
	case a.Head != models.SoftmaxHead:
		for range rows * a.Outputs {
			b.Y = append(b.Y, []float32{0, 1, 0, 1, 0.25}[rng.IntN(5)])
			b.Mask = append(b.Mask, weight()*float32(rng.IntN(2)))
		}
		b.Mask[0] = 1 // something to learn from
	case rng.IntN(2) == 0:
		for range rows {
			b.Classes = append(b.Classes, rng.IntN(a.Outputs+1)-1)
			b.Mask = append(b.Mask, weight())
		}
		b.Classes[0] = 0
	default:
		for lane := range lanes {
			frames := steps
			if b.Lengths != nil {
				frames = b.Lengths[lane]
			}
			var labels []int
			for range rng.IntN(frames/2 + 1) {
				labels = append(labels, 1+rng.IntN(a.Outputs-1))
			}
			b.Labels = append(b.Labels, labels)
		}
	}
	return b
}

func randomFloats(rng *rand.Rand, count int) []float32 {
	x := make([]float32, count)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func inFloat64(b *train.Batch, lanes int) *oracle.Batch {
	wide := func(x []float32) []float64 {
		if x == nil {
			return nil
		}
		return oracle.NewArray(nil, x).Data
	}
	return &oracle.Batch{Steps: b.Steps, Lanes: lanes, X: wide(b.X), Y: wide(b.Y), Mask: wide(b.Mask),
		Classes: b.Classes, Labels: b.Labels, Lengths: b.Lengths}
}
