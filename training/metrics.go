package training

import (
	"cmp"
	"math"
	"slices"
)

// Ranking is the frames of a set of recordings in the order of a detector's scores, highest first. From it come all
// figures that depend on the order alone, for the set itself and for resampled sets.
type Ranking struct {
	items  []int32   // recording that each frame belongs to
	speech []bool    // its label
	ends   []int     // ends of the groups of equal scores
	scores []float64 // score of each group
	count  int       // recordings
}

// NewRanking sorts the frames of all recordings. scores[i] and labels[i] belong to recording i and are equally long; NaN
// scores are not allowed.
func NewRanking(scores [][]float64, labels [][]bool) *Ranking {
	type frame struct {
		score  float64
		item   int32
		speech bool
	}
	var frames []frame
	for i, list := range scores {
		for k, s := range list {
			frames = append(frames, frame{s, int32(i), labels[i][k]})
		}
	}
	slices.SortFunc(frames, func(a, b frame) int { return cmp.Compare(b.score, a.score) })
	r := &Ranking{count: len(scores)}
	for i, f := range frames {
		r.items, r.speech = append(r.items, f.item), append(r.speech, f.speech)
		if i+1 == len(frames) || frames[i+1].score != f.score {
			r.ends, r.scores = append(r.ends, i+1), append(r.scores, f.score)
		}
	}
	return r
}

// Figures are what a ranking says of a detector. Rates are of frames; NaN where speech or its absence is missing.
type Figures struct {
	AUC       float64 // area under the ROC curve = chance that a speech frame scores higher than another; ties count half
	TPR5      float64 // true-positive rate at 5 % false positives, between thresholds by the straight line
	EER       float64 // rate at which misses and false positives are equal
	Threshold float64 // the lowest score at which at most 5 % of the frames without speech reach it; +Inf when none is
}

// falsePositives is the rate at which TPR5 and the operating point are taken.
const falsePositives = 0.05

// Figures computes the figures of the set in which recording i occurs weights[i] times; nil means once each.
func (r *Ranking) Figures(weights []float64) Figures {
	positives, negatives := r.totals(weights)
	f := Figures{AUC: math.NaN(), TPR5: math.NaN(), EER: math.NaN(), Threshold: math.Inf(1)}
	if positives == 0 || negatives == 0 {
		return f
	}
	var tp, fp, area float64
	f.TPR5, f.EER = 1, -1
	crossed := false
	start := 0
	for g, end := range r.ends {
		p, n := r.group(start, end, weights)
		start = end
		area += float64(n*tp) + float64(n*p)*0.5
		if limit := falsePositives * negatives; !crossed && fp+n > limit {
			f.TPR5, crossed = (tp+float64(p*(limit-fp))/n)/positives, true
		} else if !crossed {
			f.Threshold = r.scores[g]
		}
		// Along this group's line the miss rate falls from m to m-p/P and the false-positive rate rises from q to q+n/N.
		if m, q := 1-tp/positives, fp/negatives; f.EER < 0 && m-p/positives <= q+n/negatives {
			f.EER = q + float64((m-q)/(p/positives+n/negatives))*(n/negatives)
		}
		tp, fp = tp+p, fp+n
	}
	f.AUC = area / (positives * negatives)
	return f
}

// AUC computes the area alone, which is all that most resampled sets are asked for.
func (r *Ranking) AUC(weights []float64) float64 {
	var tp, fp, area float64
	start := 0
	for _, end := range r.ends {
		p, n := r.group(start, end, weights)
		start = end
		area += float64(n*tp) + float64(n*p)*0.5
		tp, fp = tp+p, fp+n
	}
	return area / (tp * fp)
}

// group sums the weights of the frames with and without speech in [start, end).
func (r *Ranking) group(start, end int, weights []float64) (speech, other float64) {
	for i := start; i < end; i++ {
		w := 1.0
		if weights != nil {
			w = weights[r.items[i]]
		}
		if r.speech[i] {
			speech += w
		} else {
			other += w
		}
	}
	return speech, other
}

func (r *Ranking) totals(weights []float64) (speech, other float64) {
	return r.group(0, len(r.items), weights)
}

// Onsets is how quickly a detector answers the beginnings of speech.
type Onsets struct {
	Delays []float64 // seconds, of the onsets that were answered
	Missed int       // stretches of speech of which no frame reached the threshold
}

const (
	onsetSilence = Rate / 5  // an onset follows at least so many samples without speech,
	onsetSpeech  = Rate / 10 // and begins at least so many samples of it
)

// MeasureOnsets finds, for each beginning of speech after at least 200 ms without, the first frame that reaches the
// threshold before the speech ends. The delay runs from the onset to the moment at which the answer for that frame can be
// known: the end of the detector's hop plus its latency. A detector that was on already answers with the frame of
// the onset itself. speech lists the stretches of a recording at Rate, scores one value per 10 ms.
func (o *Onsets) MeasureOnsets(scores []float64, speech []Span, threshold float64, timing Timing) {
	before := -onsetSilence // what precedes a recording is silence
	for _, s := range speech {
		silence := s.Start - before
		before = s.End
		if silence < onsetSilence || s.End-s.Start < onsetSpeech {
			continue
		}
		at := -1
		for i := s.Start / labelHop; i < min(len(scores), (s.End+labelHop-1)/labelHop); i++ {
			if scores[i] >= threshold {
				at = i
				break
			}
		}
		if at < 0 {
			o.Missed++
			continue
		}
		o.Delays = append(o.Delays, timing.known(at)-float64(s.Start)/Rate)
	}
}

// Quantile returns the value below which the given share of the delays lies; NaN when there are none.
func (o *Onsets) Quantile(share float64) float64 { return quantile(o.Delays, share) }

// quantile interpolates between the two neighbours in the sorted list.
func quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := share * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + float64((at-float64(i))*(sorted[j]-sorted[i]))
}

// falseRun is the length in frames from which a run over the threshold counts as a false alarm: 100 ms.
const falseRun = 10

// FalseAlarms counts the runs of at least 100 ms without speech that reach the threshold. Frames of speech end a run.
func FalseAlarms(scores []float64, labels []bool, threshold float64) int {
	count, run := 0, 0
	for i, s := range scores {
		if s < threshold || labels[i] {
			run = 0
			continue
		}
		if run++; run == falseRun {
			count++
		}
	}
	return count
}

// Above returns the stretches whose scores, one per 10 ms, reach a threshold.
func Above(scores []float64, threshold float64) []Span {
	marks := make([]bool, len(scores))
	for i, s := range scores {
		marks[i] = s >= threshold
	}
	spans := runs(marks, true)
	for i, s := range spans {
		spans[i] = Span{s.Start * labelHop, s.End * labelHop}
	}
	return spans
}
