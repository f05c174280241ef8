package stream

import (
	"errors"
	"fmt"
)

// Code is the "code" of an error event.
type Code string

// The codes of all error events. Each message names the input, what is wrong
// with it and what to do.
const (
	// BadName: the subject is not audio.<stream> with a valid stream name.
	// Published on speech._invalid.status.
	BadName Code = "bad_name"
	// TooManyStreams: the worker serves Config.MaxStreams streams already.
	TooManyStreams Code = "too_many_streams"

	// BadHeader: the header block cannot be read, a header is given twice, or
	// its name is that of a known one but for upper and lower case.
	BadHeader Code = "bad_header"
	// BadSession: Speech-Session is longer than 128 bytes or not printable.
	BadSession Code = "bad_session"
	// BadSeq: Speech-Seq or Speech-Chunks is not a whole number, or leads to
	// positions beyond 2^52.
	BadSeq Code = "bad_seq"
	// BadSample: Speech-Sample is not a whole number, points back into audio
	// that was heard already, or lies beyond 2^52.
	BadSample Code = "bad_sample"
	// BadControl: Speech-Control is unknown, or has a payload.
	BadControl Code = "bad_control"
	// BadEncoding: Speech-Encoding is unknown.
	BadEncoding Code = "bad_encoding"
	// BadRate: Speech-Rate is not a whole number of 4000..192000.
	BadRate Code = "bad_rate"
	// BadChannels: Speech-Channels is not a whole number of 1..32.
	BadChannels Code = "bad_channels"
	// BadLatency: Speech-Max-Latency is not a time of 0 to 1h.
	BadLatency Code = "bad_latency"
	// BadPayload: the length is not a whole number of samples of all channels,
	// or a sample is NaN or infinite.
	BadPayload Code = "bad_payload"
	// TooLarge: the payload is over Config.MaxChunkBytes.
	TooLarge Code = "too_large"

	// FormatChanged: the chunk states another format than its session has.
	FormatChanged Code = "format_changed"
	// LatencyChanged: the chunk states another Speech-Max-Latency than its
	// session began with.
	LatencyChanged Code = "latency_changed"
	// Superseded: a chunk of a session that another one has replaced; told
	// once per session.
	Superseded Code = "superseded"
	// Repeats: many repeats in a row, as from a producer that starts its
	// numbering again without a new session.
	Repeats Code = "repeats"
	// OpenFailed: the pipeline cannot serve this format.
	OpenFailed Code = "open_failed"
	// LatencyUnmet: no model answers within Speech-Max-Latency, or within
	// Config.MaxLatency where that stands for it.
	LatencyUnmet Code = "latency_unmet"
	// Internal: a defect of this program; the session ends.
	Internal Code = "internal"
)

// codes are those that Stats.Refused counts: all but Superseded, which has a
// count of its own.
var codes = [...]Code{BadName, TooManyStreams, BadHeader, BadSession, BadSeq, BadSample, BadControl, BadEncoding, BadRate,
	BadChannels, BadLatency, BadPayload, TooLarge, FormatChanged, LatencyChanged, Repeats, OpenFailed, LatencyUnmet, Internal}

// ChunkError says why a message is refused.
type ChunkError struct {
	Code    Code
	Message string
}

// Error implements error.
func (e *ChunkError) Error() string { return e.Message }

func refusal(code Code, format string, args ...any) *ChunkError {
	return &ChunkError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrWorkerRunning is wrapped by the error of [Worker.Start] when another live
// worker serves the same subjects.
var ErrWorkerRunning = errors.New("another live worker serves these subjects")

// ErrConnectionLost is wrapped by the error of [Serve] when the connection was
// closed for good.
var ErrConnectionLost = errors.New("the NATS connection is closed")
