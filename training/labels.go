package training

import (
	"math"
	"slices"
)

// The rule by which frames of a clean recording are called speech. All levels are those of the signal after a high-pass
// at 100 Hz (which keeps hum and rumble from raising the floor), per frame of 10 ms, in dB relative to full scale:
//
//	floor  = 10th percentile of the file's frames      peak = 95th percentile
//	speech where level > min(max(floor+12, peak-28), peak-15)
//
// The threshold lies 12 dB over the floor, but not further than 28 dB below the peak when the floor is digital silence,
// and at least 15 dB below the peak when there are hardly any pauses. A gap of up to 30 ms inside speech is filled, then
// runs shorter than 50 ms are dropped (clicks), then pauses of up to 100 ms are filled (stops between sounds of one word).
// It needs the whole file and a clean one: it labels the material before mixing, it is no detector. docs/LABELS.md shows it.
const (
	labelHighpass    = 100.0 // Hz
	labelFloorShare  = 0.10
	labelPeakShare   = 0.95
	labelOverFloor   = 12.0  // dB
	labelUnderPeak   = 28.0  // dB
	labelAtLeastDown = 15.0  // dB
	labelSilence     = -75.0 // dB: nothing below this is speech, so that a file of silence has none
	labelFillGap     = 3     // frames
	labelMinRun      = 5     // frames
	labelFillPause   = 10    // frames
)

// Span is a stretch of samples, from Start up to but not including End.
type Span struct{ Start, End int }

// Labelling is a clean recording as the rule sees it.
type Labelling struct {
	Levels                 []float64 // dB, per 10 ms
	Floor, Peak, Threshold float64   // dB
	Speech                 []Span    // in order and not touching one another
}

// LabelSpeech returns the stretches of a clean recording at Rate that hold speech, in order and not touching one
// another. Boundaries fall on multiples of 10 ms, except the end of the recording.
func LabelSpeech(samples []float32) []Span { return NewLabelling(samples).Speech }

// NewLabelling applies the rule to a clean recording at Rate and keeps what it decided by.
func NewLabelling(samples []float32) Labelling {
	l, marks := labelFrames(frameLevels(samples))
	for _, r := range runs(marks, true) {
		l.Speech = append(l.Speech, Span{r.Start * labelHop, min(r.End*labelHop, len(samples))})
	}
	return l
}

// labelFrames is the rule, from the levels of frames to which of them are speech.
func labelFrames(levels []float64) (l Labelling, marks []bool) {
	l.Levels = levels
	if len(levels) == 0 {
		return l, nil
	}
	sorted := slices.Sorted(slices.Values(levels))
	l.Floor, l.Peak = percentile(sorted, labelFloorShare), percentile(sorted, labelPeakShare)
	l.Threshold = min(max(l.Floor+labelOverFloor, l.Peak-labelUnderPeak), l.Peak-labelAtLeastDown)
	l.Threshold = max(l.Threshold, labelSilence)
	marks = make([]bool, len(levels))
	for i, level := range levels {
		marks[i] = level > l.Threshold
	}
	fillRuns(marks, false, labelFillGap)
	fillRuns(marks, true, labelMinRun-1)
	fillRuns(marks, false, labelFillPause)
	return l, marks
}

// fillRuns flips the runs of value that are at most longest frames long. Runs at the ends of the recording are flipped
// only when they are speech: silence before the first and after the last sound is no gap.
func fillRuns(marks []bool, value bool, longest int) {
	for _, r := range runs(marks, value) {
		atEnd := r.Start == 0 || r.End == len(marks)
		if r.End-r.Start > longest || (atEnd && !value) {
			continue
		}
		for i := r.Start; i < r.End; i++ {
			marks[i] = !value
		}
	}
}

// runs returns the maximal stretches of marks that equal value.
func runs(marks []bool, value bool) []Span {
	var out []Span
	for i := 0; i < len(marks); i++ {
		if marks[i] != value {
			continue
		}
		start := i
		for i < len(marks) && marks[i] == value {
			i++
		}
		out = append(out, Span{start, i})
	}
	return out
}

// frameLevels returns the level in dB of each 10 ms frame after the high-pass; the last frame may be shorter.
func frameLevels(samples []float32) []float64 {
	filter := highpass(labelHighpass, math.Sqrt2/2)
	levels := make([]float64, 0, (len(samples)+labelHop-1)/labelHop)
	for start := 0; start < len(samples); start += labelHop {
		frame := samples[start:min(start+labelHop, len(samples))]
		var energy float64
		for _, x := range frame {
			y := filter.next(float64(x))
			energy += float64(y * y)
		}
		levels = append(levels, powerLevel(energy/float64(len(frame))))
	}
	return levels
}

// powerLevel converts a mean square into dB relative to a full-scale mean square of 1, not under -120 dB.
func powerLevel(meanSquare float64) float64 { return 10 * math.Log10(meanSquare+1e-12) }

// percentile returns the value at the given share of an ascending list that is not empty.
func percentile(sorted []float64, share float64) float64 {
	return sorted[int(math.Round(share*float64(len(sorted)-1)))]
}

// spanFrames writes 1 into out[i] where more than half of the samples [i*hop, (i+1)*hop) lie inside spans, else 0.
func spanFrames(out []float32, spans []Span, hop int) {
	clear(out)
	for _, s := range spans {
		// Frame i is covered when its middle lies inside: ceil((edge - hop/2) / hop) on either side.
		first := max(0, (s.Start-hop/2+hop-1)/hop)
		end := min(len(out), (s.End-hop/2+hop-1)/hop)
		for i := first; i < end; i++ {
			out[i] = 1
		}
	}
}
