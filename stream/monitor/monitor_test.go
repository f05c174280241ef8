package monitor

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/streamer-audio/streamer/stream"
)

// What is scraped agrees with what a client sent and with what it was told.
func TestMetricsAgree(t *testing.T) {
	config := stream.DefaultConfig()
	config.QueueChunks = 2
	r := newRig(t, config)
	var mu sync.Mutex
	told := map[string]int{}
	if _, err := stream.Watch(r.nc, "", func(got *stream.Received, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			t.Error(err)
			return
		}
		told[got.Event.Type]++
	}); err != nil {
		t.Fatal(err)
	}
	r.start()

	chunk := make([]byte, 640)        // 20 ms
	for seq := 1; seq <= 100; seq++ { // one at a time, so that no queue is full
		if seq <= 40 || seq > 45 {
			r.send(true, "kitchen-7", chunk, fmt.Sprintf("Seq: %d", seq))
		}
		if seq == 50 {
			r.send(true, "kitchen-7", chunk, "Seq: 50")
		}
	}
	for range 3 {
		r.send(true, "kitchen-7", chunk, "Rate: 1")
	}
	r.send(true, "kitchen-7", nil, "Control: end")
	r.send(false, "not.a.name", chunk)
	const flood = 500
	r.send(false, "hall-9", make([]byte, 800_000)) // 25 s, which take a while
	for range flood {
		r.send(false, "hall-9", chunk)
	}
	r.until("the flood is over", func() bool { s := r.worker.Stats(); return s.Messages == 96+3+1+1+1+flood && s.Buffered == 0 })
	r.send(true, "hall-9", nil, "Control: end")

	s := r.scrape()
	dropped := s.of("dropped_messages_total", "stream_queue")
	if dropped == 0 || dropped > flood-1 {
		t.Fatalf("%g chunks were dropped from a queue that holds 2", dropped)
	}
	sent := 96 + 3 + 1.0 + 1 + flood // with audio
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"received_messages_total", nil, sent + 2},
		{"received_bytes_total", nil, 640*(sent-1) + 800_000},
		{"answered_chunks_total", nil, 95 + 1 + flood - dropped},
		{"answered_audio_seconds_total", nil, 0.02*(95+flood-dropped) + 25},
		{"lost_audio_seconds_total", nil, 0.02 * (5 + 3 + dropped)},
		{"dropped_messages_total", []string{"repeat"}, 1},
		{"dropped_messages_total", []string{"shared_queue"}, 0},
		{"dropped_messages_total", []string{"slow_consumer"}, 0},
		{"dropped_messages_total", []string{"superseded"}, 0},
		{"refused_messages_total", []string{"bad_rate"}, 3},
		{"refused_messages_total", []string{"bad_name"}, 1},
		{"refused_messages_total", []string{"bad_seq"}, 0},
		{"answer_duration_seconds", nil, sent - 1 - dropped},
		{"sessions_total", nil, 2}, {"open_sessions", nil, 0}, {"open_streams", nil, 2}, {"open_streams_limit", nil, 4096},
		{"queued_messages", nil, 0}, {"queued_bytes", nil, 0}, {"lag_seconds", nil, 0}, {"queued_bytes_limit", nil, 256 << 20},
		{"events_total", []string{"begin"}, 2}, {"events_total", []string{"end"}, 2}, {"events_total", []string{"error"}, 4},
		{"events_total", []string{"gap"}, s.of("gaps_total")},
		{"unpublished_events_total", nil, 0}, {"nats_reconnects_total", nil, 0}, {"ready", nil, 1},
	} {
		if got := s.of(want.name, want.labels...); got < want.value-1e-6 || got > want.value+1e-6 {
			t.Errorf("%s%q is %g, want %g", want.name, want.labels, got, want.value)
		}
	}
	for kind := range maps.Keys(r.worker.Stats().ByType) {
		n := int(s.of("events_total", kind))
		r.until("all events are received", func() bool { mu.Lock(); defer mu.Unlock(); return told[kind] >= n })
		mu.Lock()
		if told[kind] != n {
			t.Errorf("%d %s events are counted, %d were received", n, kind, told[kind])
		}
		mu.Unlock()
	}
}

// The metrics follow the conventions, and none of their labels names a stream.
func TestMetricsAreSound(t *testing.T) {
	r := newRig(t, stream.DefaultConfig())
	problems, err := testutil.GatherAndLint(Registry(r.config))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	before := r.scrape() // works before the worker has started
	r.start()
	for i := range 50 {
		r.send(true, fmt.Sprintf("stream-%d", i), make([]byte, 640), fmt.Sprintf("Session: session-%d", i))
	}
	after := r.scrape()
	if before.of("ready") != 0 || after.of("ready") != 1 || after.of("open_sessions") != 50 {
		t.Errorf("ready %g, then %g with %g sessions", before.of("ready"), after.of("ready"), after.of("open_sessions"))
	}
	for name, family := range after.families {
		if !strings.HasPrefix(name, "streamer_") {
			continue
		}
		if got, had := len(family.Metric), len(before.families[name].GetMetric()); got != had {
			t.Errorf("%s has %d series, before there were streams %d", name, got, had)
		}
	}
	_, body := r.get("/metrics")
	if strings.Contains(body, "stream-1") || strings.Contains(body, "session-1") {
		t.Error("the metrics name a stream or session")
	}
	for _, line := range []string{`streamer_build_info{go="go1.`, `version="v1.2.3"`, `streamer_model_info{hash="`,
		`lookahead="0",name="vad"`, "go_goroutines ", "process_resident_memory_bytes ", `streamer_answer_duration_seconds_bucket{le="0.001"}`} {
		if !strings.Contains(body, line) {
			t.Errorf("the metrics have no %s", line)
		}
	}
	if n := len(after.families["streamer_model_info"].GetMetric()); n != 1 {
		t.Errorf("one model is shown as %d", n)
	}
}

// The page for operators has every metric, and no others.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "OPERATIONS.md"))
	if err != nil {
		t.Fatal(err)
	}
	families := newRig(t, stream.DefaultConfig()).scrape().families
	for _, m := range regexp.MustCompile(`\bstreamer_[a-z_]+`).FindAllString(string(page), -1) {
		if families[strings.TrimSuffix(m, "_bucket")] == nil {
			t.Errorf("%s is documented and does not exist", m)
		}
	}
	for name := range families {
		if strings.HasPrefix(name, "streamer_") && !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("%s is not documented", name)
		}
	}
	for _, m := range families["streamer_dropped_messages_total"].GetMetric() {
		if reason := m.Label[0].GetValue(); !strings.Contains(string(page), "| `"+reason+"` |") {
			t.Errorf("reason %s is not documented", reason)
		}
	}
}

func TestReadiness(t *testing.T) {
	r := newRig(t, stream.DefaultConfig())
	says := func(wantStatus int, want string) {
		t.Helper()
		r.until(want, func() bool { status, body := r.get("/readyz"); return status == wantStatus && body == want+"\n" })
		if status, body := r.get("/healthz"); status != 200 || body != "ok\n" {
			t.Errorf("while %s: the health is %d %s", want, status, body)
		}
	}
	says(503, "starting")
	r.start()
	says(200, "ready")
	address := strings.TrimPrefix(r.nats.URL(), "nats://")
	r.nats.Shutdown()
	says(503, "no connection to NATS")
	server, err := stream.StartServer(stream.ServerConfig{Listen: address})
	if err != nil {
		t.Fatal(err)
	}
	r.nats = server
	says(200, "ready")
	r.stop()
	says(503, "draining")
	if ready := r.scrape().of("ready"); ready != 0 {
		t.Errorf("streamer_ready is %g while draining", ready)
	}
	r.monitor.Stop()
	if response, err := client.Get("http://" + r.monitor.Address() + "/healthz"); err == nil {
		response.Body.Close()
		t.Error("a stopped monitor answers")
	}
}

func TestProfiles(t *testing.T) {
	r := newRig(t, stream.DefaultConfig())
	for path, starts := range map[string]string{
		"/debug/pprof/": "<html>", "/debug/pprof": "<html>", "/debug/pprof/goroutine?debug=1": "goroutine profile: ",
		"/debug/pprof/heap": "\x1f\x8b", "/debug/pprof/profile?seconds=1": "\x1f\x8b", "/debug/pprof/trace?seconds=0.1": "go 1.",
	} {
		if status, body := r.get(path); status != 200 || !strings.HasPrefix(body, starts) {
			t.Errorf("%s: %d %.40q", path, status, body)
		}
	}
}

// A profile that is being taken does not hold up the end.
func TestStopEndsProfiles(t *testing.T) {
	r := newRig(t, stream.DefaultConfig())
	var all sync.WaitGroup
	all.Go(func() {
		response, err := client.Get("http://" + r.monitor.Address() + "/debug/pprof/trace?seconds=600")
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close()
		if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 || len(body) == 0 {
			t.Errorf("the trace that was cut short: %d, %d bytes, %v", response.StatusCode, len(body), err)
		}
	})
	r.until("the trace has begun", func() bool {
		_, body := r.get("/debug/pprof/goroutine?debug=2")
		return strings.Contains(body, "pprof.Trace")
	})
	r.monitor.Stop()
	all.Wait()
}

func TestRefuses(t *testing.T) {
	r := newRig(t, stream.DefaultConfig())
	for path, want := range map[string]int{"/": 404, "/metrics/x": 404, "/debug/vars": 404, "/debug/pprof/cmdline": 404, "/debug/pprof/symbol": 404} {
		if status, _ := r.get(path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	response, err := client.Post("http://"+r.monitor.Address()+"/metrics", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 405 {
		t.Errorf("POST: %d, want 405", response.StatusCode)
	}
	request, err := http.NewRequest("GET", "http://"+r.monitor.Address()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Long", strings.Repeat("x", 2*headerBytes))
	if response, err = client.Do(request); err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 431 {
		t.Errorf("%d bytes of headers: %d, want 431", 2*headerBytes, response.StatusCode)
	}
}

func TestCheckAddress(t *testing.T) {
	for address, says := range map[string]string{
		"127.0.0.1:9090": "", "[::1]:0": "", "localhost:9090": "", "127.9.9.9:1": "",
		"0.0.0.0:9090": "not on loopback", ":9090": "not on loopback", "[::]:9090": "not on loopback", "192.168.1.2:9090": "not on loopback",
		"example.com:9090": "not on loopback", "localhost.example.com:9090": "not on loopback",
		"9090": "give HOST:PORT", "127.0.0.1": "give HOST:PORT", "127.0.0.1:http": "give a port", "127.0.0.1:65536": "give a port", "127.0.0.1:-1": "give a port",
	} {
		err := CheckAddress(address, false)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", address, err, says)
		}
		if err := CheckAddress(address, true); (err != nil) != strings.HasPrefix(says, "give") {
			t.Errorf("%s, public: %v", address, err)
		}
	}
	if _, err := Start(Config{Address: "0.0.0.0:0"}); err == nil || !strings.Contains(err.Error(), "--http-public") {
		t.Errorf("started on all interfaces: %v", err)
	}
}

func TestAddressInUse(t *testing.T) {
	r := newRig(t, stream.DefaultConfig())
	r.config.Address = r.monitor.Address()
	if _, err := Start(r.config); err == nil || !strings.Contains(err.Error(), "choose another address") {
		t.Errorf("an address twice: %v", err)
	}
}
