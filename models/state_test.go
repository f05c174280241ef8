package models

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// archs are the shapes that every property is tested on.
var archs = map[string]Arch{
	"gru":           testArch(Layer{Cell: GRU, Hidden: 7}),
	"deep":          testArch(Layer{Cell: GRU, Hidden: 9}, Layer{Cell: GRU, Hidden: 4}, Layer{Cell: GRU, Hidden: 6}),
	"bidirectional": testArch(Layer{Cell: GRU, Hidden: 5, Bidirectional: true}),
	"deep both":     testArch(Layer{Cell: GRU, Hidden: 5, Bidirectional: true}, Layer{Cell: GRU, Hidden: 6, Bidirectional: true}),
	"mixed":         testArch(Layer{Cell: GRU, Hidden: 5}, Layer{Cell: GRU, Hidden: 6, Bidirectional: true}, Layer{Cell: GRU, Hidden: 3}),
	"wide":          {Input: 40, Outputs: 1, Head: SigmoidHead, Layers: []Layer{{Cell: GRU, Hidden: 129}}},
}

func testArch(layers ...Layer) Arch {
	return Arch{Input: 5, Outputs: 2, Head: SigmoidHead, Layers: layers}
}

func randomTensors(arch Arch, rng *rand.Rand) []Tensor {
	list := arch.Shapes()
	for i := range list {
		list[i].Data = make([]float32, list[i].Len())
		for j := range list[i].Data {
			list[i].Data[j] = float32(0.7 * rng.NormFloat64())
		}
	}
	return list
}

func randomModel(t testing.TB, arch Arch, seed uint64) *Model {
	t.Helper()
	info := Info{Name: "test", Task: "none", Features: []byte(`{"kind":"x"}`), Provenance: map[string]string{"seed": "1"}}
	m, err := New(arch, info, randomTensors(arch, rand.New(rand.NewPCG(seed, 0))))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func randomFrames(rng *rand.Rand, arch Arch, n int) [][]float32 {
	frames := make([][]float32, n)
	for i := range frames {
		for range arch.Input {
			frames[i] = append(frames[i], float32(rng.NormFloat64()))
		}
	}
	return frames
}

func drain(s *State, to []float32) []float32 {
	out := make([]float32, s.Model().Arch().Outputs)
	for s.Next(out) {
		to = append(to, out...)
	}
	return to
}

func whole(m *Model, frames [][]float32) []float32 {
	s := m.NewState()
	for _, f := range frames {
		s.Push(f)
	}
	s.Flush()
	return drain(s, nil)
}

func equalBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func forEachArch(t *testing.T, f func(t *testing.T, m *Model, rng *rand.Rand)) {
	for name, arch := range archs {
		t.Run(name, func(t *testing.T) { f(t, randomModel(t, arch, 1), rand.New(rand.NewPCG(2, 0))) })
	}
}

func TestPushingAndFetchingAnyhowGivesTheSameBits(t *testing.T) {
	forEachArch(t, func(t *testing.T, m *Model, rng *rand.Rand) {
		for _, n := range []int{0, 1, 2, 17, 60} {
			frames := randomFrames(rng, m.Arch(), n)
			want := whole(m, frames)
			if len(want) != n*m.Arch().Outputs {
				t.Fatalf("%d frames got %d answers", n, len(want)/m.Arch().Outputs)
			}
			s := m.NewState()
			for range 2 { // the second time after Reset
				var got []float32
				for left := frames; len(left) > 0; {
					k := 1 // one by one or several at once
					if rng.IntN(2) == 0 {
						k = rng.IntN(len(left) + 1)
						s.PushAll(slices.Concat(left[:k]...))
					} else {
						s.Push(left[0])
					}
					left = left[k:]
					if rng.IntN(3) == 0 {
						got = drain(s, got)
					}
				}
				s.Flush()
				s.Flush()
				if got = drain(s, got); !equalBits(got, want) {
					t.Fatalf("%d frames: answers differ", n)
				}
				s.Reset()
			}
		}
	})
}

func TestRestoredStateContinuesBitForBit(t *testing.T) {
	forEachArch(t, func(t *testing.T, m *Model, rng *rand.Rand) {
		for range 20 {
			frames := randomFrames(rng, m.Arch(), 1+rng.IntN(40))
			cut := rng.IntN(len(frames))
			a := m.NewState()
			for _, f := range frames[:cut] {
				a.Push(f)
			}
			saved, err := a.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			b := m.NewState()
			b.Push(frames[0])
			if err := b.UnmarshalBinary(saved); err != nil {
				t.Fatal(err)
			}
			for _, f := range frames[cut:] {
				b.Push(f)
			}
			b.Flush()
			if !equalBits(drain(b, nil), whole(m, frames)) {
				t.Fatalf("restored at %d of %d: differs", cut, len(frames))
			}
		}
	})
}

func TestStreamsDoNotHearEachOther(t *testing.T) {
	forEachArch(t, func(t *testing.T, m *Model, rng *rand.Rand) {
		const streams = 5
		var frames [streams][][]float32
		var states [streams]*State
		for i := range states {
			frames[i], states[i] = randomFrames(rng, m.Arch(), 12), m.NewState()
		}
		for t := range 12 {
			for i := range states {
				states[i].Push(frames[i][t])
			}
		}
		for i, s := range states {
			s.Flush()
			if !equalBits(drain(s, nil), whole(m, frames[i])) {
				t.Fatalf("stream %d differs from itself alone", i)
			}
		}
	})
}

// A causal model must not look ahead, and a bidirectional one must.
func TestCausality(t *testing.T) {
	forEachArch(t, func(t *testing.T, m *Model, rng *rand.Rand) {
		frames := randomFrames(rng, m.Arch(), 20)
		want := whole(m, frames)
		frames[12][0]++
		got := whole(m, frames)
		before := 12 * m.Arch().Outputs
		causal := m.Lookahead() == 0
		if equalBits(got[:before], want[:before]) != causal {
			t.Fatalf("look-ahead is not what Lookahead() = %d says", m.Lookahead())
		}
		if equalBits(got[before:], want[before:]) {
			t.Fatal("a changed frame changed nothing")
		}
	})
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	m := randomModel(t, archs["deep"], 1)
	s, frame, out := m.NewState(), make([]float32, 5), make([]float32, 2)
	step := func() {
		s.Push(frame)
		for s.Next(out) {
		}
	}
	step()
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Fatalf("%v allocations per frame", n)
	}
}

func TestCausalSnapshotIsSmall(t *testing.T) {
	m := randomModel(t, Arch{Input: 40, Outputs: 1, Head: SigmoidHead,
		Layers: []Layer{{Cell: GRU, Hidden: 256}, {Cell: GRU, Hidden: 256}, {Cell: GRU, Hidden: 256}}}, 1)
	s := m.NewState()
	for _, f := range randomFrames(rand.New(rand.NewPCG(3, 0)), m.Arch(), 1000) {
		s.Push(f)
	}
	drain(s, nil)
	if b, _ := s.AppendBinary(nil); len(b) > 8<<10 {
		t.Fatalf("snapshot of %d bytes", len(b))
	}
}

func TestSnapshotOfAnotherModelIsRefused(t *testing.T) {
	a, b := randomModel(t, archs["gru"], 1), randomModel(t, archs["gru"], 2)
	saved, _ := a.NewState().AppendBinary(nil)
	s := b.NewState()
	if err := s.UnmarshalBinary(saved); err == nil {
		t.Fatal("taken")
	}
}

func FuzzStateSnapshot(f *testing.F) {
	models := []*Model{randomModel(f, archs["gru"], 1), randomModel(f, archs["mixed"], 1)}
	for _, m := range models {
		s := m.NewState()
		s.Push(make([]float32, 5))
		b, _ := s.AppendBinary(nil)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range models {
			s := m.NewState()
			if s.UnmarshalBinary(b) == nil {
				if again, _ := s.AppendBinary(nil); string(again) != string(b) {
					t.Fatal("a snapshot that was accepted is not written back the same")
				}
			}
			s.Push(make([]float32, 5))
			s.Flush()
			drain(s, nil)
		}
	})
}

func BenchmarkStep(b *testing.B) {
	for name, hidden := range map[string]int{"40x64": 64, "40x128": 128} {
		m := randomModel(b, Arch{Input: 40, Outputs: 1, Head: SigmoidHead, Layers: []Layer{{Cell: GRU, Hidden: hidden}}}, 1)
		b.Run(name, func(b *testing.B) {
			s, frame, out := m.NewState(), make([]float32, 40), make([]float32, 1)
			for b.Loop() {
				s.Push(frame)
				s.Next(out)
			}
		})
	}
}
