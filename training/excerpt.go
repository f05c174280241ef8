package training

import (
	"math"
	"slices"
)

// Excerpt is a stretch of one recording with what some points of a comparison make of it.
type Excerpt struct {
	ID      string
	Start   float64 // seconds into the recording
	Samples []float32
	Speech  []Span // from the beginning of the excerpt, if the recordings are labelled
	Answers []Answer
}

// Answer is what a point says of each 10 ms of an excerpt.
type Answer struct {
	Point  *ComparedPoint
	Scores []float64
}

// excerptFrames is how many frames an excerpt has: 10 s.
const excerptFrames = 1000

// excerptLatency is how long, in milliseconds, the point should wait that stands for those between causal and full: as long
// as is hardly noticed in a conversation, give or take excerptFactor.
const (
	excerptLatency = 100
	excerptFactor  = 1.6
)

// Excerpt returns the 10 s in which waiting helps most: in which the full answer comes closer to the truth than the causal
// one, or, without labels, differs most from it. If at is a number, they are those from that second of the first recording on.
func (c *Comparison) Excerpt(at float64) (*Excerpt, error) {
	shown := c.shown()
	item, first := 0, 0
	if math.IsNaN(at) {
		item, first = c.mostHelped(shown[0].members[0].at, shown[len(shown)-1].members[0].at)
	} else {
		first = max(0, min(int(at*100), len(c.items[0].labels)-excerptFrames))
	}
	recording, err := c.set.Item(item)
	if err != nil {
		return nil, err
	}
	h := &c.items[item]
	end := min(first+excerptFrames, len(h.labels))
	x := &Excerpt{ID: recording.ID, Start: float64(first) * frameSeconds,
		Samples: recording.Samples[first*labelHop : min(end*labelHop, len(recording.Samples))]}
	if c.Labelled {
		x.Speech = cutSpan(h.speech, Span{end * labelHop, math.MaxInt})
		x.Speech = shifted(x.Speech, first*labelHop)
	}
	for _, e := range shown {
		x.Answers = append(x.Answers, Answer{e.point, h.scores[e.members[0].at][first:end]})
	}
	return x, nil
}

// shown are the entrants of an excerpt: the causal one, one in the middle, and the full one, as far as there are such.
func (c *Comparison) shown() []*entrant {
	list := []*entrant{c.entrants[0]}
	for _, e := range []*entrant{c.middle(), c.full()} {
		if e != nil && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// middle is the entrant that hears most of those that wait about as long as excerptLatency, or else the one that comes
// nearest to it; nil if none waits for a while.
func (c *Comparison) middle() (best *entrant) {
	better := func(a, b *entrant) bool {
		near, other := a.point.ratio(), b.point.ratio()
		if near < excerptFactor && other < excerptFactor {
			return a.point.figure() > b.point.figure()
		}
		return near < other
	}
	for _, e := range c.entrants {
		if e.timing.Bounded && e.point.Latency > 0 && (best == nil || better(e, best)) {
			best = e
		}
	}
	return best
}

// ratio is how many times longer or shorter than excerptLatency a point waits.
func (p *ComparedPoint) ratio() float64 {
	r := float64(p.Latency) / excerptLatency
	return max(r, 1/r)
}

// figure is what the point is judged by.
func (p *ComparedPoint) figure() Figure {
	if p.AUC.exists() {
		return p.AUC
	}
	return p.VsFull
}

// mostHelped finds the excerpt over which the scores of detector full are most better than those of detector causal: the
// recording and the first frame.
func (c *Comparison) mostHelped(causal, full int) (item, first int) {
	most := math.Inf(-1)
	for i := range c.items {
		h, sum := &c.items[i], 0.0
		for k := range h.labels {
			sum += c.helped(h, causal, full, k)
			if k >= excerptFrames {
				sum -= c.helped(h, causal, full, k-excerptFrames)
			}
			if sum > most && (k >= excerptFrames-1 || k == len(h.labels)-1) {
				most, item, first = sum, i, max(0, k-excerptFrames+1)
			}
		}
	}
	return item, first
}

// helped is by how much the score of detector full is nearer to the truth about frame k.
func (c *Comparison) helped(h *heard, causal, full, k int) float64 {
	a, b := h.scores[causal][k], h.scores[full][k]
	switch {
	case !c.Labelled:
		return math.Abs(a - b)
	case h.labels[k]:
		return b - a
	}
	return a - b
}

// shifted returns the spans as seen from a later sample; what lies before it is gone.
func shifted(spans []Span, by int) (out []Span) {
	for _, s := range spans {
		if s.End > by {
			out = append(out, Span{max(0, s.Start-by), s.End - by})
		}
	}
	return out
}
