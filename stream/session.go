package stream

import (
	"fmt"
	"time"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/pipeline"
)

// session is the open session of a track.
type session struct {
	id      string
	engine  engine
	model   string // name
	format  audio.Format
	asked   time.Duration // that it answers within
	counted int64         // number of the last chunk that is accounted for
	last    int64         // samples of the last chunk
	sent    sent
	base    sent  // what was sent before the session was resumed
	repeats int64 // repeats in a row
	seen    tally
}

// sent is the number of the last event of each output subject of a session.
type sent struct{ status, event, final, frame int64 }

// loss stands for chunks that were dropped before they reached the track.
type loss struct {
	bytes  int64 // of all their payloads
	chunks int64
}

// tally counts errors by code.
type tally map[Code]int64

// loud reports whether the n-th error of a code is published: the first
// sixteen, then those whose number is a power of two. It depends on the input
// alone, so the same input gives the same events.
func loud(n int64) bool { return n <= 16 || n&(n-1) == 0 }

// changed refuses a chunk that states something else than the session began
// with.
func (s *session) changed(c *Chunk) *ChunkError {
	switch {
	case !c.fits(s.format):
		return refusal(FormatChanged, "the session is %s, this chunk is %s: start a new %s to change the format",
			describe(s.format), describe(c.Format()), HeaderSession)
	case c.MaxLatency != unasked && c.MaxLatency != s.asked:
		return refusal(LatencyChanged, "the session is held to %s, this chunk asks for %s: start a new %s to change %s",
			describeLatency(s.asked), c.MaxLatency, HeaderSession, HeaderMaxLatency)
	}
	return nil
}

// place finds where a chunk of n samples belongs: gap samples after what was
// heard, or nowhere because it is a repeat. Of dropped chunks that were
// accounted for in part, the second result is the rest of n.
func (s *session) place(c *Chunk, n int64) (gap, rest int64, repeat bool, err *ChunkError) {
	first, last := s.span(c)
	if last <= s.counted {
		return 0, 0, true, nil
	}
	if first <= s.counted {
		n = n * (last - s.counted) / (last - first + 1)
		first = s.counted + 1
	}
	pos := s.engine.Position()
	if c.Sample < 0 {
		gap, err = product(first-s.counted-1, s.last)
	} else if gap = c.Sample - pos; gap < 0 {
		if c.Seq == 0 && c.Sample+n <= pos {
			return 0, 0, true, nil
		}
		return 0, 0, false, refusal(BadSample, "%s: %d goes back: sample %d is expected; start a new %s to begin again",
			HeaderSample, c.Sample, pos, HeaderSession)
	}
	if err != nil || pos > maxPosition-gap-n {
		return 0, 0, false, tooFar(c)
	}
	return gap, n, false, nil
}

// span is the range of chunk numbers that c stands for. Without Speech-Seq
// they follow what was counted.
func (s *session) span(c *Chunk) (first, last int64) {
	first = c.Seq
	if first == 0 {
		first = s.counted + 1
	}
	if c.lost != nil {
		return first, first + c.lost.chunks - 1
	}
	return first, first
}

// number is the chunk number that events about c carry.
func (s *session) number(c *Chunk) int64 {
	_, last := s.span(c)
	return last
}

func (s *session) advance(c *Chunk, n int64) {
	s.counted = s.number(c)
	s.repeats = 0
	if c.lost == nil || s.last == 0 {
		s.last = sizeOf(c, n)
	}
}

// miss counts a refused chunk and returns how many samples to skip for it now.
// A chunk that has a number or a position of its own leaves that to the next
// one, which tells it better.
func (s *session) miss(c *Chunk) int64 {
	if c.Seq > 0 {
		return 0
	}
	s.counted++
	if c.Sample >= 0 {
		return 0
	}
	n := s.last
	if c.fits(s.format) {
		n = int64(len(c.Payload) / frameBytes(s.format))
	}
	if s.engine.Position() > maxPosition-n {
		return 0
	}
	return n
}

// trailing is how much is missing at the end when the producer says that it
// has sent this many chunks.
func (s *session) trailing(chunks int64) (lost int64, err *ChunkError) {
	if chunks <= s.counted {
		return 0, nil
	}
	lost, err = product(chunks-s.counted, s.last)
	if err != nil || s.engine.Position() > maxPosition-lost {
		return 0, refusal(BadSeq, "%s: %d: %d chunks have come; the difference is too large to be a loss", HeaderChunks, chunks, s.counted)
	}
	s.counted = chunks
	return lost, nil
}

// beginning is where and why a session begins.
type beginning struct {
	reason  string
	start   int64 // position of its first sample
	lost    int64 // samples missing before its first chunk
	counted int64 // number of the last chunk before its first one
	sent    sent  // events so far of a session that goes on
}

// origin finds where a session begins whose first chunk to arrive is c, of n
// samples; before is what is remembered of an earlier session of that id.
func origin(c *Chunk, n int64, before *past) (beginning, *ChunkError) {
	if before != nil && goesOn(c, before) {
		return resumed(c, n, before)
	}
	from := beginning{reason: reasonNew, counted: 0}
	if before != nil {
		from.reason = reasonRestart
	}
	lost, err := product(max(c.Seq-1, 0), sizeOf(c, n))
	if err != nil {
		return beginning{}, tooFar(c)
	}
	if c.Seq > 1 {
		from.reason = reasonJoined
	}
	from.lost = lost
	if c.Sample >= 0 {
		from.start = max(c.Sample-lost, 0)
		from.lost = c.Sample - from.start
	}
	return from, inRange(c, from, n)
}

// goesOn reports whether c continues the numbering or the positions of a
// session that ended.
func goesOn(c *Chunk, before *past) bool {
	if c.Seq > 0 {
		return c.Seq > before.counted
	}
	return c.Sample > 0 && c.Sample >= before.position
}

func resumed(c *Chunk, n int64, before *past) (beginning, *ChunkError) {
	from := beginning{reason: reasonResumed, start: before.position, counted: before.counted, sent: before.sent}
	if c.Sample >= 0 {
		from.start = min(from.start, c.Sample)
		from.lost = c.Sample - from.start
		return from, inRange(c, from, n)
	}
	lost, err := product(c.Seq-1-before.counted, sizeOf(c, n))
	if err != nil {
		return beginning{}, tooFar(c)
	}
	from.lost = lost
	return from, inRange(c, from, n)
}

// sizeOf is the size of one of the chunks that c stands for.
func sizeOf(c *Chunk, n int64) int64 {
	if c.lost == nil {
		return n
	}
	return n / c.lost.chunks
}

func inRange(c *Chunk, from beginning, n int64) *ChunkError {
	if from.start > maxPosition-from.lost-n {
		return tooFar(c)
	}
	return nil
}

func tooFar(c *Chunk) *ChunkError {
	if c.Sample >= 0 {
		return refusal(BadSample, "%s: %d leads beyond the last position, 2^52: start a new %s", HeaderSample, c.Sample, HeaderSession)
	}
	return refusal(BadSeq, "%s: %d leads beyond the last position, 2^52: start a new %s", HeaderSeq, c.Seq, HeaderSession)
}

// product multiplies chunks by samples of a chunk, up to the last position.
func product(chunks, samples int64) (int64, *ChunkError) {
	if samples > 0 && chunks > maxPosition/samples {
		return 0, refusal(BadSeq, "%d chunks of %d samples lead beyond the last position, 2^52", chunks, samples)
	}
	return chunks * samples, nil
}

// frameBytes is the size of one sample of all channels.
func frameBytes(f audio.Format) int {
	switch f.Encoding {
	case audio.S16LE:
		return 2 * f.Channels
	case audio.F32LE:
		return 4 * f.Channels
	}
	return f.Channels
}

func describe(f audio.Format) string {
	return fmt.Sprintf("%s, %d Hz, %d channels", f.Encoding, f.Rate, f.Channels)
}

// seconds is a position in seconds, computed as the pipeline computes it.
func seconds(position int64, rate int) float64 { return float64(position) / float64(rate) }

func errorEvent(err *ChunkError) *pipeline.Event {
	return &pipeline.Event{Type: pipeline.ErrorType, Code: string(err.Code), Message: err.Message}
}
