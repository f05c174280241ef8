package stream

import "sync/atomic"

// Stats counts what a worker has done since it started.
type Stats struct {
	Streams      int64 `json:"streams"`       // that have a queue now
	OpenSessions int64 `json:"open_sessions"` // now
	Sessions     int64 `json:"sessions"`      // opened
	Messages     int64 `json:"messages"`      // received
	Bytes        int64 `json:"bytes"`         // of payload received
	Samples      int64 `json:"samples"`       // per channel, answered
	Events       int64 `json:"events"`        // published, frames included
	Errors       int64 `json:"errors"`        // messages refused
	Repeats      int64 `json:"repeats"`       // chunks dropped because they had come before
	Superseded   int64 `json:"superseded"`    // messages of superseded sessions
	Dropped      int64 `json:"dropped"`       // messages dropped because a queue was full
	SlowConsumer int64 `json:"slow_consumer"` // messages dropped by the NATS client before any queue
	Gaps         int64 `json:"gaps"`          // gap events
	LostSamples  int64 `json:"lost_samples"`  // per channel, in gap events
	Buffered     int64 `json:"buffered"`      // bytes that wait to be answered now
	Unpublished  int64 `json:"unpublished"`   // events that NATS did not take
}

// counters are the live form of Stats, shared by all goroutines of a worker.
type counters struct {
	open, sessions, messages, bytes, samples, events, errors, repeats, superseded atomic.Int64
	dropped, gaps, lostSamples, buffered, unpublished                             atomic.Int64
}

func (c *counters) snapshot() Stats {
	return Stats{
		OpenSessions: c.open.Load(),
		Sessions:     c.sessions.Load(),
		Messages:     c.messages.Load(),
		Bytes:        c.bytes.Load(),
		Samples:      c.samples.Load(),
		Events:       c.events.Load(),
		Errors:       c.errors.Load(),
		Repeats:      c.repeats.Load(),
		Superseded:   c.superseded.Load(),
		Dropped:      c.dropped.Load(),
		Gaps:         c.gaps.Load(),
		LostSamples:  c.lostSamples.Load(),
		Buffered:     c.buffered.Load(),
		Unpublished:  c.unpublished.Load(),
	}
}
