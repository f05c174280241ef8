package main

import (
	"time"

	"github.com/streamer-audio/streamer/stream"
)

// latency is a time to answer within, written on the command line as in the header of a chunk.
type latency time.Duration

// UnmarshalText makes a value that no header could have wrong usage.
func (l *latency) UnmarshalText(text []byte) error {
	d, err := stream.ParseLatency(string(text))
	*l = latency(d)
	return err
}

// duration is nil where nothing was given.
func (l *latency) duration() *time.Duration { return (*time.Duration)(l) }
