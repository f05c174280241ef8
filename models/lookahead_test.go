package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A block longer than the recording is the whole recording, and a model may go
// to blocks and back.
func TestBlocksWithoutEndHearAll(t *testing.T) {
	m := randomModel(t, archs["lstm bidirectional deep"], 1)
	frames := randomFrames(rand.New(rand.NewPCG(1, 0)), m.Arch(), 30)
	blocks, err := m.InBlocks(30, 0)
	if err != nil {
		t.Fatal(err)
	}
	back, err := blocks.InBlocks(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !equalBits(whole(blocks, frames), whole(m, frames)) || back.Hash() != m.Hash() || blocks.Hash() == m.Hash() {
		t.Error("one block is not the whole recording")
	}
	if _, err := randomModel(t, archs["gru"], 1).InBlocks(4, 4); err == nil {
		t.Error("a causal model was taken")
	}
}

// One delay of several answers as the others do, only sooner.
func TestAtDelayIsOneColumn(t *testing.T) {
	m := randomModel(t, archs["delays"], 1)
	frames := randomFrames(rand.New(rand.NewPCG(1, 0)), m.Arch(), 50)
	all := whole(m, frames)
	for i, delay := range m.Arch().Delays {
		one, err := m.AtDelay(delay)
		if err != nil {
			t.Fatal(err)
		}
		if one.Lookahead() != delay {
			t.Errorf("delay %d: look-ahead %d", delay, one.Lookahead())
		}
		got := whole(one, frames)
		for f := range len(frames) - m.Lookahead() { // the last frames end differently
			if d := got[f] - all[f*len(m.Arch().Delays)+i]; d > 1e-6 || d < -1e-6 {
				t.Fatalf("delay %d, frame %d: %g off", delay, f, d)
			}
		}
	}
	if _, err := m.AtDelay(3); err == nil {
		t.Error("a delay that the model does not have")
	}
}

func TestMeanLookahead(t *testing.T) {
	for name, want := range map[string]float64{"gru": 0, "delay 20": 20, "row-conv, delays": 8, "blocks": 3 + 1.5, "gru bidirectional": math.Inf(1)} {
		if got := archs[name].MeanLookahead(); got != want {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
}

func TestWaysToWaitThatMakeNoSense(t *testing.T) {
	one, both := Layer{Cell: GRU, Hidden: 4}, Layer{Cell: GRU, Hidden: 4, Bidirectional: true}
	for name, change := range map[string]func(a *Arch){
		"delays of another number":   func(a *Arch) { a.Delays = []int{1} },
		"negative delay":             func(a *Arch) { a.Delays = []int{1, -1} },
		"endless delay":              func(a *Arch) { a.Delays = []int{1, maxAhead + 1} },
		"softmax of several frames":  func(a *Arch) { a.Head, a.Delays = SoftmaxHead, []int{1, 2} },
		"block of one direction":     func(a *Arch) { a.Block = 3 },
		"right of no block":          func(a *Arch) { a.Layers, a.Right = []Layer{both}, 3 },
		"negative right":             func(a *Arch) { a.Layers, a.Block, a.Right = []Layer{both}, 3, -1 },
		"endless block":              func(a *Arch) { a.Layers, a.Block = []Layer{both}, maxAhead+1 },
		"delay of both directions":   func(a *Arch) { a.Layers, a.Delays = []Layer{both}, []int{1, 1} },
		"convolution of both":        func(a *Arch) { a.Layers = []Layer{both, {Cell: RowConv, Hidden: 8, Context: 1}} },
		"convolution of other width": func(a *Arch) { a.Layers = []Layer{one, {Cell: RowConv, Hidden: 5, Context: 1}} },
		"context of a cell":          func(a *Arch) { a.Layers = []Layer{{Cell: GRU, Hidden: 4, Context: 1}} },
		"negative context":           func(a *Arch) { a.Layers = []Layer{one, {Cell: RowConv, Hidden: 4, Context: -1}} },
		"convolution both ways":      func(a *Arch) { a.Layers = []Layer{one, {Cell: RowConv, Hidden: 4, Bidirectional: true}} },
	} {
		a := testArch(one)
		change(&a)
		if a.Validate() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// What a snapshot of a late model says must be possible.
func TestSnapshotOfLateStates(t *testing.T) {
	for _, name := range []string{"delays", "row-conv", "blocks"} {
		m := randomModel(t, archs[name], 1)
		s := m.NewState()
		pushAll(s, randomFrames(rand.New(rand.NewPCG(1, 0)), m.Arch(), 40))
		drain(s, nil)
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			changed := append([]byte(nil), b...)
			changed[i] ^= 0x40
			if s.UnmarshalBinary(changed) == nil && len(s.waiting)/m.arch.Input > s.mostWaiting() {
				t.Fatalf("%s: byte %d: %d frames wait", name, i, len(s.waiting)/m.arch.Input)
			}
			s.Push(make([]float32, m.arch.FrameLen()))
		}
	}
}

// The cost of hearing each block's right context twice: the same weights over
// the same minute, in blocks and as a whole by turns. "times" is the ratio of
// the two, to be held against (block+right)/block.
func BenchmarkBlocks(b *testing.B) {
	whole := randomModel(b, Arch{Input: 40, Outputs: 1, Head: SigmoidHead,
		Layers: []Layer{{Cell: "gru", Hidden: 64, Bidirectional: true}, {Cell: "gru", Hidden: 64, Bidirectional: true}}}, 1)
	frames := randomFrames(rand.New(rand.NewPCG(1, 0)), whole.Arch(), 6000)
	answer := make([]float32, 1)
	hear := func(s *State) time.Duration {
		begin := time.Now()
		for _, x := range frames {
			s.Push(x)
			for s.Next(answer) {
			}
		}
		s.Flush()
		for s.Next(answer) {
		}
		s.Reset()
		return time.Since(begin)
	}
	for _, size := range [][2]int{{100, 0}, {100, 25}, {50, 25}, {20, 12}, {25, 25}, {10, 10}, {5, 5}, {6, 12}, {10, 40}} {
		b.Run(fmt.Sprintf("%d+%d", size[0], size[1]), func(b *testing.B) {
			m, err := whole.InBlocks(size[0], size[1])
			if err != nil {
				b.Fatal(err)
			}
			state, reference := m.NewState(), whole.NewState()
			var took, wholeTook time.Duration
			for b.Loop() {
				took += hear(state)
				wholeTook += hear(reference)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N*len(frames)), "ns/frame")
			b.ReportMetric(float64(took)/float64(wholeTook), "times")
			b.ReportMetric(float64(size[0]+size[1])/float64(size[0]), "expected")
		})
	}
}
