package training

import (
	"context"
	"fmt"
	"math"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models/train"
)

// LanePosition is where a lane of a Loader stands: so many frames into a sequence.
type LanePosition struct {
	Number uint64 // of the sequence
	Used   int    // frames of it that batches have taken
	Fresh  bool   // the next frame is the first of a stream: the model forgets what it heard
}

// Loader makes the batches of a recipe, in order, some ahead of their use. Lane l hears the sequences (l, 0), (l, 1), ...
// of the mixer one after the other; when the recipe limits the distinct ones, all lanes hear them again, mostly those
// of other lanes. Which batch comes next depends on the position alone, never on the number of goroutines or their timing.
type Loader struct {
	recipe   *Recipe
	mixer    *Mixer
	stream   *features.Stream // opened per lane
	cancel   context.CancelFunc
	batches  chan loaded
	position []LanePosition
	examples *Examples
}

// example is a sequence as the model hears it.
type example struct {
	x []float32 // features [frames × dim]
	y []float32 // targets [frames]
}

// loaded is a batch and where the lanes stand after it.
type loaded struct {
	batch *train.Batch
	after []LanePosition
	err   error
}

// ahead is how many batches wait for their use.
const ahead = 3

// NewLoader returns a loader that begins at the given position, which is nil for the beginning, and mixes what is not yet
// among the examples with the given number of goroutines. Close it.
func NewLoader(ctx context.Context, r *Recipe, m *Mixer, e *Examples, from []LanePosition, jobs int) (*Loader, error) {
	stream, err := features.New(r.Features)
	if err != nil {
		return nil, err
	}
	l := &Loader{recipe: r, mixer: m, examples: e, stream: stream, batches: make(chan loaded, ahead), position: from}
	if from == nil {
		l.position = l.beginning()
	}
	if len(l.position) != r.Batch.Lanes {
		return nil, fmt.Errorf("position of %d lanes for a recipe of %d", len(l.position), r.Batch.Lanes)
	}
	ctx, l.cancel = context.WithCancel(ctx)
	go l.produce(ctx, l.position, max(1, jobs))
	return l, nil
}

// Close stops the goroutines of the loader and waits for them.
func (l *Loader) Close() {
	l.cancel()
	for range l.batches {
	}
}

// Next returns the next batch. After an error there is none.
func (l *Loader) Next() (*train.Batch, error) {
	next, ok := <-l.batches
	if !ok {
		return nil, context.Canceled
	}
	if next.err != nil {
		return nil, next.err
	}
	l.position = next.after
	return next.batch, nil
}

// Position returns where the lanes stand after the last batch that Next returned. It must not be changed.
func (l *Loader) Position() []LanePosition { return l.position }

// beginning spreads the lanes over the windows of their first sequences. Else all of them would end a sequence, and need
// the next one, at the same time.
func (l *Loader) beginning() []LanePosition {
	lanes := make([]LanePosition, l.recipe.Batch.Lanes)
	windows := max(1, l.frames()/l.recipe.Batch.Steps)
	for i := range lanes {
		lanes[i].Used = i * windows / len(lanes) * l.recipe.Batch.Steps
		lanes[i].Fresh = true
	}
	return lanes
}

// frames returns the number of frames of a sequence.
func (l *Loader) frames() int { return l.mixer.Samples() / l.recipe.Features.Hop }

func (l *Loader) produce(ctx context.Context, from []LanePosition, jobs int) {
	defer close(l.batches)
	workers := make([]*MixWorker, jobs)
	for i := range workers {
		workers[i] = l.mixer.NewWorker()
	}
	lanes := make([]*lane, len(from))
	err := parallel(ctx, jobs, len(lanes), func(worker, i int) (err error) {
		lanes[i], err = l.openLane(workers[worker], i, from[i])
		return err
	})
	for err == nil {
		next := loaded{batch: l.newBatch(), after: make([]LanePosition, len(lanes))}
		next.err = parallel(ctx, jobs, len(lanes), func(worker, i int) error {
			lanes[i].fill(workers[worker], next.batch)
			next.after[i] = lanes[i].LanePosition
			return nil
		})
		err = next.err
		select {
		case l.batches <- next:
		case <-ctx.Done():
			return
		}
	}
	select {
	case l.batches <- loaded{err: err}:
	case <-ctx.Done():
	}
}

func (l *Loader) newBatch() *train.Batch {
	b := l.recipe.Batch
	rows := b.Steps * b.Lanes
	return &train.Batch{Steps: b.Steps, X: make([]float32, rows*l.recipe.Arch.Input), Y: make([]float32, rows*l.recipe.Arch.Outputs), Reset: make([]bool, b.Lanes)}
}

// lane is an endless row of examples.
type lane struct {
	LanePosition
	*example
	loader *Loader
	index  int
	stream *features.Stream
}

func (l *Loader) openLane(w *MixWorker, index int, at LanePosition) (*lane, error) {
	a := &lane{LanePosition: at, loader: l, index: index, stream: l.stream.Open()}
	if at.Used < 0 || at.Used > l.frames() {
		return nil, fmt.Errorf("lane %d: position %d lies outside of a sequence of %d frames", index, at.Used, l.frames())
	}
	a.hear(w)
	return a, nil
}

// source returns the sequence that the lane hears at its position. In each further round it takes those of the lane that is
// replayStride away, so that what precedes a sequence is not always the same.
func (a *lane) source() (lane, number uint64) {
	distinct, lanes := uint64(a.loader.recipe.Batch.Distinct), uint64(a.loader.recipe.Batch.Lanes)
	if distinct == 0 {
		return uint64(a.index), a.Number
	}
	round := a.Number / distinct
	return (uint64(a.index) + round*replayStride*(1+a.Number%distinct)) % lanes, a.Number % distinct
}

// Both shifts are the same for all lanes, so no two of them hear the same. The minutes of quiet, which are sequences on end,
// stay whole in the first round alone.
const replayStride = 17

// hear takes up the sequence at the lane's position: one that was kept, or a new one.
func (a *lane) hear(w *MixWorker) {
	lane, number := a.source()
	key := [2]uint64{lane, number}
	if kept, ok := a.loader.examples.heard.Load(key); ok {
		a.example = kept.(*example)
		return
	}
	mix := w.Sequence(lane, number)
	a.stream.Reset()
	e := &example{x: make([]float32, 0, (a.loader.frames()+1)*a.stream.Dim())}
	e.x = Frames(e.x, a.stream, mix.Samples)
	e.y = make([]float32, len(e.x)/a.stream.Dim())
	spanFrames(e.y, mix.Speech, a.stream.Shift())
	a.example = e
	if a.loader.recipe.Batch.Distinct > 0 {
		a.loader.examples.heard.Store(key, e)
	}
}

// Frames pushes samples and appends the frames that came out.
func Frames(dst []float32, stream *features.Stream, samples []float32) []float32 {
	dim := stream.Dim()
	const block = 4096 // keeps the stream's buffer small
	for len(samples) > 0 {
		n := min(block, len(samples))
		stream.Push(samples[:n])
		samples = samples[n:]
		dst = drain(dst, stream, dim)
	}
	return dst
}

func drain(dst []float32, stream *features.Stream, dim int) []float32 {
	for {
		n := len(dst)
		for range dim {
			dst = append(dst, 0)
		}
		if !stream.Next(dst[n:]) {
			return dst[:n]
		}
	}
}

// advance goes on to the next sequence. Where a batch begins with it, the model may forget all that it heard before.
func (a *lane) advance(w *MixWorker, atStart bool) {
	a.Number++
	a.Used = 0
	b := a.loader.recipe.Batch
	a.Fresh = atStart && newRandom(a.loader.mixer.seed, 'r', uint64(a.index), a.Number).chance(b.Restart)
	a.hear(w)
}

// fill writes the lane's next frames into its column of a batch.
func (a *lane) fill(w *MixWorker, b *train.Batch) {
	dim, lanes, outputs := a.stream.Dim(), len(b.Reset), a.loader.recipe.Arch.Outputs
	for t := 0; t < b.Steps; {
		if a.Used == len(a.y) {
			a.advance(w, t == 0)
		}
		if t == 0 {
			b.Reset[a.index] = a.Fresh
		}
		a.Fresh = false
		for ; t < b.Steps && a.Used < len(a.y); t++ {
			row := t*lanes + a.index
			copy(b.X[row*dim:(row+1)*dim], a.x[a.Used*dim:])
			for i := range outputs { // the same of all delays
				b.Y[row*outputs+i] = a.y[a.Used]
			}
			a.Used++
		}
	}
}

// Normalisation returns mean and 1/deviation of each feature over the given number of sequences, which no lane hears.
func Normalisation(ctx context.Context, r *Recipe, m *Mixer, jobs int) (mean, scale []float32, err error) {
	open, err := features.New(r.Features)
	if err != nil {
		return nil, nil, err
	}
	jobs = max(1, jobs)
	workers := make([]*MixWorker, jobs)
	sums := make([][]float64, r.Batch.Normalise) // per sequence, added in their order: the same bits whoever was first
	err = parallel(ctx, jobs, len(sums), func(worker, i int) error {
		if workers[worker] == nil {
			workers[worker] = m.NewWorker()
		}
		mix := workers[worker].Sequence(1<<32, uint64(i))
		sums[i] = moments(Frames(nil, open.Open(), mix.Samples), open.Dim())
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	mean, scale = standardise(sums, open.Dim())
	return mean, scale, nil
}

// moments returns the number of frames, then the sum and the sum of squares of each feature.
func moments(x []float32, dim int) []float64 {
	out := make([]float64, 1+2*dim)
	out[0] = float64(len(x) / dim)
	for i, v := range x {
		k := i % dim
		out[1+k] += float64(v)
		out[1+dim+k] += float64(v) * float64(v)
	}
	return out
}

// leastDeviation keeps a feature that never changes from being blown up.
const leastDeviation = 0.1

func standardise(sums [][]float64, dim int) (mean, scale []float32) {
	total := make([]float64, 1+2*dim)
	for _, s := range sums {
		for i, v := range s {
			total[i] += v
		}
	}
	mean, scale = make([]float32, dim), make([]float32, dim)
	for k := range dim {
		m := total[1+k] / total[0]
		variance := total[1+dim+k]/total[0] - float64(m*m)
		mean[k] = float32(m)
		scale[k] = float32(1 / max(leastDeviation, math.Sqrt(max(0, variance))))
	}
	return mean, scale
}
