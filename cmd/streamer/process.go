package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/pipeline"
)

type processCmd struct {
	Files  []string      `arg:"" name:"file" help:"Recordings: WAV or FLAC, any rate and number of channels."`
	Model  string        `default:"vad" placeholder:"NAME|PATH" help:"Built-in model or safetensors file (${default})."`
	Mode   string        `enum:",causal,bidirectional" default:"" placeholder:"MODE" help:"causal: decides at once, as a live stream would. bidirectional: hears the whole recording first. (bidirectional; a model file has its own.)"`
	Format report.Format `enum:"text,json,jsonl,csv,audacity,rttm,vtt,srt" default:"text" placeholder:"FORMAT" help:"${enum} (${default})."`
	Frames bool          `help:"Add the probability of every frame (json and csv)."`
	Out    string        `placeholder:"DIR" help:"Write DIR/<stem>.<extension> for each file instead of printing."`
	Jobs   int           `placeholder:"N" default:"${cpus}" help:"Files at a time (${default})."`

	deciderFlags
}

func (processCmd) Help() string {
	return `A file that cannot be read is reported on stderr, the others are still processed, and the exit status is 1.
Results come in the order of the arguments, whatever --jobs.

Examples:

    streamer process meeting.wav
    streamer process --sensitivity 0.2 street.wav    # only what is surely speech
    streamer process --format json --frames meeting.wav | jq .segments
    streamer process --format audacity --out labels calls/*.flac`
}

// Run takes the files through the model and writes what it found.
func (c *processCmd) Run(ctx context.Context, std streams) error {
	sink := report.Sink{Format: c.Format, Frames: c.Frames, Out: std.out, Dir: c.Out}
	if err := c.check(&sink); err != nil {
		return usageError{err}
	}
	m, err := loadModel(c.Model, c.Mode)
	if err != nil {
		return err
	}
	config := pipeline.DefaultConfig()
	config.MaxDelay, config.Frames = models.Unbounded, c.Frames
	config.Decider.Sensitivity = float64(c.Sensitivity)
	p, err := pipeline.New(m, config)
	if err != nil {
		return err
	}
	done, failed, progress := 0, 0, newStatusLine(std.err)
	begun, heard := time.Now(), 0.0
	err = p.Files(ctx, c.Files, c.Jobs, func(r *pipeline.Result) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		done++
		progress.clear()
		defer progress.show("%d of %d files", done, len(c.Files))
		if r.Err != nil {
			if len(c.Files) == 1 {
				return r.Err
			}
			failed++
			fmt.Fprintf(std.err, "streamer: %v\n", r.Err)
			return nil
		}
		heard += r.Duration
		return sink.Write(r)
	})
	progress.clear()
	if heard > 0 {
		took := time.Since(begun).Seconds()
		fmt.Fprintf(std.err, "%.1f s of audio in %.2f s: %.0f times real time\n", heard, took, heard/took)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d of %d files failed", failed, len(c.Files))
	}
	return err
}

func (c *processCmd) check(sink *report.Sink) error {
	if slices.Contains(c.Files, "-") {
		return fmt.Errorf("process reads files; to feed raw samples from stdin use streamer publish -")
	}
	if c.Jobs < 1 {
		return fmt.Errorf("--jobs: %d: give at least 1", c.Jobs)
	}
	return sink.Check(c.Files)
}
