package pipeline

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
)

// levelModel is a model made by hand that answers to loudness: one GRU unit a
// direction whose candidate follows the mean band level and whose update gate
// forgets within a few frames.
func levelModel(t testing.TB, both bool) *models.Model {
	t.Helper()
	arch := models.Arch{Input: 40, Outputs: 1, Head: models.SigmoidHead,
		Layers: []models.Layer{{Cell: models.GRU, Hidden: 1, Bidirectional: both}}}
	recipe, err := json.Marshal(features.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	tensors := arch.Shapes()
	for i := range tensors {
		x := &tensors[i]
		x.Data = make([]float32, x.Len())
		for j := range x.Data {
			switch x.Name {
			case "input.mean":
				x.Data[j] = -7
			case "input.scale":
				x.Data[j] = 0.25
			case "gru.weight_ih_l0", "gru.weight_ih_l0_reverse":
				if j >= 80 {
					x.Data[j] = 0.05
				}
			case "gru.bias_ih_l0", "gru.bias_ih_l0_reverse":
				if j == 1 {
					x.Data[j] = 0.5 // z: about 0.6 of the past stays
				}
			case "head.weight":
				x.Data[j] = 5
			}
		}
	}
	m, err := models.New(arch, models.Info{Name: "level", Task: "vad", Features: recipe}, tensors)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// levelModels are the ways in which a level model can wait, or not.
func levelModels(t testing.TB) map[string]*models.Model {
	t.Helper()
	one, both := levelModel(t, false), levelModel(t, true)
	arch := one.Arch()
	arch.Delays = []int{7}
	delayed, err1 := models.New(arch, one.Info(), one.Tensors())
	arch.Delays = nil
	arch.Layers = append(slices.Clone(arch.Layers), models.Layer{Cell: models.RowConv, Hidden: 1, Context: 3})
	taps := models.Tensor{Name: "row-conv.weight_l1", Shape: []int{1, 4}, Data: []float32{0.4, 0.3, 0.2, 0.1}}
	conv, err2 := models.New(arch, one.Info(), append(slices.Clone(one.Tensors()), taps))
	blocks, err3 := both.InBlocks(6, 5)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return map[string]*models.Model{"causal": one, "bidirectional": both, "delay": delayed, "row-conv": conv, "blocks": blocks}
}

func newPipeline(t testing.TB, both bool, change func(*Config)) *Pipeline {
	t.Helper()
	return newPipelineOf(t, levelModel(t, both), change)
}

func newPipelineOf(t testing.TB, m *models.Model, change func(*Config)) *Pipeline {
	t.Helper()
	c := DefaultConfig()
	c.MaxDelay = m.Lookahead()
	if change != nil {
		change(&c)
	}
	p, err := New(m, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bursts is seconds of quiet noise with loud stretches in it.
func bursts(rng *rand.Rand, rate int, seconds float64) []float32 {
	v := make([]float32, int(seconds*float64(rate)))
	loud, left := true, 0
	for i := range v {
		if left == 0 {
			loud, left = !loud, rate/20+rng.IntN(rate/2)
		}
		left--
		level := 0.0003
		if loud {
			level = 0.2
		}
		v[i] = float32(level * rng.NormFloat64())
	}
	return v
}

func open(t testing.TB, p *Pipeline, rate int) *Session {
	t.Helper()
	s, err := p.Open(rate, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lines are the events as JSON, frame events joined into one row of values,
// because those alone depend on the chunks.
func lines(events []Event, probs []float64) []string {
	var list []string
	for i := range events {
		if events[i].Type != FrameType {
			list = append(list, string(events[i].AppendJSON(nil)))
		}
	}
	return append(list, string(AppendNumbers(nil, probs)))
}

// gather copies what a call returned: frame values do not outlive it.
func gather(events []Event, probs []float64, from []Event) ([]Event, []float64) {
	for _, e := range from {
		if e.Type == FrameType {
			probs = append(probs, e.Probs...)
		}
	}
	return append(events, from...), probs
}

func inOnePush(t testing.TB, p *Pipeline, rate int, samples []float32) []string {
	s := open(t, p, rate)
	events, probs := gather(nil, nil, s.Push(nil, samples))
	events, probs = gather(events, probs, s.Flush(nil))
	return lines(events, probs)
}
