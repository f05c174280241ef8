package stream

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/streamer-audio/streamer/pipeline"
)

// Policies for a gap, as gap events name them.
const (
	PolicyReset = "reset" // the model starts afresh behind the gap
	PolicyHold  = "hold"  // its state lives on, as if nothing were missing
)

// Config says how a [Worker] treats its streams. Start from [DefaultConfig].
type Config struct {
	// Version of the program, shown by the service; a semantic version.
	Version string
	// GapPolicy is PolicyReset or PolicyHold.
	GapPolicy string
	// MaxLatency is the greatest algorithmic latency of streams that do not ask
	// for another one by Speech-Max-Latency, at the rate of each. nil: they are
	// answered with the default pipeline, whatever its latency.
	MaxLatency *time.Duration
	// Choice holds the pipelines for streams that something is asked for: each
	// gets the one that hears most within it. They should differ in the model
	// alone. nil: the default pipeline, where that is soon enough.
	Choice pipeline.Choice
	// IdleTimeout ends a session for which nothing came. A stream is
	// forgotten after twice that time.
	IdleTimeout time.Duration
	// MaxStreams bounds the streams that are served at once.
	MaxStreams int
	// QueueChunks and QueueBytes bound what waits in the queue of one stream;
	// what comes when it is full is dropped and becomes a gap.
	QueueChunks int
	QueueBytes  int64
	// BufferedBytes bounds what waits in all queues together.
	BufferedBytes int64
	// MaxChunkBytes bounds one payload. 0: the max_payload of the server.
	MaxChunkBytes int64
	// CheckWait is how long a starting worker listens for others.
	CheckWait time.Duration
	// DrainTimeout bounds the stop of [Serve].
	DrainTimeout time.Duration
	// Logger receives what an operator should know; nil: nothing is logged.
	Logger *slog.Logger
	// Trace, if set, is called with the times of each chunk of audio once it is
	// answered, from the goroutine that did it: soon, and for many streams at
	// once. It must not keep the strings.
	Trace func(Traced)
}

// Traced is what happened to one chunk and when.
type Traced struct {
	Stream  string
	Seq     int64         // as in events
	Arrived time.Time     // handed over by the NATS client, and queued
	Begun   time.Time     // taken from the queue
	Done    time.Time     // its answers handed to the NATS client, if there were any
	Publish time.Duration // of Begun to Done, what handing them over took
}

// DefaultConfig returns the settings of a worker for thousands of streams.
func DefaultConfig() Config {
	return Config{
		Version:       "0.0.0",
		GapPolicy:     PolicyReset,
		IdleTimeout:   30 * time.Second,
		MaxStreams:    4096,
		QueueChunks:   256, // 5 s of 20 ms
		QueueBytes:    4 << 20,
		BufferedBytes: 256 << 20,
		CheckWait:     500 * time.Millisecond,
		DrainTimeout:  20 * time.Second,
	}
}

// Validate checks the settings.
func (c *Config) Validate() error {
	if c.GapPolicy != PolicyReset && c.GapPolicy != PolicyHold {
		return fmt.Errorf("gap policy %q: give reset or hold", c.GapPolicy)
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"idle timeout", int64(c.IdleTimeout)}, {"streams", int64(c.MaxStreams)},
		{"chunks per queue", int64(c.QueueChunks)}, {"bytes per queue", c.QueueBytes},
		{"buffered bytes", c.BufferedBytes}, {"check wait", int64(c.CheckWait)}, {"drain timeout", int64(c.DrainTimeout)},
	} {
		if limit.value <= 0 {
			return fmt.Errorf("%s: %d: give a positive number", limit.name, limit.value)
		}
	}
	if c.MaxChunkBytes < 0 {
		return fmt.Errorf("bytes per chunk: %d: give a positive number, or 0 for the limit of the server", c.MaxChunkBytes)
	}
	return checkLatency(c.MaxLatency)
}
