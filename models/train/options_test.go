package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/internal/oracle"
	"github.com/streamer-audio/streamer/models"
)

// oracleOf is a net in float64.
func oracleOf(net *Net) oracle.Net {
	n := oracle.Net{}
	for _, w := range net.tensors {
		n[w.Name] = oracle.NewArray(w.Shape, w.Data)
	}
	return n
}

func wide(x []float32) []float64 { return oracle.NewArray(nil, x).Data }

// checkAgainst compares all gradients of a net with the differences of a loss.
func checkAgainst(t *testing.T, what string, net *Net, n oracle.Net, loss func() float64) {
	t.Helper()
	for _, g := range net.grads[net.frozen():] {
		want := oracle.Gradient(loss, n[g.Name].Data, 1e-5)
		largest, _ := oracle.Distance(make([]float64, len(want)), want)
		oracle.Close(t, what+": "+g.Name, g.Data, want, 2e-6*max(largest, 1e-2))
	}
}

// The values that dropout leaves out are left out on the way back as well, a
// share as large as asked for, others each step, and none in the model.
func TestDropout(t *testing.T) {
	const lanes, steps = 4, 6
	a := arch(3, gruLayer(5, false), models.Layer{Cell: models.LSTM, Hidden: 4, Bidirectional: true}, gruLayer(4, false))
	c := DefaultConfig()
	c.Lanes, c.Shards, c.Dropout = lanes, 1, 0.4
	tr := newTrainer(t, a, c)
	b := randomBatch(rand.New(rand.NewPCG(1, 0)), a, steps, lanes)
	b.Reset = nil
	if _, err := tr.Gradient(b); err != nil {
		t.Fatal(err)
	}
	n := oracleOf(tr.net)
	truth := &oracle.Batch{Steps: steps, Lanes: lanes, X: wide(b.X), Y: wide(b.Y), Mask: wide(b.Mask)}
	zero, all := 0, 0
	for _, l := range tr.graphs[0].layers[:2] {
		truth.Drop = append(truth.Drop, wide(l.drop))
		for _, v := range l.drop {
			if all++; v == 0 {
				zero++
			} else if v != float32(1/0.6) {
				t.Fatalf("factor %v", v)
			}
		}
	}
	if len(tr.graphs[0].layers[2].drop) > 0 {
		t.Error("what goes into the head was left out")
	}
	if share := float64(zero) / float64(all); math.Abs(share-0.4) > 0.1 {
		t.Errorf("%.2f of the values were left out", share)
	}
	checkAgainst(t, "dropout", tr.net, n, func() float64 { return n.Loss(truth) })
	before := append([]float32(nil), tr.graphs[0].layers[0].drop...)
	if _, err := tr.Step(b, 0.01); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Gradient(b); err != nil {
		t.Fatal(err)
	}
	if d, _ := oracle.Distance(before, wide(tr.graphs[0].layers[0].drop)); d == 0 {
		t.Error("the next step leaves out the same")
	}
}

// Shards leave out values of their own, and so do encoder and decoder.
func TestDropoutIsDrawnForEachShard(t *testing.T) {
	a := arch(3, gruLayer(9, false), gruLayer(4, false))
	c := DefaultConfig()
	c.Lanes, c.Shards, c.Dropout = 4, 2, 0.5
	tr := newTrainer(t, a, c)
	if _, err := tr.Gradient(randomBatch(rand.New(rand.NewPCG(1, 0)), a, 6, 4)); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(tr.graphs[0].layers[0].drop, tr.graphs[1].layers[0].drop) {
		t.Error("two shards leave out the same")
	}
	if _, err := NewTrainer(newTrainer(t, arch(3, gruLayer(4, false)), DefaultConfig()).net, c); err == nil {
		t.Error("dropout between the layers of one layer was accepted")
	}
}

// What lies beyond the end of a lane may be anything at all.
func TestPaddingMayHoldAnything(t *testing.T) {
	nan := float32(math.NaN())
	frames := arch(1, gruLayer(3, false))
	tokens := models.Arch{Input: 3, Tokens: 3, Encoding: models.OneHot, Outputs: 2, Head: models.SoftmaxHead, Layers: []models.Layer{gruLayer(2, false)}}
	c := DefaultConfig()
	c.Lanes, c.Shards = 2, 1
	for _, b := range []*Batch{
		{Steps: 2, Lengths: []int{2, 1}, X: []float32{1, 2, 3, nan}, Y: []float32{0, 1, 1, nan}},
		{Steps: 2, Lengths: []int{2, 1}, X: []float32{1, 2, 0, -1}, Classes: []int{0, 1, 1, 255}},
	} {
		a := frames
		if b.Classes != nil {
			a = tokens
		}
		tr := newTrainer(t, a, c)
		if _, err := tr.Step(b, 0.1); err != nil {
			t.Error(err)
		}
	}
}

// A checkpoint of a cell is not taken for one of another whose weights have
// the same shapes.
func TestCheckpointOfAnotherCellIsRefused(t *testing.T) {
	layer := func(cell string) models.Layer { return models.Layer{Cell: cell, Hidden: 5} }
	saved, err := newTrainer(t, arch(3, layer(models.GRU)), DefaultConfig()).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := newTrainer(t, arch(3, layer(models.GRUBefore)), DefaultConfig()).UnmarshalBinary(saved); err == nil {
		t.Error("taken")
	}
}

// Values are cut as torch.nn.utils.clip_grad_value_ does.
func TestClippingByValueAgreesWithTorch(t *testing.T) {
	g := oracle.Load(t, "torch/clip_value")
	for _, limit := range []string{"tight", "loose"} {
		for _, grad := range tensorsOf(g, "grad.") {
			var got []float64
			for _, v := range grad.Data {
				got = append(got, cut(v, g["f64."+limit].Data[0]))
			}
			oracle.Close(t, limit+": "+grad.Name, got, g["f64."+limit+"."+grad.Name].Data, 0)
		}
	}
}

// A step with clipped values moves as one with gradients that were clipped.
func TestStepClipsValuesBeforeTheNorm(t *testing.T) {
	a := arch(2, gruLayer(3, false))
	c := DefaultConfig()
	c.Lanes, c.Shards, c.Clip, c.ClipValue = 2, 1, 0.03, 0.01
	tr, other := newTrainer(t, a, c), newTrainer(t, a, c)
	b := randomBatch(rand.New(rand.NewPCG(1, 0)), a, 5, 2)
	r, err := tr.Step(b, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Gradient(b); err != nil {
		t.Fatal(err)
	}
	cuts := 0
	for _, g := range other.net.grads {
		for i, v := range g.Data {
			if g.Data[i] = max(-0.01, min(0.01, v)); g.Data[i] != v {
				cuts++
			}
		}
	}
	norm := globalNorm(other.net.grads, 0)
	if cuts == 0 || norm <= 0.03 || r.GradNorm <= norm {
		t.Fatalf("%d values cut, norm %g of %g: the test tests nothing", cuts, norm, r.GradNorm)
	}
	other.update(0.1, clipScale(norm, 0.03))
	sameWeights(t, tr.net, other.net)
}

// The gradient at each lag, against differences of the loss by that state: a
// sequence whose beginning is another state is a sequence cut there.
func TestLagsAreTheGradientByTheState(t *testing.T) {
	const lanes, steps = 2, 7
	for _, cell := range []string{models.RNN, models.GRUBefore, models.GRU, models.LSTM} {
		a := arch(3, models.Layer{Cell: cell, Hidden: 4})
		c := DefaultConfig()
		c.Lanes, c.Shards, c.Lags = lanes, 2, true
		tr := newTrainer(t, a, c)
		b := randomBatch(rand.New(rand.NewPCG(1, 0)), a, steps, lanes)
		clear(b.Mask[:(steps-1)*lanes]) // the loss is that of the last step
		b.Mask[len(b.Mask)-1], b.Mask[len(b.Mask)-2] = 1, 1
		r, err := tr.Gradient(b)
		if err != nil {
			t.Fatal(err)
		}
		n := oracleOf(tr.net)
		for lag := 1; lag < steps; lag++ {
			at := steps - lag
			head := &oracle.Batch{Steps: at, Lanes: lanes, X: wide(b.X[:at*lanes*3])}
			_, _, h, mem := n.ForwardBatch(head)
			tail := &oracle.Batch{Steps: lag, Lanes: lanes, X: wide(b.X[at*lanes*3:]), Y: wide(b.Y[at*lanes:]),
				Mask: wide(b.Mask[at*lanes:]), H0: h, C0: mem}
			norm := func(state []float64) (want float64) {
				for _, d := range oracle.Gradient(func() float64 { return n.Loss(tail) }, state, 1e-5) {
					want = math.Hypot(want, d)
				}
				return want
			}
			want := norm(h[0])
			oracle.Close(t, cell, []float64{r.Lags[0][at-1]}, []float64{want}, 1e-5*want+1e-8)
			if cell == models.LSTM {
				want := norm(mem[0])
				oracle.Close(t, "memory", []float64{r.MemoryLags[0][at-1]}, []float64{want}, 1e-5*want+1e-8)
			} else if r.MemoryLags[0] != nil {
				t.Errorf("%s has no memory beside its state", cell)
			}
		}
	}
}

// The gradient of both nets is that of one loss, padding and all.
func TestEncoderDecoderGradients(t *testing.T) {
	const lanes, in, out = 4, 5, 3
	for _, cell := range models.CellNames() {
		if models.CellNamed(cell).Memory == 0 {
			continue
		}
		layers := []models.Layer{{Cell: cell, Hidden: 4}, {Cell: models.LSTM, Hidden: 3}}
		enc := models.Arch{Input: 3, Tokens: 6, Encoding: models.Embedding, Head: models.NoHead, Layers: layers}
		dec := models.Arch{Input: 4, Tokens: 4, Encoding: models.OneHot, Outputs: 4, Head: models.SoftmaxHead, Layers: layers}
		e, err := NewNet(enc, 1)
		if err != nil {
			t.Fatal(err)
		}
		d, err := NewNet(dec, 2)
		if err != nil {
			t.Fatal(err)
		}
		c := DefaultConfig()
		c.Lanes, c.Shards, c.Each = lanes, 2, parallel
		pair, err := NewEncoderDecoder(e, d, c)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(3, 0))
		a, b := &Batch{Steps: in, Lengths: []int{5, 1, 3, 4}}, &Batch{Steps: out, Lengths: []int{3, 3, 1, 2}}
		for range in * lanes {
			a.X = append(a.X, float32(rng.IntN(6)))
		}
		for range out * lanes {
			b.X, b.Classes = append(b.X, float32(rng.IntN(4))), append(b.Classes, rng.IntN(5)-1)
		}
		b.Classes[0] = 2
		var r StepResult
		for range 2 { // the second time nothing is left of the first
			if r, err = pair.Gradient(a, b); err != nil {
				t.Fatal(err)
			}
		}
		from, to := oracleOf(e), oracleOf(d)
		to["input.onehot"] = oracle.NewArray([]int{1}, []float32{4})
		loss := func() float64 {
			_, _, h, mem := from.ForwardBatch(&oracle.Batch{Steps: in, Lanes: lanes, X: wide(a.X), Lengths: a.Lengths})
			return to.CrossEntropy(&oracle.Batch{Steps: out, Lanes: lanes, X: wide(b.X), Lengths: b.Lengths, Classes: b.Classes, H0: h, C0: mem})
		}
		oracle.Close(t, cell+": loss", []float64{r.Loss}, []float64{loss()}, 1e-6)
		checkAgainst(t, cell+": encoder", e, from, loss)
		checkAgainst(t, cell+": decoder", d, to, loss)
	}
}

// newPair is an encoder and a decoder of two layers, and a batch for them.
func newPair(t *testing.T, c Config) (p *EncoderDecoder, in, out *Batch) {
	t.Helper()
	layers := []models.Layer{gruLayer(4, false), {Cell: models.LSTM, Hidden: 3}}
	nets := make([]*Net, 2)
	for i, a := range []models.Arch{{Input: 2, Head: models.NoHead, Layers: layers}, {Input: 2, Outputs: 3, Head: models.SoftmaxHead, Layers: layers}} {
		var err error
		if nets[i], err = NewNet(a, uint64(i)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := NewEncoderDecoder(nets[0], nets[1], c)
	if err != nil {
		t.Fatal(err)
	}
	in, out = &Batch{Steps: 3, X: make([]float32, 12)}, &Batch{Steps: 3, X: make([]float32, 12), Classes: []int{0, 1, 2, 2, 1, 0}}
	rng := rand.New(rand.NewPCG(1, 0))
	for i := range in.X {
		in.X[i], out.X[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	return p, in, out
}

// A step moves both nets by one factor, that of their common norm, goes on
// from a checkpoint bit for bit, and leaves out other values in each.
func TestEncoderDecoderSteps(t *testing.T) {
	c := DefaultConfig()
	c.Lanes, c.Shards, c.Clip, c.Dropout = 2, 1, 0.01, 0.5
	p, in, out := newPair(t, c)
	q, _, _ := newPair(t, c)
	r, err := p.Step(in, out, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(p.enc.graphs[0].layers[0].drop, p.dec.graphs[0].layers[0].drop) {
		t.Error("encoder and decoder leave out the same")
	}
	if _, err := q.Gradient(in, out); err != nil {
		t.Fatal(err)
	}
	if r.GradNorm <= c.Clip {
		t.Fatalf("norm %g: the test tests nothing", r.GradNorm)
	}
	scale := c.Clip / (r.GradNorm + 1e-6)
	q.enc.update(0.1, scale)
	q.dec.update(0.1, scale)
	same := func() { sameWeights(t, p.enc.net, q.enc.net); sameWeights(t, p.dec.net, q.dec.net) }
	same()
	saved, err := p.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	q, _, _ = newPair(t, c)
	if err := q.UnmarshalBinary(saved); err != nil {
		t.Fatal(err)
	}
	for _, pair := range []*EncoderDecoder{p, q} {
		if _, err := pair.Step(in, out, 0.1); err != nil {
			t.Fatal(err)
		}
	}
	same()
	for _, bad := range [][]byte{nil, saved[:len(saved)/2], saved[:len(saved)-1], append(saved[:len(saved):len(saved)], 0)} {
		if err := q.UnmarshalBinary(bad); err == nil {
			t.Errorf("%d of %d bytes were taken", len(bad), len(saved))
		}
	}
}

func TestEncoderDecoderRefusesNetsThatDoNotFit(t *testing.T) {
	net := func(a models.Arch) *Net {
		n, err := NewNet(a, 1)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	good := models.Arch{Input: 2, Head: models.NoHead, Layers: []models.Layer{gruLayer(3, false)}}
	for name, a := range map[string]models.Arch{
		"head":          arch(2, gruLayer(3, false)),
		"other size":    {Input: 2, Head: models.NoHead, Layers: []models.Layer{gruLayer(4, false)}},
		"other cell":    {Input: 2, Head: models.NoHead, Layers: []models.Layer{{Cell: models.LSTM, Hidden: 3}}},
		"no answers":    {Input: 2, Outputs: 1, Head: models.LinearHead, Layers: []models.Layer{gruLayer(3, false)}},
		"bidirectional": {Input: 2, Head: models.NoHead, Layers: []models.Layer{gruLayer(3, true)}},
		"layers":        {Input: 2, Head: models.NoHead, Layers: []models.Layer{gruLayer(3, false), gruLayer(3, false)}},
	} {
		if _, err := NewEncoderDecoder(net(a), net(arch(2, gruLayer(3, false))), DefaultConfig()); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := NewEncoderDecoder(net(good), net(good), DefaultConfig()); err == nil {
		t.Error("a decoder without a head was taken")
	}
	if _, err := NewEncoderDecoder(net(good), net(arch(2, gruLayer(3, false))), DefaultConfig()); err != nil {
		t.Error(err)
	}
}

func TestValuesOutOfRangeAreRefused(t *testing.T) {
	a := models.Arch{Input: 3, Tokens: 3, Encoding: models.OneHot, Outputs: 2, Head: models.SoftmaxHead, Layers: []models.Layer{gruLayer(2, false)}}
	c := DefaultConfig()
	c.Lanes, c.Shards = 1, 1
	tr := newTrainer(t, a, c)
	for name, b := range map[string]*Batch{
		"token":    {Steps: 1, X: []float32{3}, Classes: []int{0}},
		"fraction": {Steps: 1, X: []float32{0.5}, Classes: []int{0}},
		"class":    {Steps: 1, X: []float32{0}, Classes: []int{2}},
		"length":   {Steps: 1, X: []float32{0}, Classes: []int{0}, Lengths: []int{2}},
		"nothing":  {Steps: 1, X: []float32{0}, Classes: []int{-1}},
		"padding":  {Steps: 1, X: []float32{0}, Classes: []int{1}, Lengths: []int{0}},
	} {
		if _, err := tr.Step(b, 0.1); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// No token is the zero vector: the same as a token more whose vector is zero.
func TestNoTokenIsTheZeroVector(t *testing.T) {
	const tokens, lanes, steps = 4, 2, 5
	c := DefaultConfig()
	c.Lanes, c.Shards = lanes, 1
	a := models.Arch{Input: 3, Tokens: tokens, Encoding: models.Embedding, Outputs: 3, Head: models.SoftmaxHead,
		Layers: []models.Layer{{Cell: models.LSTM, Hidden: 5}}}
	tr := newTrainer(t, a, c)
	a.Tokens++
	more := newTrainer(t, a, c)
	for i, w := range tr.net.tensors {
		copy(more.net.tensors[i].Data, w.Data)
	}
	clear(more.net.tensors[0].Data[tokens*3:])
	b := &Batch{Steps: steps, X: []float32{-1, -1, 0, 3, 2, -1, 1, 1, -1, 2}, Classes: []int{0, 1, 2, 0, 1, 2, -1, 0, 1, 2}}
	got, err := tr.Gradient(b)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range b.X {
		if v == models.NoToken {
			b.X[i] = tokens
		}
	}
	want, err := more.Gradient(b)
	if err != nil || got.Loss != want.Loss {
		t.Fatalf("loss %v, want %v, error %v", got.Loss, want.Loss, err)
	}
	for i, g := range tr.net.grads {
		if !slices.Equal(g.Data, more.net.grads[i].Data[:len(g.Data)]) {
			t.Errorf("%s: another gradient", g.Name)
		}
	}
	a.Encoding, a.Tokens, a.Input = models.OneHot, tokens, tokens
	b.X[0] = models.NoToken
	hot := newTrainer(t, a, c)
	if _, err := hot.Gradient(&Batch{Steps: 1, X: b.X[:2], Classes: []int{0, 1}}); err == nil {
		t.Error("a token beyond the last one was taken")
	}
	if _, err := hot.Gradient(&Batch{Steps: 1, X: []float32{-1, 2}, Classes: []int{0, -1}}); err != nil {
		t.Fatal(err)
	}
	for i, v := range hot.net.grads[0].Data { // of weight_ih: no input, no gradient
		if v != 0 {
			t.Fatalf("value %d has the gradient %v", i, v)
		}
	}
}

func TestLastStep(t *testing.T) {
	got := LastStep([]int{7, 8, 9}, []int{2, 0, 3}, 3)
	want := []int{-1, -1, -1, 7, -1, -1, -1, -1, 9}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}

// A wrong way back does not pass: the comparison that all cells are held
// against finds each of these mistakes.
func TestGradientCheckFindsBrokenCells(t *testing.T) {
	cell := models.CellNamed(models.GRUBefore)
	good := *cell
	defer func() { *cell = good }()
	for name, mistake := range map[string]func(){
		"forgets the old state": func() {
			cell.Backward = func(s *models.Step) { good.Backward(s); clear(s.DH) }
		},
		"forgets the reset gate": func() {
			cell.ResetBack = func(s *models.Step) { good.ResetBack(s); clear(s.R[:len(s.DH)]) }
		},
		"forgets what comes later": func() {
			cell.Backward = func(s *models.Step) { clear(s.DH); good.Backward(s) }
		},
	} {
		mistake()
		a := arch(2, models.Layer{Cell: models.GRUBefore, Hidden: 3})
		c := DefaultConfig()
		c.Lanes, c.Shards = 2, 1
		tr := newTrainer(t, a, c)
		b := randomBatch(rand.New(rand.NewPCG(1, 0)), a, 5, 2)
		b.Reset = nil
		if _, err := tr.Gradient(b); err != nil {
			t.Fatal(err)
		}
		n := oracleOf(tr.net)
		truth := &oracle.Batch{Steps: 5, Lanes: 2, X: wide(b.X), Y: wide(b.Y), Mask: wide(b.Mask)}
		found := &recorder{TB: t}
		for _, g := range tr.net.grads[2:] {
			want := oracle.Gradient(func() float64 { return n.Loss(truth) }, n[g.Name].Data, 1e-5)
			largest, _ := oracle.Distance(make([]float64, len(want)), want)
			oracle.Close(found, g.Name, g.Data, want, 2e-6*max(largest, 1e-2))
		}
		if !found.failed {
			t.Errorf("%s: not found", name)
		}
		*cell = good
	}
}

// recorder keeps a failure for itself.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
