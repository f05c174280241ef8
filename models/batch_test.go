package models

import (
	"math/rand/v2"
	"testing"
)

// Streams that come and go, stepped together in whatever company, get the bits
// that each would get alone.
func TestBatchEqualsSolo(t *testing.T) {
	forEachArch(t, func(t *testing.T, m *Model, rng *rand.Rand) {
		if !m.Arch().Causal() {
			return // a batch is of causal streams
		}
		const streams = 43
		b := m.NewBatch(1 + rng.IntN(20))
		alone, together := make([]*State, streams), make([]*State, streams)
		for i := range alone {
			alone[i], together[i] = m.NewState(), m.NewState()
		}
		for range 30 {
			var states []*State
			frames := randomFrames(rng, m.Arch(), rng.IntN(streams+1))
			for n, i := range rng.Perm(streams)[:len(frames)] {
				alone[i].Push(frames[n])
				states = append(states, together[i])
			}
			b.Push(states, frames)
			i := rng.IntN(streams) // answers are fetched now and then
			if !equalBits(drain(alone[i], nil), drain(together[i], nil)) {
				t.Fatal("answers differ")
			}
		}
		for i := range alone {
			one, _ := alone[i].AppendBinary(nil)
			other, _ := together[i].AppendBinary(nil)
			if string(one) != string(other) {
				t.Fatalf("stream %d: states differ", i)
			}
		}
	})
}

func TestBatchAllocatesNothing(t *testing.T) {
	m := randomModel(t, archs["deep"], 1)
	b := m.NewBatch(8)
	frames := randomFrames(rand.New(rand.NewPCG(3, 0)), m.Arch(), 8)
	out := make([]float32, m.Arch().Outputs)
	var states []*State
	for range frames {
		states = append(states, m.NewState())
	}
	if n := testing.AllocsPerRun(20, func() {
		b.Push(states, frames)
		for _, s := range states {
			s.Next(out)
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestBatchRefusesWhatItCannotStep(t *testing.T) {
	m, other := randomModel(t, archs["gru"], 1), randomModel(t, archs["gru"], 2)
	frame := make([]float32, m.Arch().Input)
	for name, call := range map[string]func(){
		"bidirectional": func() { randomModel(t, archs["bidirectional"], 1).NewBatch(1) },
		"no room":       func() { m.NewBatch(0) },
		"other model":   func() { m.NewBatch(1).Push([]*State{other.NewState()}, [][]float32{frame}) },
		"no frame":      func() { m.NewBatch(1).Push([]*State{m.NewState()}, nil) },
		"short frame":   func() { m.NewBatch(1).Push([]*State{m.NewState()}, [][]float32{frame[1:]}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
