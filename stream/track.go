package stream

import (
	"errors"
	"slices"
	"time"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/pipeline"
)

// engine is what a track needs of a [pipeline.Session].
type engine interface {
	Push(dst []pipeline.Event, samples []float32) []pipeline.Event
	Flush(dst []pipeline.Event) []pipeline.Event
	Gap(dst []pipeline.Event, lost int64, hold bool) []pipeline.Event
	Position() int64
}

// Reasons of begin and end events; the package documentation explains them.
const (
	reasonNew     = "new"
	reasonJoined  = "joined"
	reasonResumed = "resumed"
	reasonRestart = "restart"

	reasonEnd        = "end"
	reasonIdle       = "idle"
	reasonSuperseded = "superseded"
	reasonDrain      = "drain"
	reasonError      = "error"
)

const (
	maxPast    = 64      // sessions of a stream that are remembered
	maxOrphans = 16      // sessions that never began
	maxScratch = 1 << 16 // samples of decoding space that a quiet stream keeps
)

// track is the bookkeeping of one stream. What it emits is a function of the
// chunks that it is handed, of idle and of drain, and of nothing else: it knows
// neither NATS nor the time. It belongs to one goroutine.
type track struct {
	stream string
	model  string         // name that events outside a session carry
	hold   bool           // policy for gaps: keep the model's state, else reset it
	most   *time.Duration // Config.MaxLatency
	open   opener
	emit   func(*pipeline.Event) // must not keep the event
	count  *counters

	cur     *session // nil between sessions
	past    []past   // oldest first
	orphans []orphan // oldest first
	refused tally    // errors outside a session

	events  []pipeline.Event
	samples []float32
	due     []float32 // of the chunk that was accepted last, which the engine has yet to hear
}

// past is what is remembered of a session that ended.
type past struct {
	id         string
	superseded bool
	told       bool  // that its chunks are dropped
	counted    int64 // last chunk number
	position   int64
	sent       sent
	rate       int
}

// orphan numbers the error events of a session that never began.
type orphan struct {
	id string
	n  int64
}

// handle answers one message; refused is the error of [ParseChunk].
func (t *track) handle(c *Chunk, refused *ChunkError) {
	if t.accept(c, refused) {
		t.push()
	}
}

// push lets the engine hear the audio that accept has left.
func (t *track) push() { t.deliver(t.cur.engine.Push(t.events[:0], t.due)) }

// accept is the part of handle before the engine hears the audio of a chunk,
// if it returns true.
func (t *track) accept(c *Chunk, refused *ChunkError) bool {
	t.due = nil
	switch {
	case refused != nil:
		t.refuse(c, refused)
	case c.Control == Audio:
		t.audio(c)
	default:
		t.control(c)
	}
	return t.due != nil
}

// sessionOf is the id of the session that the message belongs to. Without a
// header that is the open session, unless that one took the place of an
// anonymous producer, whose chunks must not be mixed into it.
func (t *track) sessionOf(c *Chunk) string {
	if c.Session != "" || t.cur == nil || t.remembered("") != nil {
		return c.Session
	}
	return t.cur.id
}

func (t *track) current(id string) bool { return t.cur != nil && t.cur.id == id }

func (t *track) audio(c *Chunk) {
	switch id := t.sessionOf(c); {
	case t.current(id):
		t.next(c)
	case t.stale(id, c):
	default:
		t.first(c, id)
	}
}

// first opens a session with its first chunk. Nothing is opened, and nothing
// that is open is closed, before that chunk has proved to be sound.
func (t *track) first(c *Chunk, id string) {
	format := c.Format()
	samples, n, err := t.decode(c, format)
	if err != nil {
		t.outside(id, c, err)
		return
	}
	from, err := origin(c, n, t.remembered(id))
	if err != nil {
		t.outside(id, c, err)
		return
	}
	asked := t.asked(c)
	o, openErr := t.open(format.Rate, from.start, asked)
	if openErr != nil {
		t.outside(id, c, t.unopened(format.Rate, openErr))
		return
	}
	t.end(reasonSuperseded)
	t.begin(&session{id: id, engine: o.engine, model: o.model, format: format, asked: asked}, o.latency, from, c)
	t.take(c, samples, n, from.lost)
}

// unopened tells why no session was opened.
func (t *track) unopened(rate int, err error) *ChunkError {
	if errors.Is(err, pipeline.ErrDelay) {
		return refusal(LatencyUnmet, "stream %s: %v; ask for more by %s", t.stream, err, HeaderMaxLatency)
	}
	return refusal(OpenFailed, "stream %s: cannot open a session at %d Hz: %v", t.stream, rate, err)
}

// next takes a further chunk of the open session.
func (t *track) next(c *Chunk) {
	s := t.cur
	if err := s.changed(c); err != nil {
		t.refuse(c, err)
		return
	}
	samples, n, err := t.decode(c, s.format)
	if err != nil {
		t.refuse(c, err)
		return
	}
	gap, n, repeat, err := s.place(c, n)
	switch {
	case err != nil:
		t.refuse(c, err)
	case repeat:
		t.repeat()
	default:
		t.take(c, samples, n, gap)
	}
}

// take accepts a chunk. One whose audio was dropped on the way here becomes
// part of the gap before it.
func (t *track) take(c *Chunk, samples []float32, n, gap int64) {
	s := t.cur
	s.advance(c, n)
	if c.lost != nil {
		t.gap(gap + n)
		return
	}
	t.gap(gap)
	t.count.chunks.Add(1)
	t.count.samples.Add(n)
	t.count.audio.add(seconds(n, s.format.Rate))
	t.due = samples
}

// decode turns the payload into n mono samples. Of a dropped chunk it only
// tells n.
func (t *track) decode(c *Chunk, f audio.Format) (samples []float32, n int64, refused *ChunkError) {
	if c.lost != nil {
		return nil, c.lost.bytes / int64(frameBytes(f)), nil
	}
	if cap(t.samples) > maxScratch {
		t.samples = nil
	}
	samples, err := f.AppendSamples(t.samples[:0], c.Payload)
	if err != nil {
		return nil, 0, refusal(BadPayload, "%v", err)
	}
	t.samples = samples
	return samples, int64(len(samples)), nil
}

// refuse answers a message that cannot be used, and accounts for its audio.
func (t *track) refuse(c *Chunk, err *ChunkError) {
	id := t.sessionOf(c)
	switch {
	case err.Code == BadSession: // whose it is cannot be told
		t.outside("", c, err)
	case t.current(id):
		t.fail(err, t.cur.number(c))
		if len(c.Payload) > 0 {
			t.gap(t.cur.miss(c))
		}
	case t.stale(id, c):
	default:
		t.outside(id, c, err)
	}
}

// control obeys a control message. One for a session that is not open has
// nothing to act on.
func (t *track) control(c *Chunk) {
	id := t.sessionOf(c)
	if !t.current(id) {
		t.stale(id, c)
		return
	}
	switch c.Control {
	case Flush:
		t.deliver(t.cur.engine.Flush(t.events[:0]))
	case End:
		lost, err := t.cur.trailing(c.Chunks)
		if err != nil {
			t.fail(err, t.cur.counted)
		}
		t.gap(lost)
		t.end(reasonEnd)
	}
}

// end flushes and closes the open session, if there is one.
func (t *track) end(reason string) {
	s := t.cur
	if s == nil {
		return
	}
	t.deliver(s.engine.Flush(t.events[:0]))
	t.close(reason)
}

// abort closes the open session without asking its engine for anything more:
// it has just failed.
func (t *track) abort() {
	if t.cur == nil {
		return
	}
	t.fail(refusal(Internal, "the session met a defect of the program and is closed: its log has the details"), t.cur.counted)
	t.close(reasonError)
}

func (t *track) close(reason string) {
	s := t.cur
	t.status(s, &pipeline.Event{Type: pipeline.EndType, Reason: reason}, s.counted)
	t.remember(past{id: s.id, superseded: reason == reasonSuperseded, counted: s.counted,
		position: s.engine.Position(), sent: s.sent, rate: s.format.Rate})
	t.cur = nil
	t.count.open.Add(-1)
}

// remembered finds a session that ended, nil if there is none of that id.
func (t *track) remembered(id string) *past {
	if i := t.ended(id); i >= 0 {
		return &t.past[i]
	}
	return nil
}

func (t *track) ended(id string) int {
	return slices.IndexFunc(t.past, func(p past) bool { return p.id == id })
}

func (t *track) remember(p past) {
	t.forget(p.id)
	if len(t.past) == maxPast {
		t.past = slices.Delete(t.past, 0, 1)
	}
	t.past = append(t.past, p)
}

func (t *track) forget(id string) {
	if i := t.ended(id); i >= 0 {
		t.past = slices.Delete(t.past, i, i+1)
	}
}

// stale drops a message of a superseded session, and says so once. An
// anonymous producer cannot start a new session, so it may come back as soon as
// the stream is free.
func (t *track) stale(id string, c *Chunk) bool {
	p := t.remembered(id)
	if p == nil || !p.superseded || (id == "" && t.cur == nil) {
		return false
	}
	t.count.superseded.Add(1)
	if p.told {
		return true
	}
	p.told = true
	t.afterwards(p, errorEvent(refusal(Superseded, "session %s of stream %s was superseded by another one: its messages are dropped; one producer per stream, or a new %s",
		quote(id), t.stream, HeaderSession)), c)
	return true
}
