package stream

import (
	"fmt"
	"sync"
	"testing"

	"github.com/streamer-audio/streamer/pipeline"
)

// Fifty streams at once, with chunks of all sizes and one of several models,
// answer as each alone does, byte for byte, probabilities of all frames
// included.
func TestParallelEqualsSolo(t *testing.T) {
	t.Run("with revision", func(t *testing.T) { parallelEqualsSolo(t, tinyChoice(t)) })
	t.Run("without", func(t *testing.T) { parallelEqualsSolo(t, tinyChoiceOf(t, nil)) }) // and so together
}

func parallelEqualsSolo(t *testing.T, choice pipeline.Choice) {
	open := pipelines(choice[0], choice)
	cfg := quickConfig()
	cfg.QueueChunks = 10_000
	b := startBench(t, open, cfg)
	const streams = 50
	var wg sync.WaitGroup
	for s := range streams {
		wg.Go(func() { publishRandom(t, b.nc, fmt.Sprintf("s%d", s), uint64(s)) })
	}
	wg.Wait()
	for s := range streams {
		name := fmt.Sprintf("s%d", s)
		until(t, name+" ended", func() bool { return len(b.log.status(name)) == 2 })
		var got []string
		for _, r := range b.log.of(name) {
			got = append(got, string(r.Data))
		}
		want := solo(t, open, name, uint64(s))
		if len(want) < 12 {
			t.Fatalf("%s: only %d events, the test shows nothing", name, len(want))
		}
		equal(t, name, got, want)
	}
}

func TestFramesOneEventPerChunk(t *testing.T) {
	c := pipeline.DefaultConfig()
	c.Frames = true
	p := tinyPipeline(t, c)
	b := startBench(t, pipelines(p, nil), quickConfig())
	for i := range 5 {
		b.send("x", pcm(320, i))
	}
	b.send("x", nil, "Control: end")
	b.wait("x", 2)
	n := 0
	for _, r := range b.log.of("x") {
		if r.Kind != KindFrame {
			continue
		}
		if n++; r.Event.N != int64(n) || r.Event.Seq != int64(n) || len(r.Event.Probs) != 2 {
			t.Errorf("frame event %d: %s", n, r.Data)
		}
	}
	if n != 5 {
		t.Errorf("%d frame events for 5 chunks", n)
	}
}
