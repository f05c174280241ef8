package training

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/streamer-audio/streamer/pipeline"
)

const (
	costSeconds = 60        // of audio, at most, that time is measured on
	costPasses  = 3         // of which the median counts
	costChunk   = Rate / 50 // samples pushed at once: 20 ms, as a live stream has them
	stateChunk  = Rate / 10
)

// measure finds out what each entrant costs, one after the other on one core.
func (c *Comparison) measure(ctx context.Context) error {
	samples, err := c.sample()
	if err != nil {
		return err
	}
	for i, e := range c.entrants {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.progress("timing", i+1, len(c.entrants))
		if e.point.CPU, err = cpu(e.pipe, samples); err != nil {
			return fmt.Errorf("%s: %w", e.point.Model, err)
		}
		if e.point.StateBytes, e.point.BytesPerSec, err = memory(e.pipe, e.timing.Bounded); err != nil {
			return fmt.Errorf("%s: %w", e.point.Model, err)
		}
	}
	return nil
}

// sample returns the first minute of the recordings, or as much as there is.
func (c *Comparison) sample() (samples []float32, err error) {
	for i := 0; i < c.set.Len() && len(samples) < costSeconds*Rate; i++ {
		item, err := c.set.Item(i)
		if err != nil {
			return nil, err
		}
		samples = append(samples, item.Samples...)
	}
	return samples[:min(len(samples), costSeconds*Rate)], nil
}

// cpu returns the milliseconds that a second of audio takes: the median of some passes, after one to warm up. It is NaN
// without audio.
func cpu(p *pipeline.Pipeline, samples []float32) (Figure, error) {
	if len(samples) == 0 {
		return missing, nil
	}
	took := make([]float64, 0, costPasses)
	for pass := range costPasses + 1 {
		s, err := p.Open(Rate, 0)
		if err != nil {
			return 0, err
		}
		var events []pipeline.Event
		begun := time.Now()
		for chunk := range slices.Chunk(samples, costChunk) {
			events = s.Push(events[:0], chunk)
		}
		s.Flush(events[:0])
		if pass > 0 {
			took = append(took, time.Since(begun).Seconds())
		}
	}
	return Figure(1000 * quantile(took, 0.5) * Rate / float64(len(samples))), nil
}

// memory returns the bytes of the largest snapshot that a stream has within its first 10 s, and by how many it grows with
// each second, which only what waits for the end of a recording does. Neither depends on what is heard.
func memory(p *pipeline.Pipeline, bounded bool) (most, growth int, err error) {
	s, err := p.Open(Rate, 0)
	if err != nil {
		return 0, 0, err
	}
	silence, half := make([]float32, stateChunk), 0
	for at := stateChunk; at <= 10*Rate; at += stateChunk {
		s.Push(nil, silence)
		b, err := s.AppendBinary(nil)
		if err != nil {
			return 0, 0, err
		}
		if most = max(most, len(b)); at == 5*Rate {
			half = most
		}
	}
	if !bounded {
		growth = (most - half) / 5
	}
	return most, growth, nil
}
