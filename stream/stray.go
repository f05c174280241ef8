package stream

import (
	"errors"
	"time"
)

// strays publishes errors about messages that get no queue, at a rate that a
// flood of garbage cannot drive up.
type strays struct {
	out   *outbox
	n     int64 // events of the invalid stream
	limit bucket
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
	w.count.refuse(refused.Code)
	s := &w.strays
	if !s.limit.allow(time.Now(), strayRate, strayBurst) {
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
	w.count.event(e.Type)
	s.out.publish(e)
}

// bucket limits how often something is said: rate times a second, and a burst
// at once.
type bucket struct {
	tokens float64
	filled time.Time
}

func (b *bucket) allow(now time.Time, rate, burst float64) bool {
	b.tokens = min(burst, b.tokens+rate*now.Sub(b.filled).Seconds())
	b.filled = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
