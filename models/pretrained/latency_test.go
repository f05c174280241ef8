package pretrained_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/pipeline"
)

// The latency that a configuration promises is the one observed, to the
// sample: fed sample by sample, each frame is answered no later than promised,
// the worst exactly then, and what comes right before still counts.
func TestLatencyOfShippedModels(t *testing.T) {
	for _, name := range pretrained.Names() {
		live, err := pretrained.Live(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range live {
			for _, rate := range []int{16000, 8000, 44100} {
				checkLatency(t, m, rate)
			}
		}
	}
}

func checkLatency(t *testing.T, m *models.Model, rate int) {
	p, err := pipeline.New(m, pipeline.Config{Frames: true, MaxDelay: m.Lookahead()})
	if err != nil {
		t.Fatal(err)
	}
	latency, _ := p.Latency(rate)
	rng := rand.New(rand.NewPCG(1, 0))
	samples := make([]float32, 2*rate)
	for i := range samples {
		samples[i] = float32(0.1 * rng.NormFloat64())
	}
	probs, arrived := hear(t, p, rate, samples)
	worst, at := 0.0, 0
	for i, n := range arrived {
		if late := float64(n)/float64(rate) - float64(i+1)*0.01; late > worst+1e-12 {
			worst, at = late, i
		}
	}
	if math.Abs(worst-latency) > 1e-9 {
		t.Errorf("look-ahead %d at %d Hz: %.3f samples late, %.3f were promised", m.Lookahead(), rate, worst*float64(rate), latency*float64(rate))
	}
	changed := slices.Clone(samples)
	for i := range 12 { // window and filter begin and end with weights near 0
		changed[arrived[at]-1-i] += 1e5
	}
	if again, _ := hear(t, p, rate, changed); again[at] == probs[at] {
		t.Errorf("look-ahead %d at %d Hz: the last samples before the answer about frame %d do not count", m.Lookahead(), rate, at)
	} else if !slices.Equal(again[:before(arrived, arrived[at]-12)], probs[:before(arrived, arrived[at]-12)]) {
		t.Errorf("look-ahead %d at %d Hz: an answer depends on what came after it", m.Lookahead(), rate)
	}
}

// hear returns the answers and how many samples had arrived for each.
func hear(t *testing.T, p *pipeline.Pipeline, rate int, samples []float32) (probs []float64, arrived []int) {
	s, err := p.Open(rate, 0)
	if err != nil {
		t.Fatal(err)
	}
	var events []pipeline.Event
	for i := range samples {
		events = s.Push(events[:0], samples[i:i+1])
		for _, e := range events {
			for _, v := range e.Probs {
				probs, arrived = append(probs, v), append(arrived, i+1)
			}
		}
	}
	return probs, arrived
}

// before counts the answers that were there when n samples had arrived.
func before(arrived []int, n int) (count int) {
	for count < len(arrived) && arrived[count] <= n {
		count++
	}
	return count
}
