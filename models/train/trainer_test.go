package train

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/streamer-audio/streamer/models"
)

func arch(in int, layers ...models.Layer) models.Arch {
	return models.Arch{Input: in, Outputs: 1, Head: models.SigmoidHead, Layers: layers}
}

func gruLayer(hidden int, both bool) models.Layer {
	return models.Layer{Cell: models.GRU, Hidden: hidden, Bidirectional: both}
}

func randomBatch(rng *rand.Rand, a models.Arch, steps, lanes int) *Batch {
	b := &Batch{Steps: steps}
	for range steps * lanes * a.Input {
		b.X = append(b.X, float32(rng.NormFloat64()))
	}
	for range steps * lanes * a.Outputs {
		b.Y = append(b.Y, float32(rng.IntN(2)))
		b.Mask = append(b.Mask, float32(rng.IntN(3))/2)
	}
	for range lanes {
		b.Reset = append(b.Reset, rng.IntN(2) == 0)
	}
	return b
}

func newTrainer(t testing.TB, a models.Arch, c Config) *Trainer {
	t.Helper()
	net, err := NewNet(a, 7)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := NewTrainer(net, c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func sameWeights(t *testing.T, a, b *Net) {
	t.Helper()
	for i, x := range a.Tensors() {
		for j, v := range x.Data {
			if math.Float32bits(v) != math.Float32bits(b.Tensors()[i].Data[j]) {
				t.Fatalf("%s[%d]: %v and %v", x.Name, j, v, b.Tensors()[i].Data[j])
			}
		}
	}
}

// parallel runs everything at once, in whatever order.
func parallel(n int, f func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(n - 1 - i) })
	}
	wg.Wait()
}

func TestParallelShardsChangeNoBit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	c := DefaultConfig()
	c.Lanes, c.Shards = 8, 4
	a := arch(5, gruLayer(7, false), gruLayer(6, false))
	one, many := newTrainer(t, a, c), newTrainer(t, a, c)
	many.config.Each = parallel
	rng := rand.New(rand.NewPCG(1, 1))
	for range 5 {
		b := randomBatch(rng, a, 9, 8)
		r1, err1 := one.Step(b, 0.01)
		r2, err2 := many.Step(b, 0.01)
		if err1 != nil || err2 != nil || r1 != r2 {
			t.Fatalf("%v %v, %v %v", r1, err1, r2, err2)
		}
	}
	sameWeights(t, one.net, many.net)
}

func TestCheckpointContinuesBitForBit(t *testing.T) {
	c := DefaultConfig()
	c.Lanes, c.Shards = 4, 2
	a := arch(3, gruLayer(5, false))
	straight, broken := newTrainer(t, a, c), newTrainer(t, a, c)
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range 8 {
		if i == 4 {
			saved, err := broken.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			broken = newTrainer(t, a, c)
			if err := broken.UnmarshalBinary(saved); err != nil {
				t.Fatal(err)
			}
			if err := newTrainer(t, a, c).UnmarshalBinary(saved[:len(saved)-1]); err == nil {
				t.Fatal("a checkpoint cut short was accepted")
			}
		}
		b := randomBatch(rng, a, 6, 4)
		b.Reset = nil
		for _, tr := range []*Trainer{straight, broken} {
			if _, err := tr.Step(b, 0.02); err != nil {
				t.Fatal(err)
			}
		}
	}
	sameWeights(t, straight.net, broken.net)
}

// What is trained is what is served: the net's logits and the model's answers
// come from the same arithmetic.
func TestForwardEqualsModel(t *testing.T) {
	for _, both := range []bool{false, true} {
		a := arch(5, gruLayer(8, both), gruLayer(6, false))
		c := DefaultConfig()
		c.Lanes, c.Shards = 3, 1
		tr := newTrainer(t, a, c)
		rng := rand.New(rand.NewPCG(3, 3))
		b := randomBatch(rng, a, 20, 3)
		m, err := tr.net.Model(models.Info{Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		tr.shared.refresh()
		g := tr.graphs[0]
		g.normalise(b.X)
		out := g.x
		for i := range g.layers {
			out = g.layers[i].forward(out, b.Steps, 3)
		}
		for lane := range 3 {
			s := m.NewState()
			for step := range b.Steps {
				s.Push(b.X[(step*3+lane)*5 : (step*3+lane+1)*5])
			}
			s.Flush()
			got := make([]float32, 1)
			for step := range b.Steps {
				if !s.Next(got) {
					t.Fatal("answers are missing")
				}
				weight, bias := tr.shared.head()
				logit := bias[0]
				for k, w := range weight {
					logit += float32(w * out[(step*3+lane)*6+k])
				}
				want := 1 / (1 + math.Exp(-float64(logit)))
				if math.Abs(want-float64(got[0])) > 3e-7 {
					t.Fatalf("both=%v lane %d step %d: %v, want %v", both, lane, step, got[0], want)
				}
			}
		}
	}
}

func TestLearnsWithStateCarriedAcrossBatches(t *testing.T) {
	// Even windows say a sign in their first frame and ask for it in the
	// others; odd windows are silent and ask for it still. Only a state that
	// is carried from batch to batch can answer those.
	a := arch(1, gruLayer(12, false))
	c := DefaultConfig()
	c.Lanes, c.Shards = 16, 2
	tr := newTrainer(t, a, c)
	rng := rand.New(rand.NewPCG(4, 4))
	const steps = 6
	sign := make([]float32, c.Lanes)
	var odd float64
	for i := range 800 {
		b := &Batch{Steps: steps, X: make([]float32, steps*c.Lanes), Y: make([]float32, steps*c.Lanes)}
		for lane := range c.Lanes {
			if i%2 == 0 {
				sign[lane] = float32(rng.IntN(2))
				b.X[lane] = 2*sign[lane] - 1
			}
			for s := range steps {
				b.Y[s*c.Lanes+lane] = sign[lane]
			}
		}
		r, err := tr.Step(b, 0.02)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			odd = r.Loss
		}
	}
	if odd > 0.02 {
		t.Fatalf("loss %.3f in the silent windows after training, chance is 0.69", odd)
	}
}

func TestDivergenceLeavesWeights(t *testing.T) {
	a := arch(2, gruLayer(3, false))
	c := DefaultConfig()
	c.Lanes, c.Shards = 1, 1
	tr := newTrainer(t, a, c)
	before := newTrainer(t, a, c).net // the same seed, the same weights
	b := &Batch{Steps: 1, X: []float32{float32(math.NaN()), 0}, Y: []float32{1}}
	if _, err := tr.Step(b, 0.1); err != ErrDiverged {
		t.Fatalf("got %v", err)
	}
	sameWeights(t, before, tr.net)
	b.X[0], b.Mask = 1, []float32{0}
	if _, err := tr.Step(b, 0.1); err == nil {
		t.Fatal("an empty mask was accepted")
	}
}

// A step of the causal recipe of vad: 64 lanes of 2 s through two layers of 64.
func BenchmarkStep(b *testing.B) {
	a := arch(40, gruLayer(64, false), gruLayer(64, false))
	tr := newTrainer(b, a, DefaultConfig())
	tr.config.Each = parallel
	batch := randomBatch(rand.New(rand.NewPCG(5, 5)), a, 200, 64)
	for b.Loop() {
		if _, err := tr.Step(batch, 1e-3); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(200*64*b.N)/b.Elapsed().Seconds(), "frames/s")
}
