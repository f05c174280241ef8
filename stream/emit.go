package stream

import (
	"fmt"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/pipeline"
)

// This file is the voice of a track: how events get their stream, session and
// numbers, and which of them are worth saying.

// repeatsTold is the number of repeats in a row that is told as an error: more
// than any retry, and soon enough for someone who wonders about silence.
const repeatsTold = 64

// begin opens the session s and says so.
func (t *track) begin(s *session, latency float64, from beginning, c *Chunk) {
	s.id = strings.Clone(s.id) // the message must not live as long as the session
	s.counted, s.sent, s.base, s.seen = from.counted, from.sent, from.sent, tally{}
	if i := t.orphan(s.id); i >= 0 { // errors before the begin are numbered already
		s.sent.status += t.orphans[i].n
		t.orphans = slices.Delete(t.orphans, i, i+1)
	}
	t.forget(s.id)
	t.cur = s
	t.count.sessions.Add(1)
	t.count.open.Add(1)
	t.status(s, &pipeline.Event{Type: pipeline.BeginType, Reason: from.reason, Latency: latency}, s.number(c))
}

// gap skips lost samples, if there are any.
func (t *track) gap(lost int64) {
	if lost <= 0 {
		return
	}
	t.count.gaps.Add(1)
	t.count.lostSamples.Add(lost)
	t.count.lost.add(seconds(lost, t.cur.format.Rate))
	t.deliver(t.cur.engine.Gap(t.events[:0], lost, t.hold))
}

// repeat drops a chunk whose number was accounted for.
func (t *track) repeat() {
	s := t.cur
	t.count.repeats.Add(1)
	if s.repeats++; s.repeats == repeatsTold {
		t.fail(refusal(Repeats, "%d repeats in a row, chunk %d is the last that was new: they are dropped; start a new %s when the numbering starts again",
			s.repeats, s.counted, HeaderSession), s.counted)
	}
}

// fail publishes an error of the open session about chunk number seq.
func (t *track) fail(err *ChunkError, seq int64) {
	t.count.refuse(err.Code)
	s := t.cur
	if e := s.seen.event(err); e != nil {
		t.status(s, e, seq)
	}
}

// outside publishes an error about a message that belongs to no open session.
func (t *track) outside(id string, c *Chunk, err *ChunkError) {
	t.count.refuse(err.Code)
	if t.refused == nil {
		t.refused = tally{}
	}
	e := t.refused.event(err)
	if e == nil {
		return
	}
	if p := t.remembered(id); p != nil {
		t.afterwards(p, e, c)
		return
	}
	i := t.orphan(id)
	if i < 0 {
		if len(t.orphans) == maxOrphans {
			t.orphans = slices.Delete(t.orphans, 0, 1)
		}
		t.orphans = append(t.orphans, orphan{id: strings.Clone(id)})
		i = len(t.orphans) - 1
	}
	t.orphans[i].n++
	e.N, e.Session, e.Seq = t.orphans[i].n, id, c.Seq
	t.publish(e)
}

// orphan finds a session that never began, -1 if there is none of that id.
func (t *track) orphan(id string) int {
	return slices.IndexFunc(t.orphans, func(o orphan) bool { return o.id == id })
}

// afterwards publishes an event about a session that has ended.
func (t *track) afterwards(p *past, e *pipeline.Event, c *Chunk) {
	p.sent.status++
	e.N, e.Session, e.Seq = p.sent.status, p.id, c.Seq
	e.Sample, e.At, e.Start = p.position, p.position, seconds(p.position, p.rate)
	t.publish(e)
}

// event counts an error and returns its event, nil when it is not to be told.
func (y tally) event(err *ChunkError) *pipeline.Event {
	y[err.Code]++
	n := y[err.Code]
	if !loud(n) {
		return nil
	}
	e := errorEvent(err)
	if !loud(n - 1) { // some were left out before this one
		e.Message += fmt.Sprintf(" (error %d of this code)", n)
	}
	return e
}

// status publishes an event of the stream itself, placed at the position that
// session s has reached.
func (t *track) status(s *session, e *pipeline.Event, seq int64) {
	pos := s.engine.Position()
	e.Sample, e.At, e.Start = pos, pos, seconds(pos, s.format.Rate)
	e.Model = s.model
	t.label(s, e)
	e.Seq = seq
	t.publish(e)
}

// deliver publishes what the engine of the open session answered. Its array is
// kept for the next answers.
func (t *track) deliver(events []pipeline.Event) {
	for i := range events {
		t.label(t.cur, &events[i])
		t.publish(&events[i])
	}
	t.events = events[:0]
}

// label says whose event it is. The engine numbers its own, from 1 whenever it
// is opened, so those of a session that was resumed go on from the numbers
// before. Events of the status subject come from several sources and are
// numbered here.
func (t *track) label(s *session, e *pipeline.Event) {
	e.Session, e.Seq = s.id, s.counted
	switch Kind(e) {
	case KindStatus:
		s.sent.status++
		e.N = s.sent.status
	case KindEvent:
		e.N += s.base.event
		s.sent.event = e.N
	case KindFrame:
		e.N += s.base.frame
		s.sent.frame = e.N
	case KindFinal:
		e.N += s.base.final
		s.sent.final = e.N
		if s.base.event > 0 {
			e.Revises = slices.Clone(e.Revises) // shared by the events of one revision
			for i := range e.Revises {
				e.Revises[i] += s.base.event
			}
		}
	}
}

func (t *track) publish(e *pipeline.Event) {
	e.Stream = t.stream
	if e.Model == "" {
		e.Model = t.model
	}
	t.count.event(e.Type)
	t.emit(e)
}
