package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream/bench"
)

type benchCapacityCmd struct {
	For     time.Duration `default:"8s" placeholder:"TIME" help:"How long a number of streams must be borne, after a second to warm up (${default})."`
	From    int           `default:"200" placeholder:"N" help:"Streams to begin the search with (${default})."`
	Most    int           `default:"32768" placeholder:"N" help:"Streams to try at most (${default})."`
	Streams []int         `placeholder:"N,..." help:"Measure these numbers of streams, for a curve, instead of searching."`
	Plot    string        `placeholder:"FILE" help:"Draw p99 over the number of streams as a PNG."`
	liveFlags
	reportFlags
}

func (benchCapacityCmd) Help() string {
	return `Doubles the number of streams until p99 is above the length of a chunk or something is dropped, then looks in between. A number
counts when it is borne twice. Takes some minutes. The generator and, without --server, the broker are on this machine too.

Examples:

    streamer bench capacity
    streamer bench capacity --streams 250,500,1000,2000 --plot capacity.png`
}

// Run measures the capacity.
func (c *benchCapacityCmd) Run(ctx context.Context, std streams) error {
	older, err := c.older()
	if err != nil {
		return err
	}
	config, err := c.config(std, false)
	if err != nil {
		return err
	}
	r, err := bench.Capacity(ctx, bench.CapacityConfig{Config: config, Duration: c.For, From: c.From, Most: c.Most, Streams: c.Streams})
	if err != nil {
		return err
	}
	describeModel(&r.Host, config.Pipeline)
	if c.Plot != "" {
		if err := report.WriteFile(c.Plot, capacityChart(r).WritePNG); err != nil {
			return err
		}
	}
	return c.write(std, older, r)
}

func capacityChart(r *bench.CapacityReport) *report.Chart {
	p50, p99, cores := report.Curve{Name: "p50"}, report.Curve{Name: "p99"}, report.Curve{Name: "cores"}
	for _, l := range r.Sorted() {
		n := float64(l.Streams)
		p50.X, p50.Y = append(p50.X, n), append(p50.Y, l.P50)
		p99.X, p99.Y = append(p99.X, n), append(p99.Y, l.P99)
		cores.X, cores.Y = append(cores.X, n), append(cores.Y, l.Cores)
	}
	x := report.Axis{Label: "real-time streams", Log: true}
	return &report.Chart{Title: fmt.Sprintf("From when a chunk of %g ms was due to its answer", r.ChunkMS), Panels: []report.ChartPanel{
		{X: x, Y: report.Axis{Label: "ms", Log: true}, Curves: []report.Curve{p50, p99}, Marks: true},
		{X: x, Y: report.Axis{Label: "cores busy"}, Curves: []report.Curve{cores}, Marks: true}}}
}

type benchOfflineCmd struct {
	Files   []string      `arg:"" optional:"" name:"file" help:"Recordings to read instead of the bundled speech, over and over, as WAV."`
	Model   string        `default:"vad" placeholder:"NAME" help:"Built-in model (${default})."`
	Minutes int           `default:"10" placeholder:"N" help:"Length of a made recording; another is six times as long (${default})."`
	For     time.Duration `default:"5s" placeholder:"TIME" help:"Least time that each measurement takes (${default})."`
	reportFlags
}

func (benchOfflineCmd) Help() string {
	return `Reads recordings with the causal and with the bidirectional model, by one core and by all, and watches the heap. What is read
comes from the cache of the file system.

Examples:

    streamer bench offline
    streamer bench offline meeting.flac interview.flac`
}

// Run measures how recordings are read.
func (c *benchOfflineCmd) Run(ctx context.Context, std streams) error {
	older, err := c.older()
	if err != nil {
		return err
	}
	if c.Minutes < 1 || c.Minutes > 600 {
		return usagef("--minutes: %d: give 1 to 600", c.Minutes)
	}
	line := newStatusLine(std.err)
	config := bench.OfflineConfig{Short: c.Files, Least: c.For, Progress: line.show}
	for _, mode := range []string{pipeline.Causal, pipeline.Bidirectional} {
		m, err := loadModel(c.Model, mode)
		if err != nil {
			return err
		}
		p, err := pipeline.New(m, pipeline.Config{MaxDelay: models.Unbounded})
		if err != nil {
			return err
		}
		config.Pipelines = append(config.Pipelines, p)
	}
	if len(c.Files) == 0 {
		dir, err := os.MkdirTemp("", "streamer-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if config.Short, config.Long, err = madeRecordings(dir, c.Minutes); err != nil {
			return err
		}
	}
	r, err := bench.Offline(ctx, config)
	line.clear()
	if err != nil {
		return err
	}
	describeModel(&r.Host, config.Pipelines[0])
	return c.write(std, older, r)
}

// madeRecordings writes one for each core, and a long one.
func madeRecordings(dir string, minutes int) (short []string, long string, err error) {
	r, err := demo.Load()
	if err != nil {
		return nil, "", err
	}
	for i := range runtime.GOMAXPROCS(0) {
		path := filepath.Join(dir, fmt.Sprintf("short%d.wav", i))
		if err := madeWAV(path, r.Samples, time.Duration(minutes)*time.Minute); err != nil {
			return nil, "", err
		}
		short = append(short, path)
	}
	long = filepath.Join(dir, "long.wav")
	return short, long, madeWAV(long, r.Samples, 6*time.Duration(minutes)*time.Minute)
}

// madeWAV writes speech, over and over, as a recording of some length.
func madeWAV(path string, samples []float32, length time.Duration) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out, err := audio.NewWAVWriter(f, usualRate)
	for left := int(length.Seconds() * usualRate); err == nil && left > 0; left -= len(samples) {
		err = out.WriteSamples(samples[:min(left, len(samples))])
	}
	if err == nil {
		err = out.Close()
	}
	return errors.Join(err, f.Close())
}

type benchSoakCmd struct {
	Streams int           `default:"500" placeholder:"N" help:"Streams at once (${default})."`
	For     time.Duration `default:"30m" placeholder:"TIME" help:"How long (${default})."`
	Life    time.Duration `default:"30s" placeholder:"TIME" help:"Length of a session; then a stream of another name takes its place (${default})."`
	Every   time.Duration `default:"15s" placeholder:"TIME" help:"Time between two looks at the memory (${default})."`
	liveFlags
	reportFlags
}

func (benchSoakCmd) Help() string {
	return `Plays streams whose sessions end and make place for streams of other names, and looks at heap and goroutines.

Example:

    streamer bench soak --streams 500 --for 30m --json > soak.json`
}

// Run plays and watches.
func (c *benchSoakCmd) Run(ctx context.Context, std streams) error {
	older, err := c.older()
	if err != nil {
		return err
	}
	config, err := c.config(std, false)
	if err != nil {
		return err
	}
	r, err := bench.Soak(ctx, bench.SoakConfig{Config: config, Streams: c.Streams, Duration: c.For, Life: c.Life, Every: c.Every})
	if err != nil {
		return err
	}
	describeModel(&r.Host, config.Pipeline)
	return c.write(std, older, r)
}
