package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/streamer-audio/streamer/pipeline"
)

var near = cmp.Options{cmpopts.EquateApprox(0, 1e-9), cmpopts.IgnoreUnexported(Errors{})}

func TestDecisions(t *testing.T) {
	events := []pipeline.Event{
		{Type: pipeline.SpeechEnd, Start: 0.1}, // its start was never heard
		{Type: pipeline.SpeechStart, Start: 1, At: 1100},
		{Type: pipeline.GapType},
		{Type: pipeline.SpeechEnd, Start: 2, At: 2200, Prob: 0.9},
		{Type: pipeline.SegmentType, Start: 1.05, Duration: 1, At: 2200, Prob: 0.8},
		{Type: pipeline.SegmentType, Start: 2.5, At: 2600}, // taken back
		{Type: pipeline.SpeechStart, Start: 3, At: 3100},   // still open
	}
	want := []Decided{
		{pipeline.Segment{Start: 1, End: 2, Prob: 0.9}, 1.1, 2.2},
		{pipeline.Segment{Start: 1.05, End: 2.05, Prob: 0.8}, 2.2, 2.2},
	}
	if d := cmp.Diff(want, Decisions(events, 1000), near); d != "" {
		t.Error(d)
	}
}

func TestCompare(t *testing.T) {
	truth := []pipeline.Segment{{Start: 1, End: 2}, {Start: 3, End: 4}, {Start: 5, End: 6}}
	got := []Decided{
		{pipeline.Segment{Start: 0, End: 0.5}, 0.1, 0.6},   // false
		{pipeline.Segment{Start: 0.9, End: 1.2}, 1.1, 1.3}, // the first, in two pieces
		{pipeline.Segment{Start: 1.4, End: 2.3}, 1.5, 2.5},
		{pipeline.Segment{Start: 3.2, End: 4}, 3.4, 4.2},
		{pipeline.Segment{Start: 4, End: 5}, 4.1, 5.1}, // touches two true segments, overlaps none
	}
	want := Score{
		Onset:  Errors{N: 2, Mean: 0.15, Worst: 0.2},
		Offset: Errors{N: 2, Mean: 0.15, Worst: 0.3},
		Answer: Errors{N: 2, Mean: 0.25, Worst: 0.4},
		Missed: 1, False: 2,
	}
	if d := cmp.Diff(want, Compare(truth, got), near); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(Score{Missed: 3}, Compare(truth, nil), near); d != "" {
		t.Error(d)
	}
}

func TestDiffer(t *testing.T) {
	a := []pipeline.Segment{{Start: 0.1, End: 0.3}}
	b := []pipeline.Segment{{Start: 0.104, End: 0.25}, {Start: 0.9, End: 2}}
	// [0.25, 0.3) is 5 frames; [0.9, 1.005) is 10.5: the last, half frame counts whole.
	if differ, frames := Differ(a, b, 0.01, 1.005); differ != 16 || frames != 101 {
		t.Errorf("got %d of %d, want 16 of 101", differ, frames)
	}
	if differ, _ := Differ(a, a, 0.01, 1); differ != 0 {
		t.Errorf("a list differs from itself in %d frames", differ)
	}
}
