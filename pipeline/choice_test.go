package pipeline

import (
	"errors"
	"testing"
	"time"
)

func TestWithinTakesTheLastThatFits(t *testing.T) {
	m := levelModels(t)
	c := Choice{newPipelineOf(t, m["causal"], nil), newPipelineOf(t, m["delay"], nil), newPipelineOf(t, m["blocks"], nil), newPipelineOf(t, m["bidirectional"], nil)}
	for most, want := range map[time.Duration]int{0: 0, 69 * time.Millisecond: 0, 70 * time.Millisecond: 1, 100 * time.Millisecond: 2, time.Hour: 2} {
		if p, err := c.Within(16000, most); err != nil || p != c[want] {
			t.Errorf("%v: %v", most, err)
		}
	}
	if _, err := c.Within(8000, 0); !errors.Is(err, ErrDelay) {
		t.Errorf("the resampler takes time: %v", err)
	}
	if _, err := c[3:].Within(16000, time.Hour); !errors.Is(err, ErrDelay) {
		t.Errorf("all is too late for a recording that does not end: %v", err)
	}
	if _, err := (Choice{}).Within(16000, time.Hour); !errors.Is(err, ErrDelay) {
		t.Error(err)
	}
}
