package pipeline

import (
	"fmt"
	"time"
)

// Choice is several pipelines for one task, from the one that answers soonest
// to the one that waits longest and hears most.
type Choice []*Pipeline

// Within returns the pipeline that hears most among those whose Latency for
// input at the given rate is at most so long. Where there is none the error,
// which wraps ErrDelay, says what the least would be.
func (c Choice) Within(rate int, most time.Duration) (*Pipeline, error) {
	for i := len(c) - 1; i >= 0; i-- {
		if latency, bounded := c[i].Latency(rate); bounded && latency <= most.Seconds()+1e-9 { // far less than a sample
			return c[i], nil
		}
	}
	least, bounded := 0.0, false
	if len(c) > 0 {
		least, bounded = c[0].Latency(rate)
	}
	if !bounded {
		return nil, fmt.Errorf("pipeline: %w: no model answers before the recording is over", ErrDelay)
	}
	return nil, fmt.Errorf("pipeline: %w: %v is asked for, the least at %d Hz is %.4g ms", ErrDelay, most, rate, least*1000)
}
