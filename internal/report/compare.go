package report

import (
	"math"

	"github.com/streamer-audio/streamer/pipeline"
)

// Decided is a segment and how much sound had arrived, in seconds, when its two ends were decided.
type Decided struct {
	pipeline.Segment
	StartAt, EndAt float64
}

// Decisions pairs the events of one pass over sound of the given rate: a speech_start and the speech_end that
// follows it, or a segment, whose ends are decided together. A segment of no duration says that there is none.
// Other events are passed over.
func Decisions(events []pipeline.Event, rate int) []Decided {
	var out []Decided
	var open *pipeline.Event
	for i := range events {
		e := &events[i]
		at := float64(e.At) / float64(rate)
		switch {
		case e.Type == pipeline.SpeechStart:
			open = e
		case e.Type == pipeline.SpeechEnd && open != nil:
			s := pipeline.Segment{Start: open.Start, End: e.Start, Prob: e.Prob}
			out = append(out, Decided{s, float64(open.At) / float64(rate), at})
			open = nil
		case e.Type == pipeline.SegmentType && e.Duration > 0:
			s := pipeline.Segment{Start: e.Start, End: e.Start + e.Duration, Prob: e.Prob}
			out = append(out, Decided{s, at, at})
		}
	}
	return out
}

// Score tells how well segments match the truth. All times are in seconds.
type Score struct {
	Onset  Errors // start of a segment minus true start
	Offset Errors // end of a segment minus true end
	Answer Errors // sound heard when the start was decided minus true start: how late one knows
	Missed int    // true segments that nothing overlaps
	False  int    // segments that overlap no true one
}

// Errors sums signed errors up.
type Errors struct {
	N      int
	Mean   float64 // of the absolute values
	Worst  float64 // the one with the greatest absolute value, with its sign: late is positive
	sumAbs float64
}

func (e *Errors) add(x float64) {
	e.N++
	e.sumAbs += math.Abs(x)
	e.Mean = e.sumAbs / float64(e.N)
	if math.Abs(x) > math.Abs(e.Worst) {
		e.Worst = x
	}
}

// Compare scores got against the truth; both are in order of time. A true segment is matched with all that
// overlap it: its onset with the start of the first, its offset with the end of the last. Two true segments
// that were heard as one therefore show as large errors.
func Compare(truth []pipeline.Segment, got []Decided) Score {
	var s Score
	for _, t := range truth {
		first, last := overlapping(t, got)
		if first < 0 {
			s.Missed++
			continue
		}
		s.Onset.add(got[first].Start - t.Start)
		s.Offset.add(got[last].End - t.End)
		s.Answer.add(got[first].StartAt - t.Start)
	}
	for _, g := range got {
		if !anyOverlap(g.Segment, truth) {
			s.False++
		}
	}
	return s
}

// overlapping returns the first and the last index of what overlaps t, -1 if nothing does.
func overlapping(t pipeline.Segment, got []Decided) (first, last int) {
	first, last = -1, -1
	for i, g := range got {
		if overlap(t, g.Segment) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	return first, last
}

func anyOverlap(s pipeline.Segment, in []pipeline.Segment) bool {
	for _, t := range in {
		if overlap(s, t) {
			return true
		}
	}
	return false
}

func overlap(a, b pipeline.Segment) bool { return a.Start < b.End && b.Start < a.End }

// Differ counts the frames of a recording, hop seconds each, that are speech by one list of segments and not by
// the other. A frame is speech when its centre lies in a segment.
func Differ(a, b []pipeline.Segment, hop, duration float64) (differ, frames int) {
	frames = int(math.Ceil(duration/hop - 1e-9))
	for i := range frames {
		centre := (float64(i) + 0.5) * hop
		if within(centre, a) != within(centre, b) {
			differ++
		}
	}
	return differ, frames
}

func within(t float64, segments []pipeline.Segment) bool {
	for _, s := range segments {
		if s.Start <= t && t < s.End {
			return true
		}
	}
	return false
}

// Segments drops the times of decision.
func Segments(d []Decided) []pipeline.Segment {
	s := make([]pipeline.Segment, len(d))
	for i := range d {
		s[i] = d[i].Segment
	}
	return s
}
