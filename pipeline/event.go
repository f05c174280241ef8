package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// Event types.
const (
	SpeechStart = "speech_start" // causal: speech began at Sample
	SpeechEnd   = "speech_end"   // causal: speech ended at Sample
	SegmentType = "segment"      // bidirectional: speech from Sample on, Duration long
	FrameType   = "frame"        // values of consecutive frames
	GapType     = "gap"          // input that never arrived
	ErrorType   = "error"
	BeginType   = "begin"
	EndType     = "end"
)

// Passes.
const (
	Causal        = "causal"        // decided from the past alone, final at once
	Bidirectional = "bidirectional" // decided with the future heard too
)

// Event is one answer of a [Session], or one status line of the program that
// runs it. A Session fills what it knows; Stream, Session and Seq are for the
// one who carries events of several streams.
//
// Positions are samples of the input, at the input's own rate, counted from
// the beginning of the stream; Start and Duration are the same in seconds.
type Event struct {
	Type    string
	Stream  string
	Session string
	Model   string
	Pass    string // Causal or Bidirectional; empty for status events
	N       int64  // 1, 2, ... within a session and output subject; 0 is left out
	Seq     int64  // input chunk that brought the answer; 0 is left out

	Sample   int64   // where the thing itself is
	Start    float64 // Sample in seconds
	Duration float64 // seconds; 0 for an instant
	At       int64   // samples that had to arrive before it was decided

	Prob  float64   // probability at the decision (start), or mean over the segment (end, segment)
	Hop   float64   // frame: samples from one value to the next
	Probs []float64 // frame: one value a frame; valid until the next call of the Session

	Revises     []int64 // bidirectional: N of the causal events that this one revises
	LostSamples int64   // gap
	Policy      string  // gap: reset or hold
	Reason      string  // begin, end
	Latency     float64 // begin: seconds, as of Pipeline.Latency; +Inf, null in JSON, when not bounded
	Code        string  // error
	Message     string  // error
	Word        string  // word
}

// AppendJSON appends the event as one JSON object, without a newline. The same
// event gives the same bytes on every machine: seconds and probabilities are
// rounded to six decimals and printed as short as they can be.
func (e *Event) AppendJSON(b []byte) []byte {
	b = append(b, `{"v":1,"type":`...)
	b = appendString(b, e.Type)
	if e.Stream != "" {
		b = appendString(append(b, `,"stream":`...), e.Stream)
		b = appendString(append(b, `,"session":`...), e.Session)
	}
	b = appendText(b, "model", e.Model)
	b = appendText(b, "pass", e.Pass)
	b = appendCount(b, "n", e.N)
	b = appendCount(b, "seq", e.Seq)
	b = strconv.AppendInt(append(b, `,"sample":`...), e.Sample, 10)
	b = AppendNumber(append(b, `,"start":`...), e.Start)
	b = AppendNumber(append(b, `,"duration":`...), e.Duration)
	b = strconv.AppendInt(append(b, `,"at":`...), e.At, 10)
	b = e.appendDetail(b)
	return append(b, '}')
}

// appendDetail appends the members that only some types of event have.
func (e *Event) appendDetail(b []byte) []byte {
	switch e.Type {
	case FrameType:
		b = AppendNumber(append(b, `,"hop":`...), e.Hop)
		b = AppendNumbers(append(b, `,"prob":`...), e.Probs)
	case GapType:
		b = strconv.AppendInt(append(b, `,"lost_samples":`...), e.LostSamples, 10)
	case BeginType:
		b = AppendNumber(append(b, `,"latency_s":`...), e.Latency)
	case EndType, ErrorType:
	default:
		b = AppendNumber(append(b, `,"prob":`...), e.Prob)
	}
	if e.Revises != nil {
		b = append(b, `,"revises":[`...)
		for i, n := range e.Revises {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, n, 10)
		}
		b = append(b, ']')
	}
	b = appendText(b, "policy", e.Policy)
	b = appendText(b, "reason", e.Reason)
	b = appendText(b, "code", e.Code)
	b = appendText(b, "message", e.Message)
	return appendText(b, "word", e.Word)
}

func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendString(b, value)
}

func appendCount(b []byte, name string, value int64) []byte {
	if value == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendInt(b, value, 10)
}

// AppendNumber appends v rounded to six decimals, as short as it can be
// written. A value that JSON cannot hold is written as null.
func AppendNumber(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	if r := math.Round(v*1e6) / 1e6; !math.IsInf(r, 0) {
		v = r
	}
	return strconv.AppendFloat(b, v+0, 'f', -1, 64) // +0 turns -0 into 0
}

// AppendNumbers appends a JSON array of numbers as [AppendNumber] writes them.
func AppendNumbers(b []byte, vs []float64) []byte {
	b = append(b, '[')
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendNumber(b, v)
	}
	return append(b, ']')
}

// appendString appends s as a JSON string. What comes from outside (names of
// sessions, messages) may hold anything, so all but plain ASCII goes through
// encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			var q bytes.Buffer
			enc := json.NewEncoder(&q)
			enc.SetEscapeHTML(false) // people read it in a terminal
			if err := enc.Encode(s); err != nil {
				panic(err) // a string always encodes
			}
			return append(b, bytes.TrimSuffix(q.Bytes(), []byte("\n"))...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// MarshalJSON implements json.Marshaler with the bytes of [Event.AppendJSON].
func (e *Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// UnmarshalJSON implements json.Unmarshaler for what AppendJSON writes.
func (e *Event) UnmarshalJSON(b []byte) error {
	var w struct {
		V           int             `json:"v"`
		Type        string          `json:"type"`
		Stream      string          `json:"stream"`
		Session     string          `json:"session"`
		Model       string          `json:"model"`
		Pass        string          `json:"pass"`
		N           int64           `json:"n"`
		Seq         int64           `json:"seq"`
		Sample      int64           `json:"sample"`
		Start       float64         `json:"start"`
		Duration    float64         `json:"duration"`
		At          int64           `json:"at"`
		Hop         float64         `json:"hop"`
		Prob        json.RawMessage `json:"prob"`
		Revises     []int64         `json:"revises"`
		LostSamples int64           `json:"lost_samples"`
		Policy      string          `json:"policy"`
		Reason      string          `json:"reason"`
		Latency     *float64        `json:"latency_s"`
		Code        string          `json:"code"`
		Message     string          `json:"message"`
		Word        string          `json:"word"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	if w.V != 1 {
		return fmt.Errorf("event: format version %d, this program reads version 1", w.V)
	}
	*e = Event{Type: w.Type, Stream: w.Stream, Session: w.Session, Model: w.Model, Pass: w.Pass,
		N: w.N, Seq: w.Seq, Sample: w.Sample, Start: w.Start, Duration: w.Duration, At: w.At, Hop: w.Hop,
		Revises: w.Revises, LostSamples: w.LostSamples, Policy: w.Policy, Reason: w.Reason,
		Code: w.Code, Message: w.Message, Word: w.Word}
	if w.Latency != nil {
		e.Latency = *w.Latency
	} else if e.Type == BeginType {
		e.Latency = math.Inf(1)
	}
	if len(w.Prob) == 0 {
		return nil
	}
	into := any(&e.Prob)
	if w.Prob[0] == '[' {
		into = &e.Probs
	}
	if err := json.Unmarshal(w.Prob, into); err != nil {
		return fmt.Errorf("event: prob: %w", err)
	}
	return nil
}
