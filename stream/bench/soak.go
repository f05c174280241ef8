package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/streamer-audio/streamer/stream"
)

// SoakConfig says what [Soak] measures.
type SoakConfig struct {
	Config
	Streams  int
	Duration time.Duration
	Life     time.Duration // of a session; then a stream of another name takes its place
	Every    time.Duration // between two samples of the memory
}

// SoakReport is how a worker did over a long time.
type SoakReport struct {
	Bench      string       `json:"bench"` // soak
	Streams    int          `json:"streams"`
	ChunkMS    float64      `json:"chunk_ms"`
	Seconds    float64      `json:"seconds"`
	Host       Host         `json:"host"`
	Sessions   int64        `json:"sessions"` // opened
	Left       int64        `json:"left"`     // not ended when all had been told to
	Chunks     int64        `json:"chunks"`
	Dropped    int64        `json:"dropped"`
	Gaps       int64        `json:"gaps"`
	Errors     int64        `json:"errors"`
	Samples    []SoakSample `json:"samples"`
	Heap       float64      `json:"heap_growth"`       // of the last quarter over the second one: 0.01 is 1 % more
	Goroutines float64      `json:"goroutines_growth"` // the same
	Noise      string       `json:"noise,omitempty"`
}

// SoakSample is the state of the process at one moment.
type SoakSample struct {
	At float64 `json:"at_s"`
	memory
	Known int64   `json:"streams_known"` // with a queue, some ended already
	Open  int64   `json:"open_sessions"`
	P99   float64 `json:"p99_ms"` // from arrival to answer, since the last sample
	Cores float64 `json:"cores"`
}

// Soak plays streams that come and go for a long time and watches the memory.
func Soak(ctx context.Context, c SoakConfig) (report *SoakReport, err error) {
	if c.Streams < 1 || c.Streams > 1<<16 || c.Life < 10*c.Chunk || c.Every < time.Second || c.Duration < 4*c.Every {
		return nil, errors.New("give 1 to 65536 streams, sessions of at least 10 chunks, and at least 4 samples 1s apart")
	}
	r, err := newRig(ctx, c.Config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	report = &SoakReport{Bench: "soak", Streams: c.Streams, ChunkMS: ms(c.Chunk), Seconds: c.Duration.Seconds()}
	load := startMeter()
	w := &soakWatch{rig: r, report: report, took: newHistogram(), begun: time.Now(), say: c.say}
	r.also = w.traced
	stop := make(chan struct{})
	watched := make(chan struct{})
	go func() { defer close(watched); w.run(stop, c.Every) }()
	churn := newChurn(r, &c)
	err = churn.run(ctx)
	close(stop)
	<-watched
	if err == nil {
		err = churn.finish()
	}
	if err == nil {
		err = r.quiet(ctx)
	}
	s := r.worker.Stats()
	report.Sessions, report.Left, report.Chunks = s.Sessions, s.OpenSessions, churn.sent
	report.Dropped, report.Gaps, report.Errors = s.Dropped+s.SlowConsumer, s.Gaps, s.Errors
	report.trend()
	load.stop(&report.Host)
	report.Noise = report.Host.Noisy()
	return report, err
}

// churn sends chunks of streams whose sessions end and make place for others.
type churn struct {
	r          *rig
	c          *SoakConfig
	plan       plan
	msgs       []*nats.Msg
	generation []int
	sent       int64
}

func newChurn(r *rig, c *SoakConfig) *churn {
	k := &churn{r: r, c: c, msgs: make([]*nats.Msg, c.Streams), generation: make([]int, c.Streams),
		plan: plan{streams: c.Streams, chunk: c.Chunk, chunks: int(c.Duration / c.Chunk), speech: c.Speech}}
	for s := range k.generation {
		k.generation[s] = -1
	}
	return k
}

func (k *churn) run(ctx context.Context) error {
	start := time.Now()
	for i := 0; i < k.plan.messages(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		if wait := k.plan.due(i) - time.Since(start); wait > 0 {
			k.plan.await(wait)
			continue
		}
		now := time.Since(start)
		for ; i < k.plan.messages() && k.plan.due(i) <= now; i++ {
			if err := k.send(i/k.plan.streams, i%k.plan.streams); err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends a chunk of slot s, whose sessions end at other times than those of
// its neighbours.
func (k *churn) send(chunk, s int) error {
	life := int(k.c.Life / k.c.Chunk)
	generation := (chunk + s*life/k.plan.streams) / life
	var header nats.Header
	if generation != k.generation[s] {
		if err := k.end(s); err != nil {
			return err
		}
		k.generation[s] = generation
		k.msgs[s] = &nats.Msg{Subject: fmt.Sprintf("audio.soak-%d-%d", s, generation)}
		header = nats.Header{stream.HeaderSession: {nuid.Next()}}
	}
	size := k.plan.bytes()
	at := (chunk + s) % (len(k.plan.speech) / size) * size
	k.msgs[s].Data, k.msgs[s].Header = k.plan.speech[at:at+size], header
	k.sent++
	return k.r.source.PublishMsg(k.msgs[s])
}

func (k *churn) end(s int) error {
	if k.msgs[s] == nil {
		return nil
	}
	return k.r.source.PublishMsg(&nats.Msg{Subject: k.msgs[s].Subject, Header: nats.Header{stream.HeaderControl: {string(stream.End)}}})
}

func (k *churn) finish() error {
	for s := range k.msgs {
		if err := k.end(s); err != nil {
			return err
		}
	}
	return k.r.source.FlushTimeout(10 * time.Second)
}

// soakWatch samples the process.
type soakWatch struct {
	rig    *rig
	report *SoakReport
	begun  time.Time
	say    func(string, ...any)

	mu   sync.Mutex
	took histogram
}

func (w *soakWatch) traced(t *stream.Traced) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took.add(t.Done.Sub(t.Arrived))
}

func (w *soakWatch) run(stop <-chan struct{}, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	load := startMeter()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		s := w.rig.worker.Stats()
		sample := SoakSample{At: round2(time.Since(w.begun).Seconds()), memory: readMemory(), Known: s.Streams, Open: s.OpenSessions, Cores: load.cores()}
		w.mu.Lock()
		sample.P99 = round2(w.took.quantiles().P99 / 1000)
		w.took = newHistogram()
		w.mu.Unlock()
		load = startMeter()
		w.report.Samples = append(w.report.Samples, sample)
		w.say("%s: %d open sessions, %.1f MB, %d goroutines, p99 %.2f ms", strconv.FormatFloat(sample.At, 'f', 0, 64)+" s", sample.Open,
			float64(sample.Heap)/1e6, sample.Goroutines, sample.P99)
	}
}

// trend compares the last quarter of the samples with the second: the first one
// fills what ended streams are remembered with.
func (r *SoakReport) trend() {
	n := len(r.Samples) / 4
	mean := func(part []SoakSample, of func(SoakSample) float64) (sum float64) {
		for _, s := range part {
			sum += of(s) / float64(len(part))
		}
		return sum
	}
	growth := func(of func(SoakSample) float64) float64 {
		before := mean(r.Samples[n:2*n], of)
		if n == 0 || before == 0 {
			return 0
		}
		return mean(r.Samples[len(r.Samples)-n:], of)/before - 1
	}
	r.Heap = growth(func(s SoakSample) float64 { return float64(s.memory.Heap) })
	r.Goroutines = growth(func(s SoakSample) float64 { return float64(s.memory.Goroutines) })
}

// WriteText prints the report for people.
func (r *SoakReport) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%s\n%d streams, chunks of %g ms, %.0f s\n\n", &r.Host, r.Streams, r.ChunkMS, r.Seconds)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "at\tsessions\tstreams\theap\tgoroutines\tp99\tcores\t")
	step := max(1, len(r.Samples)/15)
	for i := step - 1; i < len(r.Samples); i += step {
		s := r.Samples[i]
		fmt.Fprintf(w, "%.0f s\t%d\t%d\t%.1f MB\t%d\t%.2f ms\t%.2f\t\n", s.At, s.Open, s.Known, float64(s.memory.Heap)/1e6, s.memory.Goroutines, s.P99, s.Cores)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d chunks of %d sessions; %d dropped, %d gaps, %d errors, %d sessions left open.\n", r.Chunks, r.Sessions, r.Dropped, r.Gaps, r.Errors, r.Left)
	fmt.Fprintf(out, "From the second quarter to the last: heap %+.1f %%, goroutines %+.1f %%.\n", 100*r.Heap, 100*r.Goroutines)
	return writeNoise(out, r.Noise)
}
