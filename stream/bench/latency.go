package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// LatencyConfig says what [Latency] measures. The pipeline must answer with
// frames, so that each chunk has exactly one answer.
type LatencyConfig struct {
	Config
	Streams  int
	Duration time.Duration // of each of the Rounds, of the worker and of the echo
	Rounds   int
}

// LatencyReport is how long chunks wait for their answers.
type LatencyReport struct {
	Bench   string  `json:"bench"` // latency
	Streams int     `json:"streams"`
	ChunkMS float64 `json:"chunk_ms"`
	Method  string  `json:"method"`
	Host    Host    `json:"host"`

	Ours Quantiles `json:"ours"` // from when a chunk was due to its answer
	Echo Quantiles `json:"echo"` // the same for the message sent back by an echo
	Over Quantiles `json:"over"` // ours minus echo

	Late      Quantiles `json:"late"`         // the generator, worker and echo alike; part of ours and echo
	Algorithm float64   `json:"algorithm_ms"` // what the model hears of the future; not part of ours
	Stages    []Stage   `json:"stages"`
	Warm      Split     `json:"compute_warm"` // what compute would take if nothing had cooled down since the last chunk

	Rounds    []Round `json:"rounds"`
	Lost      int     `json:"lost"` // without an answer
	CoresUsed float64 `json:"cores_used"`
	Histogram []Bar   `json:"histogram"` // of ours
	EchoBars  []Bar   `json:"echo_histogram"`
	Noise     string  `json:"noise,omitempty"` // why the times cannot be trusted
}

// Stage is one part of the way of a chunk; the means add up to that of ours.
type Stage struct {
	Name string `json:"name"`
	Quantiles
}

// Split is what a chunk's compute consists of, in microseconds, measured by
// [Steps].
type Split struct {
	Features float64 `json:"features_us"`
	Model    float64 `json:"model_us"`
	Decide   float64 `json:"decide_us"`
}

// Round is what one round of each measured, in microseconds.
type Round struct {
	Ours float64 `json:"ours_p50_us"`
	Echo float64 `json:"echo_p50_us"`
}

const latencyMethod = "open loop on an absolute schedule; from when the chunk was due to its frame event; rounds of worker and echo by turns over the same server with the same messages; every role on a connection of its own in one process"

// warmUp is how long a schedule runs before its times count, at most.
const warmUp = time.Second

// schedule is a plan for n streams and some time; the messages before warm do
// not count.
func (c *Config) schedule(name string, n int, d time.Duration) (p plan, warm int) {
	before := int(min(warmUp, d) / c.Chunk)
	return plan{name: name, streams: n, chunk: c.Chunk, chunks: before + int(d/c.Chunk), numbered: c.Numbered, speech: c.Speech}, before * n
}

// stagesOf splits a chunk's way at the times that are known. A message may
// arrive before the one who sent it has looked at the clock; then that look is
// taken to be the arrival.
var stagesOf = []struct {
	name string
	time func(m *run, i int) int64
}{
	{"generator late", func(m *run, i int) int64 { return m.left(i) - int64(m.due(i)) }},
	{"network in", func(m *run, i int) int64 { return m.arrived.at(i) - m.left(i) }},
	{"queue", func(m *run, i int) int64 { return m.begun.at(i) - m.arrived.at(i) }},
	{"compute", func(m *run, i int) int64 { return m.computing(i) }},
	{"publish", func(m *run, i int) int64 { return m.answered(i) - m.begun.at(i) - m.computing(i) }},
	{"network out", func(m *run, i int) int64 { return m.back.at(i) - m.answered(i) }},
}

func (m *run) left(i int) int64     { return min(m.sent.at(i), m.arrived.at(i)) }
func (m *run) answered(i int) int64 { return min(m.done.at(i), m.back.at(i)) }
func (m *run) computing(i int) int64 {
	return min(m.done.at(i)-m.publishing.at(i), m.answered(i)) - m.begun.at(i)
}

// Latency measures how long after it was due a chunk is answered.
func Latency(ctx context.Context, c LatencyConfig) (report *LatencyReport, err error) {
	if c.Streams < 1 || c.Streams > 1<<16 || c.Rounds < 1 || c.Duration < 2*c.Chunk || c.Duration > time.Hour {
		return nil, errors.New("give 1 to 65536 streams, at least 1 round, and two chunks to 1h for each")
	}
	r, err := newRig(ctx, c.Config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	report = &LatencyReport{Bench: "latency", Streams: c.Streams, ChunkMS: ms(c.Chunk), Method: latencyMethod}
	if seconds, bounded := c.Pipeline.Latency(rate); bounded {
		report.Algorithm = 1000 * seconds
	}
	t := newTally()
	load := startMeter()
	for round := range c.Rounds {
		c.say("round %d of %d", round+1, c.Rounds)
		for _, what := range []purpose{throughEcho, frames} {
			p, warm := c.schedule(fmt.Sprintf("r%d-", round), c.Streams, c.Duration)
			m, err := r.play(ctx, p, warm, what)
			if err != nil {
				return nil, err
			}
			t.add(m, what)
		}
	}
	load.stop(&report.Host)
	t.report(report)
	steps, err := Steps(c.Config)
	if err != nil {
		return nil, err
	}
	frames := (steps.Session - steps.Decide) / (steps.Features + steps.Model)
	report.Warm = Split{tenth(steps.Features * frames), tenth(steps.Model * frames), tenth(steps.Decide)}
	return report, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// tally gathers the times of several rounds.
type tally struct {
	ours, echo, late histogram
	stages           []histogram
	rounds           []Round
	cores            []float64
	lost             int
}

func newTally() *tally {
	t := &tally{ours: newHistogram(), echo: newHistogram(), late: newHistogram()}
	for range stagesOf {
		t.stages = append(t.stages, newHistogram())
	}
	return t
}

func (t *tally) add(m *run, what purpose) {
	all, this := t.ours, newHistogram()
	if what == throughEcho {
		all = t.echo
		t.rounds = append(t.rounds, Round{})
	} else {
		t.cores = append(t.cores, m.cores)
	}
	for i := m.warm; i < m.messages(); i++ {
		t.late.add(time.Duration(m.sent.at(i)) - m.due(i))
		if m.back.at(i) == 0 {
			t.lost++
			continue
		}
		took := time.Duration(m.back.at(i)) - m.due(i)
		all.add(took)
		this.add(took)
		if what == frames && m.done.at(i) != 0 {
			for s, stage := range stagesOf {
				t.stages[s].add(time.Duration(stage.time(m, i)))
			}
		}
	}
	last := &t.rounds[len(t.rounds)-1]
	if what == throughEcho {
		last.Echo = this.quantiles().P50
	} else {
		last.Ours = this.quantiles().P50
	}
}

func (t *tally) report(r *LatencyReport) {
	r.Ours, r.Echo, r.Late = t.ours.quantiles(), t.echo.quantiles(), t.late.quantiles()
	o, e := r.Ours, r.Echo
	r.Over = Quantiles{Count: o.Count, Mean: tenth(o.Mean - e.Mean), P50: tenth(o.P50 - e.P50), P90: tenth(o.P90 - e.P90), P99: tenth(o.P99 - e.P99),
		P999: tenth(o.P999 - e.P999), Max: tenth(o.Max - e.Max)}
	for i, h := range t.stages {
		r.Stages = append(r.Stages, Stage{stagesOf[i].name, h.quantiles()})
	}
	r.Rounds, r.Lost, r.Histogram, r.EchoBars = t.rounds, t.lost, t.ours.bars(), t.echo.bars()
	for _, c := range t.cores {
		r.CoresUsed += c / float64(len(t.cores))
	}
	r.CoresUsed = round2(r.CoresUsed)
	if r.Noise = r.Host.Noisy(); r.Noise == "" {
		r.Noise = unsteady(t.rounds)
	}
}

func tenth(v float64) float64 { return math.Round(10*v) / 10 }

// unsteady tells when rounds of the same thing do not agree.
func unsteady(rounds []Round) string {
	for name, of := range map[string]func(Round) float64{"worker": func(r Round) float64 { return r.Ours }, "echo": func(r Round) float64 { return r.Echo }} {
		var all []float64
		for _, r := range rounds {
			all = append(all, of(r))
		}
		if len(all) < 3 {
			continue
		}
		slices.Sort(all)
		if low, high := all[len(all)/4], all[len(all)*3/4]; high > 1.3*low {
			return fmt.Sprintf("rounds of the %s differ: medians of %s and %s", name, short(low), short(high))
		}
	}
	return ""
}

// WriteText prints the report for people.
func (r *LatencyReport) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%s\n%d streams, chunks of %g ms, %d rounds; %.2f cores used. From when a chunk was due to its answer:\n\n",
		&r.Host, r.Streams, r.ChunkMS, len(r.Rounds), r.CoresUsed)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tp50\tp90\tp99\tp99.9\tmax\tmean\t")
	row := func(name string, q Quantiles) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name, short(q.P50), short(q.P90), short(q.P99), short(q.P999), short(q.Max), short(q.Mean))
	}
	row("worker", r.Ours)
	row("echo", r.Echo)
	row("worker - echo", r.Over)
	fmt.Fprintf(w, "worker / echo\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", ratio(r.Ours.P50, r.Echo.P50), ratio(r.Ours.P90, r.Echo.P90),
		ratio(r.Ours.P99, r.Echo.P99), ratio(r.Ours.P999, r.Echo.P999), ratio(r.Ours.Max, r.Echo.Max), ratio(r.Ours.Mean, r.Echo.Mean))
	fmt.Fprintln(w, "\t\t\t\t\t\t\t")
	for _, s := range r.Stages {
		row(s.Name, s.Quantiles)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nCompute, when all of it is in the caches: features %s, model %s, decide %s.\n", short(r.Warm.Features), short(r.Warm.Model), short(r.Warm.Decide))
	fmt.Fprintf(out, "The model itself hears %.4g ms ahead, which no machine can shorten; it comes on top.\n", r.Algorithm)
	if r.Lost > 0 {
		fmt.Fprintf(out, "%d chunks were not answered.\n", r.Lost)
	}
	fmt.Fprintln(out)
	writeBars(out, r.Histogram)
	return writeNoise(out, r.Noise)
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func writeNoise(out io.Writer, noise string) error {
	if noise == "" {
		return nil
	}
	_, err := fmt.Fprintf(out, "\nThe machine was too noisy to tell: %s. Measure again when it is idle.\n", noise)
	return err
}
