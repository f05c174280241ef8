package training

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// WriteTable prints a report for people: a row per group and detector, then the paired differences.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "group\tdetector\titems\tmin\tROC-AUC\t95 %\tTPR@5%\tEER\tonset ms\tp95\tmissed\tfalse/min")
	for _, row := range r.Rows {
		onset, p95 := show(row.OnsetMS, 0), show(row.OnsetP95, 0)
		if !row.Bounded && row.Onsets > 0 {
			onset, p95 = onset+"*", p95+"*"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Group, row.Detector, row.Items,
			show(row.Seconds/60, 1), show(row.AUC, 4), span(row.Lo, row.Hi), show(row.TPR5, 3), show(row.EER, 3),
			onset, p95, show(row.Missed, 3), show(row.FalseHalf, 2))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, "\nonset: delay at 5 % false positives; * hears the whole recording, so this is where it puts the onset.\n"+
		"false/min: runs of 100 ms or more at 0.5 and above, per minute without speech.\n")
	if len(r.Differences) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nDifferences in ROC-AUC, paired over recordings (%d resamples, seed %d):\n", r.Resamples, r.Seed)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range r.Differences {
		if math.IsNaN(float64(d.AUC)) {
			continue
		}
		fmt.Fprintf(t, "%s\t%s - %s\t%+.4f\t%s\n", d.Group, d.A, d.B, float64(d.AUC), span(d.Lo, d.Hi))
	}
	return t.Flush()
}

// show prints a figure with the given number of decimals, and a dash for one that does not exist.
func show(f Figure, decimals int) string {
	if v := float64(f); math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf("%.*f", decimals, float64(f))
}

func span(lo, hi Figure) string {
	if math.IsNaN(float64(lo)) {
		return "-"
	}
	return fmt.Sprintf("%.4f..%.4f", float64(lo), float64(hi))
}
