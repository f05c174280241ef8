package pipeline

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/streamer-audio/streamer/internal/race"
	"github.com/streamer-audio/streamer/models"
)

var rates = []int{16000, 8000, 11025, 44100, 48000}

func withFrames(c *Config) { c.Frames = true }

func TestAnyChunkingEqualsOnePush(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for name, m := range levelModels(t) {
		p := newPipelineOf(t, m, func(c *Config) {
			c.Frames = true
			if !hearsAll(m) {
				c.Final = levelModel(t, true)
			}
		})
		for _, rate := range rates {
			for _, n := range []int{0, 1, 159, 160, 161, 997, 2 * rate} {
				samples := bursts(rng, rate, 2)[:n]
				want := inOnePush(t, p, rate, samples)
				for _, most := range []int{1, 331, 5000} {
					if most == 1 && n > 1000 {
						continue
					}
					s := open(t, p, rate)
					var events []Event
					var probs []float64
					for rest := samples; len(rest) > 0; {
						k := min(len(rest), 1+rng.IntN(most))
						events, probs = gather(events, probs, s.Push(nil, rest[:k]))
						rest = rest[k:]
					}
					events, probs = gather(events, probs, s.Flush(nil))
					if got := lines(events, probs); !slices.Equal(got, want) {
						t.Fatalf("%s, rate %d: %d samples in chunks up to %d: %v\nwant %v", name, rate, n, most, got, want)
					}
				}
			}
		}
	}
}

func TestNumberOfFramesIsDurationOverHopRoundedUp(t *testing.T) {
	for name, m := range levelModels(t) {
		countFrames(t, name, newPipelineOf(t, m, withFrames))
	}
}

func countFrames(t *testing.T, name string, p *Pipeline) {
	for _, rate := range rates {
		for _, n := range []int{0, 1, 80, 159, 160, 161, 441, 442, 1000, 12345} {
			s := open(t, p, rate)
			_, probs := gather(nil, nil, s.Push(nil, make([]float32, n)))
			_, probs = gather(nil, probs, s.Flush(nil))
			if want := (n*100 + rate - 1) / rate; len(probs) != want {
				t.Errorf("%s: %d samples at %d Hz: %d frames, want %d", name, n, rate, len(probs), want)
			}
		}
	}
}

// An event must come with the very sample that its At names, not one earlier
// or later.
func TestAtIsTheSampleThatDecides(t *testing.T) {
	for name, m := range levelModels(t) {
		if !hearsAll(m) {
			comesWithItsSample(t, name, newPipelineOf(t, m, nil))
		}
	}
}

func comesWithItsSample(t *testing.T, name string, p *Pipeline) {
	rng := rand.New(rand.NewPCG(2, 0))
	for _, rate := range rates {
		samples := bursts(rng, rate, 2)
		all := open(t, p, rate).Push(nil, samples)
		if len(all) < 2 {
			t.Fatalf("only %d events", len(all))
		}
		for i, e := range all {
			before := open(t, p, rate).Push(nil, samples[:e.At-1])
			with := open(t, p, rate).Push(nil, samples[:e.At])
			if len(before) > i || len(with) <= i {
				t.Fatalf("%s, rate %d: event %d: %d events before sample %d, %d with it", name, rate, i, len(before), e.At, len(with))
			}
			if e.Sample > e.At || e.N != int64(i+1) {
				t.Fatalf("%+v", e)
			}
		}
	}
}

// The stated latency is the true one: audio at or after it never changes an
// answer, and audio just before it does.
func TestLatencyIsExact(t *testing.T) {
	for name, m := range levelModels(t) {
		p := newPipelineOf(t, m, withFrames)
		if hearsAll(m) {
			if _, bounded := p.Latency(16000); bounded {
				t.Error("a model that hears all has a latency")
			}
			continue
		}
		t.Run(name, func(t *testing.T) { latencyIsExact(t, p) })
	}
}

func latencyIsExact(t *testing.T, p *Pipeline) {
	rng := rand.New(rand.NewPCG(3, 0))
	ahead := 0.01 * float64(p.Model().Lookahead())
	probsOf := func(rate int, samples []float32) []float64 {
		s := open(t, p, rate)
		_, probs := gather(nil, nil, s.Push(nil, samples))
		_, probs = gather(nil, probs, s.Flush(nil))
		return probs
	}
	for _, rate := range rates {
		latency, bounded := p.Latency(rate)
		if more := latency - ahead; !bounded || more < -1e-9 || more > 0.01 || rate == 16000 && math.Abs(more) > 1e-9 {
			t.Fatalf("rate %d: latency %v %v", rate, latency, bounded)
		}
		samples := bursts(rng, rate, 1)
		want := probsOf(rate, samples)
		for range 15 {
			// No frame that is due before a sample may hear it.
			at := rng.IntN(len(samples))
			changed := slices.Clone(samples)
			changed[at] += 1
			got := probsOf(rate, changed)
			for i := range got {
				if got[i] != want[i] && float64(at) >= due(i, rate, latency)-1e-6 {
					t.Fatalf("rate %d: sample %d changed frame %d, which is due before %.1f", rate, at, i, due(i, rate, latency))
				}
			}
		}
		// And among the last samples before it is due, one must count. (Not
		// each does: window and filter begin and end with weights near 0.)
		tight := false
		for i := 20; i < 60 && !tight; i++ {
			changed := slices.Clone(samples)
			last := int(math.Ceil(due(i, rate, latency)-1e-6)) - 1
			for k := range 10 {
				changed[last-k] += 1e5
			}
			tight = probsOf(rate, changed)[i] != want[i]
		}
		if !tight {
			t.Errorf("rate %d: the last samples before the stated latency have no effect: it is not tight", rate)
		}
	}
}

// Speech that a model is sure of at once is announced when OnsetLatency says,
// to the sample: for blocks, at the beginning of the worst one.
func TestOnsetLatencyIsExact(t *testing.T) {
	for name, m := range levelModels(t) {
		if hearsAll(m) {
			continue
		}
		for _, w := range m.Tensors() {
			switch w.Name {
			case "gru.bias_ih_l0", "gru.bias_ih_l0_reverse":
				w.Data[1] = -30 // forgets at once
			case "row-conv.weight_l1":
				copy(w.Data, []float32{1, 0, 0, 0})
			case "head.weight":
				for i := range w.Data {
					w.Data[i] = 40
				}
			case "head.bias":
				w.Data[0] = -10
			}
		}
		changed, err := models.New(m.Arch(), m.Info(), m.Tensors())
		if err != nil {
			t.Fatal(err)
		}
		p := newPipelineOf(t, changed, func(c *Config) {
			c.Decider = DefaultDecider(false)
			c.Decider.PreRoll = 0 // so that events say which frame was the first
		})
		latency, _ := p.OnsetLatency(16000)
		predicted, observed := int64(math.Round(latency*16000)), int64(0)
		for first := 30; first < 50; first++ {
			samples := make([]float32, 160*100)
			copy(samples[160*first:], noiseOf(rand.New(rand.NewPCG(7, 0)), 0.3, len(samples)-160*first))
			events := open(t, p, 16000).Push(nil, samples)
			if len(events) == 0 {
				t.Fatalf("%s: nothing was announced", name)
			}
			observed = max(observed, events[0].At-(events[0].Sample+160))
		}
		if observed != predicted {
			t.Errorf("%s: announced %d samples after the first frame, %d were predicted", name, observed, predicted)
		}
	}
}

// due is the input position before which all lies that frame i may hear.
func due(i, rate int, latency float64) float64 {
	return (float64(i+1)*0.01 + latency) * float64(rate)
}

func TestRestoredSessionContinuesBitForBit(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	doubtful := 0
	ways := levelModels(t)
	ways["patient"] = ways["causal"]
	for name, m := range ways {
		p := newPipelineOf(t, m, func(c *Config) {
			c.Frames = true
			if c.Decider = DefaultDecider(m.Lookahead() >= 8); name == "patient" { // gathers for most of a burst
				c.Decider.Evidence, c.Decider.Sensitivity, c.Decider.PostRoll = 80, 0.4, -30*time.Millisecond
			}
		})
		for _, rate := range rates {
			for range 3 {
				samples := bursts(rng, rate, 1)
				cut := rng.IntN(len(samples))
				a := open(t, p, rate)
				events, probs := gather(nil, nil, a.Push(nil, samples[:cut]))
				if e := a.decider.evidence; e > 0 && e < a.decider.enough {
					doubtful++
				}
				saved, err := a.AppendBinary(nil)
				if err != nil {
					t.Fatal(err)
				}
				if !hearsAll(m) && len(saved) > 64<<10 {
					t.Fatalf("snapshot of %d bytes", len(saved))
				}
				b := open(t, p, rate)
				b.Push(nil, samples[:100]) // must not matter
				if err := b.UnmarshalBinary(saved); err != nil {
					t.Fatal(err)
				}
				events, probs = gather(events, probs, b.Push(nil, samples[cut:]))
				events, probs = gather(events, probs, b.Flush(nil))
				got, want := lines(events, probs), inOnePush(t, p, rate, samples)
				if !slices.Equal(got, want) {
					t.Fatalf("%s, rate %d cut %d: %v\nwant %v", name, rate, cut, got, want)
				}
			}
		}
	}
	if doubtful == 0 {
		t.Error("no snapshot was taken while evidence was being gathered")
	}
}

func TestSnapshotOfOtherSettingsIsRefused(t *testing.T) {
	p := newPipeline(t, false, nil)
	saved, _ := open(t, p, 16000).AppendBinary(nil)
	if err := open(t, p, 8000).UnmarshalBinary(saved); err == nil {
		t.Error("another rate was taken")
	}
	for name, change := range map[string]func(*DeciderConfig){
		"threshold": func(c *DeciderConfig) { c.On = 0.9 }, "sensitivity": func(c *DeciderConfig) { c.Sensitivity = 0.6 },
		"evidence": func(c *DeciderConfig) { c.Evidence++ }, "post-roll": func(c *DeciderConfig) { c.PostRoll -= time.Second },
	} {
		other := newPipeline(t, false, func(c *Config) {
			c.Decider = DefaultDecider(false)
			change(&c.Decider)
		})
		if err := open(t, other, 16000).UnmarshalBinary(saved); err == nil {
			t.Errorf("another %s was taken", name)
		}
	}
	s := open(t, p, 16000)
	s.Push(nil, make([]float32, 5000))
	if err := s.UnmarshalBinary(saved[:len(saved)-3]); err == nil || s.Position() != 0 {
		t.Errorf("cut short: %v, position %d", err, s.Position())
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for name, m := range levelModels(t) {
		if !hearsAll(m) {
			allocatesNothing(t, name, newPipelineOf(t, m, func(c *Config) { c.Frames, c.Final = true, levelModel(t, true) }))
		}
	}
}

func allocatesNothing(t *testing.T, name string, p *Pipeline) {
	for _, rate := range rates {
		s := open(t, p, rate)
		chunk := bursts(rand.New(rand.NewPCG(5, 0)), rate, 0.02) // too short to be announced
		quiet := make([]float32, len(chunk))
		events := make([]Event, 0, 16)
		step := func() { events = s.Push(events[:0], quiet) }
		for range 300 {
			step()
		}
		if n := testing.AllocsPerRun(100, step); n != 0 && !race.Enabled {
			t.Errorf("%s, rate %d: %v allocations per chunk", name, rate, n)
		}
	}
}

func TestFlushBeginsANewRunAtTheSamePosition(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 0))
	p := newPipeline(t, false, withFrames)
	one, two := bursts(rng, 16000, 1.003), bursts(rng, 16000, 1)
	s := open(t, p, 16000)
	events := s.Push(nil, one)
	events = s.Flush(events)
	if s.Position() != int64(len(one)) {
		t.Fatalf("position %d", s.Position())
	}
	second := s.Push(nil, two)
	fresh, err := p.Open(16000, int64(len(one)))
	if err != nil {
		t.Fatal(err)
	}
	want := fresh.Push(nil, two)
	last := &second[len(second)-1]
	if !slices.Equal(last.Probs, want[len(want)-1].Probs) || last.Sample != int64(len(one)) {
		t.Fatal("the run behind a flush is not a fresh one")
	}
	if len(second) != len(want) {
		t.Fatalf("%d events, a fresh session has %d", len(second), len(want))
	}
	for i := range events {
		if e := &events[i]; e.At > int64(len(one)) || e.Sample > int64(len(one)) {
			t.Fatalf("%s lies behind the input", e.AppendJSON(nil))
		}
	}
}

func TestGap(t *testing.T) {
	p := newPipeline(t, false, nil)
	loud := bursts(rand.New(rand.NewPCG(7, 0)), 16000, 0)
	rng := rand.New(rand.NewPCG(7, 0))
	for range 8000 {
		loud = append(loud, float32(0.2*rng.NormFloat64()))
	}
	for _, hold := range []bool{false, true} {
		s := open(t, p, 16000)
		events := s.Push(nil, loud)
		if len(events) != 1 || events[0].Type != SpeechStart {
			t.Fatalf("%+v", events)
		}
		events = s.Gap(nil, 1600, hold)
		gap := events[len(events)-1]
		if gap.Type != GapType || gap.LostSamples != 1600 || gap.Sample != 8000 || gap.Duration != 0.1 {
			t.Fatalf("%+v", gap)
		}
		if closed := len(events) == 2 && events[0].Type == SpeechEnd; closed == hold {
			t.Fatalf("hold=%v: %+v", hold, events)
		}
		if s.Position() != 9600 {
			t.Fatalf("position %d", s.Position())
		}
		more := s.Push(nil, loud)
		more = s.Flush(more)
		end := more[len(more)-1]
		if end.Type != SpeechEnd || end.Sample != 17600 || end.At != 17600 {
			t.Fatalf("hold=%v: %+v", hold, more)
		}
		if hold != (len(more) == 1) {
			t.Fatalf("hold=%v: %d events", hold, len(more))
		}
	}
	s := open(t, p, 16000)
	s.Gap(nil, math.MaxInt64, true)
	s.Gap(nil, -5, true)
	if s.Position() != maxPosition {
		t.Fatalf("position %d", s.Position())
	}
}

func TestNewAndOpenRefuse(t *testing.T) {
	if _, err := New(levelModel(t, true), DefaultConfig()); !errors.Is(err, ErrDelay) {
		t.Errorf("a live pipeline took a bidirectional model: %v", err)
	}
	c := DefaultConfig()
	c.Decider = DefaultDecider(false)
	c.Decider.On = 2
	if _, err := New(levelModel(t, false), c); err == nil {
		t.Error("a threshold of 2 was taken")
	}
	m := levelModel(t, false)
	bare, err := models.New(m.Arch(), models.Info{Name: "bare"}, m.Tensors())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(bare, DefaultConfig()); err == nil {
		t.Error("a model without a feature recipe was taken")
	}
	linear := m.Arch()
	linear.Head = models.LinearHead
	other, err := models.New(linear, m.Info(), m.Tensors())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(m, Config{Final: other}); err == nil {
		t.Error("a final pass without probabilities was taken")
	}
	p := newPipeline(t, false, nil)
	for _, rate := range []int{0, -1, 3999, 192001, 1e9} {
		if _, err := p.Open(rate, 0); err == nil {
			t.Errorf("rate %d was taken", rate)
		}
	}
	if _, err := p.Open(16000, -1); err == nil {
		t.Error("a negative position was taken")
	}
}

func FuzzSessionSnapshot(f *testing.F) {
	p := newPipeline(f, false, nil)
	s := open(f, p, 44100)
	s.Push(nil, bursts(rand.New(rand.NewPCG(8, 0)), 44100, 0.5))
	b, _ := s.AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := open(t, p, 44100)
		_ = s.UnmarshalBinary(b)
		s.Push(nil, make([]float32, 1000))
		s.Flush(nil)
	})
}
