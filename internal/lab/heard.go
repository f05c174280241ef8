package lab

import (
	"math"
	"math/rand/v2"

	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/pipeline"
)

// heard is a recording as frames of features, and where it says that there is
// speech.
type heard struct {
	frames []float32 // [n × width]
	speech []bool    // [n] at the middle of each frame's hop
	width  int
	hop    float64 // seconds
}

// hear takes frames of a recording, which may be another form of its samples.
func hear(r *demo.Recording, samples []float32, c features.Config) (*heard, error) {
	stream, err := features.New(c)
	if err != nil {
		return nil, err
	}
	h := &heard{width: stream.Dim(), hop: float64(stream.Shift()) / float64(c.Rate)}
	stream.Push(samples)
	stream.Flush()
	for frame := make([]float32, h.width); stream.Next(frame); {
		middle := (float64(len(h.speech)) + 0.5) * h.hop
		h.frames, h.speech = append(h.frames, frame...), append(h.speech, spoken(r, middle))
	}
	return h, nil
}

func spoken(r *demo.Recording, seconds float64) bool {
	for _, s := range r.Speech {
		if s.Start <= seconds && seconds < s.End {
			return true
		}
	}
	return false
}

// part are the frames from one to another.
func (h *heard) part(from, to int) *heard {
	return &heard{h.frames[from*h.width : to*h.width], h.speech[from:to], h.width, h.hop}
}

// standard is what makes the mean of each value 0, and its variance 1.
func (h *heard) standard() (centre, scale []float32) {
	for i := range h.width {
		var values []float64
		for t := range h.speech {
			values = append(values, float64(h.frames[t*h.width+i]))
		}
		m, square := mean(values), 0.0
		for _, v := range values {
			square += float64((v-m)*(v-m)) / float64(len(values))
		}
		centre, scale = append(centre, float32(m)), append(scale, float32(1/math.Sqrt(square+1e-6)))
	}
	return centre, scale
}

// varied is a recording once more, up to 10 dB louder or softer, and in white
// noise up to as loud as what it holds already.
func varied(rng *rand.Rand, samples []float32) []float32 {
	power := 0.0
	for _, v := range samples {
		power += float64(v) * float64(v) / float64(len(samples))
	}
	gain := math.Pow(10, rng.Float64()-0.5)
	noise := math.Sqrt(power) * math.Pow(10, -0.5-float64(1.5*rng.Float64()))
	list := make([]float32, len(samples))
	for i, v := range samples {
		list[i] = float32(gain * (float64(v) + float64(noise*rng.NormFloat64())))
	}
	return list
}

// segments is where a recording has speech.
func segments(r *demo.Recording) (list []pipeline.Segment) {
	for _, s := range r.Speech {
		list = append(list, pipeline.Segment{Start: s.Start, End: s.End, Prob: 1})
	}
	return list
}

// splicer puts together words and pauses of a recording to what nobody said.
type splicer struct{ words, pauses []*heard }

// newSplicer takes the words and pauses that lie within some frames.
func newSplicer(r *demo.Recording, h *heard, from, to int) *splicer {
	s, at := &splicer{}, func(seconds float64) int { return int(seconds / h.hop) }
	for _, w := range r.Words {
		if at(w.Start) >= from && at(w.End) <= to {
			s.words = append(s.words, h.part(at(w.Start), at(w.End)))
		}
	}
	const margin = 3 // frames that hear some of what is beside them
	end := 0.0
	for _, next := range append(r.Speech, demo.Label{Start: float64(len(h.speech)) * h.hop}) {
		if first, last := at(end)+margin, at(next.Start)-margin; first >= from && last <= to {
			s.pauses = append(s.pauses, h.part(first, last))
		}
		end = next.End
	}
	return s
}

// splice makes so many frames: pauses of 200 ms and more with one to four words
// between them.
func (s *splicer) splice(rng *rand.Rand, frames int) *heard {
	const shortest = 20
	h := &heard{width: s.words[0].width, hop: s.words[0].hop}
	for len(h.speech) < frames {
		p := s.pauses[rng.IntN(len(s.pauses))]
		h.add(p.part(0, shortest+rng.IntN(len(p.speech)-shortest)))
		for range 1 + rng.IntN(4) {
			h.add(s.words[rng.IntN(len(s.words))])
		}
	}
	return h.part(0, frames)
}

func (h *heard) add(more *heard) {
	h.frames, h.speech = append(h.frames, more.frames...), append(h.speech, more.speech...)
}
