package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func testArch(layers ...Layer) Arch {
	return Arch{Input: 5, Outputs: 2, Head: SigmoidHead, Layers: layers}
}

func randomTensors(arch Arch, rng *rand.Rand) []Tensor {
	list := arch.Shapes()
	for i := range list {
		list[i].Data = make([]float32, list[i].Len())
		size := 1.5 / math.Sqrt(float64(list[i].Shape[len(list[i].Shape)-1]))
		for j := range list[i].Data {
			list[i].Data[j] = float32(size * rng.NormFloat64())
			switch { // units that are always 0 would show nothing, nor would a head that is always 1
			case strings.HasPrefix(list[i].Name, "rnn-relu.weight_hh"):
				list[i].Data[j] /= 3
			case strings.HasPrefix(list[i].Name, "rnn-relu.bias"):
				list[i].Data[j] += 0.3
			}
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
		if arch.Tokens > 0 {
			frames[i] = []float32{float32(rng.IntN(arch.Tokens+1) + NoToken)}
			continue
		}
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
	var models []*Model
	for _, name := range []string{"gru", "mixed", "lstm deep", "embedding", "no head", "delays", "row-conv first", "blocks"} {
		m := randomModel(f, archs[name], 1)
		models = append(models, m)
		s := m.NewState()
		s.Push(make([]float32, m.Arch().FrameLen()))
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
			s.Push(make([]float32, m.Arch().FrameLen()))
			s.Flush()
			drain(s, nil)
		}
	})
}

// A frame through one layer of each cell.
func BenchmarkStep(b *testing.B) {
	for _, cell := range CellNames() {
		for _, hidden := range []int{64, 128} {
			m := randomModel(b, Arch{Input: 40, Outputs: 1, Head: SigmoidHead, Layers: []Layer{{Cell: cell, Hidden: hidden}}}, 1)
			b.Run(fmt.Sprintf("%s/40x%d", cell, hidden), func(b *testing.B) {
				s, frame, out := m.NewState(), make([]float32, 40), make([]float32, 1)
				for b.Loop() {
					s.Push(frame)
					s.Next(out)
				}
			})
		}
	}
}
