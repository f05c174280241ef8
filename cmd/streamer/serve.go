package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream"
)

type serveCmd struct {
	Embedded bool   `help:"Run a NATS server in this process instead of connecting to one."`
	Listen   string `placeholder:"HOST:PORT" default:"127.0.0.1:4222" help:"Loopback address of the embedded server; port 0 takes any free one (${default})."`

	Model      string        `default:"vad" placeholder:"NAME|PATH" help:"Causal model: built-in or a safetensors file (${default})."`
	Final      string        `placeholder:"NAME|PATH" help:"Bidirectional model that revises each finished segment; none: no revision (that of the built-in model)."`
	Frames     bool          `help:"Publish the probability of every frame too."`
	Gap        string        `enum:"reset,hold" default:"reset" placeholder:"POLICY" help:"What lost audio does to the state of a model: ${enum} (${default})."`
	MaxStreams int           `placeholder:"N" default:"${maxstreams}" help:"Most streams at once (${default})."`
	Idle       time.Duration `placeholder:"TIME" default:"${idle}" help:"End a session when nothing came for so long (${default})."`

	deciderFlags
	connectFlags
}

func (serveCmd) Help() string {
	return `The worker answers audio.<stream> with JSON on speech.<stream>.event, .final, .frame and .status. One live worker
serves a NATS account; a second one refuses to start. SIGTERM and Ctrl-C drain: what has arrived is answered first.

Examples:

    streamer serve --embedded
    streamer serve --server nats://nats.example:4222 --creds worker.creds
    nats pub audio.x --force-stdin < speech.pcm    # s16le, 16 kHz, mono
    nats sub 'speech.>'`
}

// Run serves until the context is done.
func (c *serveCmd) Run(ctx context.Context) error {
	if c.Embedded && (c.Server != "" || c.Context != "") {
		return usagef("--embedded runs a NATS server of its own: leave --server and --context out")
	}
	p, err := c.pipeline()
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
	return stream.Serve(ctx, nc, p, config)
}

// pipeline is the causal model with its revision.
func (c *serveCmd) pipeline() (*pipeline.Pipeline, error) {
	m, err := loadModel(c.Model, pipeline.Causal)
	if err != nil {
		return nil, err
	}
	config := pipeline.DefaultConfig()
	config.Frames, config.Decider.Sensitivity = c.Frames, float64(c.Sensitivity)
	if config.Final, err = c.final(); err != nil {
		return nil, err
	}
	return pipeline.New(m, config)
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
