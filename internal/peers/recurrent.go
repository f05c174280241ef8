package main

import (
	"fmt"

	"github.com/streamer-audio/streamer/models"
)

// sizes are the layers that are measured: values in a frame, hidden values.
var sizes = [][2]int{{40, 64}, {40, 128}, {80, 256}}

const (
	gruTolerance = 1e-5 // of hidden values and probabilities, which are within -1..1
	ring         = 64   // different frames that a step goes through again and again
	recording    = 1000 // frames of a sequence: ten seconds
)

const (
	oursName     = "**streamer**"
	ortName      = "ONNX Runtime"
	gonumName    = "gonum blas32.Gemv"
	vekName      = "viterin/vek Dot"
	tphakalaName = "tphakala/simd"
	plainName    = "plain Go loops"
)

// stepper takes frame after frame of one stream, or of a batch of them.
type stepper interface {
	step(frame []float32)
	answer() []float32 // to the last frame, until the next one
}

// follow takes a fresh stepper through the frames and returns its largest
// difference to what is wanted after each.
func follow(s stepper, frames []float32, size int, want []float64) float64 {
	gap := 0.0
	each := len(want) * size / len(frames)
	for ; len(frames) > 0; frames, want = frames[size:], want[each:] {
		s.step(frames[:size])
		gap = max(gap, worst(s.answer(), want[:each]))
	}
	return gap
}

// around is a run that goes through the frames again and again.
func around(s stepper, frames []float32, size int) func(n int) {
	at := 0
	return func(n int) {
		for range n {
			s.step(frames[at : at+size])
			if at += size; at == len(frames) {
				at = 0
			}
		}
	}
}

func stepContests(s *setup) []*contest {
	var all []*contest
	for _, size := range sizes {
		all = append(all, stepContest(s, newCell(size[0], size[1], 1)))
	}
	return all
}

func stepContest(s *setup, cell *cell) *contest {
	c := &contest{title: fmt.Sprintf("one frame, %d in, %d hidden", cell.input, cell.hidden), tolerance: gruTolerance}
	frames := normal(ring*cell.input, 2)
	want := cell.reference(frames)
	c.add(oursName, oursStepGap(cell, frames, want), around(newOurs(1, cell), frames, cell.input))
	enter := func(name string, p stepper) {
		c.add(name, follow(p, frames, cell.input, want), around(p, frames, cell.input))
	}
	if s.ort.absent != "" {
		c.miss(ortName, s.ort.absent)
	} else {
		enter(ortName, newORT(1, 1, true, cell))
	}
	enter(tphakalaName, newTphakala(cell))
	enter(vekName, newVek(cell))
	enter(gonumName, newGonum(cell))
	enter(plainName, newPlain(cell))
	c.limit("roof: the weights read once", readRun(cell.weightBytes()))
	return c
}

// sequencer takes whole recordings.
type sequencer interface {
	sequence(y, frames []float32)
}

func sequenceContests(s *setup) []*contest {
	var all []*contest
	for _, size := range sizes {
		all = append(all, sequenceContest(s, "one direction", newCell(size[0], size[1], 1)))
	}
	return all
}

func bidirectionalContests(s *setup) []*contest {
	var all []*contest
	for _, size := range sizes {
		all = append(all, sequenceContest(s, "both directions", newCell(size[0], size[1], 1), newCell(size[0], size[1], 3)))
	}
	return all
}

func sequenceContest(s *setup, what string, cells ...*cell) *contest {
	first := cells[0]
	c := &contest{title: fmt.Sprintf("%d frames, %s, %d in, %d hidden", recording, what, first.input, first.hidden),
		tolerance: gruTolerance}
	frames := normal(recording*first.input, 4)
	var want []float64
	if len(cells) == 1 {
		want = first.reference(frames)
	} else {
		want = referenceBoth(first, cells[1], frames)
	}
	o, y := newOurs(1, cells...), make([]float32, recording)
	c.add(oursName, oursSequenceGap(frames, want, cells...), repeat(func() { o.sequence(y, frames) }))
	if s.ort.absent != "" {
		c.miss(ortName, s.ort.absent)
	} else {
		c.enter(ortName, newORT(recording, 1, false, cells...), frames, want)
	}
	if len(cells) == 1 {
		c.enter(gonumName+", step by step", newGonum(first), frames, want)
	}
	return c
}

// enter checks and adds a peer whose answers are hidden states.
func (c *contest) enter(name string, p sequencer, frames []float32, want []float64) {
	y, gap := make([]float32, len(want)), 0.0
	for range 2 { // the second run must begin anew
		clear(y)
		p.sequence(y, frames)
		gap = max(gap, worst(y, want))
	}
	c.add(name, gap, repeat(func() { p.sequence(y, frames) }))
}

// streams are the sizes of a batch.
var streams = []int{8, 16, 32}

func batchContests(s *setup) []*contest {
	var all []*contest
	for _, size := range sizes {
		for _, n := range streams {
			all = append(all, batchContest(s, newCell(size[0], size[1], 1), n))
		}
	}
	return all
}

func batchContest(s *setup, cell *cell, n int) *contest {
	c := &contest{title: fmt.Sprintf("a frame of %d streams, %d in, %d hidden", n, cell.input, cell.hidden), per: n,
		flops: float64(n) * cell.flops(), tolerance: gruTolerance}
	frames := normal(ring*n*cell.input, 5)
	want := make([]float64, ring*n*cell.hidden)
	for i := range n { // stream i has row i of each step
		own := cell.reference(rows(frames, cell.input, i, n))
		for t := range ring {
			copy(want[(t*n+i)*cell.hidden:], own[t*cell.hidden:(t+1)*cell.hidden])
		}
	}
	gap := 0.0
	for _, outputs := range headSizes(cell) {
		o := newTogether(newOurs(outputs, cell), n)
		gap = max(gap, follow(o, frames, n*cell.input, o.head.reference(want)))
	}
	c.add(oursName, gap, around(newTogether(newOurs(1, cell), n), frames, n*cell.input))
	if s.ort.absent != "" {
		c.miss(ortName, s.ort.absent)
	} else {
		p := newORT(1, n, true, cell)
		c.add(ortName, follow(p, frames, n*cell.input, want), around(p, frames, n*cell.input))
	}
	c.limit("roof: as many multiply-adds", fmaRun(c.flops))
	return c
}

// rows is every n-th row of x [.. × width], from row i on.
func rows(x []float32, width, i, n int) []float32 {
	var all []float32
	for at := i * width; at < len(x); at += n * width {
		all = append(all, x[at:at+width]...)
	}
	return all
}

// oursTogether steps several of our streams in a batch.
type oursTogether struct {
	*ours
	batch  *models.Batch
	states []*models.State
	frames [][]float32
	outs   []float32 // [streams × outputs]
}

func newTogether(o *ours, n int) *oursTogether {
	t := &oursTogether{ours: o, batch: o.model.NewBatch(n), frames: make([][]float32, n),
		outs: make([]float32, n*o.head.outputs)}
	for range n {
		t.states = append(t.states, o.model.NewState())
	}
	return t
}

func (t *oursTogether) step(frame []float32) {
	input := len(frame) / len(t.frames)
	for i := range t.frames {
		t.frames[i] = frame[i*input : (i+1)*input]
	}
	t.batch.Push(t.states, t.frames)
	outputs := len(t.out)
	for i, s := range t.states {
		s.Next(t.outs[i*outputs : (i+1)*outputs])
	}
}

func (t *oursTogether) answer() []float32 { return t.outs }
