package pipeline

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/internal/race"
)

// Sessions of whatever pipelines and rates, pushed together in whatever
// company, answer as they would alone.
func TestBatchEqualsItsMembers(t *testing.T) {
	rng := rand.New(rand.NewPCG(80, 0))
	models := levelModels(t)
	var pipelines []*Pipeline
	for _, name := range slices.Sorted(maps.Keys(models)) {
		pipelines = append(pipelines, newPipelineOf(t, models[name], func(c *Config) { c.Frames = true }))
	}
	pipelines = append(pipelines, newPipeline(t, false, nil), newPipeline(t, false, func(c *Config) { c.Final = levelModel(t, true) }))
	const streams = 40
	type pair struct {
		alone, together *Session
		samples         []float32
	}
	pairs := make([]pair, streams)
	for i := range pairs {
		p := pipelines[i%len(pipelines)]
		if i > streams/2 { // most are of one kind
			p = pipelines[2]
		}
		rate := 16000
		if rng.IntN(3) == 0 {
			rate = rates[rng.IntN(len(rates))]
		}
		pairs[i] = pair{open(t, p, rate), open(t, p, rate), bursts(rng, rate, 4)}
	}
	var b Batch
	for len(pairs) > 0 {
		var chunks []Chunk
		var want [][]byte
		for _, i := range rng.Perm(len(pairs))[:1+rng.IntN(len(pairs))] {
			q := &pairs[i]
			n := min(len(q.samples), []int{320, 320, 160, 0, rng.IntN(1000), rng.IntN(3 * block)}[rng.IntN(6)])
			chunks = append(chunks, Chunk{Session: q.together, Samples: q.samples[:n]})
			want = append(want, asJSON(q.alone.Push(nil, q.samples[:n])))
			q.samples = q.samples[n:]
		}
		b.Push(chunks)
		for i := range chunks {
			if got := asJSON(chunks[i].Events); !bytes.Equal(got, want[i]) {
				t.Fatalf("together:\n%s\nalone:\n%s", got, want[i])
			}
		}
		pairs = slices.DeleteFunc(pairs, func(q pair) bool {
			if len(q.samples) > 0 {
				return false
			}
			one, err1 := q.alone.AppendBinary(nil)
			other, err2 := q.together.AppendBinary(nil)
			if err1 != nil || err2 != nil || !bytes.Equal(one, other) {
				t.Fatalf("sessions differ (%v, %v)", err1, err2)
			}
			if got, want := asJSON(q.together.Flush(nil)), asJSON(q.alone.Flush(nil)); !bytes.Equal(got, want) {
				t.Fatalf("flushed together:\n%s\nalone:\n%s", got, want)
			}
			return true
		})
	}
}

func asJSON(events []Event) (b []byte) {
	for i := range events {
		b = append(events[i].AppendJSON(b), '\n')
	}
	return b
}

func TestBatchAllocatesNothing(t *testing.T) {
	p := newPipeline(t, false, func(c *Config) { c.Frames = true })
	var b Batch
	chunks := make([]Chunk, 20)
	for i := range chunks {
		chunks[i] = Chunk{Session: open(t, p, 16000), Samples: make([]float32, 320)}
	}
	step := func() {
		for i := range chunks {
			chunks[i].Events = chunks[i].Events[:0]
		}
		b.Push(chunks)
	}
	for range 300 {
		step()
	}
	if n := testing.AllocsPerRun(100, step); n != 0 && !race.Enabled {
		t.Errorf("%v allocations a step", n)
	}
}
