package stream

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/pipeline"
)

func TestParseLatency(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "100ms": 100 * time.Millisecond, "0.1s": 100 * time.Millisecond, "100": 100 * time.Millisecond,
		"62.5": 62500 * time.Microsecond, "1h": time.Hour, "3600000": time.Hour, "1m0.5s": 60500 * time.Millisecond,
	} {
		if got, err := ParseLatency(text); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ".", "-1", "-1ms", "1h1ns", "3600001", "NaN", "Inf", "1e3", "0x10", "5m3", "1.2.3", "100 ms", "soon",
		"99999999999999999999", "١"} {
		if got, err := ParseLatency(text); err == nil || !strings.Contains(err.Error(), "100ms") {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func TestLatencyOutOfRangeIsRefused(t *testing.T) {
	for _, d := range []time.Duration{-1, 2 * time.Hour} {
		cfg := DefaultConfig()
		cfg.MaxLatency = &d
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), d.String()) {
			t.Errorf("worker, %v: %v", d, err)
		}
		if _, err := Publish(t.Context(), nil, nil, PublishConfig{Stream: "x", Rate: 16000, MaxLatency: &d}); err == nil {
			t.Errorf("publisher, %v: no error", d)
		}
	}
}

// Streams that ask for different latencies are answered by different models,
// each as late as its begin event says.
func TestStreamsChooseTheirModel(t *testing.T) {
	choice := tinyChoice(t)
	cfg := quickConfig()
	cfg.Choice = choice
	b := startBench(t, pipelines(choice[0], cfg.Choice), cfg)
	for ask, want := range map[string]struct {
		model   string
		latency float64
		of      *pipeline.Pipeline
	}{
		"Other: 1": {"tiny", 0, choice[0]}, "Max-Latency: 0": {"tiny", 0, choice[0]}, "Max-Latency: 99ms": {"late", 0.07, choice[1]},
		"Max-Latency: 100": {"tiny", 0.1, choice[2]}, "Max-Latency: 1h": {"tiny", 0.1, choice[2]},
	} {
		name := fmt.Sprintf("s%x", ask)
		b.sendHops(name, 100, ask)
		events := b.log.of(name)
		begin := events[0].Event
		if begin.Type != pipeline.BeginType || begin.Model != want.model || begin.Latency != want.latency {
			t.Errorf("%q: %s", ask, begin.AppendJSON(nil))
		}
		answered := 0
		for _, r := range events {
			e := r.Event
			if e.Type != pipeline.FrameType || len(e.Probs) == 0 {
				continue
			}
			answered += len(e.Probs)
			if late := float64(e.At-e.Sample)/16000 - 0.01; math.Abs(late-want.latency) > 1e-9 || e.At != 160*e.Seq {
				t.Errorf("%q: decided %v s after its first frame: %s", ask, late, r.Data)
			}
		}
		if due := dueOf(want.of.Model(), 100); answered != due {
			t.Errorf("%q: %d of 100 frames are answered, %d are due", ask, answered, due)
		}
	}
}

// sendHops sends so many chunks of 10 ms and waits for a frame event about each.
func (b *bench) sendHops(name string, n int, ask string) {
	b.t.Helper()
	s16 := audio.Format{Encoding: audio.S16LE, Rate: 16000, Channels: 1}
	samples := bursts(rand.New(rand.NewPCG(4, 4)), 160*n)
	for i := range n {
		b.send(name, s16.AppendBytes(nil, samples[160*i:160*i+160]), ask)
	}
	until(b.t, "a frame event for each chunk", func() bool {
		frames := 0
		for _, r := range b.log.of(name) {
			if r.Kind == KindFrame {
				frames++
			}
		}
		return frames == n
	})
}

// dueOf is how many answers a model gives to so many frames.
func dueOf(m *models.Model, frames int64) (n int) {
	for m.Arch().Needed(int64(n)+1) <= frames {
		n++
	}
	return n
}

// Without a request the worker's own counts, at the rate of each stream, where
// resampling takes its time too.
func TestLatencyOfTheWorker(t *testing.T) {
	choice := tinyChoice(t)
	cfg := quickConfig()
	most := 70 * time.Millisecond
	cfg.MaxLatency, cfg.Choice = &most, choice[1:]
	b := startBench(t, pipelines(choice[0], cfg.Choice), cfg)
	b.send("wide", pcm(160, 1))
	b.send("wide", pcm(160, 1), "Max-Latency: 70")
	b.send("wide", pcm(160, 1), "Max-Latency: 71")
	equal(t, "at 16 kHz", b.wait("wide", 3), []string{"begin new @0", "error latency_changed @320", "gap 160 @320"})
	b.send("narrow", pcm(160, 1), "Rate: 8000")
	b.send("narrow", pcm(160, 1), "Rate: 8000", "Max-Latency: 80")
	equal(t, "at 8 kHz", b.wait("narrow", 2), []string{"error latency_unmet @0", "begin new @0"})
	got := b.log.of("narrow")
	if says := got[0].Event.Message; !strings.Contains(says, "70ms is asked for, the least at 8000 Hz is 76 ms; ask for more by Speech-Max-Latency") {
		t.Errorf("message %q", says)
	}
	if latency := got[1].Event.Latency; latency != 0.076 {
		t.Errorf("latency %v", latency)
	}
}

// Without a choice the one pipeline is soon enough or it is not.
func TestLatencyOfTheOnlyModel(t *testing.T) {
	open := pipelines(tinyChoice(t)[1], nil)
	if o, err := open(16000, 0, unasked); err != nil || math.Abs(o.latency-0.07) > 1e-9 || o.model != "late" {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := open(16000, 0, 70*time.Millisecond); err != nil {
		t.Error(err)
	}
	if _, err := open(16000, 0, 69*time.Millisecond); err == nil {
		t.Error("70 ms were taken for 69")
	}
}

// Chunks behind a refused first one do not each get an error event.
func TestUnmetLatencyIsToldSeldom(t *testing.T) {
	tt := newTrackTest()
	for i := range 1000 {
		tt.feed(pcm(16, 1), fmt.Sprintf("Seq: %d", i+1), "Max-Latency: 1")
	}
	if n := len(tt.lines); n != 16+5 {
		t.Errorf("%d error events for 1000 chunks", n)
	}
	if tt.cur != nil {
		t.Error("a session is open")
	}
}
