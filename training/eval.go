package training

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/streamer-audio/streamer/pipeline"
)

// Figure is a number of a report; NaN, which says that it does not exist, is null in JSON.
type Figure float64

// missing is a figure that does not exist.
var missing = Figure(math.NaN())

func (f Figure) exists() bool { return !math.IsNaN(float64(f)) }

// MarshalJSON implements json.Marshaler.
func (f Figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(f), 'g', 6, 64), nil
}

// Report is the outcome of an evaluation.
type Report struct {
	Seed        uint64        `json:"seed"`
	Resamples   int           `json:"resamples"`
	Sensitivity float64       `json:"sensitivity"`
	Rows        []Row         `json:"rows"`
	Reliability []Reliability `json:"reliability"` // of each detector, over all recordings
	Differences []Difference  `json:"differences"`
}

// Row is what one detector did on one group of recordings: all of a condition, or all with speech of one corpus.
type Row struct {
	Group     string `json:"group"` // a condition, "corpus <name>", or "all"
	Detector  string `json:"detector"`
	Items     int    `json:"items"`
	Seconds   Figure `json:"seconds"`
	Speech    Figure `json:"speech_share"`
	AUC       Figure `json:"roc_auc"` // per frame
	Lo        Figure `json:"lo"`      // 95 % interval of roc_auc, bootstrap over recordings
	Hi        Figure `json:"hi"`
	TPR5      Figure `json:"tpr5"` // at 5 % false positives
	EER       Figure `json:"eer"`
	Threshold Figure `json:"threshold"` // the operating point of 5 % false positives in this group
	Bounded   bool   `json:"bounded"`   // false: the detector hears the whole recording, onset figures are positions
	Onsets    int    `json:"onsets"`
	OnsetMS   Figure `json:"onset_ms"`     // median, at the operating point
	OnsetP95  Figure `json:"onset_p95_ms"` //
	Missed    Figure `json:"missed"`       // share of onsets
	FalseHalf Figure `json:"false_alarms_per_min"`
	FalseOp   Figure `json:"false_alarms_per_min_at_threshold"` // at the operating point of "all"

	Segments SegmentFigures `json:"segments"`
}

// Difference is how much larger the area under the curve of A is than that of B on the same recordings.
type Difference struct {
	Group string `json:"group"`
	A     string `json:"a"`
	B     string `json:"b"`
	AUC   Figure `json:"roc_auc"`
	Lo    Figure `json:"lo"` // 95 % interval, paired bootstrap over recordings
	Hi    Figure `json:"hi"`
}

// heard is a recording with all that the figures need of it; the samples are gone.
type heard struct {
	condition, corpus string
	speech            []Span
	labels            []bool
	scores            [][]float64          // of each detector
	segments          [][]pipeline.Stretch // of each detector
}

// AllSpeech is the group of all recordings that hold speech.
const AllSpeech = "all"

// EvalOptions are what an evaluation depends on besides its recordings and detectors.
type EvalOptions struct {
	Resamples   int // of the bootstrap; 0 means 1000
	Seed        uint64
	Sensitivity float64 // of the decider; 0 means 1/2, its default
	Jobs        int     // recordings at a time; changes no figure
}

// Evaluate lets each detector judge each recording of the set and compares them. The report depends on the set, the
// detectors and the options alone. Recordings are not kept: memory grows with the number of frames.
func Evaluate(ctx context.Context, set ItemSet, detectors []Detector, o EvalOptions) (*Report, error) {
	if o.Resamples == 0 {
		o.Resamples = 1000
	}
	if o.Sensitivity == 0 {
		o.Sensitivity = 0.5
	}
	if err := decider(Timing{}, o.Sensitivity).Validate(); err != nil {
		return nil, err
	}
	items := make([]heard, set.Len())
	err := parallel(ctx, max(1, o.Jobs), len(items), func(_, i int) (err error) {
		items[i], err = judge(set, i, detectors, o.Sensitivity)
		return err
	})
	if err != nil {
		return nil, err
	}
	e := &evaluation{ctx: ctx, detectors: detectors, jobs: o.Jobs,
		report: &Report{Seed: o.Seed, Resamples: o.Resamples, Sensitivity: o.Sensitivity}}
	for _, g := range groups(items) {
		if err := e.group(g); err != nil {
			return nil, err
		}
	}
	whole := group{items: items}
	for d, detector := range detectors {
		scores, labels := whole.frames(d)
		e.report.Reliability = append(e.report.Reliability, NewReliability(detector.Name(), scores, labels))
	}
	return e.report, nil
}

func judge(set ItemSet, i int, detectors []Detector, sensitivity float64) (heard, error) {
	item, err := set.Item(i)
	if err != nil {
		return heard{}, err
	}
	h := heard{condition: item.Condition, corpus: item.Corpus, speech: item.Speech, labels: item.Labels()}
	for _, d := range detectors {
		scores, err := d.Scores(item)
		if err != nil {
			return heard{}, fmt.Errorf("%s: %s: %w", item.ID, d.Name(), err)
		}
		if len(scores) != len(h.labels) || slices.ContainsFunc(scores, math.IsNaN) {
			return heard{}, fmt.Errorf("%s: %s: %d scores, or NaN among them, for %d frames", item.ID, d.Name(), len(scores), len(h.labels))
		}
		h.scores, h.segments = append(h.scores, scores), append(h.segments, decide(scores, d.Timing(), sensitivity))
	}
	return h, nil
}

// group is recordings that are judged together.
type group struct {
	name  string
	items []heard
}

// frames returns the scores of detector d and the truth, of each recording.
func (g group) frames(d int) (scores [][]float64, labels [][]bool) {
	for _, h := range g.items {
		scores, labels = append(scores, h.scores[d]), append(labels, h.labels)
	}
	return scores, labels
}

// groups returns all recordings with speech, then each condition, then each corpus, in the order of their appearance.
func groups(items []heard) []group {
	all := group{name: AllSpeech}
	var conditions, corpora []group
	add := func(list []group, name string, h heard) []group {
		i := slices.IndexFunc(list, func(g group) bool { return g.name == name })
		if i < 0 {
			list, i = append(list, group{name: name}), len(list)
		}
		list[i].items = append(list[i].items, h)
		return list
	}
	for _, h := range items {
		conditions = add(conditions, h.condition, h)
		if len(h.speech) == 0 {
			continue
		}
		all.items = append(all.items, h)
		if h.corpus != "" && h.corpus != noCorpus {
			corpora = add(corpora, "corpus "+h.corpus, h)
		}
	}
	out := conditions
	if len(all.items) > 0 && len(conditions) > 1 {
		out = append([]group{all}, conditions...)
	}
	return append(out, corpora...)
}

// evaluation gathers a report.
type evaluation struct {
	ctx       context.Context
	detectors []Detector
	report    *Report
	jobs      int
	operating []float64 // thresholds of the first group with speech, per detector
}

func (e *evaluation) group(g group) error {
	var rankings []*Ranking
	rows := make([]Row, len(e.detectors))
	for d := range e.detectors {
		ranking := NewRanking(g.frames(d))
		rankings = append(rankings, ranking)
		rows[d] = e.row(g, d, ranking.Figures(nil))
	}
	areas, err := Bootstrap(e.ctx, rankings, e.report.Resamples, e.report.Seed, e.jobs)
	if err != nil {
		return err
	}
	for d := range rows {
		interval := Percentiles(areas[d])
		rows[d].Lo, rows[d].Hi = Figure(interval.Lo), Figure(interval.Hi)
		for b := range d {
			diff := Percentiles(Differences(areas[d], areas[b]))
			e.report.Differences = append(e.report.Differences, Difference{g.name, rows[d].Detector, rows[b].Detector,
				rows[d].AUC - rows[b].AUC, Figure(diff.Lo), Figure(diff.Hi)})
		}
	}
	e.report.Rows = append(e.report.Rows, rows...)
	return nil
}

// row computes what needs no resampling.
func (e *evaluation) row(g group, d int, f Figures) Row {
	if len(e.operating) == d {
		e.operating = append(e.operating, f.Threshold)
	}
	timing := e.detectors[d].Timing()
	var onsets Onsets
	segments := segmentSum{timing: timing}
	frames, speech, falseHalf, falseOp := 0, 0, 0, 0
	for _, h := range g.items {
		onsets.MeasureOnsets(h.scores[d], h.speech, f.Threshold, timing)
		segments.add(h.segments[d], h.speech)
		falseHalf += FalseAlarms(h.scores[d], h.labels, 0.5)
		falseOp += FalseAlarms(h.scores[d], h.labels, e.operating[d])
		frames += len(h.labels)
		for _, l := range h.labels {
			if l {
				speech++
			}
		}
	}
	count := len(onsets.Delays) + onsets.Missed
	silentMinutes := float64(frames-speech) / 6000
	atOperating := Figure(float64(falseOp) / silentMinutes)
	if math.IsInf(e.operating[d], 1) { // nothing reaches a threshold that does not exist
		atOperating = Figure(math.NaN())
	}
	return Row{Group: g.name, Detector: e.detectors[d].Name(), Items: len(g.items),
		Seconds: Figure(float64(frames) / 100), Speech: Figure(float64(speech) / float64(frames)),
		AUC: Figure(f.AUC), TPR5: Figure(f.TPR5), EER: Figure(f.EER), Threshold: Figure(f.Threshold), Bounded: timing.Bounded,
		Onsets: count, OnsetMS: Figure(1000 * onsets.Quantile(0.5)), OnsetP95: Figure(1000 * onsets.Quantile(0.95)),
		Missed:    Figure(float64(onsets.Missed) / float64(count)),
		FalseHalf: Figure(float64(falseHalf) / silentMinutes), FalseOp: atOperating,
		Segments: segments.figures(silentMinutes)}
}
