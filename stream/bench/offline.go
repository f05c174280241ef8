package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"text/tabwriter"
	"time"

	"github.com/streamer-audio/streamer/pipeline"
)

// OfflineConfig says what [Offline] measures.
type OfflineConfig struct {
	Pipelines []*pipeline.Pipeline
	Short     []string      // recordings, all alike in format: read one at a time, then by all cores
	Long      string        // a recording several times as long as one of Short, for the memory; may be empty
	Least     time.Duration // that each measurement takes; the recordings are read again and again
	Progress  func(format string, args ...any)
}

// OfflineReport is how fast recordings are read.
type OfflineReport struct {
	Bench string        `json:"bench"` // offline
	Host  Host          `json:"host"`
	Rows  []OfflineRead `json:"rows"`
	Noise string        `json:"noise,omitempty"`
}

// OfflineRead is what one model did.
type OfflineRead struct {
	Mode     string  `json:"mode"`
	OneCore  float64 `json:"hours_per_hour_one_core"`
	AllCores float64 `json:"hours_per_hour_all_cores"`
	Minutes  float64 `json:"minutes"`         // of a short recording
	Heap     int64   `json:"heap_bytes"`      // most, while one was read
	LongMin  float64 `json:"long_minutes"`    // of the long one
	LongHeap int64   `json:"long_heap_bytes"` // most, while it was read
	PerHour  int64   `json:"bytes_per_hour"`  // of what the recording adds to the heap
}

// Offline measures whole recordings.
func Offline(ctx context.Context, c OfflineConfig) (*OfflineReport, error) {
	if len(c.Pipelines) == 0 || len(c.Short) == 0 {
		return nil, errors.New("give at least one model and one recording")
	}
	r := &OfflineReport{Bench: "offline"}
	load := startMeter()
	for _, p := range c.Pipelines {
		row := OfflineRead{}
		say := func(what string) {
			if c.Progress != nil {
				c.Progress("%s, %s", p.Model().Hash(), what)
			}
		}
		say("one core")
		one, err := read(ctx, p, c.Short[:1], 1, c.Least)
		if err != nil {
			return nil, err
		}
		row.Mode, row.OneCore, row.Minutes, row.Heap = one.mode, one.speed, one.seconds/60, one.heap
		say("all cores")
		all, err := read(ctx, p, c.Short, runtime.GOMAXPROCS(0), c.Least)
		if err != nil {
			return nil, err
		}
		row.AllCores = all.speed
		if c.Long != "" {
			say("a long recording")
			long, err := read(ctx, p, []string{c.Long}, 1, 0)
			if err != nil {
				return nil, err
			}
			row.LongMin, row.LongHeap = long.seconds/60, long.heap
			if long.seconds > one.seconds {
				row.PerHour = int64(float64(long.heap-one.heap) / (long.seconds - one.seconds) * 3600)
			}
		}
		r.Rows = append(r.Rows, row)
	}
	load.stop(&r.Host)
	r.Noise = r.Host.Noisy()
	return r, nil
}

// reading is what reading files took.
type reading struct {
	mode    string
	speed   float64 // seconds of audio per second
	seconds float64 // of the first file
	heap    int64   // most objects on the heap
}

// read reads the files until it has taken long enough. What a collection would
// free is on the heap too, as in any program: collections come when the heap
// has doubled.
func read(ctx context.Context, p *pipeline.Pipeline, files []string, jobs int, least time.Duration) (r reading, err error) {
	runtime.GC()
	peak := watchHeap()
	heard, begun := 0.0, time.Now()
	for first := true; first || time.Since(begun) < least; first = false {
		err := p.Files(ctx, files, jobs, func(res *pipeline.Result) error {
			heard += res.Duration
			if r.seconds == 0 {
				r.mode, r.seconds = res.Mode, res.Duration
			}
			return res.Err
		})
		if err != nil {
			peak()
			return r, err
		}
	}
	r.speed = heard / time.Since(begun).Seconds()
	r.heap = peak()
	return r, nil
}

// watchHeap samples the heap until peak is called, which tells the most.
func watchHeap() (peak func() int64) {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for most := int64(0); ; {
			metrics.Read(s)
			most = max(most, int64(s[0].Value.Uint64()))
			select {
			case <-stop:
				done <- most
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { close(stop); return <-done }
}

// WriteText prints the report for people.
func (r *OfflineReport) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%s\nhours of audio per hour; most heap while a recording is read:\n\n", &r.Host)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tone core\tall cores\theap\tof\theap\tof\tadded by an hour\t")
	for _, v := range r.Rows {
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.1f MB\t%.0f min\t", v.Mode, v.OneCore, v.AllCores, mega(v.Heap), v.Minutes)
		if v.LongMin > 0 {
			fmt.Fprintf(w, "%.1f MB\t%.0f min\t%.1f MB\t\n", mega(v.LongHeap), v.LongMin, mega(v.PerHour))
		} else {
			fmt.Fprint(w, "\t\t\t\n")
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return writeNoise(out, r.Noise)
}

func mega(bytes int64) float64 { return float64(bytes) / 1e6 }
