package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/stream"
)

type publishCmd struct {
	Files      []string      `arg:"" name:"file" help:"WAV or FLAC recordings, or - for raw samples from stdin."`
	Stream     string        `placeholder:"NAME" help:"Stream to send to (the name of the file without its extension; stdin)."`
	Session    string        `placeholder:"ID" help:"Session to send as; a new value means fresh state (a new unique one)."`
	Speed      float64       `placeholder:"FACTOR" default:"1" help:"1 is real time, 2 twice as fast, 0 as fast as it takes (${default})."`
	Chunk      time.Duration `placeholder:"TIME" default:"20ms" help:"Length of a chunk (${default})."`
	MaxLatency *latency      `placeholder:"TIME" help:"Ask for answers within so long of the sound, 100ms say (what the worker gives by itself)."`

	Encoding audio.Encoding `group:"Raw samples from stdin:" enum:"s16le,f32le,mulaw,alaw" default:"s16le" placeholder:"NAME" help:"${enum} (${default})."`
	Rate     int            `group:"Raw samples from stdin:" placeholder:"HZ" default:"16000" help:"Sample rate (${default})."`
	Channels int            `group:"Raw samples from stdin:" placeholder:"N" default:"1" help:"Interleaved channels; they are averaged (${default})."`

	connectFlags
}

func (publishCmd) Help() string {
	return `Several files are sent at the same time, each as a stream of its own named after the file; with --stream they are
sent one after the other, each as a session of that stream. Samples arrive unchanged: as s16le when the recording
is mono with 16 bits or less, as f32le otherwise.

Examples:

    streamer publish call.wav
    streamer publish --max-latency 100ms call.wav
    streamer publish --speed 0 --stream archive calls/*.flac
    arecord -q -f S16_LE -r 16000 | streamer publish --stream desk -`
}

// Run sends the recordings.
func (c *publishCmd) Run(ctx context.Context, std streams) error {
	if err := c.check(); err != nil {
		return usageError{err}
	}
	nc, err := c.connect("publish")
	if err != nil {
		return err
	}
	defer nc.Close()
	if _, err := nc.Request(stream.StatusSubject, nil, time.Second); errors.Is(err, nats.ErrNoResponders) {
		slog.Warn("no worker is live on this server: what is sent now is lost; start streamer serve")
	}
	if len(c.Files) == 1 {
		return c.send(ctx, nc, std.in, c.Files[0])
	}
	failed, mu, all := 0, sync.Mutex{}, sync.WaitGroup{}
	one := func(file string) {
		if err := c.send(ctx, nc, std.in, file); err != nil {
			mu.Lock()
			defer mu.Unlock()
			failed++
			fmt.Fprintf(std.err, "streamer: %v\n", err)
		}
	}
	for _, file := range c.Files {
		if c.Stream != "" {
			one(file)
		} else {
			all.Go(func() { one(file) })
		}
	}
	all.Wait()
	if failed > 0 {
		return fmt.Errorf("%d of %d recordings were not sent whole", failed, len(c.Files))
	}
	return nil
}

// check refuses names that two files would share, and a session that could not stay one.
func (c *publishCmd) check() error {
	if c.Session != "" && len(c.Files) > 1 {
		return fmt.Errorf("--session names one session, %d files are as many: send them one by one", len(c.Files))
	}
	owner := make(map[string]string)
	for _, file := range c.Files {
		name := streamName(file)
		if c.Stream != "" {
			name = c.Stream
		} else if other, ok := owner[name]; ok {
			return fmt.Errorf("%s and %s would both be stream %s: rename one, or give --stream to send them one after the other", other, file, name)
		}
		if !stream.ValidStream(name) {
			return fmt.Errorf("stream name %q: give a letter or digit and up to 63 more of A-Z a-z 0-9 _ -", name)
		}
		owner[name] = file
	}
	return nil
}

// send publishes one recording.
func (c *publishCmd) send(ctx context.Context, nc *nats.Conn, stdin io.Reader, file string) error {
	if ctx.Err() != nil {
		return nil
	}
	config := stream.PublishConfig{Stream: c.Stream, Session: c.Session, Speed: c.Speed, Chunk: c.Chunk,
		MaxLatency: c.MaxLatency.duration()}
	if config.Stream == "" {
		config.Stream = streamName(file)
	}
	samples, info, stop, err := c.open(stdin, file)
	if err != nil {
		return err
	}
	defer stop()
	config.Rate, config.Encoding = info.Rate, stream.ExactEncoding(info)
	sent, err := stream.Publish(ctx, nc, samples, config)
	if sent.Chunks == 0 && err != nil {
		return err
	}
	slog.Info("published", "file", file, "stream", config.Stream, "session", sent.Session, "chunks", sent.Chunks,
		"seconds", float64(sent.Samples)/float64(info.Rate), "late", sent.Late.Round(time.Millisecond))
	return err
}

// open opens a recording, or stdin as what the flags say it is.
func (c *publishCmd) open(stdin io.Reader, file string) (audio.Reader, audio.Info, func(), error) {
	if file != "-" {
		f, err := audio.Open(file)
		if err != nil {
			return nil, audio.Info{}, nil, err
		}
		return f, f.Info(), func() { _ = f.Close() }, nil
	}
	format := audio.Format{Encoding: c.Encoding, Rate: c.Rate, Channels: c.Channels}
	if err := format.Validate(); err != nil {
		return nil, audio.Info{}, nil, fmt.Errorf("stdin: %w", err)
	}
	info := audio.Info{Rate: c.Rate, Channels: c.Channels, Bits: 16, Float: c.Encoding == audio.F32LE}
	return &rawReader{r: stdin, format: format}, info, func() {}, nil
}

// streamName makes the name of a stream from that of a file: what the wire format has no place for becomes "-".
func streamName(file string) string {
	if file == "-" {
		return "stdin"
	}
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_", r) || r < 128 && stream.ValidStream(string(r)) {
			return r
		}
		return '-'
	}, report.Stem(file))
	name = strings.TrimLeft(name, "-_")
	if name == "" {
		return "audio"
	}
	return name[:min(len(name), 64)]
}
