package training

import (
	"sort"
	"time"

	"github.com/streamer-audio/streamer/pipeline"
)

// SegmentFigures say what a listener gets of a detector: what the default decider of the pipeline makes of its scores,
// as it fits detectors that hear the past alone, or those that hear [pipeline.Ahead] or more of what follows.
type SegmentFigures struct {
	False        Figure `json:"false_per_min"`    // segments that overlap no speech, per minute without speech
	Onsets       int    `json:"onsets"`           // beginnings of speech after 200 ms without, that a segment answers
	Announced    Figure `json:"announced_ms"`     // from the true onset to the announcement, median
	AnnouncedP95 Figure `json:"announced_p95_ms"` //
	Ended        Figure `json:"ended_ms"`         // from the true end to the announcement of the end, median
	Start        Figure `json:"start_error_ms"`   // of segments, median; late is positive
	End          Figure `json:"end_error_ms"`     //
	Missed       Figure `json:"missed"`           // share of the stretches of speech of at least 100 ms that no segment overlaps
	Bridged      Figure `json:"bridged"`          // share of the pauses of at least 300 ms between them that are inside segments
}

// bridgedPause is the shortest pause, in samples, that a detector is expected to hear.
const bridgedPause = 3 * Rate / 10

// labelTime is the time from one score to the next.
const labelTime = labelHop * time.Second / Rate

// decide returns the segments of one recording.
func decide(scores []float64, t Timing, sensitivity float64) []pipeline.Stretch {
	return decider(t, sensitivity).Segments(scores, labelTime)
}

func decider(t Timing, sensitivity float64) pipeline.DeciderConfig {
	c := pipeline.DefaultDecider(!t.Bounded || t.Latency > pipeline.Ahead.Seconds()-1e-9)
	c.Sensitivity = sensitivity
	return c
}

// segmentSum gathers the figures of several recordings. Times are in samples.
type segmentSum struct {
	timing               Timing
	falseEvents          int
	delays, starts, ends []float64
	overs                []float64
	stretches, missed    int
	pauses, bridged      int
}

// add compares the segments of a recording with its stretches of speech; both are in order and clear of one another.
func (s *segmentSum) add(segments []pipeline.Stretch, speech []Span) {
	spans := make([]Span, len(segments))
	for i, g := range segments {
		spans[i] = Span{g.Start * labelHop, g.End * labelHop}
		if first, _ := overlapping(spans[i], speech); first < 0 {
			s.falseEvents++
		}
	}
	before := -onsetSilence // what precedes a recording is silence
	for i, t := range speech {
		first, last := overlapping(t, spans)
		if t.End-t.Start >= onsetSpeech {
			s.stretches++
			if first < 0 {
				s.missed++
			} else if t.Start-before >= onsetSilence {
				s.announce(t, segments[first].Known)
			}
		}
		if first >= 0 {
			s.compare(i, speech, spans[first], spans[last], segments[last].Over)
		}
		if i > 0 && t.Start-before >= bridgedPause {
			s.pauses++
			if covered(Span{before, t.Start}, spans) {
				s.bridged++
			}
		}
		before = t.End
	}
}

// announce counts how long after its onset a stretch of speech is announced. A segment that was open already answers with
// the frame of the onset itself, as in MeasureOnsets.
func (s *segmentSum) announce(t Span, known int) {
	known = max(known, t.Start/labelHop)
	s.delays = append(s.delays, Rate*s.timing.known(known)-float64(t.Start))
}

// compare counts the errors of the first and the last segment of a stretch of speech, and how long after its end the end of
// the last one is announced, with frame over. Ends that speech before or after it shares are not errors of a place: two
// stretches that were heard as one have one start and one end.
func (s *segmentSum) compare(i int, speech []Span, first, last Span, over int) {
	if own, _ := overlapping(first, speech); own == i {
		s.starts = append(s.starts, float64(first.Start-speech[i].Start))
	}
	if _, own := overlapping(last, speech); own == i {
		s.ends = append(s.ends, float64(last.End-speech[i].End))
		s.overs = append(s.overs, Rate*s.timing.known(over)-float64(speech[i].End))
	}
}

// overlapping returns the first and the last index of the spans that overlap t, -1 if none does.
func overlapping(t Span, in []Span) (first, last int) {
	first = sort.Search(len(in), func(i int) bool { return in[i].End > t.Start })
	last = sort.Search(len(in), func(i int) bool { return in[i].Start >= t.End }) - 1
	if first > last {
		return -1, -1
	}
	return first, last
}

// covered tells whether no whole frame of a pause lies outside the spans.
func covered(pause Span, spans []Span) bool {
	first, last := overlapping(pause, spans)
	if first < 0 {
		return false
	}
	heard := pause.Start
	for _, s := range spans[first : last+1] {
		if s.Start-heard >= labelHop {
			return false
		}
		heard = s.End
	}
	return pause.End-heard < labelHop
}

// figures sums up. minutes are those without speech.
func (s *segmentSum) figures(minutes float64) SegmentFigures {
	ms := func(samples []float64, share float64) Figure { return Figure(1000 * quantile(samples, share) / Rate) }
	return SegmentFigures{False: Figure(float64(s.falseEvents) / minutes), Onsets: len(s.delays),
		Announced: ms(s.delays, 0.5), AnnouncedP95: ms(s.delays, 0.95), Ended: ms(s.overs, 0.5),
		Start: ms(s.starts, 0.5), End: ms(s.ends, 0.5),
		Missed: Figure(float64(s.missed) / float64(s.stretches)), Bridged: Figure(float64(s.bridged) / float64(s.pauses))}
}
