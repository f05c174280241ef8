package stream

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/audio"
)

// Headers of the wire format. NATS header names are case-sensitive.
const (
	HeaderEncoding   = "Speech-Encoding"    // s16le (default), f32le, mulaw, alaw
	HeaderRate       = "Speech-Rate"        // Hz, default 16000
	HeaderChannels   = "Speech-Channels"    // default 1
	HeaderSeq        = "Speech-Seq"         // 1, 2, 3, ... (audio chunks only)
	HeaderSession    = "Speech-Session"     // a new value means fresh state
	HeaderSample     = "Speech-Sample"      // offset of the first sample of this chunk
	HeaderTime       = "Speech-Time"        // Unix microseconds: of capture (in), of publishing (out)
	HeaderControl    = "Speech-Control"     // end, flush, keepalive
	HeaderChunks     = "Speech-Chunks"      // with end: audio chunks sent
	HeaderMaxLatency = "Speech-Max-Latency" // of the answers, as 100ms; see ParseLatency
	HeaderWorker     = "Speech-Worker"      // of output: the worker that answered
)

// Control is what a message asks for.
type Control string

// Controls. A message without payload and without control is a Keepalive.
const (
	Audio     Control = ""
	End       Control = "end"
	Flush     Control = "flush"
	Keepalive Control = "keepalive"
)

const (
	maxSession  = 128            // bytes of a session id
	maxPosition = int64(1) << 52 // as in pipeline: sums stay exact as JSON numbers
	maxQuoted   = 64             // bytes of foreign text repeated in a message
)

// Chunk is one input message as its headers and payload state it. Absent is
// the zero value, but -1 for Sample and MaxLatency.
type Chunk struct {
	Stream  string
	Session string
	Control Control
	Chunks  int64 // of End

	Seq    int64
	Sample int64
	Time   int64 // Unix microseconds; informative, 0 also when unreadable

	Encoding audio.Encoding
	Rate     int // Hz
	Channels int

	MaxLatency time.Duration // asked for, of the session that the chunk belongs to

	Payload []byte // shared with the message

	lost *loss // set when the payload never reached the track
}

// Format is the format that the chunk states, with the defaults of the wire
// format for what it does not state.
func (c *Chunk) Format() audio.Format {
	f := audio.Format{Encoding: audio.S16LE, Rate: 16000, Channels: 1}
	if c.Encoding != "" {
		f.Encoding = c.Encoding
	}
	if c.Rate != 0 {
		f.Rate = c.Rate
	}
	if c.Channels != 0 {
		f.Channels = c.Channels
	}
	return f
}

// fits reports whether the chunk states nothing that differs from f.
func (c *Chunk) fits(f audio.Format) bool {
	return (c.Encoding == "" || c.Encoding == f.Encoding) &&
		(c.Rate == 0 || c.Rate == f.Rate) &&
		(c.Channels == 0 || c.Channels == f.Channels)
}

// ParseChunk reads one message of the wire format. It keeps no state and
// copies nothing: the strings and the payload are those of the message.
//
// On an error, always a [*ChunkError], the Chunk holds all that could be read,
// so that the refused audio can still be accounted for. The payload is only
// measured here; whether its samples are sound is told by decoding it.
func ParseChunk(subject string, header nats.Header, payload []byte) (Chunk, error) {
	p := parser{header: header}
	c := Chunk{Payload: payload, Sample: -1, MaxLatency: unasked}
	name, ok := streamOf(subject)
	if !ok {
		p.fail(BadName, "%s is not audio.<stream>, <stream> being a letter or digit and up to 63 more of A-Z a-z 0-9 _ -", quote(subject))
	}
	c.Stream = name
	if len(header) == 0 { // most chunks: nothing to look for ten times
		if len(payload) == 0 {
			c.Control = Keepalive
		}
		return c, p.result()
	}
	p.names()
	c.Session = p.session()
	c.Seq = p.number(HeaderSeq, BadSeq, 1, maxPosition)
	c.Chunks = p.number(HeaderChunks, BadSeq, 0, maxPosition)
	if p.text(HeaderSample) != "" {
		c.Sample = p.number(HeaderSample, BadSample, 0, maxPosition)
	}
	c.Time, _ = strconv.ParseInt(strings.TrimSpace(header.Get(HeaderTime)), 10, 64)
	c.Encoding = p.encoding()
	c.Rate = int(p.number(HeaderRate, BadRate, audio.MinRate, audio.MaxRate))
	c.Channels = int(p.number(HeaderChannels, BadChannels, 1, audio.MaxChannels))
	c.MaxLatency = p.latency()
	c.Control = p.control(len(payload))
	return c, p.result()
}

// parser reads headers and keeps the first error.
type parser struct {
	header nats.Header
	err    *ChunkError
}

func (p *parser) result() error {
	if p.err == nil {
		return nil
	}
	return p.err
}

func (p *parser) fail(code Code, format string, args ...any) {
	if p.err == nil {
		p.err = refusal(code, format, args...)
	}
}

// knownHeaders holds the input headers, each by its own name and in lower case.
var knownHeaders = headerNames(HeaderEncoding, HeaderRate, HeaderChannels, HeaderSeq, HeaderSession,
	HeaderSample, HeaderTime, HeaderControl, HeaderChunks, HeaderMaxLatency)

func headerNames(names ...string) map[string]string {
	m := make(map[string]string, 2*len(names))
	for _, name := range names {
		m[name], m[strings.ToLower(name)] = name, name
	}
	return m
}

// known is the header that a name stands for, perhaps misspelt in upper and
// lower case; empty for a stranger.
func known(name string) string {
	if k, ok := knownHeaders[name]; ok {
		return k
	}
	if p := len("speech-"); len(name) < p || !strings.EqualFold(name[:p], "speech-") {
		return ""
	}
	return knownHeaders[strings.ToLower(name)]
}

// names refuses headers that would silently mean nothing (speech-rate) or
// could mean two things. Unknown names pass: they may belong to others.
func (p *parser) names() {
	culprit := "" // the first by name, so that the same message gives the same error
	for name, values := range p.header {
		if k := known(name); k != "" && (k != name || len(values) > 1) && (culprit == "" || name < culprit) {
			culprit = name
		}
	}
	switch k := known(culprit); {
	case culprit == "":
	case k != culprit:
		p.fail(BadHeader, "header %s: write %s, header names are case-sensitive", quote(culprit), k)
	default:
		p.fail(BadHeader, "header %s is given %d times: give it once", culprit, len(p.header[culprit]))
	}
}

func (p *parser) text(name string) string { return strings.TrimSpace(p.header.Get(name)) }

// number reads a decimal number of lo..hi, 0 when the header is absent or bad.
func (p *parser) number(name string, code Code, lo, hi int64) int64 {
	text := p.text(name)
	if text == "" {
		return 0
	}
	v, err := strconv.ParseUint(text, 10, 63)
	if err != nil || int64(v) < lo || int64(v) > hi {
		p.fail(code, "%s: %s: give a whole number of %d to %d", name, quote(text), lo, hi)
		if code == BadSample {
			return -1
		}
		return 0
	}
	return int64(v)
}

func (p *parser) session() string {
	s := p.text(HeaderSession)
	if len(s) > maxSession || !printable(s) {
		p.fail(BadSession, "%s: %s: give at most %d bytes of printable text", HeaderSession, quote(s), maxSession)
		return ""
	}
	return s
}

func (p *parser) encoding() audio.Encoding {
	text := p.text(HeaderEncoding)
	if text == "" {
		return ""
	}
	for _, e := range []audio.Encoding{audio.S16LE, audio.F32LE, audio.Mulaw, audio.Alaw} {
		if text == string(e) {
			return e // ours, not the message's: a session keeps it
		}
	}
	p.fail(BadEncoding, "%s: %s: give s16le, f32le, mulaw or alaw", HeaderEncoding, quote(text))
	return ""
}

func (p *parser) latency() time.Duration {
	text := p.text(HeaderMaxLatency)
	if text == "" {
		return unasked
	}
	d, err := ParseLatency(text)
	if err != nil {
		p.fail(BadLatency, "%s: %v", HeaderMaxLatency, err)
		return unasked
	}
	return d
}

func (p *parser) control(payload int) Control {
	switch c := Control(p.text(HeaderControl)); {
	case c == Audio && payload == 0:
		return Keepalive
	case c == Audio:
		return Audio
	case c != End && c != Flush && c != Keepalive:
		p.fail(BadControl, "%s: %s: give end, flush or keepalive", HeaderControl, quote(string(c)))
	case payload > 0:
		p.fail(BadControl, "%s: %s with a payload of %d bytes: send audio and control in messages of their own", HeaderControl, c, payload)
	default:
		return c
	}
	return Audio
}

func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// quote makes foreign text fit to stand in a message: escaped and cut short.
func quote(s string) string {
	if len(s) > maxQuoted {
		return strconv.QuoteToASCII(s[:maxQuoted]) + "..."
	}
	return strconv.QuoteToASCII(s)
}
