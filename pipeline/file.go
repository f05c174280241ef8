package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/streamer-audio/streamer/audio"
)

// Segment is a stretch of speech, in seconds from the beginning.
type Segment struct{ Start, End, Prob float64 }

// Result is what a Pipeline makes of one recording.
type Result struct {
	File     string
	Model    string
	Mode     string   // Causal or Bidirectional
	HopS     float64  // seconds from one value of Prob to the next
	LatencyS *float64 // algorithmic latency; nil: the whole recording
	Duration float64  // seconds of audio
	Segments []Segment
	Events   []Event
	Prob     []float64 // with Config.Frames: one value per hop begun
	Err      error     // why there is no result; it names the file
}

// File takes one recording through the pipeline. A causal model does it in
// constant memory, however long the recording is.
func (p *Pipeline) File(ctx context.Context, path string) *Result {
	r := &Result{File: path, Model: p.model.Info().Name, Mode: p.pass, HopS: p.Hop().Seconds()}
	f, err := audio.Open(path)
	if err != nil {
		r.Err = err
		return r
	}
	defer f.Close()
	if err := r.read(ctx, p, f, f.Info().Rate); err != nil {
		r.Err = err
	}
	return r
}

// Read takes what a reader gives through the pipeline.
func (p *Pipeline) Read(ctx context.Context, name string, src audio.Reader, rate int) *Result {
	r := &Result{File: name, Model: p.model.Info().Name, Mode: p.pass, HopS: p.Hop().Seconds()}
	if err := r.read(ctx, p, src, rate); err != nil {
		r.Err = fmt.Errorf("%s: %w", name, err)
	}
	return r
}

func (r *Result) read(ctx context.Context, p *Pipeline, src audio.Reader, rate int) error {
	s, err := p.Open(rate, 0)
	if err != nil {
		return err
	}
	if latency, bounded := p.Latency(rate); bounded {
		r.LatencyS = &latency
	}
	var events []Event
	buf := make([]float32, block)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := src.ReadSamples(buf)
		events = s.Push(events[:0], buf[:n])
		r.add(events)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	r.add(s.Flush(events[:0]))
	r.Duration = s.seconds(s.Position())
	return nil
}

// add sorts events into the result.
func (r *Result) add(events []Event) {
	for _, e := range events {
		switch e.Type {
		case FrameType:
			r.Prob = append(r.Prob, e.Probs...)
			continue
		case SpeechStart:
			r.Segments = append(r.Segments, Segment{Start: e.Start})
		case SpeechEnd:
			last := &r.Segments[len(r.Segments)-1]
			last.End, last.Prob = e.Start, e.Prob
		case SegmentType:
			if r.Mode == Bidirectional {
				r.Segments = append(r.Segments, Segment{e.Start, e.Start + e.Duration, e.Prob})
			}
		}
		r.Events = append(r.Events, e)
	}
}

// Files takes many recordings through the pipeline, jobs at a time, and calls
// emit for each in the order of paths. A recording that fails is a Result with
// Err; only emit's error or ctx ends the run early. At most 2*jobs results
// wait for their turn.
func (p *Pipeline) Files(ctx context.Context, paths []string, jobs int, emit func(*Result) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs = max(1, min(jobs, len(paths)))
	results := make([]chan *Result, len(paths))
	for i := range results {
		results[i] = make(chan *Result, 1)
	}
	next := make(chan int)
	ahead := make(chan struct{}, 2*jobs) // tickets: files begun and not yet emitted
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for i := range next {
				results[i] <- p.File(ctx, paths[i])
			}
		})
	}
	workers.Go(func() {
		defer close(next)
		for i := range paths {
			select {
			case ahead <- struct{}{}:
			case <-ctx.Done():
				return
			}
			next <- i
		}
	})
	defer workers.Wait()
	for i := range paths {
		select {
		case r := <-results[i]:
			if err := emit(r); err != nil {
				cancel()
				return err
			}
			<-ahead
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
