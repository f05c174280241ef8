package features

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/internal/race"
)

func newStream(t testing.TB) *Stream {
	t.Helper()
	s, err := New(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func noise(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(0.1 * rng.NormFloat64())
	}
	return v
}

func drain(s *Stream, to []float32) []float32 {
	frame := make([]float32, s.Dim())
	for s.Next(frame) {
		to = append(to, frame...)
	}
	return to
}

func whole(t testing.TB, samples []float32) []float32 {
	s := newStream(t)
	s.Push(samples)
	s.Flush()
	return drain(s, nil)
}

func equalBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// lengths are those at which a stage of hop 160 and window 400 could trip.
var lengths = []int{0, 1, 159, 160, 161, 239, 240, 241, 399, 400, 401, 997, 1600, 4801}

func TestAnyChunkingEqualsOnePush(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, n := range lengths {
		samples := noise(rng, n)
		want := whole(t, samples)
		if frames := len(want) / 40; frames != (n+159)/160 {
			t.Fatalf("%d samples gave %d frames", n, frames)
		}
		for _, most := range []int{1, 7, 160, 161, 400, 1000} {
			s := newStream(t)
			var got []float32
			for rest := samples; len(rest) > 0; {
				k := min(len(rest), 1+rng.IntN(most))
				s.Push(rest[:k])
				got, rest = drain(s, got), rest[k:]
			}
			s.Flush()
			s.Flush() // twice is once
			if got = drain(s, got); !equalBits(got, want) {
				t.Fatalf("%d samples in chunks up to %d differ from one push", n, most)
			}
			s.Reset()
			s.Push(samples)
			s.Flush()
			if !equalBits(drain(s, nil), want) {
				t.Fatalf("%d samples after Reset differ", n)
			}
		}
	}
}

func TestRestoredStreamContinuesBitForBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	for range 50 {
		samples := noise(rng, 1+rng.IntN(5000))
		cut := rng.IntN(len(samples))
		a := newStream(t)
		a.Push(samples[:cut])
		got := make([]float32, 0)
		if rng.IntN(2) == 0 { // else the snapshot holds frames nobody has fetched
			got = drain(a, got)
		}
		saved, err := a.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		b := newStream(t)
		b.Push(noise(rng, 333)) // must not matter
		if err := b.UnmarshalBinary(saved); err != nil {
			t.Fatal(err)
		}
		b.Push(samples[cut:])
		b.Flush()
		if got = drain(b, got); !equalBits(got, whole(t, samples)) {
			t.Fatalf("cut at %d of %d: differs", cut, len(samples))
		}
	}
}

// A sample must not reach a frame that was due before it.
func TestCausal(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	samples := noise(rng, 3200)
	want := whole(t, samples)
	for range 40 {
		at := rng.IntN(len(samples))
		changed := slices.Clone(samples)
		changed[at] += 0.5
		got := whole(t, changed)
		first := at / 160 // the frame whose hop holds the sample
		if !equalBits(got[:40*first], want[:40*first]) {
			t.Fatalf("sample %d changed a frame before %d", at, first)
		}
		if at%160 < 140 && equalBits(got[40*first:40*(first+1)], want[40*first:40*(first+1)]) {
			t.Fatalf("sample %d did not change frame %d: the window is late", at, first)
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	s := newStream(t)
	chunk, frame := noise(rand.New(rand.NewPCG(4, 0)), 320), make([]float32, 40)
	step := func() {
		s.Push(chunk)
		for s.Next(frame) {
		}
	}
	step()
	step()
	if n := testing.AllocsPerRun(100, step); n != 0 && !race.Enabled {
		t.Fatalf("%v allocations per chunk", n)
	}
}

func TestSilenceAndExtremesStayFinite(t *testing.T) {
	for _, level := range []float32{0, 1e-30, 1e-6, 1, -1} {
		samples := make([]float32, 1600)
		for i := range samples {
			samples[i] = level * float32(1-2*(i%2))
		}
		for _, v := range whole(t, samples) {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("level %g gives %v", level, v)
			}
		}
	}
}

func TestConfigErrorsAndHash(t *testing.T) {
	c := DefaultConfig()
	hash := c.Hash()
	if hash != DefaultConfig().Hash() {
		t.Fatal("hash is not stable")
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Parse(b); err != nil || back != c {
		t.Fatalf("%v %v", back, err)
	}
	for name, change := range map[string]func(*Config){
		"kind": func(c *Config) { c.Kind = "mfcc" }, "window function": func(c *Config) { c.WindowFunc = "x" },
		"rate": func(c *Config) { c.Rate = 1e9 }, "n_fft": func(c *Config) { c.NFFT = 500 },
		"window": func(c *Config) { c.Window = 513 }, "hop": func(c *Config) { c.Hop = 0 },
		"mel": func(c *Config) { c.Mels = 300 }, "bands": func(c *Config) { c.HighHz = 9000 },
		"floor": func(c *Config) { c.Floor = math.NaN() },
	} {
		bad := DefaultConfig()
		change(&bad)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := New(bad); err == nil {
			t.Errorf("New took a bad %s", name)
		}
	}
	if _, err := Parse([]byte(`{"kind":"logmel","dither":1}`)); err == nil {
		t.Error("an unknown member was taken")
	}
	c.Floor *= 2
	if c.Hash() == hash {
		t.Error("another recipe has the same hash")
	}
}

func FuzzStreamSnapshot(f *testing.F) {
	s := newStream(f)
	s.Push(noise(rand.New(rand.NewPCG(5, 0)), 777))
	b, _ := s.AppendBinary(nil)
	f.Add(b)
	f.Add([]byte("STRF"))
	frame := make([]float32, 40)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newStream(t)
		if s.UnmarshalBinary(b) == nil {
			again, _ := s.AppendBinary(nil)
			if string(again) != string(b) {
				t.Fatal("a snapshot that was accepted is not written back the same")
			}
		}
		s.Push(make([]float32, 500))
		for s.Next(frame) {
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	s := newStream(b)
	chunk, frame := noise(rand.New(rand.NewPCG(6, 0)), 160), make([]float32, 40)
	for b.Loop() {
		s.Push(chunk)
		s.Next(frame)
	}
}
