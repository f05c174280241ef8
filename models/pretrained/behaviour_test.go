package pretrained_test

import (
	"testing"

	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/training"
)

// made is a few minutes of made noise and music, and the recording of the demonstration: what anybody can measure the shipped
// weights on without the recordings of the card.
type made struct{ training.ItemSet }

func (m made) Len() int { return m.ItemSet.Len() + 1 }

func (m made) Item(i int) (*training.Item, error) {
	if i < m.ItemSet.Len() {
		return m.ItemSet.Item(i)
	}
	r, err := demo.Load()
	if err != nil {
		return nil, err
	}
	samples, err := training.ReadEntry(training.Entry{Path: "../../cmd/streamer/demo/demo.wav"})
	if err != nil {
		return nil, err
	}
	item := &training.Item{ID: "demo", Condition: "demo", Corpus: "-", Samples: samples}
	for _, s := range r.Speech {
		item.Speech = append(item.Speech, training.Span{Start: int(s.Start * training.Rate), End: int(s.End * training.Rate)})
	}
	return item, nil
}

func TestShippedWeightsHearSpeechAndNothingElse(t *testing.T) {
	config := training.EvalConfig{Seed: 99, Seconds: 15, Conditions: []training.Condition{
		{Name: "made", Mixes: 24, Speechless: true, Synthetic: 1}}}
	set, err := config.Mixes(new(training.Material))
	if err != nil {
		t.Fatal(err)
	}
	var detectors []training.Detector
	for _, mode := range []string{pretrained.Causal, pretrained.Bidirectional} {
		m, err := pretrained.Load("vad", mode)
		if err != nil {
			t.Fatal(err)
		}
		d, err := training.NewModelDetector(mode, m)
		if err != nil {
			t.Fatal(err)
		}
		detectors = append(detectors, d)
	}
	report, err := training.Evaluate(t.Context(), made{set}, detectors, training.EvalOptions{Resamples: 10, Seed: 1, Jobs: 2})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, row := range report.Rows {
		switch s := row.Segments; row.Group {
		case "made":
			asked++
			t.Logf("%s: %.2f false segments a minute of made sound", row.Detector, s.False)
			if !(s.False <= 2) {
				t.Errorf("%s: %.2f false segments a minute of made sound", row.Detector, s.False)
			}
		case "demo":
			asked++
			t.Logf("%s: area %.4f, announced after %.0f ms", row.Detector, row.AUC, s.Announced)
			if !(row.AUC > 0.95) || s.Missed > 0 || !(s.Announced < 200) {
				t.Errorf("%s: demo: %+v", row.Detector, row)
			}
		}
	}
	if asked != 4 {
		t.Errorf("%d rows of made sound and the demonstration, two detectors have four", asked)
	}
}
