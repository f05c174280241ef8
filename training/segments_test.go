package training

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/streamer-audio/streamer/pipeline"
)

// nearly holds figures equal that differ by rounding, and those that do not exist.
var nearly = cmp.Comparer(func(a, b Figure) bool {
	return math.Abs(float64(a-b)) < 1e-9 || math.IsNaN(float64(a)) && math.IsNaN(float64(b))
})

// frameSpan is a span of whole frames.
func frameSpan(a, b int) Span { return Span{a * labelHop, b * labelHop} }

func TestSegmentFigures(t *testing.T) {
	s := segmentSum{timing: Timing{Latency: 0.03}}
	// A pause of exactly 300 ms, a click of 50 ms, a stretch heard in two pieces, one that nobody hears.
	speech := []Span{frameSpan(100, 150), frameSpan(180, 200), frameSpan(250, 255), frameSpan(300, 340), frameSpan(400, 420)}
	s.add([]pipeline.Stretch{
		{Start: 20, End: 30, Known: 24, Over: 49},     // false
		{Start: 97, End: 205, Known: 103, Over: 224},  // 30 ms early, announced after 40 ms, bridges the pause, 50 ms late, over after 250 ms
		{Start: 252, End: 262, Known: 257, Over: 281}, // 20 ms late, 70 ms late, over after 270 ms
		{Start: 302, End: 320, Known: 306, Over: 324}, // 20 ms late, announced after 70 ms
		{Start: 325, End: 336, Known: 329, Over: 355}, // 40 ms early, over after 160 ms
	}, speech)
	s.add([]pipeline.Stretch{{Start: 5, End: 50, Known: 9}}, nil) // false, in a recording without speech
	s.add(nil, nil)
	got := s.figures(0.5)
	// The second stretch is heard at its first frame, since the segment was open. Delays are 40, 10 and 70 ms.
	want := SegmentFigures{False: 4, Onsets: 3, Announced: 40 + 30, AnnouncedP95: 67 + 30, Ended: 250 + 30, Start: 20, End: 50,
		Missed: 1. / 4, Bridged: 1. / 4}
	if diff := cmp.Diff(want, got, nearly); diff != "" {
		t.Error(diff)
	}
	none := (&segmentSum{}).figures(0)
	for name, f := range map[string]Figure{"false": none.False, "announced": none.Announced, "start": none.Start, "missed": none.Missed, "bridged": none.Bridged} {
		if !math.IsNaN(float64(f)) {
			t.Errorf("%s of nothing is %g", name, float64(f))
		}
	}
}

func TestCoveredPauses(t *testing.T) {
	half := labelHop / 2
	for _, c := range []struct {
		name     string
		pause    Span
		segments []Span
		want     bool
	}{
		{"one segment", frameSpan(150, 180), []Span{frameSpan(140, 190)}, true},
		{"two that touch", frameSpan(150, 180), []Span{frameSpan(140, 160), frameSpan(160, 190)}, true},
		{"a frame between two", frameSpan(150, 180), []Span{frameSpan(140, 160), frameSpan(161, 190)}, false},
		{"a frame before", frameSpan(150, 180), []Span{frameSpan(151, 190)}, false},
		{"a frame behind", frameSpan(150, 180), []Span{frameSpan(140, 179)}, false},
		{"half a frame before and behind", Span{150*labelHop + half, 180*labelHop + half}, []Span{frameSpan(151, 180)}, true},
		{"segments elsewhere", frameSpan(150, 180), []Span{frameSpan(100, 150), frameSpan(180, 190)}, false},
		{"none", frameSpan(150, 180), nil, false},
	} {
		if got := covered(c.pause, c.segments); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// list is recordings without sound; detectors find their scores by ID.
type list []*Item

func (m list) Len() int                  { return len(m) }
func (m list) Item(i int) (*Item, error) { return m[i], nil }

// scripted answers what was written down.
type scripted struct {
	bounded bool
	scores  map[string][]float64
}

func (s scripted) Name() string                         { return "scripted" }
func (s scripted) Timing() Timing                       { return Timing{Bounded: s.bounded} }
func (s scripted) Scores(item *Item) ([]float64, error) { return s.scores[item.ID], nil }

// rowOf is frames of low scores with others from given frames on: start, end, score.
func rowOf(frames int, low float64, high ...float64) []float64 {
	row := make([]float64, frames)
	for i := range row {
		row[i] = low
	}
	for ; len(high) > 0; high = high[3:] {
		for i := int(high[0]); i < int(high[1]); i++ {
			row[i] = high[2]
		}
	}
	return row
}

// Rows of scores whose figures follow from the settings of the default decider, whatever these are.
func TestEvaluateDecides(t *testing.T) {
	set := list{
		{ID: "a", Condition: "talk", Samples: make([]float32, 600*labelHop), Speech: []Span{frameSpan(100, 200), frameSpan(300, 400)}},
		{ID: "b", Condition: "noise", Samples: make([]float32, 600*labelHop)},
	}
	scores := map[string][]float64{
		"a": rowOf(600, 0.001, 105, 210, 1, 305, 410, 1), // 50 ms late, holds on for 100 ms
		"b": rowOf(600, 0.001, 100, 150, 1, 300, 350, 0.8),
	}
	for _, bounded := range []bool{true, false} {
		report, err := Evaluate(t.Context(), set, []Detector{scripted{bounded, scores}}, EvalOptions{Resamples: 10})
		if err != nil {
			t.Fatal(err)
		}
		c := pipeline.DefaultDecider(!bounded)
		ms := func(d time.Duration) Figure { return Figure(d.Round(10*time.Millisecond)) / Figure(time.Millisecond) }
		known := 50 + max(ms(c.MinSpeech), 10*Figure(math.Ceil(c.Evidence/4)))
		want := SegmentFigures{False: 0, Onsets: 2, Announced: known, AnnouncedP95: known, Start: 50 - ms(c.PreRoll), End: 100 + ms(c.PostRoll),
			Ended: 100 + ms(c.MinSilence)}
		if diff := cmp.Diff(want, report.find("talk", "scripted").Segments, nearly); diff != "" {
			t.Errorf("bounded %v: %s", bounded, diff)
		}
		if noise := report.find("noise", "scripted").Segments; noise.False != 20 { // two in 6 s
			t.Errorf("bounded %v: %g false segments a minute", bounded, float64(noise.False))
		}
	}
	for sensitivity, want := range map[float64]Figure{1e-5: 0, 0.05: 10, 0.5: 20} {
		report, err := Evaluate(t.Context(), set, []Detector{scripted{true, scores}}, EvalOptions{Resamples: 10, Sensitivity: sensitivity})
		if err != nil {
			t.Fatal(err)
		}
		if noise := report.find("noise", "scripted").Segments; noise.False != want || report.Sensitivity != sensitivity {
			t.Errorf("sensitivity %g: %g false segments a minute, want %g", sensitivity, float64(noise.False), float64(want))
		}
	}
}
