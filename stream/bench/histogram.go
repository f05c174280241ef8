package bench

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Quantiles are those of times, in microseconds.
type Quantiles struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_us"`
	P50   float64 `json:"p50_us"`
	P90   float64 `json:"p90_us"`
	P99   float64 `json:"p99_us"`
	P999  float64 `json:"p999_us"`
	Max   float64 `json:"max_us"`
}

// histogram counts times of up to a minute with three significant digits. What
// is longer counts as a minute. It belongs to one goroutine.
type histogram struct{ h *hdrhistogram.Histogram }

// resolution is the unit of a histogram.
const resolution = 100 * time.Nanosecond

const longest = time.Minute

func newHistogram() histogram {
	return histogram{hdrhistogram.New(1, int64(longest/resolution), 3)}
}

// add counts a time; a negative one counts as 0.
func (h histogram) add(t time.Duration) {
	// Within the range there is no error.
	_ = h.h.RecordValue(int64(min(max(t, 0), longest) / resolution))
}

func (h histogram) quantiles() Quantiles {
	at := func(q float64) float64 { return micros(h.h.ValueAtQuantile(q)) }
	mean := h.h.Mean() * float64(resolution) / float64(time.Microsecond)
	if h.h.TotalCount() == 0 {
		return Quantiles{}
	}
	return Quantiles{Count: h.h.TotalCount(), Mean: math.Round(10*mean) / 10, P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: micros(h.h.Max())}
}

func micros(v int64) float64 { return float64(time.Duration(v)*resolution) / float64(time.Microsecond) }

// Bar is one line of a drawn histogram.
type Bar struct {
	Below float64 `json:"below_us"`
	Count int64   `json:"count"`
}

// bars counts by powers of the square root of two, from the first to the last
// that holds something.
func (h histogram) bars() (bars []Bar) {
	edge, count, left := 1.0, int64(0), h.h.TotalCount()
	for _, b := range h.h.Distribution() {
		if b.Count == 0 {
			continue
		}
		for at := micros(b.To); at > edge; edge *= math.Sqrt2 {
			if count > 0 || len(bars) > 0 {
				bars = append(bars, Bar{edge, count})
				count = 0
			}
		}
		count += b.Count
		if left -= b.Count; left == 0 {
			bars = append(bars, Bar{edge, count})
		}
	}
	return bars
}

// writeBars draws a histogram of text; the length of a bar is the logarithm of
// its count, since what matters is in the tail.
func writeBars(w io.Writer, bars []Bar) {
	most := int64(1)
	for _, b := range bars {
		most = max(most, b.Count)
	}
	for _, b := range bars {
		n := 0
		if b.Count > 0 {
			n = 1 + int(39*math.Log(float64(b.Count))/max(math.Log(float64(most)), 1))
		}
		fmt.Fprintf(w, "  < %9s  %9d  %s\n", short(b.Below), b.Count, strings.Repeat("#", n))
	}
}

// short writes microseconds with three digits and a unit.
func short(us float64) string {
	switch {
	case math.Abs(us) >= 999.5e3:
		return fmt.Sprintf("%.3g s", us/1e6)
	case math.Abs(us) >= 999.5:
		return fmt.Sprintf("%.3g ms", us/1e3)
	}
	return fmt.Sprintf("%.3g µs", us)
}
