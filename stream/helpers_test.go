package stream

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/streamer-audio/streamer/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an engine whose answers depend on every sample and its place, so
// that a lost, doubled or foreign one shows. It answers every 160 samples.
type fake struct {
	rate    int
	pos, n  int64
	state   uint64
	pending int
	brittle bool            // panics at a sample of 0.125
	gate    <-chan struct{} // one receive per Push, when set
	entered chan<- struct{}
}

func (f *fake) Position() int64 { return f.pos }

func (f *fake) Push(dst []pipeline.Event, samples []float32) []pipeline.Event {
	if f.entered != nil {
		f.entered <- struct{}{}
	}
	if f.gate != nil {
		<-f.gate
	}
	for _, x := range samples {
		if f.brittle && x == 0.125 {
			panic("fake defect")
		}
		f.state = f.state*6364136223846793005 + uint64(math.Float32bits(x)) + 1
		f.pos++
		if f.pending++; f.pending == 160 {
			f.pending = 0
			dst = f.answer(dst, pipeline.SpeechStart)
		}
	}
	return dst
}

func (f *fake) answer(dst []pipeline.Event, kind string) []pipeline.Event {
	f.n++
	return append(dst, pipeline.Event{Type: kind, Model: "fake", Pass: pipeline.Causal, N: f.n,
		Sample: f.pos, At: f.pos, Start: float64(f.pos) / float64(f.rate), Prob: float64(f.state>>40) / (1 << 24)})
}

func (f *fake) Flush(dst []pipeline.Event) []pipeline.Event {
	if f.pending > 0 {
		dst = f.answer(dst, pipeline.SpeechEnd)
	}
	f.pending, f.state = 0, 0
	return dst
}

func (f *fake) Gap(dst []pipeline.Event, lost int64, hold bool) []pipeline.Event {
	e := pipeline.Event{Type: pipeline.GapType, Model: "fake", Sample: f.pos, At: f.pos, LostSamples: lost, Policy: PolicyHold,
		Start: float64(f.pos) / float64(f.rate), Duration: float64(lost) / float64(f.rate)}
	if !hold {
		e.Policy = PolicyReset
		dst = f.Flush(dst)
	}
	f.pos += lost
	return append(dst, e)
}

// openFake opens fakes that answer after 10 ms, at 4001 Hz none at all.
func openFake(rate int, offset int64, most time.Duration) (opened, error) {
	switch {
	case rate == 4001:
		return opened{}, fmt.Errorf("no resampler for %d", rate)
	case most != unasked && most < 10*time.Millisecond:
		return opened{}, fmt.Errorf("%w: %v is asked for, the least is 10 ms", pipeline.ErrDelay, most)
	}
	return opened{&fake{rate: rate, pos: offset}, "fake", 0.01}, nil
}

// header builds headers from "Name: value" without the Speech- in front.
func header(lines ...string) nats.Header {
	h := nats.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add("Speech-"+name, value)
	}
	return h
}

// pcm is n samples of s16le that depend on seed.
func pcm(n, seed int) []byte {
	b := make([]byte, 0, 2*n)
	for i := range n {
		v := int16((i + 1) * (seed*2654435761 + 40503) >> 7)
		b = append(b, byte(v), byte(v>>8))
	}
	return b
}

// brief is an event in a line, for comparison with what a test expects.
func brief(e *pipeline.Event) string {
	what := e.Reason + e.Code
	if e.Type == pipeline.GapType {
		what = strconv.FormatInt(e.LostSamples, 10)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s @%d", e.Type, what, e.Sample))
}

// quickConfig is for tests: everything that waits waits briefly.
func quickConfig() Config {
	c := DefaultConfig()
	c.CheckWait = 40 * time.Millisecond
	return c
}

func startServer(t testing.TB, cfg ServerConfig) *Server {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	s, err := StartServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s
}

func connect(t testing.TB, s *Server) *nats.Conn {
	t.Helper()
	nc, err := Connect(ConnectConfig{Server: s.URL(), Name: "test",
		Extra: []nats.Option{nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectJitter(0, 0), nats.Timeout(20 * time.Second)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// bench is a worker on a server of its own, with a client and a log of all
// that the worker says.
type bench struct {
	t      testing.TB
	server *Server
	nc     *nats.Conn // the client's
	w      *Worker
	stop   func() error // once
	log    eventLog
}

func startBench(t testing.TB, open opener, cfg Config) *bench {
	t.Helper()
	b := &bench{t: t, server: startServer(t, ServerConfig{})}
	b.nc = connect(t, b.server)
	if _, err := Watch(b.nc, "", b.log.add); err != nil {
		t.Fatal(err)
	}
	w, err := newWorker(connect(t, b.server), open, "fake", "hash", cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.w = w
	b.stop = sync.OnceValue(func() error {
		defer b.nc.Flush() // what the worker said last is in the log afterwards
		return w.Stop(t.Context())
	})
	t.Cleanup(func() { _ = b.stop() })
	return b
}

func (b *bench) send(stream string, payload []byte, lines ...string) {
	b.t.Helper()
	if err := b.nc.PublishMsg(&nats.Msg{Subject: "audio." + stream, Data: payload, Header: header(lines...)}); err != nil {
		b.t.Fatal(err)
	}
}

// wait returns what was said about a stream once that is n status events or
// more; frames and answers are not counted.
func (b *bench) wait(stream string, n int) []string {
	b.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		got := b.log.status(stream)
		if len(got) >= n {
			return got
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("stream %s: %d status events, want %d: %q", stream, len(got), n, got)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 2500 {
		if ok() {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("not within 5 s: %s", what)
}

// eventLog gathers what a worker says.
type eventLog struct {
	mu     sync.Mutex
	events []Received
	bad    []error
}

func (l *eventLog) add(r *Received, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.bad = append(l.bad, err)
		return
	}
	l.events = append(l.events, *r)
}

func (l *eventLog) of(stream string) []Received {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.events), func(r Received) bool { return r.Event.Stream != stream })
}

func (l *eventLog) status(stream string) (lines []string) {
	for _, r := range l.of(stream) {
		if r.Kind == KindStatus {
			lines = append(lines, brief(&r.Event))
		}
	}
	return lines
}

func equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}
