package pipeline

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// sizes are layers of GRU units; the time does not depend on the weights.
var sizes = [][]int{{32}, {64}, {96}, {128}, {64, 64}, {96, 96}}

// BenchmarkSession is the cost of one second of audio in chunks of 20 ms through everything but the network: features,
// causal model, decider.
func BenchmarkSession(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	second := bursts(rng, 16000, 1)
	for _, hidden := range sizes {
		p, err := New(untrained(b, hidden), DefaultConfig())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(hidden), func(b *testing.B) {
			s := open(b, p, 16000)
			var events []Event
			b.ReportAllocs()
			for b.Loop() {
				for i := 0; i < len(second); i += 320 {
					events = s.Push(events[:0], second[i:i+320])
				}
			}
			b.ReportMetric(1000*b.Elapsed().Seconds()/float64(b.N), "ms/s")
		})
	}
}

// BenchmarkAfterPause is what a chunk of 20 ms costs after a pause, in which
// the weights leave the caches.
func BenchmarkAfterPause(b *testing.B) {
	p, err := New(untrained(b, []int{64, 64}), DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	chunk := bursts(rand.New(rand.NewPCG(1, 1)), 16000, 0.02)
	for _, pause := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond} {
		b.Run(pause.String(), func(b *testing.B) {
			s := open(b, p, 16000)
			var events []Event
			var took time.Duration
			for b.Loop() {
				time.Sleep(pause)
				begun := time.Now()
				events = s.Push(events[:0], chunk)
				took += time.Since(begun)
			}
			b.ReportMetric(float64(took.Microseconds())/float64(b.N), "µs/chunk")
		})
	}
}

// BenchmarkTogether is what a chunk of 20 ms costs when 2000 streams take
// turns, one at a time and as many as go together.
func BenchmarkTogether(b *testing.B) {
	p, err := New(untrained(b, []int{64, 64}), DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	const streams = 2000
	chunks := make([]Chunk, streams)
	samples := bursts(rand.New(rand.NewPCG(1, 1)), 16000, 0.02)
	for i := range chunks {
		chunks[i] = Chunk{Session: open(b, p, 16000), Samples: samples}
	}
	for _, n := range []int{1, 2, 4, 8, BatchSize} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var batch Batch
			at := 0
			for b.Loop() {
				batch.Push(chunks[at : at+n])
				at = (at + n) % (streams / n * n)
			}
			b.ReportMetric(1e6*b.Elapsed().Seconds()/float64(b.N*n), "µs/chunk")
		})
	}
}

func untrained(tb testing.TB, hidden []int) *models.Model {
	tb.Helper()
	arch := models.Arch{Input: 40, Outputs: 1, Head: models.SigmoidHead}
	for _, n := range hidden {
		arch.Layers = append(arch.Layers, models.Layer{Cell: models.GRU, Hidden: n})
	}
	recipe, err := json.Marshal(features.DefaultConfig())
	if err != nil {
		tb.Fatal(err)
	}
	net, err := train.NewNet(arch, 1)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := net.Model(models.Info{Name: "untrained", Task: "vad", Features: recipe})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}
