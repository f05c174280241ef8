package stream

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

// What is counted by code or type is counted by all there are.
func TestCountersKnowAllCodesAndTypes(t *testing.T) {
	for _, c := range []struct {
		file, declared string
		listed         func(name string) bool
	}{
		{"codes.go", `\bCode += "([a-z_]+)"`, func(s string) bool { return Code(s) == Superseded || slices.Contains(codes[:], Code(s)) }},
		{filepath.Join("..", "pipeline", "event.go"), `\b(?:Speech[A-Za-z]+|[A-Za-z]+Type) += "([a-z_]+)"`,
			func(s string) bool { return slices.Contains(types[:], s) }},
	} {
		source, err := os.ReadFile(c.file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(c.declared).FindAllStringSubmatch(string(source), -1)
		if len(found) < 8 {
			t.Fatalf("%s: only %d declarations found", c.file, len(found))
		}
		for _, m := range found {
			if !c.listed(m[1]) {
				t.Errorf("%s: %s is not counted", c.file, m[1])
			}
		}
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for i, b := range bounds {
		if i > 0 && b <= bounds[i-1] {
			t.Errorf("bound %s after %s", b, bounds[i-1])
		}
		h.observe(b) // belongs to its own bucket
		h.observe(b + 1)
	}
	h.observe(0)
	h.observe(time.Hour)
	s := h.snapshot()
	want := slices.Repeat([]int64{2}, len(bounds)+1)
	if !slices.Equal(s.Counts, want) {
		t.Errorf("counts %d, want %d", s.Counts, want)
	}
	total := time.Hour.Seconds()
	for _, b := range s.Bounds {
		total += 2 * b
	}
	if math.Abs(s.Sum-total) > 1e-6 {
		t.Errorf("sum %g, want %g", s.Sum, total)
	}
}

// Audio that waits is told in seconds, by the format of its session.
func TestBacklog(t *testing.T) {
	entered, gate := make(chan struct{}, 100), make(chan struct{})
	b := startBench(t, gated(entered, gate), quickConfig())
	telephone := []string{"Encoding: mulaw", "Rate: 8000"}
	b.send("phone", make([]byte, 800), telephone...) // 0.1 s
	<-entered
	gate <- struct{}{} // answered, so that the format is known
	until(t, "the first is answered", func() bool { return b.w.Stats().Lag == 0 })
	for range 5 {
		b.send("phone", make([]byte, 800), telephone...)
	}
	<-entered
	b.send("x", pcm(1600, 1)) // 0.1 s
	<-entered
	until(t, "all have come", func() bool { return b.w.Stats().Messages == 7 })
	if s := b.w.Stats(); s.Waiting != 4 || math.Abs(s.Lag-0.5) > 1e-9 {
		t.Errorf("%d messages wait and the lag is %g s, want 4 and 0.5", s.Waiting, s.Lag)
	}
	close(gate)
	until(t, "all is answered", func() bool { return b.w.Stats().Buffered == 0 })
	s := b.w.Stats()
	if s.Waiting != 0 || s.Lag != 0 || s.Chunks != 7 || math.Abs(s.Audio-0.7) > 1e-9 {
		t.Errorf("stats %+v", s)
	}
}

// Every chunk that is answered is in the histogram, messages without audio are not.
func TestAnswersAreTimed(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	for range 3 {
		b.send("x", pcm(160, 1))
	}
	b.send("x", []byte{1}) // refused, which is an answer
	b.send("x", nil, "Control: flush")
	b.send("x", nil, "Control: end")
	b.wait("x", 3)
	until(t, "all is answered", func() bool { return b.w.Stats().Buffered == 0 })
	s := b.w.Stats()
	n := int64(0)
	for _, k := range s.Answers.Counts {
		n += k
	}
	if n != 4 || s.Answers.Sum <= 0 || s.Refused[BadPayload] != 1 || s.Errors != 1 || s.ByType["begin"] != 1 {
		t.Errorf("%d answers took %g s together; stats %+v", n, s.Answers.Sum, s)
	}
}

func TestReady(t *testing.T) {
	s, err := StartServer(ServerConfig{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	address := s.URL()[len("nats://"):]
	w, err := newWorker(connect(t, s), openFake, "fake", "hash", quickConfig())
	if err != nil {
		t.Fatal(err)
	}
	readiness := func() string {
		if err := w.Ready(); err != nil {
			return err.Error()
		}
		return "ready"
	}
	says := func(want string) {
		t.Helper()
		until(t, want, func() bool { return readiness() == want })
	}
	if s := w.Stats(); s.Streams != 0 || s.MaxStreams != int64(w.cfg.MaxStreams) {
		t.Errorf("before the start: stats %+v", s)
	}
	says("starting")
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	says("ready")
	s.Shutdown()
	says("no connection to NATS")
	s, err = StartServer(ServerConfig{Listen: address})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	says("ready")
	if n := w.Stats().Reconnects; n != 1 {
		t.Errorf("%d reconnects, want 1", n)
	}
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	says("draining")
}
