package stream

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/streamer-audio/streamer/pipeline"
)

const (
	// unasked is the Chunk.MaxLatency of a chunk that asks for nothing.
	unasked time.Duration = -1
	// mostLatency is beyond what any model that does not hear all waits for.
	mostLatency = time.Hour
)

// ParseLatency reads a value of [HeaderMaxLatency]: a time with its unit, as
// 100ms or 0.1s, or a plain number of milliseconds, as 62.5. It is 0 to 1h.
func ParseLatency(text string) (time.Duration, error) {
	parse := time.ParseDuration
	if strings.Trim(text, "0123456789.") == "" {
		parse = milliseconds
	}
	d, err := parse(text)
	if err != nil || !validLatency(d) {
		return 0, fmt.Errorf("%s: give a time of 0 to 1h, as 100ms, or a number of milliseconds", quote(text))
	}
	return d, nil
}

func milliseconds(text string) (time.Duration, error) {
	v, err := strconv.ParseFloat(text, 64)
	v = min(v*float64(time.Millisecond), float64(2*mostLatency)) // fits a Duration
	return time.Duration(math.Round(v)), err
}

func describeLatency(asked time.Duration) string {
	if asked == unasked {
		return "no latency"
	}
	return asked.String()
}

func validLatency(d time.Duration) bool { return d >= 0 && d <= mostLatency }

// checkLatency refuses what a header could not say; nil is nothing asked for.
func checkLatency(d *time.Duration) error {
	if d != nil && !validLatency(*d) {
		return fmt.Errorf("greatest latency %s: give 0 to 1h", *d)
	}
	return nil
}

// opened is the engine of a session and what is said of it.
type opened struct {
	engine
	model   string  // name
	latency float64 // seconds, +Inf when it is not bounded
}

// opener starts an engine whose first sample has position offset and which
// answers within most, unless that is unasked.
type opener func(rate int, offset int64, most time.Duration) (opened, error)

// pipelines opens sessions of p, or of the choice for streams that ask for
// something.
func pipelines(p *pipeline.Pipeline, choice pipeline.Choice) opener {
	if choice == nil {
		choice = pipeline.Choice{p}
	}
	return func(rate int, offset int64, most time.Duration) (opened, error) {
		if most == unasked {
			return openIn(p, rate, offset)
		}
		q, err := choice.Within(rate, most)
		if err != nil {
			return opened{}, err
		}
		return openIn(q, rate, offset)
	}
}

func openIn(p *pipeline.Pipeline, rate int, offset int64) (opened, error) {
	s, err := p.Open(rate, offset)
	if err != nil {
		return opened{}, err
	}
	latency, bounded := p.Latency(rate)
	if !bounded {
		latency = math.Inf(1)
	}
	return opened{s, p.Model().Info().Name, latency}, nil
}

// asked is the latency that the session of a first chunk must keep to.
func (t *track) asked(c *Chunk) time.Duration {
	if c.MaxLatency == unasked && t.most != nil {
		return *t.most
	}
	return c.MaxLatency
}
