package stream

import (
	"errors"
	"time"
)

// strays publishes errors about messages that get no queue, at a rate that a
// flood of garbage cannot drive up.
type strays struct {
	out    *outbox
	n      int64 // events of the invalid stream
	tokens float64
	filled time.Time
}

const (
	strayRate  = 10.0 // error events per second
	strayBurst = 20.0
)

// stray counts and perhaps publishes an error. Only dispatch calls it. An event
// about a stream that there is no place for has no n, since nothing is kept
// about it that could count.
func (w *Worker) stray(stream string, err error) {
	var refused *ChunkError
	if !errors.As(err, &refused) {
		return
	}
	w.count.errors.Add(1)
	s := &w.strays
	if !s.allow(time.Now()) {
		return
	}
	if s.out == nil {
		s.out = &outbox{nc: w.nc, worker: w.id, log: w.log, count: &w.count}
	}
	e := errorEvent(refused)
	e.Stream, e.Model = stream, w.model
	if stream == invalidStream {
		s.n++
		e.N = s.n
	}
	w.count.events.Add(1)
	s.out.publish(e)
}

// allow takes a token, if there is one.
func (s *strays) allow(now time.Time) bool {
	s.tokens = min(strayBurst, s.tokens+strayRate*now.Sub(s.filled).Seconds())
	s.filled = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}
