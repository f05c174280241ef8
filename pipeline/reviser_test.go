package pipeline

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func finals(events []Event) (causal, final []Event) {
	for _, e := range events {
		if e.Pass == Bidirectional {
			final = append(final, e)
		} else {
			causal = append(causal, e)
		}
	}
	return causal, final
}

func noiseOf(rng *rand.Rand, level float64, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(level * rng.NormFloat64())
	}
	return v
}

func TestEachSegmentIsRevised(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	p := newPipeline(t, false, func(c *Config) { c.Final = levelModel(t, true) })
	s := open(t, p, 16000)
	events := s.Push(nil, bursts(rng, 16000, 12))
	events = s.Flush(events)
	causal, final := finals(events)
	if len(causal) < 10 {
		t.Fatalf("only %d causal events", len(causal))
	}
	var revised []int64
	end := 0.0
	for i, f := range final {
		if f.N != int64(i+1) || f.Type != SegmentType || f.Start < end-1e-9 {
			t.Fatalf("final %d: %s (the last one ended at %g)", i, f.AppendJSON(nil), end)
		}
		revised, end = append(revised, f.Revises...), f.Start+f.Duration
	}
	for _, e := range causal {
		if !slices.Contains(revised, e.N) {
			t.Errorf("causal event %d was never revised", e.N)
		}
	}
}

// Sessions revise with states that they share, one after the other or at once,
// and what they say is what each would say alone.
func TestSessionsReviseAsIfAlone(t *testing.T) {
	with := func(c *Config) { c.Final = levelModel(t, true) }
	p := newPipeline(t, false, with)
	var all sync.WaitGroup
	for seed := range uint64(8) {
		samples := bursts(rand.New(rand.NewPCG(3, seed)), 16000, 4+float64(seed))
		want := inOnePush(t, newPipeline(t, false, with), 16000, samples)
		s := open(t, p, 16000)
		all.Go(func() {
			var events []Event
			for chunk := range slices.Chunk(samples, 777) {
				events = s.Push(events, chunk)
			}
			if got := lines(s.Flush(events), nil); !slices.Equal(got, want) {
				t.Errorf("session %d:\n got %q\nwant %q", seed, got, want)
			}
		})
	}
	all.Wait()
}

func TestLongSpeechIsRevisedInPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	p := newPipeline(t, false, func(c *Config) { c.Final = levelModel(t, true) })
	s := open(t, p, 16000)
	var events []Event
	for range 100 {
		events = s.Push(events, noiseOf(rng, 0.2, 16000))
		if kept := len(s.final.frames) / s.final.dim; kept > 3300 {
			t.Fatalf("%d frames are kept", kept)
		}
	}
	events = s.Flush(events)
	causal, final := finals(events)
	if len(causal) != 2 || len(final) != 4 {
		t.Fatalf("%d causal and %d final events", len(causal), len(final))
	}
	for i, f := range final[1:] {
		if before := final[i].Start + final[i].Duration; f.Start < before-1e-9 || f.Start > before+0.1 {
			t.Errorf("piece %d begins at %g, the last one ended at %g", i+1, f.Start, before)
		}
	}
	if end := final[3].Start + final[3].Duration; end < 99.9 {
		t.Errorf("the last piece ends at %g", end)
	}
}

func TestWhatTheFinalPassDoesNotHearIsTakenBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	deaf := func(c *Config) {
		c.Final = levelModel(t, true)
		c.Final.Tensors()[len(c.Final.Tensors())-1].Data[0] = -50 // the head's bias
	}
	s := open(t, newPipeline(t, false, deaf), 16000)
	events := s.Push(nil, noiseOf(rng, 0.2, 8000))
	events = s.Push(events, noiseOf(rng, 0.0003, 8000))
	_, final := finals(events)
	if len(final) != 1 || final[0].Duration != 0 || final[0].Prob > 0.01 || !slices.Equal(final[0].Revises, []int64{1, 2}) {
		t.Fatalf("%+v", final)
	}
}

func TestRestoredSessionRevisesOnlyWhatItHeard(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	p := newPipeline(t, false, func(c *Config) { c.Final = levelModel(t, true) })
	a, b := open(t, p, 16000), open(t, p, 16000)
	a.Push(nil, noiseOf(rng, 0.2, 8000)) // open at the snapshot
	saved, err := a.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.UnmarshalBinary(saved); err != nil {
		t.Fatal(err)
	}
	quiet := noiseOf(rng, 0.0003, 8000)
	_, final := finals(b.Push(nil, quiet))
	if len(final) != 0 {
		t.Fatalf("a segment whose beginning was not heard was revised: %+v", final)
	}
	events := b.Push(nil, noiseOf(rng, 0.2, 8000))
	_, final = finals(b.Push(events, quiet))
	if len(final) != 1 || final[0].Start < 0.97 /* the second burst, less its pre-roll */ {
		t.Fatalf("%+v", final)
	}
}

// Each pass has the decider that fits it, both at the sensitivity asked for.
func TestTheFinalPassHasItsOwnDecider(t *testing.T) {
	for _, sensitivity := range []float64{0, 0.3} {
		p := newPipeline(t, false, func(c *Config) {
			c.Final = levelModel(t, true)
			c.Decider = DefaultDecider(false)
			c.Decider.Sensitivity, c.Decider.PreRoll = sensitivity, time.Second
		})
		want := DefaultDecider(true)
		want.Sensitivity = sensitivity
		if got := open(t, p, 16000).final.decider.limits; got != want.limits(p.Hop()) {
			t.Errorf("%+v", got)
		}
	}
}

// The final pass may put an end behind the place where the causal pass puts the
// next start: what has been revised is not revised again.
func TestRevisionsNeverOverlap(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	p := newPipeline(t, false, func(c *Config) {
		c.Final = levelModel(t, true)
		c.Decider = DefaultDecider(false)
		c.Decider.PreRoll, c.Decider.PostRoll, c.Decider.MinSilence = time.Second, -150*time.Millisecond, 50*time.Millisecond
	})
	for range 5 {
		s := open(t, p, 16000)
		events := s.Push(nil, bursts(rng, 16000, 10))
		_, final := finals(s.Flush(events))
		end := 0.0
		for _, f := range final {
			if f.Start < end-1e-9 || f.Duration <= 0 {
				t.Fatalf("%s: the last one ended at %g", f.AppendJSON(nil), end)
			}
			end = f.Start + f.Duration
		}
	}
}
