package models

import (
	"fmt"
	"math"
	"slices"
)

// Between a causal model, which answers at once, and a bidirectional one,
// which waits for the end of the recording, there are three ways to wait a
// little. All run in the same State, which answers each frame when it can.
//
// Target delay: a causal stack is trained to answer Delays frames late
// (Schuster and Paliwal 1997, section II.B; Graves and Schmidhuber 2005).
//
// Row convolution: a layer of its own takes a weighted sum, channel by
// channel, of what the stack below says of a frame and of some frames after
// it (Wang et al. 2016, "Lookahead convolution layer for unidirectional
// recurrent neural networks"; Amodei et al. 2016).
//
// Latency control: a bidirectional stack takes blocks of Block frames and
// Right frames beyond them. The forward cells carry their state from block to
// block, the backward cells begin with nothing at the right edge (Zhang et
// al. 2016, "Highway long short-term memory RNNs for distant speech
// recognition"). A frame waits for Right frames, if it is the last of its
// block, to Block+Right-1, if it is the first, and (Block+Right)/Block times
// the work is done.

// Lookahead is the greatest number of frames after its own that an answer
// waits for: 0 for a causal model, Unbounded for one that needs the whole
// recording.
func (a Arch) Lookahead() int {
	switch {
	case !a.Bidirectional():
		return a.context() + a.delay()
	case a.Block > 0:
		return a.Block + a.Right - 1
	}
	return Unbounded
}

// MeanLookahead is Lookahead averaged over frames: less, where a block is
// answered together. It is +Inf for a model that needs the whole recording.
func (a Arch) MeanLookahead() float64 {
	switch {
	case !a.Bidirectional():
		return float64(a.Lookahead())
	case a.Block > 0:
		return float64(a.Right) + float64(a.Block-1)/2
	}
	return math.Inf(1)
}

// Needed is the number of frames that must have been pushed for n answers,
// unless Flush says that no more come.
func (a Arch) Needed(n int64) int64 {
	switch {
	case n == 0:
		return 0
	case !a.Bidirectional():
		return n + int64(a.Lookahead())
	case a.Block > 0:
		block := int64(a.Block)
		return (n+block-1)/block*block + int64(a.Right)
	}
	return math.MaxInt64
}

// Causal tells whether an answer depends on nothing after its own frame.
func (a Arch) Causal() bool { return a.Lookahead() == 0 }

// Bidirectional tells whether a layer hears what follows.
func (a Arch) Bidirectional() bool {
	return slices.ContainsFunc(a.Layers, func(l Layer) bool { return l.Bidirectional })
}

// context is what the row convolutions wait for.
func (a Arch) context() (frames int) {
	for _, l := range a.Layers {
		frames += l.Context
	}
	return frames
}

// delay is the greatest target delay.
func (a Arch) delay() (most int) {
	for _, d := range a.Delays {
		most = max(most, d)
	}
	return most
}

// spread is how far apart the outputs of one step are about.
func (a Arch) spread() int {
	if len(a.Delays) == 0 {
		return 0
	}
	return a.delay() - slices.Min(a.Delays)
}

// maxAhead bounds what a model may wait for, in frames.
const maxAhead = 1 << 12

func (a Arch) validateAhead() error {
	both := a.Bidirectional()
	switch {
	case len(a.Delays) != 0 && len(a.Delays) != a.Outputs:
		return fmt.Errorf("models: %d delays for %d outputs", len(a.Delays), a.Outputs)
	case slices.ContainsFunc(a.Delays, func(d int) bool { return d < 0 || d > maxAhead }):
		return fmt.Errorf("models: delays %v are not within 0..%d frames", a.Delays, maxAhead)
	case a.Head == SoftmaxHead && a.spread() > 0:
		return fmt.Errorf("models: outputs of a softmax are about one frame, and have one delay")
	case a.Block < 0 || a.Block > maxAhead || a.Right < 0 || a.Right > maxAhead || a.Block == 0 && a.Right > 0:
		return fmt.Errorf("models: blocks of %d frames with %d to their right are not within 0..%d", a.Block, a.Right, maxAhead)
	case a.Block > 0 && !both:
		return fmt.Errorf("models: blocks of %d frames are for a bidirectional stack", a.Block)
	case both && (a.delay() > 0 || a.context() > 0):
		return fmt.Errorf("models: a bidirectional stack hears what follows: it takes no delays and no row convolution")
	}
	return nil
}

// InBlocks returns the model with its bidirectional stack run in blocks of so
// many frames, with so many more to their right; 0 and 0 is the whole
// recording. The weights are shared, and stay what they are.
func (m *Model) InBlocks(block, right int) (*Model, error) {
	arch := m.arch
	arch.Block, arch.Right = block, right
	return New(arch, m.info, m.tensors)
}

// AtDelay returns the part of a model of several delays that answers after
// one of them.
func (m *Model) AtDelay(delay int) (*Model, error) {
	i := slices.Index(m.arch.Delays, delay)
	if i < 0 {
		return nil, fmt.Errorf("models: model %q answers after %v frames, not after %d", m.info.Name, m.arch.Delays, delay)
	}
	arch, tensors := m.arch, slices.Clone(m.tensors)
	arch.Outputs, arch.Delays = 1, []int{delay}
	head := tensors[len(tensors)-2:]
	width := head[0].Shape[1]
	head[0].Shape, head[0].Data = []int{1, width}, head[0].Data[i*width:(i+1)*width]
	head[1].Shape, head[1].Data = []int{1}, head[1].Data[i:i+1]
	return New(arch, m.info, tensors)
}

// late is what a stack of one direction that answers late remembers besides
// its memory, to tell which answer is about which frame.
type late struct {
	last  []float32 // [input] the last frame, encoded
	steps int       // taken since the first frame, as far as they answered none: at most Lookahead
	past  []float32 // [spread × outputs] of the last steps, oldest first
	rows  []float32 // scratch
}

// catchUp answers the frames that an answer late by so many steps has left.
func (s *State) catchUp(steps int) {
	memory := s.AppendMemory(nil)
	for steps > 0 {
		n := min(together, steps)
		s.enter(n, n)
		for i := range n {
			copy(s.room.x[i*len(s.late.last):], s.late.last)
		}
		s.run(n, n)
		s.leave()
		steps -= n
	}
	s.SetMemory(memory)
	s.late.reset()
}

func (l *late) reset() {
	clear(l.last)
	clear(l.past)
	l.steps = 0
}

// align makes answers about frames of what the last steps said, if that is
// about earlier frames: step t says output i about frame t-Delays[i].
func (s *State) align(steps int) {
	ahead := s.m.arch.Lookahead()
	if len(s.late.last) == 0 {
		return
	}
	outputs := s.m.arch.Outputs
	rows := s.out[len(s.out)-steps*outputs:]
	if len(s.late.past) > 0 {
		s.late.spread(rows, s.m.arch.Delays)
	}
	early := min(steps, ahead-s.late.steps) // about what was before the first frame
	s.late.steps += early
	copy(rows, rows[early*outputs:])
	s.out = s.out[:len(s.out)-early*outputs]
}

// spread puts into each row [outputs] what the steps said about one frame.
func (l *late) spread(rows []float32, delays []int) {
	outputs, least := len(delays), slices.Min(delays)
	l.rows = append(append(l.rows[:0], l.past...), rows...)
	for at := 0; at < len(rows); at += outputs {
		for i, d := range delays {
			rows[at+i] = l.rows[at+(d-least)*outputs+i]
		}
	}
	copy(l.past, l.rows[len(rows):])
}

// lateSteps is the most that late.steps can be.
func (s *State) lateSteps() int {
	if len(s.late.last) == 0 {
		return 0
	}
	return s.m.Lookahead()
}
