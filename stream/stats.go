package stream

import (
	"errors"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/streamer-audio/streamer/pipeline"
)

// Stats counts what a worker has done since it started.
type Stats struct {
	Streams       int64   `json:"streams"`        // that have a queue now
	MaxStreams    int64   `json:"max_streams"`    // the most of them
	OpenSessions  int64   `json:"open_sessions"`  // now
	Sessions      int64   `json:"sessions"`       // opened
	Messages      int64   `json:"messages"`       // received
	Bytes         int64   `json:"bytes"`          // of payload received
	Chunks        int64   `json:"chunks"`         // of audio, answered
	Samples       int64   `json:"samples"`        // per channel, answered
	Audio         float64 `json:"audio_s"`        // the same in seconds
	Events        int64   `json:"events"`         // published, frames included
	Errors        int64   `json:"errors"`         // messages refused
	Repeats       int64   `json:"repeats"`        // chunks dropped because they had come before
	Superseded    int64   `json:"superseded"`     // messages of superseded sessions
	Dropped       int64   `json:"dropped"`        // messages dropped because a queue was full
	DroppedShared int64   `json:"dropped_shared"` // of these, because all queues together were full
	SlowConsumer  int64   `json:"slow_consumer"`  // messages dropped by the NATS client before any queue
	Gaps          int64   `json:"gaps"`           // gap events
	LostSamples   int64   `json:"lost_samples"`   // per channel, in gap events
	Lost          float64 `json:"lost_s"`         // the same in seconds
	Waiting       int64   `json:"waiting"`        // messages that wait to be answered now
	Buffered      int64   `json:"buffered"`       // bytes that wait or are being answered now
	MaxBuffered   int64   `json:"max_buffered"`   // the most of them
	Lag           float64 `json:"lag_s"`          // seconds of audio that the stream furthest behind has not had answered
	Unpublished   int64   `json:"unpublished"`    // events that NATS did not take
	Reconnects    int64   `json:"reconnects"`     // of the NATS connection

	Refused map[Code]int64   `json:"-"` // Errors by code, all of them
	ByType  map[string]int64 `json:"-"` // Events by type, all of them
	Answers Histogram        `json:"-"` // from the arrival of a chunk until its answers were handed to the NATS client
}

// Histogram counts durations by their length.
type Histogram struct {
	Bounds []float64 // seconds, ascending; a bucket includes its bound
	Counts []int64   // by bucket; the last, one more than there are bounds, is of what is longer
	Sum    float64   // seconds, of all
}

// counters are the live form of Stats, shared by all goroutines of a worker.
type counters struct {
	open, sessions, messages, bytes, chunks, samples, repeats, superseded atomic.Int64
	dropped, droppedShared, gaps, lostSamples, buffered, unpublished      atomic.Int64

	audio, lost sum
	refused     [len(codes)]atomic.Int64
	events      [len(types)]atomic.Int64
	answers     histogram
}

// types are those of all events.
var types = [...]string{pipeline.SpeechStart, pipeline.SpeechEnd, pipeline.SegmentType, pipeline.FrameType,
	pipeline.BeginType, pipeline.EndType, pipeline.GapType, pipeline.ErrorType}

func (c *counters) refuse(code Code) { c.refused[slices.Index(codes[:], code)].Add(1) }

func (c *counters) event(kind string) { c.events[slices.Index(types[:], kind)].Add(1) }

func (c *counters) snapshot() Stats {
	s := Stats{
		OpenSessions:  c.open.Load(),
		Sessions:      c.sessions.Load(),
		Messages:      c.messages.Load(),
		Bytes:         c.bytes.Load(),
		Chunks:        c.chunks.Load(),
		Samples:       c.samples.Load(),
		Audio:         c.audio.load(),
		Repeats:       c.repeats.Load(),
		Superseded:    c.superseded.Load(),
		DroppedShared: c.droppedShared.Load(),
		Gaps:          c.gaps.Load(),
		LostSamples:   c.lostSamples.Load(),
		Lost:          c.lost.load(),
		Buffered:      c.buffered.Load(),
		Unpublished:   c.unpublished.Load(),
		Refused:       map[Code]int64{},
		ByType:        map[string]int64{},
		Answers:       c.answers.snapshot(),
	}
	s.Dropped = c.dropped.Load() + s.DroppedShared
	for i, code := range codes {
		n := c.refused[i].Load()
		s.Refused[code] = n
		s.Errors += n
	}
	for i, kind := range types {
		n := c.events[i].Load()
		s.ByType[kind] = n
		s.Events += n
	}
	return s
}

// sum is a number of seconds that many goroutines add to.
type sum struct{ bits atomic.Uint64 }

func (s *sum) load() float64 { return math.Float64frombits(s.bits.Load()) }

func (s *sum) add(x float64) {
	for {
		old := s.bits.Load()
		if s.bits.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+x)) {
			return
		}
	}
}

// bounds of the buckets of a histogram: from what a chunk costs on an idle
// machine to what a full queue of 20 ms chunks amounts to.
var bounds = [...]time.Duration{100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second}

// histogram is the live form of Histogram.
type histogram struct {
	counts [len(bounds) + 1]atomic.Int64
	sum    sum
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.add(d.Seconds())
}

func (h *histogram) snapshot() Histogram {
	s := Histogram{Sum: h.sum.load()}
	for _, b := range bounds {
		s.Bounds = append(s.Bounds, b.Seconds())
	}
	for i := range h.counts {
		s.Counts = append(s.Counts, h.counts[i].Load())
	}
	return s
}

// Stats tells what the worker has done. It may be called at any time, before
// Start and after Stop too.
func (w *Worker) Stats() Stats {
	s := w.count.snapshot()
	w.mu.Lock()
	sub := w.sub
	s.Streams, s.MaxStreams, s.MaxBuffered = int64(len(w.streams)), int64(w.cfg.MaxStreams), w.cfg.BufferedBytes
	lanes := slices.Collect(maps.Values(w.streams)) // to be looked at when dispatch may go on
	w.mu.Unlock()
	for _, l := range lanes {
		messages, audio := l.backlog()
		s.Waiting += messages
		s.Lag = max(s.Lag, audio)
	}
	if n, err := sub.Dropped(); err == nil { // an error: not subscribed
		s.SlowConsumer = int64(n)
	}
	s.Reconnects = int64(w.nc.Stats().Reconnects)
	return s
}

// usualByteRate is that of a stream that states no format, per second.
const usualByteRate = 2 * 16000

// backlog tells how many messages wait, and how many seconds of audio have
// arrived and are not answered.
func (l *lane) backlog() (messages int64, audio float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rate := l.byteRate
	if rate == 0 {
		rate = usualByteRate
	}
	return int64(l.count), float64(l.audio) / float64(rate)
}

// Ready returns nil when the worker takes audio and can answer it, else an
// error that says in a few words why not.
func (w *Worker) Ready() error {
	if state := w.state.Load().(workerState); state != stateServing {
		return errors.New(string(state))
	}
	if !w.nc.IsConnected() {
		return errors.New("no connection to NATS")
	}
	return nil
}
