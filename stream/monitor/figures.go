package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/streamer-audio/streamer/stream"
)

// figure is a metric that is one number of stream.Stats.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*stream.Stats) float64
}

// figures in the order of the way through a worker: what comes, what waits,
// what is lost, what goes. docs/OPERATIONS.md explains them.
var figures = []figure{
	gauge("open_streams", "Streams that have a queue.", func(s *stream.Stats) int64 { return s.Streams }),
	gauge("open_streams_limit", "Most streams that may have a queue.", func(s *stream.Stats) int64 { return s.MaxStreams }),
	gauge("open_sessions", "Sessions that have begun and not ended.", func(s *stream.Stats) int64 { return s.OpenSessions }),
	counter("sessions_total", "Sessions that have begun.", func(s *stream.Stats) int64 { return s.Sessions }),

	counter("received_messages_total", "Messages received, whatever became of them.", func(s *stream.Stats) int64 { return s.Messages }),
	counter("received_bytes_total", "Bytes of payload received.", func(s *stream.Stats) int64 { return s.Bytes }),
	counter("answered_chunks_total", "Chunks of audio that a model heard.", func(s *stream.Stats) int64 { return s.Chunks }),
	seconds("answered_audio_seconds_total", "Audio that a model heard.", prometheus.CounterValue, func(s *stream.Stats) float64 { return s.Audio }),

	gauge("queued_messages", "Messages that wait in all queues.", func(s *stream.Stats) int64 { return s.Waiting }),
	gauge("queued_bytes", "Bytes that wait in all queues or are being answered.", func(s *stream.Stats) int64 { return s.Buffered }),
	gauge("queued_bytes_limit", "Most bytes that may wait in all queues together.", func(s *stream.Stats) int64 { return s.MaxBuffered }),
	seconds("lag_seconds", "Audio that has arrived and is not answered, of the stream that is furthest behind.", prometheus.GaugeValue,
		func(s *stream.Stats) float64 { return s.Lag }),

	dropped("stream_queue", func(s *stream.Stats) int64 { return s.Dropped - s.DroppedShared }),
	dropped("shared_queue", func(s *stream.Stats) int64 { return s.DroppedShared }),
	dropped("slow_consumer", func(s *stream.Stats) int64 { return s.SlowConsumer }),
	dropped("repeat", func(s *stream.Stats) int64 { return s.Repeats }),
	dropped("superseded", func(s *stream.Stats) int64 { return s.Superseded }),
	counter("gaps_total", "Gap events.", func(s *stream.Stats) int64 { return s.Gaps }),
	seconds("lost_audio_seconds_total", "Audio that gap events say is lost.", prometheus.CounterValue, func(s *stream.Stats) float64 { return s.Lost }),

	counter("unpublished_events_total", "Events that the NATS client did not take.", func(s *stream.Stats) int64 { return s.Unpublished }),
	counter("nats_reconnects_total", "How often the NATS connection came back.", func(s *stream.Stats) int64 { return s.Reconnects }),
}

func gauge(name, help string, of func(*stream.Stats) int64) figure {
	return figure{desc(name, help), prometheus.GaugeValue, func(s *stream.Stats) float64 { return float64(of(s)) }}
}

func counter(name, help string, of func(*stream.Stats) int64) figure {
	return figure{desc(name, help), prometheus.CounterValue, func(s *stream.Stats) float64 { return float64(of(s)) }}
}

func seconds(name, help string, kind prometheus.ValueType, of func(*stream.Stats) float64) figure {
	return figure{desc(name, help), kind, of}
}

// dropped is one series of a metric by reason.
func dropped(reason string, of func(*stream.Stats) int64) figure {
	f := counter("", "", of)
	f.desc = prometheus.NewDesc("streamer_dropped_messages_total", "Messages dropped unheard, by reason.", nil, prometheus.Labels{"reason": reason})
	return f
}
