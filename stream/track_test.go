package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/internal/race"
	"github.com/streamer-audio/streamer/pipeline"
)

// trackTest runs a track without NATS.
type trackTest struct {
	track
	count  counters
	lines  []string // status events
	events []pipeline.Event
}

func newTrackTest() *trackTest {
	tt := &trackTest{}
	tt.track = track{stream: "x", model: "fake", open: openFake, count: &tt.count, emit: func(e *pipeline.Event) {
		tt.events = append(tt.events, *e)
		if Kind(e) == KindStatus {
			tt.lines = append(tt.lines, brief(e))
		}
	}}
	return tt
}

func (tt *trackTest) feed(payload []byte, lines ...string) {
	tt.feedHeader(header(lines...), payload)
}

func (tt *trackTest) feedHeader(h nats.Header, payload []byte) {
	c, err := ParseChunk("audio.x", h, payload)
	var refused *ChunkError
	if err != nil {
		refused = err.(*ChunkError)
	}
	tt.handle(&c, refused)
}

// step is a chunk of the tables below: headers in one string, and samples.
type step struct {
	headers string
	samples int
}

func (s step) feed(tt *trackTest) {
	var lines []string
	if s.headers != "" {
		lines = strings.Split(s.headers, ", ")
	}
	tt.feed(pcm(s.samples, 1), lines...)
}

func TestTrack(t *testing.T) {
	tests := map[string]struct {
		steps []step
		want  string
	}{
		"plain": {
			[]step{{"", 320}, {"", 320}, {"Control: end", 0}},
			"begin new @0; end end @640"},
		"gap by number": {
			[]step{{"Seq: 1", 320}, {"Seq: 4", 320}, {"Control: end", 0}},
			"begin new @0; gap 640 @320; end end @1280"},
		"gap by number and position": {
			[]step{{"Seq: 1, Sample: 0", 320}, {"Seq: 4, Sample: 1000", 320}, {"Control: end", 0}},
			"begin new @0; gap 680 @320; end end @1320"},
		"gap by position alone": {
			[]step{{"Sample: 5000", 320}, {"Sample: 5400", 320}, {"Control: end", 0}},
			"begin new @5000; gap 80 @5320; end end @5720"},
		"no gap when the position goes on": {
			[]step{{"Seq: 1, Sample: 0", 320}, {"Seq: 3, Sample: 320", 320}, {"Control: end", 0}},
			"begin new @0; end end @640"},
		"repeats": {
			[]step{{"Seq: 1", 320}, {"Seq: 1", 320}, {"Seq: 2", 320}, {"Seq: 1", 320}, {"Control: end", 0}},
			"begin new @0; end end @640"},
		"repeat by position": {
			[]step{{"Sample: 0", 320}, {"Sample: 0", 320}, {"Sample: 320", 320}, {"Control: end", 0}},
			"begin new @0; end end @640"},
		"back into what was heard": {
			[]step{{"Sample: 0", 320}, {"Sample: 200", 320}, {"Sample: 520", 320}, {"Control: end", 0}},
			"begin new @0; error bad_sample @320; gap 200 @320; end end @840"},
		"joined late": {
			[]step{{"Seq: 4", 320}, {"Seq: 5", 320}, {"Control: end", 0}},
			"begin joined @0; gap 960 @0; end end @1600"},
		"joined late with a position": {
			[]step{{"Seq: 4, Sample: 10960", 320}, {"Control: end", 0}},
			"begin joined @10000; gap 960 @10000; end end @11280"},
		"trailing": {
			[]step{{"Seq: 1", 320}, {"Control: end, Chunks: 3", 0}},
			"begin new @0; gap 640 @320; end end @960"},
		"trailing without numbers": {
			[]step{{"", 320}, {"", 320}, {"Control: end, Chunks: 3", 0}},
			"begin new @0; gap 320 @640; end end @960"},
		"nothing trails": {
			[]step{{"Seq: 1", 320}, {"Control: end, Chunks: 1", 0}},
			"begin new @0; end end @320"},
		"absurd trailing": {
			[]step{{"Seq: 1", 320}, {"Control: end, Chunks: 4503599627370496", 0}},
			"begin new @0; error bad_seq @320; end end @320"},
		"new session": {
			[]step{{"Session: a", 320}, {"Session: b", 320}, {"Session: a", 320}, {"Session: a", 320}, {"Session: b", 320}, {"Control: end", 0}},
			"begin new @0; end superseded @320; begin new @0; error superseded @320; end end @640"},
		"session header only once": {
			[]step{{"Session: a", 320}, {"", 320}, {"Control: end", 0}},
			"begin new @0; end end @640"},
		"anonymous producer superseded, and back": {
			[]step{{"", 320}, {"Session: b", 320}, {"", 320}, {"Session: b, Control: end", 0}, {"", 320}, {"Control: end", 0}},
			"begin new @0; end superseded @320; begin new @0; error superseded @320; end end @320; begin restart @0; end end @320"},
		"superseded stays so": {
			[]step{{"Session: a", 320}, {"Session: b", 320}, {"Control: end", 0}, {"Session: a", 320}},
			"begin new @0; end superseded @320; begin new @0; end end @320; error superseded @320"},
		"restart": {
			[]step{{"Session: a, Seq: 1", 320}, {"Control: end", 0}, {"Session: a, Seq: 1", 320}, {"Control: end", 0}},
			"begin new @0; end end @320; begin restart @0; end end @320"},
		"resumed": {
			[]step{{"Session: a, Seq: 1", 320}, {"Control: end", 0}, {"Session: a, Seq: 3", 320}, {"Control: end", 0}},
			"begin new @0; end end @320; begin resumed @320; gap 320 @320; end end @960"},
		"resumed by position": {
			[]step{{"Sample: 0", 320}, {"Control: end", 0}, {"Sample: 16000", 320}, {"Control: end", 0}},
			"begin new @0; end end @320; begin resumed @320; gap 15680 @320; end end @16320"},
		"format of the first chunk": {
			[]step{{"Rate: 8000, Channels: 2", 320}, {"", 320}, {"Rate: 8000", 320}, {"Rate: 16000", 320}, {"Control: end", 0}},
			"begin new @0; error format_changed @480; gap 160 @480; end end @640"},
		"encoding changed, numbered": {
			[]step{{"Seq: 1", 320}, {"Seq: 2, Encoding: mulaw", 320}, {"Seq: 3", 320}, {"Control: end", 0}},
			"begin new @0; error format_changed @320; gap 320 @320; end end @960"},
		"bad first chunk opens nothing": {
			[]step{{"Encoding: opus", 320}, {"Rate: 0", 320}, {"Rate: 1000000000", 320}, {"Channels: 300", 320}, {"Channels: 3", 320}, {"Control: end", 0}},
			"error bad_encoding @0; error bad_rate @0; error bad_rate @0; error bad_channels @0; error bad_payload @0"},
		"bad first chunk of another session ends nothing": {
			[]step{{"Session: a", 320}, {"Session: b, Encoding: opus", 320}, {"Session: a", 320}, {"Control: end", 0}},
			"begin new @0; error bad_encoding @0; end end @640"},
		"refused chunks are gaps": {
			[]step{{"", 320}, {"Encoding: opus", 320}, {"", 320}, {"Sample: x", 320}, {"Control: end", 0}},
			"begin new @0; error bad_encoding @320; gap 320 @320; error bad_sample @960; gap 320 @960; end end @1280"},
		"refused and numbered": {
			[]step{{"Seq: 1", 320}, {"Seq: 2, Encoding: opus", 320}, {"Seq: 3", 320}, {"Control: end, Chunks: 3", 0}},
			"begin new @0; error bad_encoding @320; gap 320 @320; end end @960"},
		"refused and sent again": {
			[]step{{"Seq: 1", 320}, {"Seq: 2, Encoding: opus", 320}, {"Seq: 2", 320}, {"Seq: 3", 320}, {"Control: end", 0}},
			"begin new @0; error bad_encoding @320; end end @960"},
		"engine refuses": {
			[]step{{"Rate: 4001", 320}, {"Rate: 4002", 320}, {"Control: end", 0}},
			"error open_failed @0; begin new @0; end end @320"},
		"latency of the first chunk": {
			[]step{{"Max-Latency: 100", 320}, {"", 320}, {"Max-Latency: 0.1s", 320}, {"Max-Latency: 200", 320}, {"Max-Latency: 5", 320}, {"Control: end, Max-Latency: 9", 0}},
			"begin new @0; error latency_changed @960; gap 320 @960; error latency_changed @1280; gap 320 @1280; end end @1600"},
		"latency asked for too late": {
			[]step{{"Seq: 1", 320}, {"Seq: 2, Max-Latency: 100", 320}, {"Seq: 3", 320}, {"Control: end", 0}},
			"begin new @0; error latency_changed @320; gap 320 @320; end end @960"},
		"bad latency is a gap": {
			[]step{{"Max-Latency: 100", 320}, {"Max-Latency: soon", 320}, {"Control: end", 0}},
			"begin new @0; error bad_latency @320; gap 320 @320; end end @640"},
		"latency unmet opens nothing": {
			[]step{{"Max-Latency: 0", 320}, {"Max-Latency: 9.9", 320}, {"Max-Latency: -1", 320}, {"Max-Latency: 10", 320}, {"Control: end", 0}},
			"error latency_unmet @0; error latency_unmet @0; error bad_latency @0; begin new @0; end end @320"},
		"latency unmet by another session ends nothing": {
			[]step{{"Session: a", 320}, {"Session: b, Max-Latency: 1", 320}, {"Session: a", 320}, {"Control: end", 0}},
			"begin new @0; error latency_unmet @0; end end @640"},
		"latency of a session that is resumed": {
			[]step{{"Session: a, Seq: 1, Max-Latency: 100", 320}, {"Control: end", 0}, {"Session: a, Seq: 2, Max-Latency: 1", 320}, {"Session: a, Seq: 2, Max-Latency: 50", 320}, {"Control: end", 0}},
			"begin new @0; end end @320; error latency_unmet @320; begin resumed @320; end end @640"},
		"latency of a new session": {
			[]step{{"Session: a, Max-Latency: 100", 320}, {"Session: b, Max-Latency: 50", 320}, {"Control: end", 0}},
			"begin new @0; end superseded @320; begin new @0; end end @320"},
		"controls without a session": {
			[]step{{"Control: end", 0}, {"Control: flush", 0}, {"Control: keepalive", 0}, {"", 0}, {"Control: stop", 0}},
			"error bad_control @0"},
		"controls of another session": {
			[]step{{"Session: a", 320}, {"Session: b, Control: end, Chunks: 9", 0}, {"Session: a, Control: end", 0}},
			"begin new @0; end end @320"},
		"control with a payload": {
			[]step{{"", 320}, {"Control: end", 320}, {"", 320}, {"Control: end", 0}},
			"begin new @0; error bad_control @320; gap 320 @320; end end @960"},
		"far away": {
			[]step{{"Seq: 1", 320}, {"Seq: 4503599627370496", 320}, {"Seq: 2, Sample: 4503599627370495", 320}, {"Seq: 2", 320}, {"Control: end", 0}},
			"begin new @0; error bad_seq @320; error bad_sample @320; end end @640"},
		"far away at once": {
			[]step{{"Seq: 4503599627370496", 320}, {"Sample: 4503599627370400", 320}, {"Seq: 99999999999999999999", 320}},
			"error bad_seq @0; error bad_sample @0; error bad_seq @0"},
		"bad session header": {
			[]step{{"Session: a", 320}, {"Session: " + strings.Repeat("s", 129), 320}, {"Session: b\x01", 320}, {"Control: end", 0}},
			"begin new @0; error bad_session @0; error bad_session @0; end end @320"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTrackTest()
			for _, s := range test.steps {
				s.feed(tt)
			}
			equal(t, name, tt.lines, strings.Split(test.want, "; "))
			numbered(t, tt.events)
		})
	}
}

// numbered checks that n counts 1, 2, ... in each session and kind. A session
// that starts again counts again; one that is resumed goes on.
func numbered(t *testing.T, events []pipeline.Event) {
	t.Helper()
	last := map[string]int64{}
	begun := map[string]bool{}
	for _, e := range events {
		key := e.Session + " " + Kind(&e)
		if e.Type == pipeline.BeginType && begun[e.Session] && e.Reason != reasonResumed {
			for _, kind := range []string{KindEvent, KindFinal, KindFrame, KindStatus} {
				delete(last, e.Session+" "+kind)
			}
		}
		begun[e.Session] = begun[e.Session] || e.Type == pipeline.BeginType
		if e.N != last[key]+1 {
			t.Errorf("%s of session %q has n %d after %d", e.Type, e.Session, e.N, last[key])
		}
		last[key] = e.N
	}
}

// Every sample of a session is either heard or in a gap, whatever happens.
func TestPositionsAddUp(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		tt := newTrackTest()
		for range 60 {
			payload, lines := randomChunk(rng)
			tt.feed(payload, lines...)
		}
		tt.end(reasonDrain)
		addsUp(t, seed, tt)
		numbered(t, tt.events)
	}
}

func randomChunk(rng *rand.Rand) (payload []byte, lines []string) {
	add := func(odds float64, format string, values ...any) {
		if rng.Float64() < odds {
			lines = append(lines, fmt.Sprintf(format, values[rng.IntN(len(values))]))
		}
	}
	add(.5, "Session: %v", "a", "a", "a", "a", "b", "c")
	add(.6, "Seq: %v", rng.IntN(80), rng.IntN(80), 1<<52, "x")
	add(.2, "Sample: %v", rng.IntN(20000), 1<<52, -1)
	add(.1, "Rate: %v", 16000, 8000, 0)
	add(.1, "Encoding: %v", "s16le", "mulaw", "opus")
	add(.1, "Max-Latency: %v", 100, "100ms", 5, "soon")
	if rng.Float64() < .1 {
		add(1, "Control: %v", "end", "flush", "keepalive")
		add(.5, "Chunks: %v", rng.IntN(100))
		return nil, lines
	}
	return pcm(rng.IntN(400)+1, rng.IntN(100))[rng.IntN(2):], lines
}

func addsUp(t *testing.T, seed uint64, tt *trackTest) {
	t.Helper()
	var begin, lost, spans, gaps int64
	for _, e := range tt.events {
		switch e.Type {
		case pipeline.BeginType:
			begin, lost = e.Sample, 0
		case pipeline.GapType:
			lost += e.LostSamples
			gaps += e.LostSamples
		case pipeline.EndType:
			spans += e.Sample - begin
		}
	}
	if heard := tt.count.samples.Load(); spans != heard+gaps {
		t.Fatalf("seed %d: sessions span %d samples, %d were heard and %d in gaps", seed, spans, heard, gaps)
	}
	if open := tt.count.open.Load(); open != 0 || tt.cur != nil {
		t.Fatalf("seed %d: %d sessions open after the end", seed, open)
	}
}

func TestErrorsAreThinnedOut(t *testing.T) {
	tt := newTrackTest()
	tt.feed(pcm(320, 1))
	for range 1000 {
		tt.feed([]byte{1})
	}
	// 16 of them, then 32, 64, 128, 256, 512, each with a gap of no sample.
	if n := len(tt.lines); n != 1+16+5 {
		t.Errorf("%d status events for 1000 errors: %q", n, tt.lines)
	}
	last := tt.events[len(tt.events)-1]
	if !strings.HasSuffix(last.Message, "(error 512 of this code)") {
		t.Errorf("message %q does not tell the number", last.Message)
	}
	if n := tt.count.snapshot().Errors; n != 1000 {
		t.Errorf("%d errors counted, 1000 made", n)
	}
}

func TestRepeatsAreToldInTheEnd(t *testing.T) {
	tt := newTrackTest()
	for seq := range 500 {
		tt.feed(pcm(16, 1), fmt.Sprintf("Seq: %d", seq+1))
	}
	for seq := range 200 { // the producer starts again under the same session
		tt.feed(pcm(16, 1), fmt.Sprintf("Seq: %d", seq+1))
	}
	equal(t, "restarted numbering", tt.lines, []string{"begin new @0", "error repeats @8000"})
}

func TestFewRepeatsAreNotTold(t *testing.T) {
	tt := newTrackTest()
	for seq := range 100 { // each chunk comes twice, as from a producer that retries
		tt.feed(pcm(16, 1), fmt.Sprintf("Seq: %d", seq+1))
		tt.feed(pcm(16, 1), fmt.Sprintf("Seq: %d", seq+1))
	}
	equal(t, "retries", tt.lines, []string{"begin new @0"})
	if n := tt.count.repeats.Load(); n != 100 {
		t.Errorf("%d repeats counted, 100 made", n)
	}
}

func TestPastIsBounded(t *testing.T) {
	tt := newTrackTest()
	for i := range 10 * maxPast {
		tt.feed(pcm(16, 1), fmt.Sprintf("Session: s%d", i))
	}
	if n := len(tt.past); n != maxPast {
		t.Errorf("%d sessions remembered, %d are meant to be", n, maxPast)
	}
	tt.lines = nil
	tt.feed(pcm(16, 1), fmt.Sprintf("Session: s%d", 10*maxPast-2))
	equal(t, "the latest is remembered", tt.lines, []string{"error superseded @16"})
}

func TestHoldPolicyReachesTheEngine(t *testing.T) {
	for _, hold := range []bool{false, true} {
		tt := newTrackTest()
		tt.hold = hold
		tt.feed(pcm(100, 1), "Seq: 1")
		tt.feed(pcm(100, 1), "Seq: 3")
		i := slices.IndexFunc(tt.events, func(e pipeline.Event) bool { return e.Type == pipeline.GapType })
		if want := map[bool]string{false: PolicyReset, true: PolicyHold}[hold]; tt.events[i].Policy != want {
			t.Errorf("policy %s, want %s", tt.events[i].Policy, want)
		}
	}
}

func TestEventsCarryChunkNumbers(t *testing.T) {
	tt := newTrackTest()
	for _, lines := range [][]string{{"Seq: 1"}, {"Seq: 2"}, {"Seq: 5"}, {"Control: end"}} {
		payload := pcm(160, 1)
		if lines[0] == "Control: end" {
			payload = nil
		}
		tt.feed(payload, lines...)
	}
	var got []string
	for _, e := range tt.events {
		got = append(got, fmt.Sprintf("%s %d", e.Type, e.Seq))
	}
	equal(t, "seq", got, []string{"begin 1", "speech_start 1", "speech_start 2", "gap 5", "speech_start 5", "end 5"})
}

// Between a message and its events nothing is allocated.
func TestNoAllocations(t *testing.T) {
	p := tinyPipeline(t, pipeline.DefaultConfig())
	tt := newTrackTest()
	tt.open = pipelines(p, nil)
	tt.emit = func(*pipeline.Event) {}
	h := header("Session: a", "Rate: 16000", "Seq: 1", "Encoding: s16le", "Time: 1", "Max-Latency: 62.5")
	payload := pcm(320, 1)
	var seq int64
	chunk := func() {
		c, err := ParseChunk("audio.x", h, payload)
		if err != nil {
			t.Fatal(err)
		}
		seq++
		c.Seq = seq
		tt.handle(&c, nil)
	}
	for range 100 {
		chunk()
	}
	if n := testing.AllocsPerRun(200, chunk); n != 0 && !race.Enabled {
		t.Errorf("%v allocations a chunk", n)
	}
}
