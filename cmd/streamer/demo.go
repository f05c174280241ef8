package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream"
)

type demoCmd struct {
	Fast bool   `help:"Publish as fast as it takes, not in real time."`
	Plot string `placeholder:"FILE" help:"Draw spectrogram, probabilities and segments as a PNG."`
}

func (demoCmd) Help() string {
	return `Needs nothing but this program: a NATS server in the same process, a worker on it, and a bundled recording of
synthesised speech in noise whose true times are known. Takes as long as the recording, some twelve seconds.

Example:

    streamer demo --plot demo.png`
}

// Run plays the recording to a worker, then shows what each way of hearing it found.
func (c *demoCmd) Run(ctx context.Context, std streams) error {
	d := &show{out: std.out, paced: !c.Fast, ended: make(chan struct{})}
	var err error
	if d.recording, err = demo.Load(); err != nil {
		return err
	}
	if d.causal, err = pretrained.Load("vad", pretrained.Causal); err != nil {
		return err
	}
	if d.offline, err = pretrained.Load("vad", pretrained.Bidirectional); err != nil {
		return err
	}
	if err := d.listen(ctx); err != nil {
		return err
	}
	causal, err := d.hear(ctx, d.causal)
	if err != nil {
		return err
	}
	offline, err := d.hear(ctx, d.offline)
	if err != nil {
		return err
	}
	if err := d.compare(causal, offline); err != nil || c.Plot == "" {
		return err
	}
	return report.WriteFile(c.Plot, func(w io.Writer) error { return d.draw(w, causal, offline) })
}

// show is one demonstration: what is played, to whom, and what was answered.
type show struct {
	out             io.Writer
	recording       *demo.Recording
	causal, offline *models.Model
	paced           bool
	epoch           atomic.Pointer[time.Time] // when the first sample sounds
	live, final     []pipeline.Event          // complete when ended is closed
	ended           chan struct{}
}

// listen starts a server and a worker and plays to them.
func (d *show) listen(ctx context.Context) error {
	server, err := stream.StartServer(stream.ServerConfig{Listen: "127.0.0.1:0", Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer server.Shutdown()
	nc, err := stream.Connect(stream.ConnectConfig{Server: server.URL(), Name: "streamer demo", Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer nc.Close()
	config := pipeline.DefaultConfig()
	config.Final = d.offline
	p, err := pipeline.New(d.causal, config)
	if err != nil {
		return err
	}
	worker, err := stream.New(nc, p, stream.DefaultConfig())
	if err != nil {
		return err
	}
	if err := worker.Start(ctx); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "%d sentences in noise, %.1f s, go to a worker at %s in chunks of 20 ms.\n\n", len(d.recording.Speech),
		d.seconds(int64(len(d.recording.Samples))), server.URL())
	err = d.play(ctx, nc)
	return errors.Join(err, worker.Stop(context.WithoutCancel(ctx)))
}

// play publishes the recording and waits for the last answer.
func (d *show) play(ctx context.Context, nc *nats.Conn) error {
	sub, err := stream.Watch(nc, "demo", d.answer)
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	info := d.recording.Info
	config := stream.PublishConfig{Stream: "demo", Session: "1", Rate: info.Rate, Encoding: stream.ExactEncoding(info),
		Started: func(t time.Time) { d.epoch.Store(&t) }}
	if d.paced {
		config.Speed = 1
	}
	if _, err := stream.Publish(ctx, nc, d.recording.Reader(), config); err != nil {
		return err
	}
	select {
	case <-d.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(10 * time.Second):
		return errors.New("the worker did not answer to the end within 10 s")
	}
}

// answer prints an answer: where it is in the sound, how much sound it took to decide, and when it was here.
func (d *show) answer(r *stream.Received, err error) {
	if err != nil {
		slog.Warn("ignored", "error", err)
		return
	}
	e := r.Event
	switch {
	case r.Kind == stream.KindEvent:
		d.live = append(d.live, e)
		what := map[string]string{pipeline.SpeechStart: "speech starts", pipeline.SpeechEnd: "speech ends"}[e.Type]
		fmt.Fprintf(d.out, "%7.2f s  %-16s p %.2f  decided %3.0f ms after it%s%s\n", e.Start, what, e.Prob,
			1000*d.seconds(e.At-e.Sample), d.arrived(e.Start), d.during(e.At))
	case r.Kind == stream.KindFinal && e.Duration == 0:
		d.final = append(d.final, e)
		fmt.Fprintf(d.out, "%7.2f s  no speech        p %.2f  heard again, both ways\n", e.Start, e.Prob)
	case r.Kind == stream.KindFinal:
		d.final = append(d.final, e)
		fmt.Fprintf(d.out, "%7.2f s  until %5.2f s    p %.2f  heard again, both ways\n", e.Start, e.Start+e.Duration, e.Prob)
	case e.Type == pipeline.EndType:
		close(d.ended)
	}
}

func (d *show) seconds(samples int64) float64 {
	return float64(samples) / float64(d.recording.Info.Rate)
}

// arrived says how long after the sound an answer is here, by the clock.
func (d *show) arrived(at float64) string {
	if !d.paced {
		return ""
	}
	return fmt.Sprintf(", here %3.0f ms after it", 1000*(time.Since(*d.epoch.Load()).Seconds()-at))
}

// during says what was being said when that much had been heard.
func (d *show) during(at int64) string {
	word := d.recording.WordAt(d.seconds(at))
	if word == "" {
		return ""
	}
	return fmt.Sprintf(", while %q is said", word)
}

// hear takes the recording through a model without NATS.
func (d *show) hear(ctx context.Context, m *models.Model) (*pipeline.Result, error) {
	config := pipeline.DefaultConfig()
	config.MaxDelay, config.Frames = models.Unbounded, true
	p, err := pipeline.New(m, config)
	if err != nil {
		return nil, err
	}
	r := p.Read(ctx, "demo.wav", d.recording.Reader(), d.recording.Info.Rate)
	return r, r.Err
}

// compare prints the three ways of hearing side by side.
func (d *show) compare(causal, offline *pipeline.Result) error {
	rate := d.recording.Info.Rate
	passes := []report.Pass{
		{Name: "causal, live", Waits: fmt.Sprintf("%.0f ms", 1000**causal.LatencyS), Decided: report.Decisions(d.live, rate)},
		{Name: "revised, live", Waits: "end of the segment", Decided: report.Decisions(d.final, rate)},
		{Name: "bidirectional", Waits: "whole recording", Decided: report.Decisions(offline.Events, rate)},
	}
	fmt.Fprintln(d.out, "\nAgainst the truth:")
	if err := report.WritePasses(d.out, d.truth(), passes, causal.HopS, causal.Duration); err != nil {
		return err
	}
	differ, frames := report.Differ(report.Segments(passes[0].Decided), report.Segments(passes[2].Decided), causal.HopS, causal.Duration)
	_, err := fmt.Fprintf(d.out, "\nThe causal and the bidirectional pass differ in %d of %d frames (%.1f %%).\n",
		differ, frames, 100*float64(differ)/float64(frames))
	return err
}

func (d *show) truth() (segments []pipeline.Segment) {
	for _, l := range d.recording.Speech {
		segments = append(segments, pipeline.Segment{Start: l.Start, End: l.End, Prob: 1})
	}
	return segments
}

// draw draws the recording, both probabilities and all segments.
func (d *show) draw(w io.Writer, passes ...*pipeline.Result) error {
	p := report.Picture{Title: "streamer demo: synthesised speech in noise", Rate: d.recording.Info.Rate,
		Samples: d.recording.Samples, Tracks: []report.Track{{Name: "truth", Segments: d.truth()}}}
	for _, r := range passes {
		p.Lines = append(p.Lines, report.Line{Name: r.Mode, Hop: r.HopS, Prob: r.Prob})
		p.Tracks = append(p.Tracks, report.Track{Name: r.Mode, Segments: r.Segments})
	}
	return p.WritePNG(w)
}
