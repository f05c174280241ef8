package stream

import (
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/pipeline"
)

// An engine numbers from 1 whenever it is opened; in a session that was
// resumed the numbers go on, and so do those that a revision refers to.
func TestNumbersGoOnWhenASessionIsResumed(t *testing.T) {
	before := sent{status: 3, event: 4, final: 2, frame: 7}
	s := &session{id: "a", sent: before, base: before}
	revises := []int64{1, 2}
	var tr track
	for _, c := range []struct {
		event pipeline.Event
		n     int64
	}{
		{pipeline.Event{Type: pipeline.SpeechStart, Pass: pipeline.Causal, N: 1}, 5},
		{pipeline.Event{Type: pipeline.SpeechEnd, Pass: pipeline.Causal, N: 2}, 6},
		{pipeline.Event{Type: pipeline.SegmentType, Pass: pipeline.Bidirectional, N: 1, Revises: revises}, 3},
		{pipeline.Event{Type: pipeline.SegmentType, Pass: pipeline.Bidirectional, N: 2, Revises: revises}, 4},
		{pipeline.Event{Type: pipeline.FrameType, N: 1}, 8},
		{pipeline.Event{Type: pipeline.EndType}, 4},
	} {
		e := c.event
		tr.label(s, &e)
		if e.N != c.n {
			t.Errorf("%s has n %d, want %d", e.Type, e.N, c.n)
		}
		if e.Revises != nil && !slices.Equal(e.Revises, []int64{5, 6}) {
			t.Errorf("revises %v, want [5 6]", e.Revises)
		}
	}
	if want := (sent{status: 4, event: 6, final: 4, frame: 8}); s.sent != want {
		t.Errorf("sent %+v, want %+v", s.sent, want)
	}
}
