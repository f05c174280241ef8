package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream"
)

type watchCmd struct {
	Stream   string `arg:"" optional:"" help:"Name of one stream; all of them if left out."`
	JSON     bool   `name:"json" help:"Print the events as they came, an object a line."`
	UntilEnd bool   `help:"Stop when a session has ended."`

	connectFlags
}

func (watchCmd) Help() string {
	return `Each line tells where something is in the sound, whose sound it is, what was found, and how much more had to be
heard before it was decided. Ends with Ctrl-C.

Examples:

    streamer watch
    streamer watch --json kitchen | jq 'select(.type == "speech_start")'`
}

// Run prints events until the context is done.
func (c *watchCmd) Run(ctx context.Context, std streams) error {
	if c.Stream != "" && !stream.ValidStream(c.Stream) {
		return usagef("stream name %q: give a letter or digit, then letters, digits, - and _, 64 at most", c.Stream)
	}
	nc, err := c.connect("watch")
	if err != nil {
		return err
	}
	defer nc.Close()
	done := make(chan error, 1)
	finish := func(err error) {
		select {
		case done <- err:
		default: // what comes after the end
		}
	}
	sub, err := stream.Watch(nc, c.Stream, func(r *stream.Received, err error) {
		if err != nil {
			slog.Warn("ignored", "error", err)
			return
		}
		if _, err := fmt.Fprintf(std.out, "%s\n", c.line(r)); err != nil {
			finish(err)
		}
		if c.UntilEnd && r.Event.Type == pipeline.EndType {
			finish(nil)
		}
	})
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-done:
		return err
	}
}

func (c *watchCmd) line(r *stream.Received) []byte {
	if c.JSON {
		return r.Data
	}
	return []byte(report.EventLine(&r.Event))
}
