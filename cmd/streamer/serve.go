package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream"
	"github.com/streamer-audio/streamer/stream/monitor"
)

type serveCmd struct {
	Embedded bool   `help:"Run a NATS server in this process instead of connecting to one."`
	Listen   string `placeholder:"HOST:PORT" default:"127.0.0.1:4222" help:"Loopback address of the embedded server; port 0 takes any free one (${default})."`

	Model      string        `default:"vad" placeholder:"NAME|PATH" help:"Model that answers live: built-in or a safetensors file (${default})."`
	MaxLatency *latency      `placeholder:"TIME" help:"Answer within so long of the sound, with the model that hears most; a stream may ask for something else (none: with the causal model)."`
	Final      string        `placeholder:"NAME|PATH" help:"Bidirectional model that revises each finished segment; none: no revision (that of the built-in model)."`
	Frames     bool          `help:"Publish the probability of every frame too."`
	Gap        string        `enum:"reset,hold" default:"reset" placeholder:"POLICY" help:"What lost audio does to the state of a model: ${enum} (${default})."`
	MaxStreams int           `placeholder:"N" default:"${maxstreams}" help:"Most streams at once (${default})."`
	Idle       time.Duration `placeholder:"TIME" default:"${idle}" help:"End a session when nothing came for so long (${default})."`

	HTTP       string `name:"http" placeholder:"HOST:PORT" help:"Show metrics, health and profiles there (nowhere); 127.0.0.1:9090 say."`
	HTTPPublic bool   `name:"http-public" help:"Let --http be an address that others reach; it asks for no credentials."`

	deciderFlags
	connectFlags
}

func (serveCmd) Help() string {
	return `The worker answers audio.<stream> with JSON on speech.<stream>.event, .final, .frame and .status. One live worker
serves a NATS account; a second one refuses to start. SIGTERM and Ctrl-C drain: what has arrived is answered first.

Examples:

    streamer serve --embedded
    streamer serve --embedded --max-latency 100ms
    streamer serve --server nats://nats.example:4222 --creds worker.creds
    streamer serve --embedded --http 127.0.0.1:9090    # /metrics, /healthz, /readyz, /debug/pprof
    nats pub audio.x --force-stdin < speech.pcm    # s16le, 16 kHz, mono
    nats sub 'speech.>'`
}

// Run serves until the context is done.
func (c *serveCmd) Run(ctx context.Context) error {
	if c.Embedded && (c.Server != "" || c.Context != "") {
		return usagef("--embedded runs a NATS server of its own: leave --server and --context out")
	}
	if err := c.checkHTTP(); err != nil {
		return usagef("--http: %w", err)
	}
	p, choice, err := c.pipelines()
	if err != nil {
		return err
	}
	nc, stop, err := c.connect()
	if err != nil {
		return err
	}
	defer stop()
	config := stream.DefaultConfig()
	config.Version, config.GapPolicy, config.Logger = semanticVersion(), c.Gap, slog.Default()
	config.MaxStreams, config.IdleTimeout = c.MaxStreams, c.Idle
	config.MaxLatency, config.Choice = c.MaxLatency.duration(), choice
	worker, err := stream.New(nc, p, config)
	if err != nil {
		return err
	}
	if c.HTTP != "" {
		m, err := monitor.Start(monitor.Config{Address: c.HTTP, Public: c.HTTPPublic, Worker: worker, Version: version(),
			Models: loaded(choice), Logger: slog.Default()})
		if err != nil {
			return err
		}
		defer m.Stop() // after the drain, which it shows
	}
	return worker.Run(ctx)
}

// loaded are the models of pipelines that have the same revision.
func loaded(choice pipeline.Choice) (list []*models.Model) {
	for _, p := range choice {
		list = append(list, p.Model())
	}
	if final := choice[0].Final(); final != nil {
		list = append(list, final)
	}
	return list
}

func (c *serveCmd) checkHTTP() error {
	switch {
	case c.HTTP != "":
		return monitor.CheckAddress(c.HTTP, c.HTTPPublic)
	case c.HTTPPublic:
		return errors.New("give the address that --http-public allows")
	}
	return nil
}

// usualRate is that of a stream which does not say otherwise, in Hz.
const usualRate = 16000

// pipelines are the one for streams that ask for nothing, and all that a stream may ask for, each with the revision.
func (c *serveCmd) pipelines() (p *pipeline.Pipeline, choice pipeline.Choice, err error) {
	list, err := c.models()
	if err != nil {
		return nil, nil, err
	}
	config := pipeline.DefaultConfig()
	config.Frames, config.Decider.Sensitivity = c.Frames, float64(c.Sensitivity)
	if config.Final, err = c.final(); err != nil {
		return nil, nil, err
	}
	for _, m := range list {
		config.MaxDelay = m.Lookahead()
		if p, err = pipeline.New(m, config); err != nil {
			return nil, nil, err
		}
		choice = append(choice, p)
	}
	p, err = c.usual(choice)
	return p, choice, err
}

// models are those that answer live, the quickest first.
func (c *serveCmd) models() ([]*models.Model, error) {
	if !isPath(c.Model) {
		return pretrained.Live(c.Model)
	}
	m, err := loadModel(c.Model, pipeline.Causal)
	return []*models.Model{m}, err
}

// usual chooses for streams of the usual rate that ask for nothing.
func (c *serveCmd) usual(choice pipeline.Choice) (*pipeline.Pipeline, error) {
	p := choice[0]
	if c.MaxLatency != nil {
		var err error
		if p, err = choice.Within(usualRate, time.Duration(*c.MaxLatency)); err != nil {
			return nil, usagef("--model %s: %w; raise --max-latency", c.Model, err)
		}
	}
	seconds, _ := p.Latency(usualRate)
	late := time.Duration(math.Ceil(seconds*1e4-1e-6)) * 100 * time.Microsecond
	if c.MaxLatency == nil && p.Model().Lookahead() > 0 {
		return nil, usagef("--model %s: %q looks ahead %d frames: allow for it by --max-latency %s", c.Model, p.Model().Info().Name, p.Model().Lookahead(), late)
	}
	slog.Info("model", "name", p.Model().Info().Name, "lookahead", p.Model().Lookahead(), "latency", late)
	return p, nil
}

func (c *serveCmd) final() (*models.Model, error) {
	switch {
	case c.Final == "none", c.Final == "" && isPath(c.Model):
		return nil, nil
	case c.Final == "":
		return loadModel(c.Model, pipeline.Bidirectional)
	}
	return loadModel(c.Final, pipeline.Bidirectional)
}

// connect connects to the server outside, or to one that it starts.
func (c *serveCmd) connect() (nc *nats.Conn, stop func(), err error) {
	if !c.Embedded {
		nc, err = c.connectFlags.connect("serve")
		if err != nil {
			return nil, nil, err
		}
		return nc, nc.Close, nil
	}
	server, err := stream.StartServer(stream.ServerConfig{Listen: c.Listen, Logger: slog.Default()})
	if err != nil {
		return nil, nil, err
	}
	slog.Info("NATS server in this process", "url", server.URL())
	nc, err = c.connectFlags.connect("serve", server.Option())
	if err != nil {
		server.Shutdown()
		return nil, nil, err
	}
	return nc, func() { nc.Close(); server.Shutdown() }, nil
}
