package pipeline

import (
	"fmt"
	"math/bits"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
)

// block is how many input samples go through the stages at once, which bounds
// the memory whatever the caller pushes.
const block = 4096

// together is how many frames the model is given at once, where they are there.
const together = 16

// Session is one stream's way through a Pipeline. It belongs to one goroutine,
// starts none, and keeps what the stream has said so far in a few kilobytes.
//
// Between two interruptions (a Flush, or a Gap that resets) lies a run: frames
// and samples count from its beginning, which is at input position base.
type Session struct {
	p    *Pipeline
	rate int

	resampler *audio.Resampler
	features  *features.Stream
	state     *models.State
	decider   decider
	final     *reviser // nil without a final pass

	base    int64  // input position of the first sample of the run
	pushed  int64  // input samples of the run
	framed  int64  // frames that the model has been given
	n       counts // events so far
	started int64  // N of the last speech_start
	opened  int64  // bidirectional: first frame of the open segment

	room  *room     // to compute in, while something is computed
	probs []float64 // of the Push under way
}

// room is what sessions of a pipeline compute in. They share some: if each of
// thousands had one, it would have left the caches whenever it is needed.
type room struct {
	resampled, out []float32
	ready          []float32 // [together × Dim] frames on their way to the model
}

func (p *Pipeline) newRoom() any {
	return &room{ready: make([]float32, together*p.features.Dim()), out: make([]float32, p.model.Arch().Outputs)}
}

// counts are the numbers of the last event of each output subject.
type counts struct{ event, final, frame int64 }

// Open begins a session whose first sample lies at input position offset.
func (p *Pipeline) Open(rate int, offset int64) (*Session, error) {
	if offset < 0 || offset > maxPosition {
		return nil, fmt.Errorf("pipeline: position %d is not within 0..2^52", offset)
	}
	res, err := audio.NewResampler(rate, p.rate())
	if err != nil {
		return nil, err
	}
	s := &Session{p: p, rate: rate, resampler: res, features: p.features.Open(), state: p.model.NewState(),
		decider: decider{limits: p.limits}, base: offset}
	if p.config.Final != nil {
		s.final = newReviser(p)
	}
	return s, nil
}

// maxPosition keeps positions exact in a float64 and sums clear of overflow.
const maxPosition = 1 << 52

// Position is the input position after the last sample, gaps included.
func (s *Session) Position() int64 { return s.base + s.pushed }

// Push takes samples and appends what they decided to dst. With
// Config.Frames the last event is one frame event, perhaps with no values.
func (s *Session) Push(dst []Event, samples []float32) []Event {
	first := s.begin()
	for len(samples) > 0 {
		n := min(block, len(samples))
		s.hear(samples[:n])
		dst = s.advance(dst)
		samples = samples[n:]
	}
	return s.end(dst, first)
}

// begin is what a Push or a Flush begins with. It returns the frame that is decided next.
func (s *Session) begin() int64 {
	s.room = s.p.rooms.Get().(*room)
	s.probs = s.probs[:0]
	return s.decider.next
}

// end is what a Push ends with that began with frame first.
func (s *Session) end(dst []Event, first int64) []Event {
	s.leave()
	return s.frames(dst, first)
}

// leave gives back what begin has borrowed.
func (s *Session) leave() {
	s.p.rooms.Put(s.room)
	s.room = nil
}

// hear takes samples as far as the features.
func (s *Session) hear(samples []float32) {
	s.pushed += int64(len(samples))
	s.room.resampled = s.resampler.Push(s.room.resampled[:0], samples)
	s.features.Push(s.room.resampled)
}

// Flush says that the input pauses here: the last frame is completed with
// silence, everything is answered, an open segment is closed. What is pushed
// afterwards begins a new run, with nothing remembered, at the same position.
func (s *Session) Flush(dst []Event) []Event {
	first := s.begin()
	dst = s.finish(dst)
	s.leave()
	if len(s.probs) > 0 {
		dst = s.frames(dst, first)
	}
	s.restart()
	return dst
}

// Gap says that lost samples never arrived. Positions advance by them. With
// hold the state lives on, as if the missing audio had not existed; without,
// what is open is closed at the gap and a new run begins behind it. The last
// event appended is the gap itself.
func (s *Session) Gap(dst []Event, lost int64, hold bool) []Event {
	at := s.Position()
	lost = max(0, min(lost, maxPosition-at))
	gap := Event{Type: GapType, Model: s.p.model.Info().Name, Sample: at, Start: s.seconds(at),
		Duration: s.seconds(lost), At: at, LostSamples: lost, Policy: "hold"}
	if !hold {
		gap.Policy = "reset"
		dst = s.Flush(dst)
	}
	s.base += lost
	return append(dst, gap)
}

// advance takes the frames that are ready through model and decider.
func (s *Session) advance(dst []Event) []Event {
	for {
		frames := s.gather()
		if len(frames) == 0 {
			return dst
		}
		s.state.PushAll(frames)
		dst = s.answer(dst, frames)
	}
}

// gather returns the next frames that are ready, not more than go together.
func (s *Session) gather() []float32 {
	n, dim := 0, s.p.features.Dim()
	for n < len(s.room.ready) && s.features.Next(s.room.ready[n:n+dim]) {
		n += dim
	}
	return s.room.ready[:n]
}

// answer decides what can be told now that the model has been given frames.
func (s *Session) answer(dst []Event, frames []float32) []Event {
	dim := s.p.features.Dim()
	for at := 0; at < len(frames); at += dim {
		s.framed++
		if s.final != nil {
			s.final.push(frames[at : at+dim])
		}
		now := s.needed(s.framed)
		for s.p.model.Arch().Needed(s.decider.next+1) <= s.framed {
			dst, _ = s.decide(dst, now)
		}
		if s.final != nil && s.final.full() {
			dst = s.revise(dst, now, s.started)
		}
	}
	return dst
}

// finish completes the run: every stage is flushed into the next one.
func (s *Session) finish(dst []Event) []Event {
	s.room.resampled = s.resampler.Flush(s.room.resampled[:0])
	s.features.Push(s.room.resampled)
	s.features.Flush()
	dst = s.advance(dst)
	s.state.Flush()
	for more := true; more; {
		dst, more = s.decide(dst, s.Position())
	}
	return s.emit(dst, s.decider.flush(), s.Position())
}

func (s *Session) restart() {
	s.base, s.pushed, s.framed = s.Position(), 0, 0
	s.resampler.Reset()
	s.features.Reset()
	s.state.Reset()
	s.decider.reset()
	if s.final != nil {
		s.final.reset()
	}
}

// decide turns the next answer, if there is one, into events.
func (s *Session) decide(dst []Event, at int64) ([]Event, bool) {
	answered := s.state.Next(s.room.out)
	if answered {
		if s.p.config.Frames {
			s.probs = append(s.probs, float64(s.room.out[0]))
		}
		dst = s.emit(dst, s.decider.step(s.room.out[0]), at)
	}
	return dst, answered
}

// emit appends the event that a decision stands for, if it is one. at is the
// input position that had to be reached for it.
func (s *Session) emit(dst []Event, d decision, at int64) []Event {
	if d.kind == "" {
		return dst
	}
	if s.p.pass == Bidirectional {
		return s.segment(dst, d, at)
	}
	s.n.event++
	e := s.event(d.kind, d.frame, at)
	e.N, e.Pass, e.Prob = s.n.event, Causal, d.prob
	dst = append(dst, e)
	if d.kind == SpeechStart {
		s.started = e.N
		if s.final != nil {
			s.final.start(d.frame)
		}
		return dst
	}
	if s.final != nil && s.final.open {
		dst = s.revise(dst, at, s.started, e.N)
		s.final.open = false
	}
	return dst
}

// segment gathers start and end into one event: a pass that has heard
// everything need not announce them apart.
func (s *Session) segment(dst []Event, d decision, at int64) []Event {
	if d.kind == SpeechStart {
		s.opened = d.frame
		return dst
	}
	s.n.final++
	e := s.event(SegmentType, s.opened, at)
	e.N, e.Pass, e.Prob = s.n.final, Bidirectional, d.prob
	e.Duration = s.seconds(s.position(d.frame) - e.Sample)
	return append(dst, e)
}

// event fills in the place of a boundary frame.
func (s *Session) event(kind string, frame, at int64) Event {
	sample := s.position(frame)
	return Event{Type: kind, Model: s.p.model.Info().Name, Sample: sample, Start: s.seconds(sample), At: at}
}

// frames appends the frame event of a Push: values from frame first on.
func (s *Session) frames(dst []Event, first int64) []Event {
	if !s.p.config.Frames {
		return dst
	}
	s.n.frame++
	e := s.event(FrameType, first, s.Position())
	if n := int64(len(s.probs)); n > 0 {
		e.Duration = s.seconds(s.position(first+n) - e.Sample)
		if s.p.pass == Causal {
			e.At = min(e.At, s.needed(s.p.model.Arch().Needed(first+n)))
		}
	}
	e.N, e.Pass, e.Probs = s.n.frame, s.p.pass, s.probs
	e.Hop = float64(s.p.features.Shift()) * float64(s.rate) / float64(s.p.rate())
	return append(dst, e)
}

// position is the input position at which a frame of the run begins, but not
// behind the input.
func (s *Session) position(frame int64) int64 {
	hi, lo := bits.Mul64(uint64(frame)*uint64(s.p.features.Shift()), uint64(s.rate))
	q, _ := bits.Div64(hi, lo, uint64(s.p.rate()))
	return s.base + min(int64(q), s.pushed)
}

// needed is the input position that had to be reached for the first n frames.
func (s *Session) needed(n int64) int64 {
	last := n*int64(s.p.features.Shift()) + int64(s.p.features.Delay()) - 1
	return s.base + min(s.resampler.Needed(last), s.pushed)
}

func (s *Session) seconds(samples int64) float64 { return float64(samples) / float64(s.rate) }
