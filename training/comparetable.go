package training

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteTable prints a comparison for people, a row per point.
func (c *Comparison) WriteTable(w io.Writer) error {
	write := c.writeTruth
	if !c.Labelled {
		write = c.writeAgreement
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	write(t)
	if err := t.Flush(); err != nil {
		return err
	}
	noun := "recordings"
	if c.Recordings == 1 {
		noun = "recording"
	}
	_, err := fmt.Fprintf(w, "\n%d %s, %.1f min; 95 %% intervals from %d resamples of %d %s, seed %d.\n",
		c.Recordings, noun, float64(c.Seconds)/60, c.Resamples, c.Units, c.Resampled, c.Seed)
	if err == nil && !c.Labelled {
		_, err = fmt.Fprintf(w, "Without labels, what %s decides stands in for the truth; --labels DIR measures against the truth itself.\n", c.Full)
	}
	return err
}

// writeTruth prints figures of labelled recordings.
func (c *Comparison) writeTruth(t io.Writer) {
	several := false
	for _, p := range c.Points {
		several = several || len(p.Seeds) > 0
	}
	fmt.Fprint(t, "model\tlatency ms\tmean\tROC-AUC\t95 %\tgain\t95 %\trecovered\tTPR@5%\tEER\tonset ms\toffset ms\tCPU ms/s\tstate kB")
	if several {
		fmt.Fprint(t, "\tseeds")
	}
	fmt.Fprintln(t)
	for _, p := range c.Points {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", p.Model, wait(p.Latency), wait(p.LatencyMean), show(p.AUC, 4), span(p.Lo, p.Hi),
			signed(p.Gain), signedSpan(p.GainLo, p.GainHi), percent(p.Recovered), show(p.TPR5, 3), show(p.EER, 3),
			show(p.Onset, 0), show(p.Offset, 0), show(p.CPU, 2), p.state())
		if several {
			fmt.Fprintf(t, "\t%d", max(1, len(p.Seeds)))
		}
		fmt.Fprintln(t)
	}
}

// writeAgreement prints figures of recordings without labels.
func (c *Comparison) writeAgreement(t io.Writer) {
	fmt.Fprintln(t, "model\tlatency ms\tmean\tAUC vs full\t95 %\tdiffers\tCPU ms/s\tstate kB")
	for _, p := range c.Points {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Model, wait(p.Latency), wait(p.LatencyMean), show(p.VsFull, 4), span(p.VsFullLo, p.VsFullHi),
			show(100*p.Disagreement, 2)+" %", show(p.CPU, 2), p.state())
	}
}

// wait prints a latency.
func wait(f Figure) string {
	if s := show(f, 0); s != "-" {
		return s
	}
	return "all"
}

func signedSpan(lo, hi Figure) string {
	if show(lo, 0) == "-" {
		return "-"
	}
	return signed(lo) + ".." + signed(hi)
}

func percent(f Figure) string {
	if s := show(100*f, 0); s != "-" {
		return s + " %"
	}
	return "-"
}

// state prints the memory of one stream, with what comes to it each second.
func (p *ComparedPoint) state() string {
	s := fmt.Sprintf("%.1f", float64(p.StateBytes)/1000)
	if p.BytesPerSec > 0 {
		s += fmt.Sprintf(" + %.1f/s", float64(p.BytesPerSec)/1000)
	}
	return s
}
