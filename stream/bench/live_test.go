package bench

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream"
)

// config is a small load on a server in this process.
func config(t *testing.T, withFrames bool) Config {
	t.Helper()
	m, err := pretrained.Load("vad", pretrained.Causal)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pipeline.New(m, pipeline.Config{Frames: withFrames})
	if err != nil {
		t.Fatal(err)
	}
	speech := make([]byte, 2*rate)
	for i := range rate {
		v := int16(3000 * math.Sin(float64(i)*float64(i%1600)/3000))
		speech[2*i], speech[2*i+1] = byte(v), byte(v>>8)
	}
	return Config{Pipeline: p, Speech: speech, Chunk: 20 * time.Millisecond, InProcess: true}
}

// Every chunk is answered, the stages add up to the whole, and the report has
// the fields that others read.
func TestLatency(t *testing.T) {
	for _, numbered := range []bool{false, true} {
		c := config(t, true)
		c.Numbered = numbered
		r, err := Latency(t.Context(), LatencyConfig{Config: c, Streams: 7, Duration: 300 * time.Millisecond, Rounds: 2})
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(2 * 7 * 15); r.Ours.Count != want || r.Echo.Count != want || r.Late.Count != 2*want || r.Lost != 0 {
			t.Errorf("%d and %d of %d answered, %d lost", r.Ours.Count, r.Echo.Count, want, r.Lost)
		}
		sum := 0.0
		for _, s := range r.Stages {
			if s.Count != r.Ours.Count {
				t.Errorf("%s: %d times", s.Name, s.Count)
			}
			sum += s.Mean
		}
		if math.Abs(sum-r.Ours.Mean) > 0.005*r.Ours.Mean+1 {
			t.Errorf("the stages add up to %v µs, the whole is %v", sum, r.Ours.Mean)
		}
		if r.Algorithm != 0 || r.Warm.Model <= 0 || r.Warm.Features <= 0 {
			t.Errorf("algorithm %v ms, %+v", r.Algorithm, r.Warm)
		}
		wants(t, r, "streams", "chunk_ms", "ours.p50_us", "ours.p90_us", "ours.p99_us", "ours.p999_us", "ours.max_us",
			"echo.p50_us", "echo.p90_us", "echo.p99_us", "echo.p999_us", "echo.max_us", "host.cpu", "host.go", "method")
		var text bytes.Buffer
		if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "worker - echo") {
			t.Errorf("%v, %s", err, text.String())
		}
	}
}

// wants looks for fields in the JSON of a report.
func wants(t *testing.T, r any, fields ...string) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		v := any(all)
		for _, key := range strings.Split(f, ".") {
			m, _ := v.(map[string]any)
			v = m[key]
		}
		if v == nil {
			t.Errorf("no %s in %s", f, b)
		}
	}
}

// A worker that stalls for a while makes all chunks late that were due
// meanwhile: the generator does not wait for it.
func TestStallIsSeen(t *testing.T) {
	c := config(t, true)
	r, err := newRig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	const stall = 200 * time.Millisecond
	var chunks atomic.Int64
	r.also = func(tr *stream.Traced) {
		if tr.Stream == "s00000" && chunks.Add(1) == 20 {
			time.Sleep(stall)
		}
	}
	p, _ := r.schedule("s", 2, 400*time.Millisecond)
	m, err := r.play(t.Context(), p, 0, frames)
	if err != nil {
		t.Fatal(err)
	}
	late := [2]int{}
	for i := range m.messages() {
		if m.back.at(i) == 0 {
			t.Fatalf("chunk %d of stream %d was not answered", i/2, i%2)
		}
		if time.Duration(m.back.at(i))-m.due(i) > stall/4 {
			late[i%2]++
		}
		if m.sent.at(i) < int64(m.due(i)) {
			t.Errorf("message %d left before it was due", i)
		}
	}
	// Some six to eight chunks are due in three quarters of the stall.
	if late[0] < 6 {
		t.Errorf("%d chunks of the stalled stream are late", late[0])
	}
	if late[1] > late[0]/2 {
		t.Errorf("%d chunks of the other stream are late, %d of the stalled one", late[1], late[0])
	}
}

// Few streams are borne by any machine; what the report says of them is sound.
func TestCapacity(t *testing.T) {
	c := config(t, false)
	c.Chunk = 100 * time.Millisecond // slow machines under a race detector too
	var said []string
	c.Progress = func(format string, _ ...any) { said = append(said, format) }
	r, err := Capacity(t.Context(), CapacityConfig{Config: c, Duration: 200 * time.Millisecond, From: 2, Most: 4})
	if err != nil {
		t.Fatal(err)
	}
	if r.Max != 4 || r.P99 <= 0 || r.P99 >= 100 || r.Echo <= 0 || math.Abs(r.Share-4/0.1/r.Echo) > 1e-9 {
		t.Errorf("%+v", r)
	}
	if len(said) == 0 {
		t.Error("no progress")
	}
	wants(t, r, "max_streams", "chunk_ms", "p99_ms", "echo_max_msgs_per_s", "share_of_echo")
	r, err = Capacity(t.Context(), CapacityConfig{Config: c, Duration: 200 * time.Millisecond, Streams: []int{3, 1}})
	if err != nil || len(r.Curve) != 2 || r.Sorted()[0].Streams != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Streams come and go, and nothing of them is left or lost.
func TestSoak(t *testing.T) {
	c := config(t, false)
	r, err := Soak(t.Context(), SoakConfig{Config: c, Streams: 5, Duration: 4200 * time.Millisecond, Life: time.Second, Every: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if r.Chunks != 5*210 || r.Dropped != 0 || r.Gaps != 0 || r.Errors != 0 || r.Left != 0 || len(r.Samples) < 4 {
		t.Errorf("%+v", r)
	}
	if r.Sessions < 5*4 || r.Sessions > 5*6 {
		t.Errorf("%d sessions", r.Sessions)
	}
	if s := r.Samples[3]; s.memory.Heap <= 0 || s.memory.Goroutines <= 5 || s.Open != 5 {
		t.Errorf("%+v", s)
	}
}

// A server outside is measured over its own connections.
func TestServerOutside(t *testing.T) {
	server, err := stream.StartServer(stream.ServerConfig{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Shutdown()
	c := config(t, true)
	c.InProcess = false
	c.Connect = func(name string) (*nats.Conn, error) { return nats.Connect(server.URL(), nats.Name(name)) }
	r, err := Latency(t.Context(), LatencyConfig{Config: c, Streams: 2, Duration: 100 * time.Millisecond, Rounds: 1})
	if err != nil || r.Lost != 0 || r.Ours.Count != 10 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRefusals(t *testing.T) {
	good := config(t, true)
	for name, change := range map[string]func(*LatencyConfig){
		"no streams":      func(c *LatencyConfig) { c.Streams = 0 },
		"no rounds":       func(c *LatencyConfig) { c.Rounds = 0 },
		"no time":         func(c *LatencyConfig) { c.Duration = 0 },
		"no chunks":       func(c *LatencyConfig) { c.Chunk = 0 },
		"no speech":       func(c *LatencyConfig) { c.Speech = nil },
		"endless streams": func(c *LatencyConfig) { c.Streams = 1 << 20 },
	} {
		c := LatencyConfig{Config: good, Streams: 1, Duration: time.Second, Rounds: 1}
		change(&c)
		if _, err := Latency(t.Context(), c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Offline(t.Context(), OfflineConfig{}); err == nil {
		t.Error("offline of nothing: no error")
	}
}
