package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/internal/snapshot"
)

// Config says how a Trainer steps.
type Config struct {
	Lanes       int     // sequences side by side in a batch
	Shards      int     // parts into which the lanes are split; fixes the order of sums
	Clip        float64 // greatest global norm of the gradient; 0: no clipping
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
	case !(c.Clip >= 0) || !(c.WeightDecay >= 0 && c.WeightDecay < 1):
		return fmt.Errorf("train: clip %g or weight decay %g is out of range", c.Clip, c.WeightDecay)
	case !(c.Beta1 >= 0 && c.Beta1 < 1 && c.Beta2 >= 0 && c.Beta2 < 1):
		return fmt.Errorf("train: betas %g, %g are not within [0, 1)", c.Beta1, c.Beta2)
	}
	return nil
}

// Batch is one window of all lanes, time-major.
type Batch struct {
	Steps int
	X     []float32 // [Steps × Lanes × Input] frames, not normalised
	Y     []float32 // [Steps × Lanes × Outputs] targets in [0, 1]
	Mask  []float32 // [Steps × Lanes × Outputs] weight of each target; nil: all 1
	Reset []bool    // [Lanes] lanes that begin anew; nil: none
}

// StepResult is what a step reports.
type StepResult struct {
	Loss     float64 // mean over the mask
	GradNorm float64 // global norm before clipping
}

// ErrDiverged is returned by a step whose loss or gradient is not finite. The
// weights are as they were before it.
var ErrDiverged = errors.New("train: loss or gradient is not finite; lower the learning rate or clip harder")

// Trainer fits a Net. The result depends on Lanes and Shards, never on how
// many processors run the shards.
type Trainer struct {
	net    *Net
	config Config
	adam   *adam
	shared *shared
	graphs []*graph
	shards []Batch // each shard's part of the batch
}

// NewTrainer returns a Trainer that has taken no step.
func NewTrainer(net *Net, c Config) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Each == nil {
		c.Each = func(n int, f func(int)) {
			for i := range n {
				f(i)
			}
		}
	}
	t := &Trainer{net: net, config: c, adam: newAdam(c, net.tensors[inputTensors:]), shared: newShared(net)}
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
	t.adam.step(t.net.tensors[inputTensors:], t.net.grads[inputTensors:], lr, clipScale(r.GradNorm, t.config.Clip))
	return r, nil
}

// Gradient computes loss and gradient of the batch, which Net.Gradients then
// holds, and carries the hidden state on, but leaves the weights alone.
func (t *Trainer) Gradient(b *Batch) (StepResult, error) {
	count, err := t.check(b)
	if err != nil {
		return StepResult{}, err
	}
	t.shared.refresh()
	t.config.Each(len(t.graphs), func(i int) {
		g, part := t.graphs[i], &t.shards[i]
		t.split(part, b, i)
		for lane, reset := range part.Reset {
			if reset {
				g.reset(lane)
			}
		}
		g.run(part.X, part.Y, part.Mask, b.Steps, count)
	})
	loss := t.gather()
	r := StepResult{Loss: loss / count, GradNorm: globalNorm(t.net.grads)}
	if bad := r.Loss + r.GradNorm; math.IsNaN(bad) || math.IsInf(bad, 0) {
		return r, ErrDiverged
	}
	if t.net.arch.Causal() {
		for _, g := range t.graphs {
			g.carry(b.Steps)
		}
	}
	return r, nil
}

func (t *Trainer) check(b *Batch) (count float64, err error) {
	rows := b.Steps * t.config.Lanes
	in, out := t.net.arch.Input, t.net.arch.Outputs
	if b.Steps < 1 || len(b.X) != rows*in || len(b.Y) != rows*out ||
		b.Mask != nil && len(b.Mask) != rows*out || b.Reset != nil && len(b.Reset) != t.config.Lanes {
		panic("train: batch does not fit the net and its lanes")
	}
	if b.Mask == nil {
		return float64(rows * out), nil
	}
	for _, m := range b.Mask {
		count += float64(m)
	}
	if count <= 0 {
		return 0, errors.New("train: the mask of the batch leaves nothing to learn from")
	}
	return count, nil
}

// split copies the lanes of shard i out of the batch.
func (t *Trainer) split(part, b *Batch, i int) {
	lanes := t.config.Lanes / t.config.Shards
	take := func(dst, src []float32) []float32 {
		width := len(src) / (b.Steps * t.config.Lanes)
		dst = resize(dst, b.Steps*lanes*width)
		for s := range b.Steps {
			from := (s*t.config.Lanes + i*lanes) * width
			copy(dst[s*lanes*width:(s+1)*lanes*width], src[from:])
		}
		return dst
	}
	part.X, part.Y = take(part.X, b.X), take(part.Y, b.Y)
	if b.Mask != nil {
		part.Mask = take(part.Mask, b.Mask)
	} else {
		part.Mask = resize(part.Mask, len(part.Y))
		for j := range part.Mask {
			part.Mask[j] = 1
		}
	}
	part.Reset = nil
	if b.Reset != nil {
		part.Reset = b.Reset[i*lanes : (i+1)*lanes]
	}
}

// gather sums loss and gradients of the shards, in their order.
func (t *Trainer) gather() (loss float64) {
	for _, g := range t.net.grads {
		clear(g.Data)
	}
	for _, g := range t.graphs {
		loss += g.loss
		to := t.net.grads[inputTensors:]
		for _, l := range g.layers {
			for _, c := range l.cells {
				for _, grad := range c.grad {
					kernel.SumRowsAdd(to[0].Data, grad, 1, len(grad))
					to = to[1:]
				}
			}
		}
		for i, grad := range g.grad {
			kernel.SumRowsAdd(to[i].Data, grad, 1, len(grad))
		}
	}
	return loss
}

const (
	magic   = "STRT"
	version = 1
)

// AppendBinary implements encoding.BinaryAppender: weights, moments, step
// count and the hidden state of every lane. A Trainer restored from it goes on
// bit for bit.
func (t *Trainer) AppendBinary(b []byte) ([]byte, error) {
	b = snapshot.Begin(b, magic, version)
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
			for _, c := range l.cells {
				list = append(list, c.h0)
			}
		}
	}
	return list
}
