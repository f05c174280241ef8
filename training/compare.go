package training

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/pipeline"
)

// Comparison says what waiting buys: for each of several ways of hearing the same recordings, how long it waits, how well
// it hears and what it costs.
type Comparison struct {
	Points []ComparedPoint `json:"points"` // by latency, the whole recording last

	Recordings  int     `json:"recordings"`
	Seconds     Figure  `json:"seconds"`
	Labelled    bool    `json:"labelled"`
	Causal      string  `json:"causal"`    // the point of least latency, which gains are over
	Full        string  `json:"full"`      // the point that hears whole recordings; empty: none does
	Resampled   string  `json:"resampled"` // what the bootstrap draws: "files", or "30 s stretches" of few recordings
	Units       int     `json:"units"`     // how many of them there are
	Resamples   int     `json:"resamples"`
	Seed        uint64  `json:"seed"`
	Sensitivity float64 `json:"sensitivity"`
	// ResamplerMS is what the recordings' own rates would add to the latency of live streams, at most.
	ResamplerMS Figure `json:"resampler_ms"`

	contest
}

// ComparedPoint is one way of hearing. Intervals are of 95 %, from a bootstrap that is paired over the points. Figures that
// do not exist are null in JSON: those of truth without labels, intervals of a single recording without length.
type ComparedPoint struct {
	Model  string `json:"model"`
	Family string `json:"family"`
	// Algorithmic latency at 16 kHz, the rate at which recordings are compared; null: the whole recording. At other rates
	// a live stream waits for the resampler too: ResamplerMS.
	Latency     Figure `json:"latency_ms"`
	LatencyMean Figure `json:"latency_ms_mean"` // over the frames: less than Latency where blocks are answered together

	AUC  Figure `json:"roc_auc"` // per frame, mean over seeds
	Lo   Figure `json:"lo"`
	Hi   Figure `json:"hi"`
	TPR5 Figure `json:"tpr5"` // at 5 % false positives
	EER  Figure `json:"eer"`  // where misses and false positives are equally frequent

	Gain      Figure `json:"gain"` // of roc_auc over that of the causal point
	GainLo    Figure `json:"gain_lo"`
	GainHi    Figure `json:"gain_hi"`
	Recovered Figure `json:"recovered"` // gain as a share of the full point's; null unless that is surely more than 0

	// Medians from a true onset or end of speech to its announcement by the decider; null where the whole recording is
	// heard first.
	Onset  Figure `json:"onset_ms"`
	Offset Figure `json:"offset_ms"`

	Disagreement Figure `json:"disagreement"` // share of the frames on another side of 0.5 than the full point's
	VsFull       Figure `json:"auc_vs_full"`  // area under the curve with the full point's decisions as truth, without labels
	VsFullLo     Figure `json:"auc_vs_full_lo"`
	VsFullHi     Figure `json:"auc_vs_full_hi"`

	CPU         Figure `json:"cpu_ms_per_s"` // of one core per second of audio: features, model and decider, by the clock
	StateBytes  int    `json:"state_bytes"`  // of one stream: its largest snapshot within 10 s
	BytesPerSec int    `json:"bytes_per_s"`  // by which that grows as audio comes

	Segments *SegmentFigures `json:"segments"`        // null without labels
	Seeds    []Figure        `json:"seeds,omitempty"` // roc_auc of each training, where there are several
}

// CompareOptions are what a comparison depends on besides recordings and candidates.
type CompareOptions struct {
	Unlabelled  bool // nothing is known of the recordings: the full answer stands in for the truth
	Resamples   int  // of the bootstrap; 0 means 1000
	Seed        uint64
	Sensitivity float64 // of the decider; 0 means 1/2, its default
	Jobs        int     // recordings at a time; changes no figure but those of time

	Rates []int // sample rates of the recordings as they were, Hz; none: 16 kHz

	Progress func(what string, done, of int) // may be nil; called by one goroutine at a time
}

// contest is what a comparison gathers on the way to its figures.
type contest struct {
	set      ItemSet
	entrants []*entrant // in the order of the points
	items    []heard
	truth    [][]bool // of each item
	options  CompareOptions
	reports  sync.Mutex // held to call options.Progress
}

// entrant is a candidate with what is found out about it.
type entrant struct {
	point   *ComparedPoint
	timing  Timing
	members []member           // one for each training
	pipe    *pipeline.Pipeline // around the first one, to measure what it costs
	areas   []float64          // in each resample, mean over the seeds drawn
}

// member is one training as a detector.
type member struct {
	Detector
	seed int // index
	at   int // among the detectors of a recording
}

// Compare lets each candidate hear each recording of the set. Figures depend on these and on the options alone, except for
// CPU, which is measured on one candidate after the other when all else is done. Recordings are not kept: memory grows
// by 8 bytes for each frame and model.
func Compare(ctx context.Context, set ItemSet, candidates []Candidate, o CompareOptions) (*Comparison, error) {
	var entrants []*entrant
	for _, c := range candidates {
		e, err := newEntrant(c, o.Sensitivity)
		if err != nil {
			return nil, err
		}
		entrants = append(entrants, e)
	}
	c, err := newComparison(set, entrants, o)
	if err != nil {
		return nil, err
	}
	if err := c.judge(ctx); err != nil {
		return nil, err
	}
	if err := c.rank(ctx); err != nil {
		return nil, err
	}
	if err := c.measure(ctx); err != nil {
		return nil, err
	}
	for _, e := range c.entrants {
		c.Points = append(c.Points, *e.point)
	}
	c.ResamplerMS = resamplerMS(c.entrants[0].pipe, o.Rates)
	return c, nil
}

// resamplerMS is how many milliseconds a pipeline waits longer at any of the rates than at 16 kHz.
func resamplerMS(p *pipeline.Pipeline, rates []int) (most Figure) {
	least, _ := p.Latency(Rate)
	for _, rate := range rates {
		if seconds, bounded := p.Latency(rate); bounded {
			most = max(most, Figure(1000*(seconds-least)))
		}
	}
	return most
}

func newEntrant(c Candidate, sensitivity float64) (*entrant, error) {
	e := &entrant{point: &ComparedPoint{Model: c.Name, Family: c.Family, Latency: missing, LatencyMean: missing}}
	for seed, m := range c.Models {
		if m == nil {
			continue
		}
		d, err := NewModelDetector(c.Name, m)
		if err != nil {
			return nil, err
		}
		e.members = append(e.members, member{Detector: d, seed: seed})
		if e.pipe != nil {
			continue
		}
		config := pipeline.DefaultConfig()
		config.MaxDelay, config.Decider.Sensitivity = models.Unbounded, sensitivity
		if e.pipe, err = pipeline.New(m, config); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		e.timing = d.Timing()
		if seconds, bounded := e.pipe.Latency(Rate); bounded {
			mean, _ := e.pipe.MeanLatency(Rate)
			e.point.Latency, e.point.LatencyMean = Figure(1000*seconds), Figure(1000*mean)
		}
	}
	if len(e.members) == 0 {
		return nil, fmt.Errorf("%s: a candidate without a model", c.Name)
	}
	return e, nil
}

func newComparison(set ItemSet, entrants []*entrant, o CompareOptions) (*Comparison, error) {
	if o.Resamples == 0 {
		o.Resamples = 1000
	}
	if o.Sensitivity == 0 {
		o.Sensitivity = 0.5
	}
	if err := decider(Timing{}, o.Sensitivity).Validate(); err != nil {
		return nil, err
	}
	if len(entrants) == 0 || set.Len() == 0 {
		return nil, fmt.Errorf("%d models and %d recordings: comparing takes at least one of each", len(entrants), set.Len())
	}
	o.Jobs = max(1, o.Jobs)
	slices.SortStableFunc(entrants, func(a, b *entrant) int { return sooner(a.point, b.point) })
	c := &Comparison{Recordings: set.Len(), Labelled: !o.Unlabelled, Causal: entrants[0].point.Model,
		Resamples: o.Resamples, Seed: o.Seed, Sensitivity: o.Sensitivity,
		contest: contest{set: set, entrants: entrants, options: o}}
	at := 0
	for _, e := range entrants {
		for i := range e.members {
			e.members[i].at = at
			at++
		}
	}
	if full := c.full(); full != nil {
		c.Full = full.point.Model
	} else if o.Unlabelled {
		return nil, errors.New("without labels models are compared with one that hears the whole recording, and none of these does: " +
			"add a bidirectional one, or give labels")
	}
	return c, nil
}

// sooner orders points by latency, then by its mean; the whole recording comes last.
func sooner(a, b *ComparedPoint) int {
	for _, pair := range [][2]Figure{{a.Latency, b.Latency}, {a.LatencyMean, b.LatencyMean}} {
		x, y := pair[0], pair[1]
		switch {
		case x.exists() && (!y.exists() || x < y):
			return -1
		case y.exists() && (!x.exists() || y < x):
			return 1
		}
	}
	return 0
}

// full is the first entrant that hears the whole recording, nil if none does.
func (c *contest) full() *entrant {
	i := slices.IndexFunc(c.entrants, func(e *entrant) bool { return !e.timing.Bounded })
	if i < 0 {
		return nil
	}
	return c.entrants[i]
}

// members returns those of all entrants in their order.
func (c *contest) members() (all []member) {
	for _, e := range c.entrants {
		all = append(all, e.members...)
	}
	return all
}

func (c *contest) progress(what string, done, of int) {
	if c.options.Progress != nil {
		c.reports.Lock()
		defer c.reports.Unlock()
		c.options.Progress(what, done, of)
	}
}

// judge lets all members hear all recordings, each while it is in memory, and settles what the truth is.
func (c *Comparison) judge(ctx context.Context) error {
	var detectors []Detector
	var done atomic.Int64
	c.items = make([]heard, c.set.Len())
	members := c.members()
	for _, m := range members {
		detectors = append(detectors, reporting{m, func() { c.progress("hearing", int(done.Add(1)), len(members)*len(c.items)) }})
	}
	err := parallel(ctx, c.options.Jobs, len(c.items), func(_, i int) (err error) {
		c.items[i], err = judge(c.set, i, detectors, c.Sensitivity)
		return err
	})
	if err != nil {
		return err
	}
	for _, h := range c.items {
		c.Seconds += Figure(float64(len(h.labels)) * frameSeconds)
		if c.Labelled {
			c.truth = append(c.truth, h.labels)
		} else {
			c.truth = append(c.truth, overHalf(h.scores[c.full().members[0].at]))
		}
	}
	return nil
}

// reporting is a detector that tells when it has heard a recording.
type reporting struct {
	Detector
	heard func()
}

func (r reporting) Scores(item *Item) ([]float64, error) {
	defer r.heard()
	return r.Detector.Scores(item)
}

func overHalf(scores []float64) []bool {
	over := make([]bool, len(scores))
	for i, s := range scores {
		over[i] = s > 0.5
	}
	return over
}
