package models

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/internal/kernel"
)

// portableAnswers are what a portable State says to frames that come in pieces.
func portableAnswers(m *Model, frames [][]float32, rng *rand.Rand) []float32 {
	s := m.NewPortableState()
	got := pushAnyhow(s, frames, rng)
	s.Flush()
	return drain(s, got)
}

// The bits of all kinds of models, as one number that is the same wherever this
// test runs, and with the build tag purego. Weights and frames are sums of
// uniform numbers, which are the same everywhere as well.
func TestPortableAnswersAreTheSameEverywhere(t *testing.T) {
	const want = "99fd0f7f2c623c87"
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(archs)) {
		arch, rng := archs[name], rand.New(rand.NewPCG(1, 0))
		uniform := func(values []float32) {
			for i := range values {
				values[i] = float32(rng.Float64() - 0.5)
			}
		}
		tensors := arch.Shapes()
		for i := range tensors {
			tensors[i].Data = make([]float32, tensors[i].Len())
			uniform(tensors[i].Data)
		}
		m, err := New(arch, Info{}, tensors)
		if err != nil {
			t.Fatal(err)
		}
		frames := make([][]float32, 40)
		for i := range frames {
			frames[i] = make([]float32, arch.FrameLen())
			if uniform(frames[i]); arch.Tokens > 0 {
				frames[i][0] = float32(rng.IntN(arch.Tokens+1) + NoToken)
			}
		}
		got := portableAnswers(m, frames, rng)
		if near := whole(m, frames); distance(got, near) > 1e-4 {
			t.Errorf("%s: portable answers are off by %g", name, distance(got, near))
		}
		for _, v := range got {
			binary.Write(hash, binary.LittleEndian, math.Float32bits(v))
		}
	}
	if got := hex.EncodeToString(hash.Sum(nil)[:8]); got != want {
		t.Errorf("answers have the bits %s, elsewhere %s", got, want)
	}
}

func distance(a, b []float32) (most float64) {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	for i, v := range a {
		most = max(most, math.Abs(float64(v)-float64(b[i])))
	}
	return most
}

// What holds for states holds for portable ones: pieces change no bit, and a
// snapshot goes on where it was taken, in a state of the same arithmetic.
func TestPortableStates(t *testing.T) {
	for name, arch := range archs {
		rng := rand.New(rand.NewPCG(3, 0))
		m := randomModel(t, arch, 1)
		frames := randomFrames(rng, arch, 30)
		whole := m.NewPortableState()
		pushAll(whole, frames)
		whole.Flush()
		want := drain(whole, nil)
		if got := portableAnswers(m, frames, rng); !equalBits(got, want) {
			t.Errorf("%s: pieces give other answers", name)
		}
		s := m.NewPortableState()
		got := pushAnyhow(s, frames[:11], rng)
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.NewState().UnmarshalBinary(b); err == nil {
			t.Errorf("%s: arithmetic %s goes on with a snapshot of %s", name, kernel.ID(), kernel.PortableID)
		}
		s = m.NewPortableState()
		if err := s.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		got = append(got, pushAnyhow(s, frames[11:], rng)...)
		s.Flush()
		if got = drain(s, got); !equalBits(got, want) {
			t.Errorf("%s: a restored state gives other answers", name)
		}
	}
}
