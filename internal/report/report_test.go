package report

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamer-audio/streamer/pipeline"
)

func fixture() *pipeline.Result {
	latency := 0.0
	return &pipeline.Result{
		File: "calls/a, \"b\" <1>.wav", Model: "vad", Mode: "causal", HopS: 0.01, LatencyS: &latency, Duration: 3661.5,
		Segments: []pipeline.Segment{{Start: 0.9, End: 2.945, Prob: 0.97123456789}, {Start: 3600.0000004, End: 3661.2345678, Prob: 1}},
		Events: []pipeline.Event{
			{Type: pipeline.SpeechStart, Model: "vad", Pass: pipeline.Causal, N: 1, Sample: 14400, Start: 0.9, At: 15360, Prob: 0.6},
			{Type: pipeline.SpeechEnd, Model: "vad", Pass: pipeline.Causal, N: 2, Sample: 47120, Start: 2.945, At: 50320, Prob: 0.97123456789},
		},
		Prob: []float64{0, 0.5, 1.0 / 3, 1e-9, 1},
	}
}

// golden holds what each format makes of the fixture, byte for byte.
var golden = []struct {
	name   string
	format Format
	frames bool
	want   string
}{
	{"text", Text, false, `calls/a, "b" <1>.wav  3661.50 s, vad causal, hears 0 ms ahead
     0.900      2.945   2.045 s  p 0.97
  3600.000   3661.235  61.235 s  p 1.00
`},
	{"json", JSON, false, `{"file":"calls/a, \"b\" <1>.wav","model":"vad","mode":"causal","hop_s":0.01,"latency_s":0,"segments":[` +
		`{"start":0.9,"end":2.945,"prob":0.971235},{"start":3600,"end":3661.234568,"prob":1}]}
`},
	{"json with frames", JSON, true, `{"file":"calls/a, \"b\" <1>.wav","model":"vad","mode":"causal","hop_s":0.01,"latency_s":0,"segments":[` +
		`{"start":0.9,"end":2.945,"prob":0.971235},{"start":3600,"end":3661.234568,"prob":1}],"prob":[0,0.5,0.333333,0,1]}
`},
	{"jsonl", JSONL, false, `{"file":"calls/a, \"b\" <1>.wav","v":1,"type":"speech_start","model":"vad","pass":"causal","n":1,"sample":14400,"start":0.9,"duration":0,"at":15360,"prob":0.6}
{"file":"calls/a, \"b\" <1>.wav","v":1,"type":"speech_end","model":"vad","pass":"causal","n":2,"sample":47120,"start":2.945,"duration":0,"at":50320,"prob":0.971235}
`},
	{"csv", CSV, false, `file,start,end,prob
"calls/a, ""b"" <1>.wav",0.9,2.945,0.971235
"calls/a, ""b"" <1>.wav",3600,3661.234568,1
`},
	{"csv with frames", CSV, true, `file,start,prob
"calls/a, ""b"" <1>.wav",0,0
"calls/a, ""b"" <1>.wav",0.01,0.5
"calls/a, ""b"" <1>.wav",0.02,0.333333
"calls/a, ""b"" <1>.wav",0.03,0
"calls/a, ""b"" <1>.wav",0.04,1
`},
	{"audacity", Audacity, false, "0.900000\t2.945000\tspeech\n3600.000000\t3661.234568\tspeech\n"},
	{"rttm", RTTM, false, `SPEAKER a,_"b"_<1> 1 0.9 2.045 <NA> <NA> speech 0.971235 <NA>
SPEAKER a,_"b"_<1> 1 3600 61.234567 <NA> <NA> speech 1 <NA>
`},
	{"vtt", VTT, false, `WEBVTT

00:00:00.900 --> 00:00:02.945
speech

01:00:00.000 --> 01:01:01.235
speech
`},
	{"srt", SRT, false, `1
00:00:00,900 --> 00:00:02,945
speech

2
01:00:00,000 --> 01:01:01,235
speech

`},
}

func TestGolden(t *testing.T) {
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			got := Append([]byte(g.format.Header(g.frames)), g.format, fixture(), g.frames)
			if d := cmp.Diff(g.want, string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSilence(t *testing.T) {
	r := &pipeline.Result{File: "quiet.wav", Model: "vad", Mode: "bidirectional", HopS: 0.01, Duration: 2}
	for _, c := range []struct {
		format Format
		want   string
	}{
		{Text, "quiet.wav  2.00 s, vad bidirectional, hears the whole recording\n     no speech\n"},
		{JSON, `{"file":"quiet.wav","model":"vad","mode":"bidirectional","hop_s":0.01,"latency_s":null,"segments":[]}` + "\n"},
		{JSONL, ""}, {CSV, "file,start,end,prob\n"}, {Audacity, ""}, {RTTM, ""}, {VTT, "WEBVTT\n"}, {SRT, ""},
	} {
		if got := string(Append([]byte(c.format.Header(false)), c.format, r, false)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.format, got, c.want)
		}
	}
}

// TestParses reads machine formats back with the standard library.
func TestParses(t *testing.T) {
	var object struct {
		File     string
		Segments []struct{ Start, End, Prob float64 }
		Prob     []float64
	}
	if err := json.Unmarshal(Append(nil, JSON, fixture(), true), &object); err != nil {
		t.Fatal(err)
	}
	if object.File != fixture().File || len(object.Segments) != 2 || len(object.Prob) != 5 {
		t.Errorf("json reads back as %+v", object)
	}
	rows, err := csv.NewReader(strings.NewReader(CSV.Header(false) + string(Append(nil, CSV, fixture(), false)))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != fixture().File {
		t.Errorf("csv reads back as %q, %v", rows, err)
	}
	for line := range strings.Lines(string(Append(nil, JSONL, fixture(), false))) {
		var e pipeline.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Model != "vad" {
			t.Errorf("jsonl line %q: %+v, %v", line, e, err)
		}
	}
	for line := range strings.Lines(string(Append(nil, RTTM, fixture(), false))) {
		if n := len(strings.Fields(line)); n != 10 {
			t.Errorf("rttm line has %d fields, want 10: %q", n, line)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ path, stem, id string }{
		{"a.wav", "a", "a"}, {"x/y/my call.v2.flac", "my call.v2", "my_call.v2"}, {".hidden", ".hidden", ".hidden"},
		{`c:\d\e f.wav`, "e f", "e_f"}, {"dir.x/plain", "plain", "plain"}, {"tab\there", "tab\there", "tab_here"}, {"", "", "_"},
	} {
		if got := Stem(c.path); got != c.stem {
			t.Errorf("Stem(%q) = %q, want %q", c.path, got, c.stem)
		}
		if got := FileID(c.path); got != c.id {
			t.Errorf("FileID(%q) = %q, want %q", c.path, got, c.id)
		}
	}
}

func TestEventLine(t *testing.T) {
	for _, c := range []struct {
		event pipeline.Event
		want  string
	}{
		{pipeline.Event{Type: pipeline.SpeechStart, Stream: "kitchen", Session: "a", Sample: 14400, Start: 0.9, At: 15360, Prob: 0.61},
			"    0.900 s  kitchen/a             speech starts  p 0.61  decided 60 ms later"},
		{pipeline.Event{Type: pipeline.SpeechStart, Stream: "kitchen", At: 960, Prob: 0.61},
			"    0.000 s  kitchen               speech starts  p 0.61"},
		{pipeline.Event{Type: pipeline.SegmentType, Stream: "kitchen", Sample: 8000, Start: 1, Duration: 1.5, Prob: 0.9, Revises: []int64{3, 4}},
			"    1.000 s  kitchen               speech until 2.500 s  p 0.90  revises 3, 4"},
		{pipeline.Event{Type: pipeline.SegmentType, Stream: "kitchen", Sample: 8000, Start: 1, Revises: []int64{3}},
			"    1.000 s  kitchen               no speech after all  revises 3"},
		{pipeline.Event{Type: pipeline.GapType, Stream: "kitchen", Start: 2, LostSamples: 320, Policy: "reset"},
			"    2.000 s  kitchen               gap: 320 samples lost, state: reset"},
		{pipeline.Event{Type: pipeline.BeginType, Stream: "kitchen", Reason: "new"},
			"    0.000 s  kitchen               session begins (new)  latency 0 ms"},
		{pipeline.Event{Type: pipeline.BeginType, Stream: "kitchen", Reason: "joined", Latency: 0.0929705},
			"    0.000 s  kitchen               session begins (joined)  latency 92.97 ms"},
		{pipeline.Event{Type: pipeline.BeginType, Stream: "kitchen", Reason: "new", Latency: math.Inf(1)},
			"    0.000 s  kitchen               session begins (new)  latency not bounded"},
		{pipeline.Event{Type: pipeline.EndType, Stream: "kitchen", Start: 3, Reason: "idle"},
			"    3.000 s  kitchen               session ends (idle)"},
		{pipeline.Event{Type: pipeline.ErrorType, Stream: "kitchen", Code: "bad_rate", Message: "why"},
			"    0.000 s  kitchen               error bad_rate: why"},
		{pipeline.Event{Type: pipeline.FrameType, Stream: "kitchen", Probs: []float64{0.5, 0.25, 1}},
			"    0.000 s  kitchen               3 frames  p 0.25 to 1.00"},
	} {
		if got := EventLine(&c.event); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.event.Type, got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	if got := clock(100*3600+0.9996, '.'); got != "100:00:01.000" {
		t.Errorf("got %s", got)
	}
	if got := milliseconds(0.0125); got != "12.5 ms" {
		t.Errorf("got %s", got)
	}
	if got := fixed(math.Pi, 2); got != "3.14" {
		t.Errorf("got %s", got)
	}
}
