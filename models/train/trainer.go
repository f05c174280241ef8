package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/internal/snapshot"
	"github.com/streamer-audio/streamer/models"
)

// Config says how a Trainer steps.
type Config struct {
	Lanes       int     // sequences side by side in a batch
	Shards      int     // parts into which the lanes are split; fixes the order of sums
	Clip        float64 // greatest global norm of the gradient; 0: no clipping
	ClipValue   float64 // greatest size of each of its values, to which they are cut before that; 0: no clipping
	Dropout     float64 // share of the values between two layers that a step leaves out
	Seed        uint64  // of dropout
	Lags        bool    // record what StepResult.Lags has
	WeightDecay float64 // of AdamW
	Beta1       float64 // decay of the mean gradient, 0.9
	Beta2       float64 // decay of the mean square, 0.999
	// Each calls f(0) ... f(n-1), perhaps at the same time, and returns when
	// all have. nil runs one after the other. It changes speed, not results.
	Each func(n int, f func(i int))
}

// DefaultConfig is AdamW with the usual constants, 64 lanes, clipping at 1.
func DefaultConfig() Config {
	return Config{Lanes: 64, Shards: 4, Clip: 1, WeightDecay: 0.01, Beta1: 0.9, Beta2: 0.999}
}

// Validate names the first value that makes no sense.
func (c Config) Validate() error {
	switch {
	case c.Lanes < 1 || c.Lanes > 1<<16:
		return fmt.Errorf("train: %d lanes are not within 1..65536", c.Lanes)
	case c.Shards < 1 || c.Lanes%c.Shards != 0:
		return fmt.Errorf("train: %d lanes do not split into %d equal shards", c.Lanes, c.Shards)
	case !(c.Clip >= 0) || !(c.ClipValue >= 0) || !(c.WeightDecay >= 0 && c.WeightDecay < 1):
		return fmt.Errorf("train: clip %g, clip value %g or weight decay %g is out of range", c.Clip, c.ClipValue, c.WeightDecay)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("train: dropout %g is not within [0, 1)", c.Dropout)
	case !(c.Beta1 >= 0 && c.Beta1 < 1 && c.Beta2 >= 0 && c.Beta2 < 1):
		return fmt.Errorf("train: betas %g, %g are not within [0, 1)", c.Beta1, c.Beta2)
	}
	return nil
}

func (c *Config) setDefaults() {
	if c.Each == nil {
		c.Each = func(n int, f func(int)) {
			for i := range n {
				f(i)
			}
		}
	}
}

// StepResult is what a step reports.
type StepResult struct {
	Loss     float64 // mean over the targets
	GradNorm float64 // global norm before clipping
	// Lags is, with Config.Lags, the norm of d loss / d h<t> over all lanes for
	// each layer's forward cell and each step t: what is left of the gradient
	// that far from the targets.
	Lags [][]float64
	// MemoryLags is the same for d loss / d c<t>, through all later steps, where
	// a cell carries a memory c beside h; nil for a layer that does not.
	MemoryLags [][]float64
}

// ErrDiverged is returned by a step whose loss or gradient is not finite. The
// weights are as they were before it.
var ErrDiverged = errors.New("train: loss or gradient is not finite; look for frames that are not, lower the learning rate or clip harder")

// Trainer fits a Net. The result depends on Lanes and Shards, never on how
// many processors run the shards.
type Trainer struct {
	net    *Net
	config Config
	adam   *adam
	shared *shared
	graphs []*graph
	shards []Batch // each shard's part of the batch
	late   *late   // nil for a net that answers at once
}

// NewTrainer returns a Trainer that has taken no step.
func NewTrainer(net *Net, c Config) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Dropout > 0 && len(net.arch.Layers) == 1 {
		return nil, errors.New("train: dropout is between layers, and there is only one")
	}
	if c.Lags && net.arch.Block > 0 {
		return nil, errors.New("train: the gradient by time lag is recorded where all steps follow each other, not in blocks")
	}
	c.setDefaults()
	t := &Trainer{net: net, config: c, adam: newAdam(c, net.tensors[net.frozen():]), shared: newShared(net), late: newLate(net.arch, c.Lanes)}
	for range c.Shards {
		t.graphs = append(t.graphs, newGraph(t.shared, c.Lanes/c.Shards))
	}
	t.shards = make([]Batch, c.Shards)
	return t, nil
}

// Net returns the net that is being trained.
func (t *Trainer) Net() *Net { return t.net }

// Steps is the number of steps taken.
func (t *Trainer) Steps() int64 { return t.adam.steps }

// Step computes the gradient of the batch, clips it and moves the weights.
func (t *Trainer) Step(b *Batch, lr float64) (StepResult, error) {
	r, err := t.Gradient(b)
	if err != nil {
		return r, err
	}
	t.update(lr, clipScale(t.norm(), t.config.Clip))
	return r, nil
}

// norm is that of the gradient once its values are clipped.
func (t *Trainer) norm() float64 { return globalNorm(t.net.grads, t.config.ClipValue) }

// update moves the weights against the gradient, its values clipped, times
// scale.
func (t *Trainer) update(lr, scale float64) {
	frozen := t.net.frozen()
	t.adam.step(t.net.tensors[frozen:], t.net.grads[frozen:], lr, scale)
}

// Gradient computes loss and gradient of the batch, which Net.Gradients then
// holds, and carries the hidden state on, but leaves the weights alone.
func (t *Trainer) Gradient(b *Batch) (StepResult, error) {
	if err := t.check(b); err != nil {
		return StepResult{}, err
	}
	moved := t.late.move(b, t.config.Lanes)
	count, err := t.count(moved)
	if err != nil {
		return StepResult{}, err
	}
	t.shared.refresh()
	t.config.Each(len(t.graphs), func(i int) {
		t.begin(moved, i)
		t.graphs[i].run(&t.shards[i], count)
	})
	r := StepResult{Loss: t.gather() / count, GradNorm: globalNorm(t.net.grads, 0)}
	if t.config.Lags {
		r.Lags, r.MemoryLags = t.lags(b.Steps)
	}
	if bad := r.Loss + r.GradNorm; math.IsNaN(bad) || math.IsInf(bad, 0) {
		return r, ErrDiverged
	}
	if t.net.arch.Lookahead() != models.Unbounded {
		for _, g := range t.graphs {
			g.carry(b.Steps)
		}
		t.late.carry(b, t.config.Lanes)
	}
	return r, nil
}

// begin makes shard i ready for its part of the batch.
func (t *Trainer) begin(b *Batch, i int) {
	g, part := t.graphs[i], &t.shards[i]
	t.split(part, b, i)
	for lane, reset := range part.Reset {
		if reset {
			g.reset(lane)
		}
	}
	if t.config.Dropout > 0 {
		rng := rand.New(rand.NewPCG(t.config.Seed, uint64(t.adam.steps)<<16|uint64(i)))
		g.setDrop(rng, t.config.Dropout, g.window(part).rows())
	}
	if t.config.Lags {
		for _, l := range g.layers {
			if l.conv == nil {
				l.cells[0].recordLags(b.Steps)
			}
		}
	}
}

// lags is StepResult.Lags and MemoryLags.
func (t *Trainer) lags(steps int) (h, c [][]float64) {
	for layer := range t.net.arch.Layers {
		ofH, ofC := make([]float64, steps), []float64(nil)
		for _, g := range t.graphs {
			if g.layers[layer].conv != nil {
				continue // it has no state
			}
			u := g.layers[layer].cells[0]
			addTo(ofH, u.lags)
			if u.c0 != nil {
				if ofC == nil {
					ofC = make([]float64, steps)
				}
				addTo(ofC, u.memoryLags)
			}
		}
		h, c = append(h, roots(ofH)), append(c, roots(ofC))
	}
	return h, c
}

func addTo(total, list []float64) {
	for i, v := range list {
		total[i] += v
	}
}

func roots(list []float64) []float64 {
	for i, v := range list {
		list[i] = math.Sqrt(v)
	}
	return list
}

// check refuses what cannot be learnt from. A batch of wrong sizes is a mistake
// of the program.
func (t *Trainer) check(b *Batch) error {
	t.checkInput(b)
	rows, lanes := b.Steps*t.config.Lanes, t.config.Lanes
	a, wrong := t.net.arch, false
	softmax, targets := a.Head == models.SoftmaxHead, 0
	switch {
	case b.Labels != nil:
		wrong = !softmax || t.late != nil || len(b.Labels) != lanes || b.Classes != nil || b.Y != nil || b.Mask != nil
	case b.Classes != nil:
		targets = rows
		wrong = !softmax || len(b.Classes) != rows || b.Y != nil
	default:
		targets = rows * a.Outputs
		wrong = softmax || a.Head == models.NoHead || len(b.Y) != targets
	}
	if wrong || b.Mask != nil && len(b.Mask) != targets {
		panic("train: targets do not fit the net and its lanes")
	}
	if err := b.checkValues(a, lanes); err != nil || b.Labels == nil {
		return err
	}
	return checkLabels(b, a.Outputs)
}

// count returns what the loss of the batch is divided by.
func (t *Trainer) count(b *Batch) (float64, error) {
	lanes := t.config.Lanes
	if b.Labels == nil {
		return b.count(lanes, max(1, len(b.Y)/(b.Steps*lanes)))
	}
	if b.Lengths != nil && slices.Max(b.Lengths) == 0 {
		return 0, errNothing
	}
	return float64(lanes), nil
}

func (t *Trainer) checkInput(b *Batch) {
	lanes := t.config.Lanes
	if b.Steps < 1 || len(b.X) != b.Steps*lanes*t.net.arch.FrameLen() ||
		b.Reset != nil && len(b.Reset) != lanes || b.Lengths != nil && len(b.Lengths) != lanes {
		panic("train: batch does not fit the net and its lanes")
	}
}

// split copies the lanes of shard i out of the batch.
func (t *Trainer) split(part, b *Batch, i int) {
	lanes := t.config.Lanes / t.config.Shards
	first := i * lanes
	rows := b.Steps * t.config.Lanes
	part.Steps = b.Steps
	part.X = take(part.X, b.X, b.Steps, t.config.Lanes, first, lanes)
	part.Y = take(part.Y, b.Y, b.Steps, t.config.Lanes, first, lanes)
	part.Classes, part.Labels, part.Lengths, part.Reset = nil, nil, nil, nil
	if b.Labels != nil {
		part.Labels = b.Labels[first : first+lanes]
	}
	if b.Lengths != nil {
		part.Lengths = b.Lengths[first : first+lanes]
	}
	if b.Reset != nil {
		part.Reset = b.Reset[first : first+lanes]
	}
	each := len(b.Y) / rows
	if b.Classes != nil {
		each = 1
		part.Classes = take(nil, b.Classes, b.Steps, t.config.Lanes, first, lanes)
	}
	if b.Mask != nil {
		part.Mask = take(part.Mask, b.Mask, b.Steps, t.config.Lanes, first, lanes)
	} else {
		part.Mask = resize(part.Mask, b.Steps*lanes*each)
		for j := range part.Mask {
			part.Mask[j] = 1
		}
	}
	part.cut(part.Mask, lanes)
	part.cut(part.X, lanes)
}

// gather sums loss and gradients of the shards, in their order.
func (t *Trainer) gather() (loss float64) {
	for _, g := range t.net.grads {
		clear(g.Data)
	}
	for _, g := range t.graphs {
		loss += g.loss
		to := t.net.grads[t.net.frozen():]
		if g.table != nil {
			kernel.SumRowsAdd(to[0].Data, g.table, 1, len(g.table))
			to = to[1:]
		}
		for _, l := range g.layers {
			for _, grad := range l.grads() {
				kernel.SumRowsAdd(to[0].Data, grad, 1, len(grad))
				to = to[1:]
			}
		}
		for i := range to { // the head, if there is one
			kernel.SumRowsAdd(to[i].Data, g.grad[i], 1, len(g.grad[i]))
		}
	}
	return loss
}

const (
	magic   = "STRT"
	version = 2
	maxArch = 1 << 16
)

// arch names what the tensors mean: cells of equal shapes are not the same.
func (t *Trainer) arch() []byte {
	b, err := json.Marshal(t.net.arch)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return b
}

// AppendBinary implements encoding.BinaryAppender: weights, moments, step
// count and the hidden state of every lane. A Trainer restored from it goes on
// bit for bit.
func (t *Trainer) AppendBinary(b []byte) ([]byte, error) {
	b = snapshot.Begin(b, magic, version)
	b = snapshot.AppendBytes(b, t.arch())
	b = snapshot.AppendInt(b, t.adam.steps)
	for _, v := range t.values() {
		b = snapshot.AppendFloats(b, v)
	}
	return b, nil
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler for a checkpoint of a
// Trainer of the same architecture and Config. After an error the Trainer must
// not be used.
func (t *Trainer) UnmarshalBinary(b []byte) error {
	r := snapshot.Open(b, magic, version)
	if a := r.Bytes("architecture", maxArch); r.Err() == nil && string(a) != string(t.arch()) {
		r.Fail("it is of the architecture %.200s, not %s", a, t.arch())
	}
	t.adam.steps = r.Int("steps", 0, math.MaxInt64)
	for _, v := range t.values() {
		r.FloatsInto("checkpoint", v)
	}
	return r.Close()
}

// values lists all that a checkpoint holds.
func (t *Trainer) values() [][]float32 {
	var list [][]float32
	for _, w := range t.net.tensors {
		list = append(list, w.Data)
	}
	list = append(append(list, t.adam.m...), t.adam.v...)
	for _, g := range t.graphs {
		for _, l := range g.layers {
			list = append(list, l.carried()...)
		}
	}
	if t.late != nil {
		list = append(list, t.late.y, t.late.mask)
	}
	return list
}
