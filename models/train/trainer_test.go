package train

import (
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/streamer-audio/streamer/internal/kernel"
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
	for range steps * lanes * a.FrameLen() {
		if a.Tokens > 0 {
			b.X = append(b.X, float32(rng.IntN(a.Tokens)))
		} else {
			b.X = append(b.X, float32(rng.NormFloat64()))
		}
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

// dropoutOf drops between the layers of a, where there is a between.
func dropoutOf(a models.Arch) float64 {
	if len(a.Layers) < 2 {
		return 0
	}
	return 0.3
}

func TestParallelShardsChangeNoBit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	c := DefaultConfig()
	c.Lanes, c.Shards = 8, 4
	for name, a := range archs() {
		c.Dropout, c.Lags = dropoutOf(a), a.Block == 0
		a = withHead(a, 4, models.SoftmaxHead)
		one, many := newTrainer(t, a, c), newTrainer(t, a, c)
		many.config.Each = parallel
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range 5 {
			b := randomBatch(rng, a, 9, 8)
			b.Y, b.Mask = nil, nil
			for lane := range 8 {
				b.Lengths = append(b.Lengths, 3+rng.IntN(7))
				b.Labels = append(b.Labels, []int{1 + lane%3})
			}
			if one.late != nil {
				b.Labels = nil
				for range 9 * 8 {
					b.Classes = append(b.Classes, rng.IntN(4))
				}
			} else if i%2 == 0 {
				b.Classes, b.Labels = LastStep([]int{0, 1, 2, 3, 0, 1, 2, 3}, b.Lengths, 9), nil
			}
			r1, err1 := one.Step(b, 0.01)
			r2, err2 := many.Step(b, 0.01)
			if err1 != nil || err2 != nil || r1.Loss != r2.Loss || r1.GradNorm != r2.GradNorm || !reflect.DeepEqual(r1.Lags, r2.Lags) {
				t.Fatalf("%s: %v %v, %v %v", name, r1, err1, r2, err2)
			}
		}
		sameWeights(t, one.net, many.net)
	}
}

func TestCheckpointContinuesBitForBit(t *testing.T) {
	c := DefaultConfig()
	c.Lanes, c.Shards = 4, 2
	for name, a := range archs() {
		c.Dropout = dropoutOf(a)
		a = withHead(a, 1, models.SigmoidHead)
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
					t.Fatalf("%s: %v", name, err)
				}
				if err := newTrainer(t, a, c).UnmarshalBinary(saved[:len(saved)-1]); err == nil {
					t.Fatalf("%s: a checkpoint cut short was accepted", name)
				}
			}
			b := randomBatch(rng, a, 6, 4)
			b.Reset = nil
			for _, tr := range []*Trainer{straight, broken} {
				if _, err := tr.Step(b, 0.02); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		sameWeights(t, straight.net, broken.net)
	}
}

// What is trained is what is served, to the bit, for every cell: lanes of a
// padded batch are what a State makes of each sequence alone.
func TestForwardEqualsModel(t *testing.T) {
	for name, a := range archs() {
		const lanes, steps, outputs = 3, 20, 2
		a = withHead(a, outputs, models.LinearHead)
		c := DefaultConfig()
		c.Lanes, c.Shards = lanes, 1
		tr := newTrainer(t, a, c)
		rng := rand.New(rand.NewPCG(3, 3))
		b := randomBatch(rng, a, steps, lanes)
		b.Lengths = []int{steps, 0, 1 + rng.IntN(steps-1)}
		m, err := tr.net.Model(models.Info{Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		tr.shared.refresh()
		g := tr.graphs[0]
		out := g.forward(b)
		weight, bias := g.n.head()
		logits := make([]float32, steps*lanes*outputs)
		kernel.MulBias(logits, bias, out, g.n.headT, steps*lanes, outputs, len(weight)/outputs)
		for lane, length := range b.Lengths {
			s := m.NewState()
			for step := range length {
				s.Push(b.X[(step*lanes+lane)*a.FrameLen():][:a.FrameLen()])
			}
			s.Flush()
			got := make([]float32, outputs)
			for step := range length {
				if !s.Next(got) {
					t.Fatal("answers are missing")
				}
				for i, v := range got {
					at := step
					if tr.late != nil {
						at += tr.late.ahead[i]
					}
					if want := logits[(min(at, steps-1)*lanes+lane)*outputs+i]; at < length && v != want {
						t.Fatalf("%s: lane %d step %d: %v, want %v", name, lane, step, v, want)
					}
				}
			}
			if a.Lookahead() == 0 && length < steps {
				var memory []float32 // that lasts beyond the end of the lane
				for _, l := range g.layers {
					u := l.cells[0]
					memory = append(memory, part(u.y, (steps-1)*lanes+lane, 1, u.Hidden)[:u.state]...)
					memory = append(memory, part(u.c, (steps-1)*lanes+lane, 1, u.Hidden)...)
				}
				if !slices.Equal(memory, s.AppendMemory(nil)) {
					t.Fatalf("%s: lane %d: padding changed the memory", name, lane)
				}
			}
		}
	}
}

func inBlocks(a models.Arch, block, right int) models.Arch {
	a.Block, a.Right = block, right
	return a
}

// withHead gives a net its outputs, of different delays where it has any.
func withHead(a models.Arch, outputs int, head string) models.Arch {
	a.Outputs, a.Head = outputs, head
	if len(a.Delays) > 0 {
		a.Delays = nil
		for i := range outputs {
			a.Delays = append(a.Delays, 3)
			if head != models.SoftmaxHead {
				a.Delays[i] += 5 * i % 9
			}
		}
	}
	return a
}

// What goes on from window to window is what a State remembers.
func TestCarriedForwardEqualsModel(t *testing.T) {
	for name, a := range archs() {
		if a.Lookahead() == models.Unbounded || a.Block > 0 { // a block at the end of a window hears less than it will
			continue
		}
		a = withHead(a, 2, models.LinearHead)
		c := DefaultConfig()
		c.Lanes, c.Shards = 1, 1
		tr := newTrainer(t, a, c)
		m, err := tr.net.Model(models.Info{Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		rng, s, g := rand.New(rand.NewPCG(5, 5)), m.NewState(), tr.graphs[0]
		tr.shared.refresh()
		weight, bias := g.n.head()
		var logits, got []float32
		for _, steps := range []int{9, 1, 14} {
			b := randomBatch(rng, a, steps, 1)
			window := make([]float32, 2*steps)
			kernel.MulBias(window, bias, g.forward(b), g.n.headT, steps, 2, len(weight)/2)
			logits = append(logits, window...)
			g.carry(steps)
			s.PushAll(b.X)
		}
		for out := make([]float32, 2); s.Next(out); {
			got = append(got, out...)
		}
		for i, v := range got {
			if tr.late != nil {
				i += tr.late.ahead[i%2] * 2
			}
			if v != logits[i] {
				t.Fatalf("%s: value %d is %v, want %v", name, i, v, logits[i])
			}
		}
	}
}

// archs are every cell alone, in both directions, and some stacks.
func archs() map[string]models.Arch {
	list := map[string]models.Arch{
		"wide": arch(5, models.Layer{Cell: models.LSTM, Hidden: 101}, models.Layer{Cell: models.GRUBefore, Hidden: 131}),
		"mixed": arch(5, gruLayer(6, false), models.Layer{Cell: models.Dense, Hidden: 4},
			models.Layer{Cell: models.LSTMPeephole, Hidden: 5, Bidirectional: true, Sum: true}, models.Layer{Cell: models.RNN, Hidden: 3}),
		"delays":       {Input: 5, Layers: []models.Layer{gruLayer(6, false)}, Delays: []int{3, 8}},
		"row-conv":     arch(5, gruLayer(6, false), models.Layer{Cell: models.RowConv, Hidden: 6, Context: 3}),
		"row-conv mid": arch(5, models.Layer{Cell: models.RowConv, Hidden: 5, Context: 2}, gruLayer(4, false), models.Layer{Cell: models.RowConv, Hidden: 4, Context: 2}, gruLayer(3, false)),
		"blocks":       inBlocks(arch(5, gruLayer(6, true), models.Layer{Cell: models.Dense, Hidden: 4}, models.Layer{Cell: models.LSTM, Hidden: 5, Bidirectional: true}), 4, 3),
		"blocks, one":  inBlocks(arch(5, models.Layer{Cell: models.GRUBefore, Hidden: 5, Bidirectional: true, Sum: true}, gruLayer(6, false), gruLayer(3, true)), 1, 2),
		"one-hot":      {Input: 7, Tokens: 7, Encoding: models.OneHot, Layers: []models.Layer{gruLayer(6, false)}},
		"embedding":    {Input: 3, Tokens: 9, Encoding: models.Embedding, Layers: []models.Layer{gruLayer(6, true)}},
	}
	for _, cell := range models.CellNames() {
		one := models.Layer{Cell: cell, Hidden: 7}
		list[cell] = arch(5, one, one)
		if models.CellNamed(cell).Memory > 0 {
			both := models.Layer{Cell: cell, Hidden: 5, Bidirectional: true}
			list[cell+" both"] = arch(5, both, both)
		}
	}
	return list
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
