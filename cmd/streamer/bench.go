package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream/bench"
)

type benchCmd struct {
	Latency  benchLatencyCmd  `cmd:"" default:"withargs" help:"How long chunks wait for their answers, and where."`
	Capacity benchCapacityCmd `cmd:"" help:"How many real-time streams this machine bears."`
	Offline  benchOfflineCmd  `cmd:"" help:"How fast recordings are read, and in how much memory."`
	Step     benchStepCmd     `cmd:"" help:"What a frame and a chunk cost without NATS."`
	Soak     benchSoakCmd     `cmd:"" help:"Whether memory stays flat while streams come and go for a long time."`
}

func (benchCmd) Help() string {
	return `Measures on this machine, with a worker in this process. Without --server it runs a NATS server of its own on loopback. Close
what else is running: the report says when the machine was too busy for its times to be trusted.

Examples:

    streamer bench latency
    streamer bench latency --server nats://nats.example:4222 --streams 50 --json > now.json
    streamer bench latency --compare before.json --tolerance 0.15
    streamer bench capacity --plot capacity.png`
}

// measured is a report of bench.
type measured interface{ WriteText(io.Writer) error }

// reportFlags say what becomes of a report.
type reportFlags struct {
	JSON      bool    `name:"json" help:"Print the report as JSON."`
	Compare   string  `placeholder:"FILE" help:"Compare with an older report, made by --json; exit status 1 when something is worse."`
	Tolerance float64 `default:"0.1" placeholder:"SHARE" help:"How much worse is worse, for --compare (${default})."`
}

// older reads the report to compare with, before time is spent on measuring.
func (f *reportFlags) older() ([]byte, error) {
	if f.Compare == "" {
		return nil, nil
	}
	if !(f.Tolerance >= 0) {
		return nil, usagef("--tolerance: %v: give a share of at least 0, as 0.1", f.Tolerance)
	}
	b, err := os.ReadFile(f.Compare)
	if err == nil && !json.Valid(b) {
		err = fmt.Errorf("%s is no report: give a file that --json has written", f.Compare)
	}
	return b, err
}

// write prints the report and compares it. With --json the comparison goes to stderr.
func (f *reportFlags) write(std streams, older []byte, r measured) error {
	newStatusLine(std.err).clear()
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	compared := std.out
	if f.JSON {
		compared = std.err
		_, err = fmt.Fprintf(std.out, "%s\n", b)
	} else {
		err = r.WriteText(std.out)
	}
	if err != nil || older == nil {
		return err
	}
	fmt.Fprintf(compared, "\nCompared with %s:\n", f.Compare)
	return bench.Compare(compared, older, b, f.Tolerance)
}

// benchFlags are those of measurements with a pipeline and chunks.
type benchFlags struct {
	Model string        `default:"vad" placeholder:"NAME|PATH" help:"Causal model that answers: built-in or a safetensors file (${default})."`
	Chunk time.Duration `default:"20ms" placeholder:"TIME" help:"Length of a chunk (${default})."`
}

// liveFlags are those of measurements over NATS.
type liveFlags struct {
	InProcess bool `help:"Connect to the server of this process without TCP."`
	Numbered  bool `help:"Send session and number with each chunk, as streamer publish does; else only the first says its session, as from nats pub."`
	benchFlags
	connectFlags
}

// config is what all measurements share; pipelines answer with frames or without.
func (f *benchFlags) config(std streams, frames bool) (c bench.Config, err error) {
	m, err := loadModel(f.Model, pipeline.Causal)
	if err != nil {
		return c, err
	}
	config := pipeline.DefaultConfig()
	config.Frames, config.MaxDelay = frames, m.Lookahead()
	c.Chunk = f.Chunk
	if c.Pipeline, err = pipeline.New(m, config); err != nil {
		return c, err
	}
	line := newStatusLine(std.err)
	c.Progress = func(format string, args ...any) { line.show(format, args...) }
	c.Speech, err = benchSpeech()
	return c, err
}

// config is that of the other flags, on the server that is asked for.
func (f *liveFlags) config(std streams, frames bool) (bench.Config, error) {
	c, err := f.benchFlags.config(std, frames)
	c.InProcess, c.Numbered = f.InProcess, f.Numbered
	outside := f.Server != "" || f.Context != ""
	if outside && f.InProcess {
		return c, usagef("--in-process is for the server of this process: leave --server and --context out")
	}
	if outside {
		c.Connect = func(string) (*nats.Conn, error) { return f.connect("bench") }
	}
	return c, err
}

// benchSpeech is the recording of the demonstration as its bytes go over the wire.
func benchSpeech() ([]byte, error) {
	r, err := demo.Load()
	if err != nil {
		return nil, err
	}
	if r.Info.Rate != usualRate {
		return nil, fmt.Errorf("the bundled recording has %d Hz instead of %d", r.Info.Rate, usualRate)
	}
	return audio.Format{Encoding: audio.S16LE, Rate: usualRate, Channels: 1}.AppendBytes(nil, r.Samples), nil
}

// describeModel adds to a report what this package knows of the model.
func describeModel(h *bench.Host, p *pipeline.Pipeline) {
	h.Model, h.Hash, h.Version = p.Model().Info().Name, p.Model().Hash(), version()
}

type benchLatencyCmd struct {
	Streams int           `default:"1" placeholder:"N" help:"Streams at once (${default})."`
	For     time.Duration `default:"5s" placeholder:"TIME" help:"How long each round of the worker, and of the echo, takes (${default})."`
	Rounds  int           `default:"5" placeholder:"N" help:"Rounds of both, by turns (${default})."`
	Plot    string        `placeholder:"FILE" help:"Draw the histograms as a PNG."`
	liveFlags
	reportFlags
}

func (benchLatencyCmd) Help() string {
	return `Chunks of speech go out on an absolute schedule; a chunk's time counts from when it was due to the frame event that answers it,
whatever made it late. The same messages through an echo on the same server tell what NATS alone costs here. docs/LATENCY.md says
how to read the report.

Examples:

    streamer bench latency
    streamer bench latency --streams 200 --chunk 10ms --plot latency.png
    streamer bench latency --json > before.json`
}

// Run measures the latency.
func (c *benchLatencyCmd) Run(ctx context.Context, std streams) error {
	older, err := c.older()
	if err != nil {
		return err
	}
	config, err := c.config(std, true)
	if err != nil {
		return err
	}
	r, err := bench.Latency(ctx, bench.LatencyConfig{Config: config, Streams: c.Streams, Duration: c.For, Rounds: c.Rounds})
	if err != nil {
		return err
	}
	describeModel(&r.Host, config.Pipeline)
	if c.Plot != "" {
		if err := report.WriteFile(c.Plot, latencyChart(r).WritePNG); err != nil {
			return err
		}
	}
	return c.write(std, older, r)
}

// latencyChart draws both histograms as curves over the time.
func latencyChart(r *bench.LatencyReport) *report.Chart {
	curve := func(name string, bars []bench.Bar) (c report.Curve) {
		c.Name = name
		for _, b := range bars {
			c.X, c.Y = append(c.X, b.Below/1000), append(c.Y, float64(b.Count))
		}
		return c
	}
	return &report.Chart{Title: fmt.Sprintf("From when a chunk was due to its answer: %d streams, chunks of %g ms", r.Streams, r.ChunkMS),
		Panels: []report.ChartPanel{{X: report.Axis{Label: "below, ms", Log: true}, Y: report.Axis{Label: "chunks", Log: true}, Marks: true,
			Curves: []report.Curve{curve("worker", r.Histogram), curve("echo", r.EchoBars)}}}}
}

type benchStepCmd struct {
	benchFlags
	reportFlags
}

func (benchStepCmd) Help() string {
	return `The medians of many short runs, everything in the caches: what the arithmetic costs and nothing else.

Example:

    streamer bench step --json`
}

// Run measures the steps.
func (c *benchStepCmd) Run(std streams) error {
	older, err := c.older()
	if err != nil {
		return err
	}
	config, err := c.config(std, false)
	if err != nil {
		return err
	}
	r, err := bench.Steps(config)
	if err != nil {
		return err
	}
	describeModel(&r.Host, config.Pipeline)
	return c.write(std, older, r)
}
