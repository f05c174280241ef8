package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go"
)

// CapacityConfig says what [Capacity] measures. The pipeline should answer with
// events only.
type CapacityConfig struct {
	Config
	Duration time.Duration // that a number of streams must be borne
	From     int           // streams to begin with; 0: 100
	Most     int           // streams to try at most; 0: 32768
	Streams  []int         // measure these numbers alone, for a curve, and search nothing
}

// CapacityReport is how many real-time streams a machine bears.
type CapacityReport struct {
	Bench     string  `json:"bench"` // capacity
	Max       int     `json:"max_streams"`
	ChunkMS   float64 `json:"chunk_ms"`
	P99       float64 `json:"p99_ms"` // at Max
	Echo      float64 `json:"echo_max_msgs_per_s"`
	Share     float64 `json:"share_of_echo"`
	Method    string  `json:"method"`
	Host      Host    `json:"host"`
	PerStream int64   `json:"bytes_per_stream"`        // of heap, worker and broker
	CPU       float64 `json:"cpu_ms_per_audio_second"` // at Max: generator, broker and worker together
	Curve     []Load  `json:"curve"`
	Noise     string  `json:"noise,omitempty"`
}

// Load is what a number of streams did.
type Load struct {
	Streams int     `json:"streams"`
	OK      bool    `json:"ok"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	P999    float64 `json:"p999_ms"`
	Late    float64 `json:"late_p99_ms"` // the generator
	Dropped int64   `json:"dropped"`
	Lost    int     `json:"lost"` // chunks that were not answered in time to be counted
	Cores   float64 `json:"cores"`
	Heap    int64   `json:"-"`
}

const capacityMethod = "open loop; from when a chunk was due to when the worker had answered it, events only; borne: p99 below one chunk, nothing dropped, twice in a row; generator, broker and worker in one process"

// Capacity finds the largest number of streams that the machine bears: p99
// under one chunk and no drop.
func Capacity(ctx context.Context, c CapacityConfig) (report *CapacityReport, err error) {
	if c.From == 0 {
		c.From = 100
	}
	if c.Most == 0 {
		c.Most = 1 << 15
	}
	if c.Duration < 2*c.Chunk || c.Duration > time.Hour || c.From < 1 || c.From > c.Most || c.Most > 1<<16 {
		return nil, errors.New("give two chunks to 1h for a number of streams, and 1 to 65536 streams")
	}
	r, err := newRig(ctx, c.Config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	report = &CapacityReport{Bench: "capacity", ChunkMS: ms(c.Chunk), Method: capacityMethod}
	load := startMeter()
	before := readMemory()
	try := func(n int) (Load, error) {
		l, err := r.bear(ctx, n, c.Duration)
		if err == nil {
			report.Curve = append(report.Curve, l)
			c.say("%d streams: p99 %.1f ms, %.2f cores, %d dropped", n, l.P99, l.Cores, l.Dropped)
		}
		return l, err
	}
	best, err := c.explore(try)
	if err != nil {
		return nil, err
	}
	report.Max, report.P99 = best.Streams, best.P99
	if best.Streams > 0 {
		report.PerStream = max(0, best.Heap-before.Heap) / int64(best.Streams)
		report.CPU = round2(1000 * best.Cores / float64(best.Streams))
	}
	c.say("echo")
	if report.Echo, err = r.echoMax(ctx, c.Duration); err != nil {
		return nil, err
	}
	report.Share = float64(report.Max) / c.Chunk.Seconds() / report.Echo
	load.stop(&report.Host)
	report.Noise = report.Host.Noisy()
	return report, nil
}

// explore measures what is asked for, or searches, and returns the best load.
func (c *CapacityConfig) explore(try func(int) (Load, error)) (best Load, err error) {
	if len(c.Streams) == 0 {
		return search(c.From, c.Most, try)
	}
	for _, n := range c.Streams {
		l, err := try(n)
		if err != nil {
			return best, err
		}
		if l.OK && l.Streams > best.Streams {
			best = l
		}
	}
	return best, nil
}

// search finds the largest number of streams that is borne, to 3 %: doubling,
// then halving the interval, then confirming. A number counts if it is borne
// twice; one that fails has another chance, for a single stall of the machine
// is not the worker's.
func search(from, most int, try func(int) (Load, error)) (best Load, err error) {
	bears := func(n int) (bool, error) {
		passed, failed := 0, 0
		for passed < 2 && failed < 2 {
			l, err := try(n)
			switch {
			case err != nil:
				return false, err
			case !l.OK:
				failed++
			default:
				if passed++; passed == 2 && n > best.Streams {
					best = l
				}
			}
		}
		return passed == 2, nil
	}
	low, high := 0, most+1
	for n := from; high > most && low < most; n = min(2*n, most) {
		ok, err := bears(n)
		if err != nil {
			return best, err
		}
		if ok {
			low = n
		} else {
			high = n
		}
	}
	for high-low > max(1, low/32) && high <= most {
		n := (low + high) / 2
		ok, err := bears(n)
		if err != nil {
			return best, err
		}
		if ok {
			low = n
		} else {
			high = n
		}
	}
	return best, nil
}

// bear plays n streams for a while.
func (r *rig) bear(ctx context.Context, n int, d time.Duration) (Load, error) {
	p, warm := r.schedule("c"+strconv.Itoa(n)+"-", n, d)
	m, err := r.play(ctx, p, warm, silent)
	if err != nil {
		return Load{}, err
	}
	l := judge(m)
	l.Heap = m.heap - int64(8*2*m.messages()) // without the stamps
	return l, r.quiet(ctx)
}

// judge says how a run was borne.
func judge(m *run) Load {
	took, late := newHistogram(), newHistogram()
	l := Load{Streams: m.streams, Dropped: m.dropped(), Cores: m.cores}
	for i := m.warm; i < m.messages(); i++ {
		late.add(time.Duration(m.sent.at(i)) - m.due(i))
		if m.done.at(i) == 0 {
			l.Lost++
			took.add(longest)
			continue
		}
		took.add(time.Duration(m.done.at(i)) - m.due(i))
	}
	q := took.quantiles()
	l.P50, l.P99, l.P999, l.Late = q.P50/1000, q.P99/1000, q.P999/1000, late.quantiles().P99/1000
	l.OK = l.Dropped == 0 && l.Lost == 0 && l.P99 < ms(m.chunk)
	return l
}

// quiet waits until the worker has ended all sessions, so that one load does
// not weigh on the next.
func (r *rig) quiet(ctx context.Context) error {
	for range 1000 {
		if s := r.worker.Stats(); s.OpenSessions == 0 && s.Buffered == 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("sessions were not ended within 10 s")
}

// echoMax is how many messages a second the echo answers, of the payload of the
// streams, with so many under way that it never waits: the most of some rounds.
func (r *rig) echoMax(ctx context.Context, d time.Duration) (most float64, err error) {
	for range 5 {
		v, err := r.echoRate(ctx, min(d, time.Second))
		if err != nil {
			return 0, err
		}
		most = max(most, v)
	}
	return most, nil
}

func (r *rig) echoRate(ctx context.Context, d time.Duration) (float64, error) {
	under := make(chan struct{}, 4096)
	sub, err := r.sink.Subscribe(backPrefix+"*", func(*nats.Msg) { <-under })
	if err != nil {
		return 0, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := errors.Join(sub.SetPendingLimits(-1, -1), r.sink.FlushTimeout(10*time.Second)); err != nil {
		return 0, err
	}
	payload := r.Speech[:(&plan{chunk: r.Chunk}).bytes()]
	var subjects [16]string
	for i := range subjects {
		subjects[i] = echoPrefix + strconv.Itoa(i)
	}
	begun, sent := time.Now(), 0
	for ; sent%256 > 0 || time.Since(begun) < d; sent++ {
		if err := place(ctx, under); err != nil {
			return 0, err
		}
		if err := r.source.Publish(subjects[sent%len(subjects)], payload); err != nil {
			return 0, err
		}
	}
	for range cap(under) { // full again: all have come back
		if err := place(ctx, under); err != nil {
			return 0, err
		}
	}
	return float64(sent) / time.Since(begun).Seconds(), nil
}

// place waits for one in the window.
func place(ctx context.Context, under chan<- struct{}) error {
	select {
	case under <- struct{}{}:
		return nil
	default: // full: now a timer is worth its cost
	}
	select {
	case under <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(10 * time.Second):
		return errors.New("the echo stopped")
	}
}

// Sorted is the curve from few streams to many.
func (r *CapacityReport) Sorted() []Load {
	return slices.SortedStableFunc(slices.Values(r.Curve), func(a, b Load) int { return a.Streams - b.Streams })
}

// WriteText prints the report for people.
func (r *CapacityReport) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%s\nchunks of %g ms; from when a chunk was due to when it was answered:\n\n", &r.Host, r.ChunkMS)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "streams\tp50\tp99\tp99.9\tgenerator late, p99\tdropped\tcores\t\t")
	for _, l := range r.Sorted() {
		fmt.Fprintf(w, "%d\t%.2f ms\t%.2f ms\t%.2f ms\t%.2f ms\t%d\t%.2f\t%s\t\n", l.Streams, l.P50, l.P99, l.P999, l.Late, l.Dropped+int64(l.Lost), l.Cores,
			map[bool]string{true: "borne", false: "too many"}[l.OK])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d real-time streams, p99 %.2f ms: %.0f messages a second, %.0f %% of the %.0f that an echo answers.\n",
		r.Max, r.P99, float64(r.Max)/r.ChunkMS*1000, 100*r.Share, r.Echo)
	fmt.Fprintf(out, "%.0f kB of memory and %.2f ms of a core for each second of audio: generator, broker and worker together.\n", float64(r.PerStream)/1000, r.CPU)
	return writeNoise(out, r.Noise)
}
