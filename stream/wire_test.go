package stream

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/pipeline"
)

func TestValidStream(t *testing.T) {
	for name, want := range map[string]bool{
		"x": true, "0": true, "Kitchen-mic_2": true, strings.Repeat("a", 64): true,
		"": false, "-x": false, "_x": false, "a.b": false, "a b": false, "a*": false, ">": false, "é": false,
		"a\x00": false, strings.Repeat("a", 65): false,
	} {
		if got := ValidStream(name); got != want {
			t.Errorf("ValidStream(%q) = %v", name, got)
		}
	}
}

func TestParseChunk(t *testing.T) {
	payload := []byte{1, 2, 3, 4}
	c, err := ParseChunk("audio.mic-1", header("Encoding: mulaw", "Rate: 8000", "Channels: 2", "Seq: 7", "Session: s 1",
		"Sample: 0", "Time: 1700000000000000", "Max-Latency: 100ms", "Other: 1"), payload)
	if err != nil {
		t.Fatal(err)
	}
	if unsafe.SliceData(c.Payload) != &payload[0] {
		t.Error("the payload was copied")
	}
	c.Payload = nil
	want := Chunk{Stream: "mic-1", Session: "s 1", Seq: 7, Sample: 0, Time: 1700000000000000, Encoding: audio.Mulaw, Rate: 8000, Channels: 2,
		MaxLatency: 100 * time.Millisecond}
	if got := c; got.Stream != want.Stream || got.Session != want.Session || got.Seq != want.Seq || got.Sample != want.Sample ||
		got.Time != want.Time || got.Format() != want.Format() || got.MaxLatency != want.MaxLatency || got.Control != Audio {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestDefaults(t *testing.T) {
	c, err := ParseChunk("audio.x", nil, []byte{0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if c.Format() != (audio.Format{Encoding: audio.S16LE, Rate: 16000, Channels: 1}) || c.Sample != -1 || c.MaxLatency != unasked || c.Seq != 0 {
		t.Errorf("a chunk without headers is %+v", c)
	}
	if c, _ := ParseChunk("audio.x", nil, nil); c.Control != Keepalive {
		t.Errorf("an empty message is %q, a keepalive is meant", c.Control)
	}
	// What informs only never refuses a chunk.
	if c, err := ParseChunk("audio.x", header("Time: noon"), []byte{0, 0}); err != nil || c.Time != 0 {
		t.Errorf("Speech-Time: noon: %v, time %d", err, c.Time)
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		subject string
		headers string
		code    Code
		says    string // in the message: the input, and what to do
	}{
		{"audio.a.b", "", BadName, `"audio.a.b" is not audio.<stream>`},
		{"audio.-a", "", BadName, `"audio.-a"`},
		{"audio." + strings.Repeat("n", 500), "", BadName, `..."`[:3]},
		{"audio.x", "Encoding: opus", BadEncoding, `"opus": give s16le, f32le, mulaw or alaw`},
		{"audio.x", "Rate: 0", BadRate, `"0": give a whole number of 4000 to 192000`},
		{"audio.x", "Rate: 1000000000", BadRate, `"1000000000"`},
		{"audio.x", "Rate: 16k", BadRate, `"16k"`},
		{"audio.x", "Rate: 16000.0", BadRate, `"16000.0"`},
		{"audio.x", "Rate: -16000", BadRate, `"-16000"`},
		{"audio.x", "Rate: +16000", BadRate, `"+16000"`},
		{"audio.x", "Channels: 300", BadChannels, `"300": give a whole number of 1 to 32`},
		{"audio.x", "Channels: 0", BadChannels, `"0"`},
		{"audio.x", "Max-Latency: soon", BadLatency, `Speech-Max-Latency: "soon": give a time of 0 to 1h, as 100ms, or a number of milliseconds`},
		{"audio.x", "Max-Latency: -1ms", BadLatency, `"-1ms"`},
		{"audio.x", "Max-Latency: " + strings.Repeat("9", 400), BadLatency, `..."`[:3]},
		{"audio.x", "max-latency: 100", BadHeader, `"Speech-max-latency": write Speech-Max-Latency`},
		{"audio.x", "Seq: 0", BadSeq, `"0"`},
		{"audio.x", "Seq: 9223372036854775808", BadSeq, `Speech-Seq: "9223372036854775808"`},
		{"audio.x", "Chunks: -1", BadSeq, `Speech-Chunks: "-1"`},
		{"audio.x", "Sample: -1", BadSample, `"-1"`},
		{"audio.x", "Sample: 4503599627370497", BadSample, `"4503599627370497"`},
		{"audio.x", "Control: stop", BadControl, `"stop": give end, flush or keepalive`},
		{"audio.x", "Control: end", BadControl, `end with a payload of 2 bytes`},
		{"audio.x", "Session: " + strings.Repeat("s", 129), BadSession, `at most 128 bytes`},
		{"audio.x", "Session: a\x00b", BadSession, `"a\x00b"`},
		{"audio.x", "Session: a\xff", BadSession, `"a\xff"`},
		{"audio.x", "rate: 8000", BadHeader, `"Speech-rate": write Speech-Rate`},
		{"audio.x", "Rate: 8000, Rate: 16000", BadHeader, `Speech-Rate is given 2 times`},
	}
	for _, test := range tests {
		var lines []string
		if test.headers != "" {
			lines = strings.Split(test.headers, ", ")
		}
		_, err := ParseChunk(test.subject, header(lines...), []byte{0, 0})
		var refused *ChunkError
		if !errors.As(err, &refused) || refused.Code != test.code || !strings.Contains(refused.Message, test.says) {
			t.Errorf("%s, %s: %v; want code %s and %q", test.subject, test.headers, err, test.code, test.says)
		} else if len(refused.Message) > 300 {
			t.Errorf("%s, %s: the message has %d bytes", test.subject, test.headers, len(refused.Message))
		}
	}
}

// A refused chunk still says all that could be read, so that its audio can be
// accounted for.
func TestRefusedChunkKeepsItsPlace(t *testing.T) {
	c, err := ParseChunk("audio.x", header("Rate: 0", "Seq: 9", "Session: a", "Sample: 400"), []byte{0, 0})
	if err == nil || c.Seq != 9 || c.Session != "a" || c.Sample != 400 || len(c.Payload) != 2 {
		t.Errorf("%v, %+v", err, c)
	}
}

func TestSubject(t *testing.T) {
	for want, e := range map[string]pipeline.Event{
		"speech.x.event":  {Type: pipeline.SpeechStart, Pass: pipeline.Causal},
		"speech.x.final":  {Type: pipeline.SegmentType, Pass: pipeline.Bidirectional},
		"speech.x.frame":  {Type: pipeline.FrameType, Pass: pipeline.Bidirectional},
		"speech.x.status": {Type: pipeline.GapType, Pass: pipeline.Causal},
	} {
		e.Stream = "x"
		if got := Subject(&e); got != want {
			t.Errorf("%s of the %s pass goes to %s, want %s", e.Type, e.Pass, got, want)
		}
	}
}

// FuzzChunk gives any header block and payload, twice, to a stream: nothing may
// panic, positions stay in range and add up, and every event is valid JSON.
func FuzzChunk(f *testing.F) {
	block := func(lines ...string) []byte {
		return []byte("NATS/1.0\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n")
	}
	f.Add("x", []byte(nil), pcm(160, 1))
	f.Add("x", block("Speech-Seq: 1", "Speech-Sample: 0", "Speech-Rate: 8000", "Speech-Encoding: mulaw"), pcm(160, 1))
	f.Add("a.b", block("Speech-Session: a", "Speech-Time: 1"), []byte{1})
	f.Add("x", block("Speech-Seq: 4503599627370496", "Speech-Sample: 4503599627370496"), []byte{1, 2})
	f.Add("x", block("Speech-Encoding: f32le"), []byte{0, 0, 0xc0, 0x7f})
	f.Add("x", block("Speech-Control: end", "Speech-Chunks: 4503599627370496"), []byte(nil))
	f.Add("x", block("Speech-Channels: 300", "Speech-Rate: 1000000000"), []byte{1, 2})
	f.Add("x", block("Speech-Max-Latency: 100ms", "Speech-Seq: 1"), pcm(160, 1))
	f.Add("x", block("Speech-Max-Latency: 62.5"), pcm(160, 1))
	f.Add("x", block("Speech-Max-Latency: 1e999"), pcm(160, 1))
	f.Add("x", block("speech-seq: 1", "Speech-Session: \"\\\x01"), []byte{1, 2})
	f.Fuzz(func(t *testing.T, name string, headers, payload []byte) {
		h, _ := nats.DecodeHeadersMsg(headers) // unreadable: nil, as the client does
		c, err := ParseChunk("audio."+name, h, payload)
		if err == nil && (c.Format().Validate() != nil || c.Seq < 0 || c.Sample < -1 || c.Sample > maxPosition ||
			c.MaxLatency != unasked && !validLatency(c.MaxLatency) || !ValidStream(c.Stream)) {
			t.Fatalf("accepted: %+v", c)
		}
		tt := newTrackTest()
		for _, seq := range []string{"Seq: 1", "Seq: 3"} {
			tt.feedHeader(h, payload)
			tt.feed(pcm(100, 1), seq, "Session: "+c.Session)
		}
		tt.end(reasonDrain)
		addsUp(t, 0, tt)
		for _, e := range tt.events {
			if b := e.AppendJSON(nil); !json.Valid(b) || e.Sample > maxPosition || math.IsInf(e.Start, 0) {
				t.Fatalf("event %s", b)
			}
		}
	})
}
