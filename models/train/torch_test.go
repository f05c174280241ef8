package train_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
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

// weightsOf converts the weights of a net to float64.
func weightsOf(net *train.Net) oracle.Net {
	n := oracle.Net{}
	for _, w := range net.Tensors() {
		n[w.Name] = oracle.NewArray(w.Shape, w.Data)
	}
	return n
}

// batchOf returns the batch of a golden whose names end in suffix; restart is
// the lane that begins anew, or -1.
func batchOf(g map[string]oracle.Array, suffix string, restart int) *train.Batch {
	x := g["x"+suffix]
	b := &train.Batch{Steps: x.Shape[0], X: x.Float32(), Y: g["y"+suffix].Float32(),
		Mask: g["mask"+suffix].Float32(), Reset: make([]bool, x.Shape[1])}
	if restart >= 0 {
		b.Reset[restart] = true
	}
	return b
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
		if strings.HasPrefix(got.Name, "input.") {
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
	for _, name := range []string{"gru_1layer", "gru_2layer", "gru_bi", "gru_bi2"} {
		g := oracle.Load(t, "torch/"+name)
		for _, shards := range []int{1, 3} {
			tr := trainerOf(t, archOf(g), g, config(3, shards))
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

// Random nets of every kind: whole sequences, or a window that begins with the
// state that the one before left, in lanes that do not begin anew. What counts
// is the difference quotient of the float64 loss.
func TestGradientsAgreeWithFiniteDifferences(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 2))
		a := randomArch(rng, seed%2 == 0)
		lanes, first, second := 4, 1+rng.IntN(6), 2+rng.IntN(6)
		net, err := train.NewNet(a, seed)
		if err != nil {
			t.Fatal(err)
		}
		tr := trainerOf(t, a, weightsOf(net), config(lanes, []int{1, 2, 4}[rng.IntN(3)]))
		if err := tr.Net().SetInput(randomFloats(rng, a.Input), randomFloats(rng, a.Input)); err != nil {
			t.Fatal(err)
		}
		n := weightsOf(tr.Net())
		before, b := randomBatch(rng, a, first, lanes), randomBatch(rng, a, second, lanes)
		if _, err := tr.Gradient(before); err != nil {
			t.Fatal(err)
		}
		truth := inFloat64(b, lanes)
		if a.Causal() {
			_, _, truth.H0 = n.ForwardBatch(inFloat64(before, lanes))
			restart(truth.H0, b.Reset)
		}
		loss := func() float64 { return n.Loss(truth) }
		checkGradients(t, fmt.Sprintf("seed %d, %v", seed, a.Layers), tr, b, loss(),
			func(name string) []float64 { return oracle.Gradient(loss, n[name].Data, 1e-5) })
	}
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

// randomArch has one to three layers of different widths. A causal one has no
// bidirectional layer, another at least one, anywhere.
func randomArch(rng *rand.Rand, causal bool) models.Arch {
	a := models.Arch{Input: 1 + rng.IntN(4), Outputs: 1 + rng.IntN(3), Head: models.SigmoidHead}
	for range 1 + rng.IntN(3) {
		a.Layers = append(a.Layers, models.Layer{Cell: models.GRU, Hidden: 1 + rng.IntN(5),
			Bidirectional: !causal && rng.IntN(2) == 0})
	}
	if !causal {
		a.Layers[rng.IntN(len(a.Layers))].Bidirectional = true
	}
	return a
}

// randomBatch has a soft target here and there, weights 0, 0.5 and 1, and some
// lanes that begin anew.
func randomBatch(rng *rand.Rand, a models.Arch, steps, lanes int) *train.Batch {
	rows := steps * lanes
	b := &train.Batch{Steps: steps, X: randomFloats(rng, rows*a.Input), Reset: make([]bool, lanes)}
	for range rows * a.Outputs {
		b.Y = append(b.Y, []float32{0, 1, 0, 1, 0.25}[rng.IntN(5)])
		b.Mask = append(b.Mask, []float32{0, 0.5, 1}[rng.IntN(3)])
	}
	for lane := range lanes {
		b.Reset[lane] = rng.IntN(3) == 0
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
	wide := func(x []float32) []float64 { return oracle.NewArray(nil, x).Data }
	return &oracle.Batch{Steps: b.Steps, Lanes: lanes, X: wide(b.X), Y: wide(b.Y), Mask: wide(b.Mask)}
}
