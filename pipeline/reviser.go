package pipeline

import "github.com/streamer-audio/streamer/models"

// Seconds of audio around a segment that its revision hears, and the longest
// stretch that is kept for it. Longer speech is revised in pieces.
const (
	contextSeconds = 1
	longestSeconds = 30
)

// reviser keeps the frames of the segment that is open, and of the second
// before it, and lets a bidirectional model hear them again when the causal
// pass says that the segment is over.
type reviser struct {
	p       *Pipeline
	dim     int
	decider decider
	frames  []float32 // kept frames, one after the other
	first   int64     // index of the first one in the run
	open    bool
	begin   int64 // first frame of the open segment that has not been revised
	said    int64 // frames before this one have been spoken for
	context int64 // frames kept before it
	longest int64
	out     []float32
}

func newReviser(p *Pipeline) *reviser {
	m := p.config.Final
	perSecond := int64(p.rate() / p.features.Shift())
	return &reviser{p: p, dim: m.Arch().Input, decider: decider{limits: p.final},
		context: contextSeconds*perSecond + int64(p.model.Lookahead()), longest: longestSeconds * perSecond, out: make([]float32, m.Arch().Outputs)}
}

func (r *reviser) reset() {
	r.frames, r.first, r.open = r.frames[:0], 0, false
	r.said = 0
}

func (r *reviser) end() int64 { return r.first + int64(len(r.frames)/r.dim) }

// push takes the next frame, and lets go of those that nobody needs. They are
// moved out a second at a time, not one by one.
func (r *reviser) push(frame []float32) {
	r.frames = append(r.frames, frame...)
	keep := r.end()
	if r.open {
		keep = r.begin
	}
	if drop := keep - r.context - r.first; drop >= r.context {
		r.frames = r.frames[:copy(r.frames, r.frames[drop*int64(r.dim):])]
		r.first += drop
	}
}

// start says that speech was found from the frame on. The last revision may
// have reached beyond that frame, since the two passes place ends differently.
func (r *reviser) start(frame int64) { r.open, r.begin = true, max(frame, r.first, r.said) }

// full tells that the open segment must be revised before it ends.
func (r *reviser) full() bool { return r.open && r.end()-r.begin >= r.longest }

// span is a stretch of frames [begin, end) that the final pass calls speech.
type span struct {
	begin, end int64
	prob       float64
}

// hear runs the final model over the kept frames. It returns what that calls
// speech in the open segment, clear of what earlier revisions said, and the
// mean probability over the segment.
func (r *reviser) hear() (spans []span, mean float64) {
	state := r.p.hearers.Get().(*models.State)
	defer r.p.hearers.Put(state)
	state.Reset()
	r.decider.reset()
	for i := 0; i < len(r.frames); i += r.dim {
		state.Push(r.frames[i : i+r.dim])
	}
	state.Flush()
	var begin int64
	take := func(d decision) {
		switch end := r.first + d.frame; {
		case d.kind == SpeechStart:
			begin = end
		case d.kind == SpeechEnd && end > r.begin:
			spans = append(spans, span{max(begin, r.said), end, d.prob})
		}
	}
	n := 0
	for state.Next(r.out) {
		if r.first+r.decider.next >= r.begin {
			mean += float64(r.out[0])
			n++
		}
		take(r.decider.step(r.out[0]))
	}
	take(r.decider.flush())
	return spans, mean / float64(max(1, n))
}

// revise appends what the final pass makes of the open segment so far: a
// segment event for each stretch of speech, or, where it hears none, one of no
// duration that takes the causal segment back. revises are the N of the causal
// events that this settles.
func (s *Session) revise(dst []Event, at int64, revises ...int64) []Event {
	r := s.final
	spans, mean := r.hear()
	if len(spans) == 0 {
		spans = []span{{r.begin, r.begin, mean}}
	}
	for _, sp := range spans {
		s.n.final++
		e := s.event(SegmentType, sp.begin, at)
		e.Model, e.N, e.Pass, e.Prob = s.p.config.Final.Info().Name, s.n.final, Bidirectional, sp.prob
		e.Duration = s.seconds(s.position(sp.end) - e.Sample)
		e.Revises = revises
		dst = append(dst, e)
	}
	r.said, r.begin = max(r.said, spans[len(spans)-1].end), r.end()
	return dst
}
