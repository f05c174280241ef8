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
	if c.ResamplerMS > 0 {
		fmt.Fprintf(w, "\nLive streams at these recordings' own rates wait up to %.1f ms longer, for the resampler.", float64(c.ResamplerMS))
	}
	_, err := fmt.Fprintf(w, "\n%s; 95 %% intervals from %d resamples of %d %s, seed %d.\n%s\n",
		c.Extent(), c.Resamples, c.Units, c.Resampled, c.Seed, c.note())
	return err
}

// Extent says how much was compared on, in words.
func (c *Comparison) Extent() string {
	noun, length := "recordings", fmt.Sprintf("%.1f min", float64(c.Seconds)/60)
	if c.Recordings == 1 {
		noun = "recording"
	}
	if c.Seconds < 99 {
		length = fmt.Sprintf("%.0f s", float64(c.Seconds))
	}
	return fmt.Sprintf("%d %s, %s", c.Recordings, noun, length)
}

// note says what a table's figures are measured by.
func (c *Comparison) note() string {
	switch {
	case !c.Points[0].figure().exists():
		return "There is no frame with speech, or none without: nothing can be told from anything."
	case c.Labelled:
		return "gain: ROC-AUC over that of " + c.Causal + "."
	}
	return "Without labels, what " + c.Full + " decides stands in for the truth; --labels DIR measures against the truth itself."
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
			signed(p.Gain), signedSpan(p.GainLo, p.GainHi), percent(p.Recovered, 0), show(p.TPR5, 3), show(p.EER, 3),
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
			percent(p.Disagreement, 2), show(p.CPU, 2), p.state())
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

func percent(f Figure, decimals int) string {
	if s := show(100*f, decimals); s != "-" {
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
