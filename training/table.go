package training

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// WriteTable prints a report for people: what the scores are worth, what the decider makes of them, how far they are from
// being probabilities, and the paired differences.
func (r *Report) WriteTable(w io.Writer) error {
	for _, part := range []func(io.Writer) error{r.writeScores, r.writeSegments, r.writeReliability, r.writeDifferences} {
		if err := part(w); err != nil {
			return err
		}
	}
	return nil
}

// writeScores prints a row per group and detector.
func (r *Report) writeScores(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "group\tdetector\titems\tmin\tROC-AUC\t95 %\tTPR@5%\tEER\tonset ms\tp95\tmissed\tfalse/min")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Group, row.Detector, row.Items,
			show(row.Seconds/60, 1), show(row.AUC, 4), span(row.Lo, row.Hi), show(row.TPR5, 3), show(row.EER, 3),
			row.delay(row.OnsetMS), row.delay(row.OnsetP95), show(row.Missed, 3), show(row.FalseHalf, 2))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, "\nonset: delay at 5 % false positives; * hears the whole recording, so this is where it puts the onset.\n"+
		"false/min: runs of 100 ms or more at 0.5 and above, per minute without speech.\n")
	return err
}

// writeSegments prints what the decider makes of the scores.
func (r *Report) writeSegments(w io.Writer) error {
	fmt.Fprintf(w, "\nSegments, as the default decider finds them in these scores (sensitivity %g):\n", r.Sensitivity)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "group\tdetector\tfalse/min\tmissed\tbridged\tannounced ms\tp95\tstart ms\tend ms")
	for _, row := range r.Rows {
		s := row.Segments
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Group, row.Detector, show(s.False, 2), show(s.Missed, 3),
			show(s.Bridged, 3), row.delay(s.Announced), row.delay(s.AnnouncedP95), lateness(s.Start), lateness(s.End))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, "\nfalse/min: segments that overlap no speech, per minute without speech. missed: stretches of speech of 100 ms or\n"+
		"more without a segment. bridged: pauses of 300 ms or more inside segments. announced: how long after the onset; * as above.\n"+
		"start, end: median error of segments; late is positive.\n")
	return err
}

// writeReliability prints how far scores are from being probabilities.
func (r *Report) writeReliability(w io.Writer) error {
	fmt.Fprint(w, "\nScores as probabilities, over all recordings (ECE: expected calibration error):\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "detector\tframes\tECE")
	for _, d := range r.Reliability {
		fmt.Fprintf(t, "%s\t%d\t%s\n", d.Detector, d.Frames, show(d.ECE, 4))
	}
	return t.Flush()
}

// writeDifferences prints a row per group and pair of detectors.
func (r *Report) writeDifferences(w io.Writer) error {
	if len(r.Differences) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nDifferences in ROC-AUC, paired over recordings (%d resamples, seed %d):\n", r.Resamples, r.Seed)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range r.Differences {
		if math.IsNaN(float64(d.AUC)) {
			continue
		}
		fmt.Fprintf(t, "%s\t%s - %s\t%+.4f\t%s\n", d.Group, d.A, d.B, float64(d.AUC), span(d.Lo, d.Hi))
	}
	return t.Flush()
}

// delay prints a delay of the row's detector in milliseconds, marked when it is no delay.
func (r *Row) delay(f Figure) string {
	s := show(f, 0)
	if !r.Bounded && s != "-" {
		s += "*"
	}
	return s
}

// show prints a figure with the given number of decimals, and a dash for one that does not exist.
func show(f Figure, decimals int) string {
	if v := float64(f); math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf("%.*f", decimals, float64(f))
}

// lateness prints whole milliseconds with their sign.
func lateness(f Figure) string {
	if show(f, 0) == "-" {
		return "-"
	}
	return fmt.Sprintf("%+.0f", math.Round(float64(f))+0) // +0 turns -0 into 0
}

func span(lo, hi Figure) string {
	if math.IsNaN(float64(lo)) {
		return "-"
	}
	return fmt.Sprintf("%.4f..%.4f", float64(lo), float64(hi))
}
