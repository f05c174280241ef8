package lab

import (
	"math"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/models/pretrained"
)

// The causal model never takes an answer back, bit for bit; the bidirectional
// one does, until it has heard enough.
func TestVAD(t *testing.T) {
	r := quick(t, "vad", false)
	o := r.Outcome
	if o["causal, largest change"] != 0 {
		t.Errorf("the causal model changes answers by up to %g", o["causal, largest change"])
	}
	if o["bidirectional, mean change"] < 0.02 || o["settled 0.95, ms"] < 50 {
		t.Errorf("answers of the bidirectional model change by %g, and have settled after %g ms", o["bidirectional, mean change"], o["settled 0.95, ms"])
	}
}

// Answers about three frames, the first of which settles when two more are heard.
func TestSettled(t *testing.T) {
	frames := slices.Max(contexts) + 3
	a := &asked{hop: 0.01, said: make([][]float32, frames+1), speech: make([]bool, frames)}
	for n := range a.said {
		a.said[n] = make([]float32, n)
		if n == 2 {
			a.said[n][0] = 0.3
		}
	}
	if got := a.settled(); !slices.Equal(got, []int{0, 0, 2}) {
		t.Errorf("settled after %v frames", got)
	}
	if mean, most, crossed := a.changed(1); math.Abs(mean-0.1) > 1e-6 || math.Abs(most-0.3) > 1e-6 || crossed != 0 {
		t.Errorf("one frame on, answers change by %g, at most %g, %g cross", mean, most, crossed)
	}
	if q := a.quantiles(0.5, 1); q[0] != 0 || q[1] != 20 {
		t.Errorf("quantiles %v ms", q)
	}
}

// What is asked again is what the model says in the end.
func TestAskAgainEndsWithTheAnswer(t *testing.T) {
	a, err := Options{Quick: true}.askAgain(t.Context(), pretrained.Bidirectional)
	if err != nil {
		t.Fatal(err)
	}
	m, err := pretrained.Load("vad", pretrained.Bidirectional)
	if err != nil {
		t.Fatal(err)
	}
	h, err := hearFor(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := answers(m, h.frames[:vadPart*h.width]); !slices.Equal(want, a.said[vadPart]) || len(want) != vadPart {
		t.Error("other answers")
	}
}
