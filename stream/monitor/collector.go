package monitor

import (
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/stream"
)

// collector makes metrics of the figures that the worker keeps anyway. They are
// read when somebody scrapes, so nothing of this is in the way of the audio. No
// label ever names a stream: there would be no end of them.
type collector struct {
	worker  *stream.Worker
	infos   []prometheus.Metric // program and models
	ready   *prometheus.Desc
	refused *prometheus.Desc
	events  *prometheus.Desc
	answers *prometheus.Desc
}

// NewCollector returns the metrics of a worker that answers with these models.
// They are to be registered once in a registry.
func NewCollector(w *stream.Worker, version string, list []*models.Model) prometheus.Collector {
	build := info("build_info", "The program: its version, toolchain, and the arithmetic of its kernels.",
		"version", version, "go", runtime.Version(), "kernel", kernel.ID())
	return &collector{
		worker:  w,
		infos:   append(modelInfo(list), build),
		ready:   desc("ready", "1 when the worker takes audio and can answer it, as /readyz says, else 0."),
		refused: desc("refused_messages_total", "Messages that were answered by an error event, by its code.", "code"),
		events:  desc("events_total", "Events that were published, by type.", "type"),
		answers: desc("answer_duration_seconds", "Time from the arrival of a chunk of audio until its answers were handed to the NATS client."),
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("streamer_"+name, help, labels, nil)
}

// info is a metric that says what its labels say; pairs are names and values.
func info(name, help string, pairs ...string) prometheus.Metric {
	labels := prometheus.Labels{}
	for i := 0; i < len(pairs); i += 2 {
		labels[pairs[i]] = pairs[i+1]
	}
	return prometheus.MustNewConstMetric(prometheus.NewDesc("streamer_"+name, help, nil, labels), prometheus.GaugeValue, 1)
}

// modelInfo has each model once.
func modelInfo(list []*models.Model) (loaded []prometheus.Metric) {
	type key struct {
		hash      string
		lookahead int
	}
	seen := map[key]bool{}
	for _, m := range list {
		k := key{m.Hash(), m.Lookahead()}
		if seen[k] {
			continue
		}
		seen[k] = true
		lookahead := strconv.Itoa(m.Lookahead())
		if m.Lookahead() == models.Unbounded {
			lookahead = "unbounded"
		}
		loaded = append(loaded, info("model_info", "A model that is loaded: its name, hash and look-ahead in frames.",
			"name", m.Info().Name, "hash", m.Hash(), "lookahead", lookahead))
	}
	return loaded
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range figures {
		ch <- f.desc
	}
	for _, m := range c.infos {
		ch <- m.Desc()
	}
	for _, d := range []*prometheus.Desc{c.ready, c.refused, c.events, c.answers} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.worker.Stats()
	for _, f := range figures {
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.of(&s))
	}
	for _, m := range c.infos {
		ch <- m
	}
	ready := 1.0
	if c.worker.Ready() != nil {
		ready = 0
	}
	ch <- prometheus.MustNewConstMetric(c.ready, prometheus.GaugeValue, ready)
	for code, n := range s.Refused {
		ch <- prometheus.MustNewConstMetric(c.refused, prometheus.CounterValue, float64(n), string(code))
	}
	for kind, n := range s.ByType {
		ch <- prometheus.MustNewConstMetric(c.events, prometheus.CounterValue, float64(n), kind)
	}
	ch <- answers(c.answers, &s.Answers)
}

// answers is a histogram as Prometheus wants it: buckets hold what is in those
// before them too.
func answers(d *prometheus.Desc, h *stream.Histogram) prometheus.Metric {
	buckets, n := map[float64]uint64{}, uint64(0)
	for i, count := range h.Counts {
		n += uint64(count)
		if i < len(h.Bounds) {
			buckets[h.Bounds[i]] = n
		}
	}
	return prometheus.MustNewConstHistogram(d, n, h.Sum, buckets)
}
