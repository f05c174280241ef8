package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/pipeline"
)

// samples reads from memory, a few at a time, then gives err.
type samples struct {
	left []float32
	err  error
}

func (s *samples) ReadSamples(dst []float32) (int, error) {
	n := copy(dst[:min(len(dst), 77)], s.left)
	s.left = s.left[n:]
	if len(s.left) == 0 {
		return n, s.err
	}
	return n, nil
}

func ramp(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%2000-1000) / 32768
	}
	return v
}

// capture gathers what is published to a stream.
func capture(t *testing.T, nc *nats.Conn, stream string) *nats.Subscription {
	t.Helper()
	sub, err := nc.SubscribeSync("audio." + stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return sub
}

// captured returns the messages up to the end control.
func captured(t *testing.T, sub *nats.Subscription) (all []*nats.Msg) {
	t.Helper()
	for {
		m, err := sub.NextMsg(2 * time.Second)
		if err != nil {
			t.Fatalf("after %d messages: %v", len(all), err)
		}
		all = append(all, m)
		if m.Header.Get(HeaderControl) == string(End) {
			return all
		}
	}
}

func TestPublishOnSchedule(t *testing.T) {
	s := startServer(t, ServerConfig{})
	nc := connect(t, s)
	sub := capture(t, connect(t, s), "x")
	audioIn := ramp(1050)
	var epoch time.Time
	done, err := Publish(t.Context(), nc, &samples{audioIn, io.EOF}, PublishConfig{Stream: "x", Session: "a", Rate: 16000, Speed: 1,
		Chunk: 10 * time.Millisecond, Started: func(at time.Time) { epoch = at }})
	took := time.Since(epoch)
	if err != nil {
		t.Fatal(err)
	}
	if done.Chunks != 7 || done.Samples != 1050 || done.Session != "a" {
		t.Errorf("published %+v", done)
	}
	if took < 1050*time.Second/16000 || done.Late < 0 || done.Late > took {
		t.Errorf("took %s, %s late", took, done.Late)
	}
	var payload []byte
	for i, m := range captured(t, sub) {
		c, err := ParseChunk(m.Subject, m.Header, m.Data)
		if err != nil || c.Session != "a" || c.Format() != (audio.Format{Encoding: audio.S16LE, Rate: 16000, Channels: 1}) {
			t.Fatalf("message %d: %+v, %v", i, c, err)
		}
		if i == 7 {
			if c.Control != End || c.Chunks != 7 {
				t.Errorf("last message %+v", c)
			}
			break
		}
		at := epoch.Add(time.Duration(i) * 10 * time.Millisecond)
		if c.Seq != int64(i+1) || c.Sample != int64(160*i) || c.Time != at.UnixMicro() {
			t.Errorf("message %d: %+v, sounds at %d", i, c, at.UnixMicro())
		}
		payload = append(payload, c.Payload...)
	}
	got, err := audio.Format{Encoding: audio.S16LE, Rate: 16000, Channels: 1}.AppendSamples(nil, payload)
	if err != nil || !slices.Equal(got, audioIn) {
		t.Errorf("%d samples arrived, they differ from those sent (%v)", len(got), err)
	}
}

// The greatest latency goes with every chunk, since the first may be lost.
func TestPublishAsksForLatency(t *testing.T) {
	s := startServer(t, ServerConfig{})
	nc := connect(t, s)
	sub := capture(t, connect(t, s), "x")
	zero, some := time.Duration(0), 62500*time.Microsecond
	for _, most := range []*time.Duration{nil, &zero, &some} {
		want := unasked
		if most != nil {
			want = *most
		}
		if _, err := Publish(t.Context(), nc, &samples{ramp(1000), io.EOF}, PublishConfig{Stream: "x", Rate: 16000, MaxLatency: most}); err != nil {
			t.Fatal(err)
		}
		for i, m := range captured(t, sub) {
			if c, err := ParseChunk(m.Subject, m.Header, m.Data); err != nil || c.MaxLatency != want {
				t.Errorf("message %d asks for %v, want %v (%v)", i, c.MaxLatency, want, err)
			}
		}
	}
}

// A chunk that is late makes no later one later: the schedule is absolute.
func TestScheduleIsAbsolute(t *testing.T) {
	p := publisher{cfg: PublishConfig{Rate: 11025, Speed: 2}, epoch: time.Unix(1000, 0)}
	for _, position := range []int64{0, 1, 11025, 220 * 1_000_000} {
		want := float64(position) / 11025 / 2
		if got := p.due(position).Sub(p.epoch).Seconds(); math.Abs(got-want) > 1e-6 {
			t.Errorf("sample %d is due after %v s, want %v", position, got, want)
		}
	}
}

// As fast as the worker answers: nothing is dropped though its queue is short.
func TestPublishHeedsTheWorker(t *testing.T) {
	cfg := quickConfig()
	cfg.QueueChunks = windowChunks + 1
	b := startBench(t, openFake, cfg)
	done, err := Publish(t.Context(), b.nc, &samples{ramp(160 * 1000), io.EOF}, PublishConfig{Stream: "x", Rate: 16000, Chunk: 10 * time.Millisecond})
	if err != nil || done.Chunks != 1000 {
		t.Fatal(done, err)
	}
	equal(t, "status", b.wait("x", 2), []string{"begin new @0", "end end @160000"})
	if s := b.w.Stats(); s.Dropped != 0 || s.Samples != 160000 {
		t.Errorf("stats %+v", s)
	}
}

func TestPublishWithoutWorker(t *testing.T) {
	nc := connect(t, startServer(t, ServerConfig{}))
	start := time.Now()
	done, err := Publish(t.Context(), nc, &samples{ramp(16000), io.EOF}, PublishConfig{Stream: "x", Rate: 16000, Chunk: time.Millisecond})
	if err != nil || done.Chunks != 1000 || time.Since(start) > 5*time.Second {
		t.Errorf("%+v, %v, %s", done, err, time.Since(start))
	}
}

// The session is ended however the sending ends.
func TestPublishAlwaysEnds(t *testing.T) {
	s := startServer(t, ServerConfig{})
	nc := connect(t, s)
	sub := capture(t, connect(t, s), "x")
	broken := errors.New("broken file")
	_, err := Publish(t.Context(), nc, &samples{ramp(100), broken}, PublishConfig{Stream: "x", Rate: 16000})
	if all := captured(t, sub); !errors.Is(err, broken) || len(all) != 2 {
		t.Errorf("%v after %d messages", err, len(all))
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	done, err := Publish(ctx, nc, &samples{ramp(1_000_000), io.EOF}, PublishConfig{Stream: "x", Rate: 16000, Speed: 1})
	all := captured(t, sub)
	if err != nil || int64(len(all)) != done.Chunks+1 || all[len(all)-1].Header.Get(HeaderChunks) != fmt.Sprint(done.Chunks) {
		t.Errorf("cancelled: %v, %+v, %d messages", err, done, len(all))
	}
}

func TestPublishRefuses(t *testing.T) {
	nc := connect(t, startServer(t, ServerConfig{MaxPayload: 4000}))
	ok := PublishConfig{Stream: "x", Rate: 16000}
	for says, change := range map[string]func(*PublishConfig){
		"send shorter chunks": func(c *PublishConfig) { c.Chunk = 100 * time.Millisecond },
		"stream name":         func(c *PublishConfig) { c.Stream = "a.b" },
		"printable text":      func(c *PublishConfig) { c.Session = "a\n" },
		"give 1 for real":     func(c *PublishConfig) { c.Speed = math.NaN() },
		"up to an hour":       func(c *PublishConfig) { c.Chunk = -1 },
		"4000..192000":        func(c *PublishConfig) { c.Rate = 0 },
		"opus":                func(c *PublishConfig) { c.Encoding = "opus" },
	} {
		cfg := ok
		change(&cfg)
		if _, err := Publish(t.Context(), nc, &samples{ramp(100), io.EOF}, cfg); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestExactEncoding(t *testing.T) {
	for want, infos := range map[audio.Encoding][]audio.Info{
		audio.S16LE: {{Channels: 1, Bits: 16}, {Channels: 1, Bits: 8}},
		audio.F32LE: {{Channels: 2, Bits: 16}, {Channels: 1, Bits: 24}, {Channels: 1, Bits: 32, Float: true}},
	} {
		for _, info := range infos {
			if got := ExactEncoding(info); got != want {
				t.Errorf("%+v: %s, want %s", info, got, want)
			}
		}
	}
}

// What a worker says about a recording is what the pipeline says about it, byte
// for byte but for stream, session and seq.
func TestPublishedEqualsPushed(t *testing.T) {
	p := tinyPipeline(t, pipeline.DefaultConfig())
	b := startBench(t, pipelines(p, nil), quickConfig())
	v := bursts(rand.New(rand.NewPCG(9, 9)), 5*8000)
	if _, err := Publish(t.Context(), b.nc, &samples{v, io.EOF}, PublishConfig{Stream: "x", Rate: 8000, Encoding: audio.F32LE, Chunk: 30 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	b.wait("x", 2)
	s, err := p.Open(8000, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, e := range s.Flush(s.Push(nil, v)) {
		want = append(want, string(e.AppendJSON(nil)))
	}
	for _, r := range b.log.of("x") {
		if r.Kind == KindEvent {
			r.Event.Stream, r.Event.Session, r.Event.Seq = "", "", 0
			got = append(got, string(r.Event.AppendJSON(nil)))
		}
	}
	if len(want) < 4 {
		t.Fatalf("only %d events, the test shows nothing", len(want))
	}
	equal(t, "events", got, want)
}

func TestWatch(t *testing.T) {
	s := startServer(t, ServerConfig{})
	nc := connect(t, s)
	var one, all eventLog
	sub, err := Watch(nc, "x", one.add)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Watch(nc, "", all.add); err != nil {
		t.Fatal(err)
	}
	e := pipeline.Event{Type: pipeline.SpeechStart, Stream: "x", Session: "a \"quoted\" one", N: 1, Sample: 160, Prob: .5}
	for _, subject := range []string{"speech.x.event", "speech.y.event"} {
		if err := nc.Publish(subject, e.AppendJSON(nil)); err != nil {
			t.Fatal(err)
		}
	}
	for _, junk := range []string{"", "junk", "{}", `{"v":2}`} {
		if err := nc.Publish("speech.x.event", []byte(junk)); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all came", func() bool { one.mu.Lock(); defer one.mu.Unlock(); return len(one.bad) == 4 })
	if got := one.of("x"); len(got) != 1 || got[0].Event.Session != e.Session || got[0].Kind != KindEvent || !got[0].Sent.IsZero() {
		t.Errorf("received %+v", got)
	}
	until(t, "all streams", func() bool { return len(all.of("x")) == 2 })
	if err := sub.Unsubscribe(); err != nil {
		t.Error(err)
	}
	if _, err := Watch(nc, "a.b", one.add); err == nil || !strings.Contains(err.Error(), `"a.b"`) {
		t.Errorf("bad name: %v", err)
	}
}
