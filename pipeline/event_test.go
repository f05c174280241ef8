package pipeline

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

func TestEventJSON(t *testing.T) {
	for _, c := range []struct {
		event Event
		want  string
	}{
		{Event{Type: SpeechStart, Stream: "x", Session: "a", Model: "vad", Pass: Causal, N: 17, Seq: 42, Sample: 20480,
			Start: 1.28, At: 21120, Prob: 0.97},
			`{"v":1,"type":"speech_start","stream":"x","session":"a","model":"vad","pass":"causal","n":17,"seq":42,"sample":20480,"start":1.28,"duration":0,"at":21120,"prob":0.97}`},
		{Event{Type: SegmentType, Model: "vad", Pass: Bidirectional, N: 1, Sample: 1, Start: 1. / 44100, Duration: 1. / 3, At: 5, Prob: 2. / 3, Revises: []int64{1, 2}},
			`{"v":1,"type":"segment","model":"vad","pass":"bidirectional","n":1,"sample":1,"start":0.000023,"duration":0.333333,"at":5,"prob":0.666667,"revises":[1,2]}`},
		{Event{Type: FrameType, Stream: "x", N: 1, Hop: 110.25, Probs: []float64{0.5, 1e-9}},
			`{"v":1,"type":"frame","stream":"x","session":"","n":1,"sample":0,"start":0,"duration":0,"at":0,"hop":110.25,"prob":[0.5,0]}`},
		{Event{Type: FrameType, Probs: []float64{}}, `{"v":1,"type":"frame","sample":0,"start":0,"duration":0,"at":0,"hop":0,"prob":[]}`},
		{Event{Type: GapType, LostSamples: 320, Policy: "reset"},
			`{"v":1,"type":"gap","sample":0,"start":0,"duration":0,"at":0,"lost_samples":320,"policy":"reset"}`},
		{Event{Type: ErrorType, Stream: "x", Session: "a\"\n\x01é", Code: "bad_rate", Message: "\"<no>\""},
			`{"v":1,"type":"error","stream":"x","session":"a\"\n\u0001é","sample":0,"start":0,"duration":0,"at":0,"code":"bad_rate","message":"\"<no>\""}`},
		{Event{Type: BeginType, Stream: "x", Reason: "new"},
			`{"v":1,"type":"begin","stream":"x","session":"","sample":0,"start":0,"duration":0,"at":0,"latency_s":0,"reason":"new"}`},
		{Event{Type: BeginType, Latency: 0.1 + 0.2}, `{"v":1,"type":"begin","sample":0,"start":0,"duration":0,"at":0,"latency_s":0.3}`},
		{Event{Type: BeginType, Latency: math.Inf(1)}, `{"v":1,"type":"begin","sample":0,"start":0,"duration":0,"at":0,"latency_s":null}`},
		{Event{Type: EndType, Latency: 1, Reason: "end"}, `{"v":1,"type":"end","sample":0,"start":0,"duration":0,"at":0,"reason":"end"}`},
	} {
		got := string(c.event.AppendJSON(nil))
		if got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		var back Event
		if err := json.Unmarshal([]byte(got), &back); err != nil {
			t.Errorf("%v: %s", err, got)
		}
		if again := string(back.AppendJSON(nil)); again != got {
			t.Errorf("read back it becomes %s", again)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", math.Copysign(0, -1): "0", -1e-9: "0", 1e-6: "0.000001", 12345678.9: "12345678.9",
		math.Inf(1): "null", math.NaN(): "null", math.MaxFloat64: string(mustMarshal(math.MaxFloat64))} {
		got := string(AppendNumber(nil, v))
		var a, b float64
		if want != "null" && (json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil || a != b) || want == "null" && got != want {
			t.Errorf("%g: %s, want %s", v, got, want)
		}
	}
}

func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func TestUnmarshalRefusesOtherVersions(t *testing.T) {
	e := Event{Type: "old"}
	for _, text := range []string{`{"v":2,"type":"end"}`, `{"type":"end"}`, `[]`, `{"v":1,"prob":"x"}`} {
		if err := json.Unmarshal([]byte(text), &e); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"v":1,"type":"frame","hop":160,"prob":[0.1,0.2],"session":"\u0000"}`))
	f.Add([]byte(`{"v":1,"type":"begin","latency_s":0.49}`))
	f.Add([]byte(`{"v":1,"type":"begin"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e, back Event
		if json.Unmarshal(b, &e) != nil {
			return
		}
		out := e.AppendJSON(nil)
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if again := back.AppendJSON(nil); !reflect.DeepEqual(again, out) {
			t.Fatalf("%s\n%s", out, again)
		}
	})
}
