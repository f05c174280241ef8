package training

import (
	"context"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// DriftReport is the outcome of Drift.
type DriftReport struct {
	Seed        uint64            `json:"seed"`
	Resamples   int               `json:"resamples"`
	Minutes     Figure            `json:"minutes"` // of the stream
	Quiet       Figure            `json:"quiet_s"`
	Mixes       int               `json:"mixes"`
	Seconds     Figure            `json:"mix_s"`
	Rows        []DriftRow        `json:"rows"`
	Differences []DriftDifference `json:"differences"`
}

// DriftRow is how well a detector does on the mixes, heard in one way.
type DriftRow struct {
	Detector  string `json:"detector"`
	Heard     string `json:"heard"` // fresh, start, end, quiet
	AUC       Figure `json:"roc_auc"`
	Lo        Figure `json:"lo"` // 95 % interval of roc_auc, bootstrap over mixes
	Hi        Figure `json:"hi"`
	TPR5      Figure `json:"tpr5"`
	TrueHalf  Figure `json:"true_at_half"`  // share of the frames with speech that reach 0.5
	FalseHalf Figure `json:"false_at_half"` // share of those without
}

// DriftDifference is what hearing A instead of B does to the same frames. The area under the curve does not see scores that
// sink together, the other two figures do.
type DriftDifference struct {
	Detector string `json:"detector"`
	A        string `json:"a"`
	B        string `json:"b"`
	AUC      Figure `json:"roc_auc"`
	Lo       Figure `json:"lo"` // 95 % interval, paired bootstrap over mixes
	Hi       Figure `json:"hi"`
	Moved    Figure `json:"moved"`   // mean magnitude of the change of a score
	Flipped  Figure `json:"flipped"` // share of the frames whose score crosses 0.5
}

func (d *drift) report(ctx context.Context) (*DriftReport, error) {
	r := &DriftReport{Seed: d.Seed, Resamples: d.Resamples, Minutes: Figure(float64(d.pieces*d.samples) / (60 * Rate)),
		Quiet: Figure(d.Quiet), Mixes: d.Mixes, Seconds: Figure(float64(d.samples) / Rate)}
	for l, listener := range d.listeners {
		rankings := make([]*Ranking, hearings)
		for h := range rankings {
			rankings[h] = NewRanking(d.scores[l][h], d.labels)
		}
		areas, err := Bootstrap(ctx, rankings, d.Resamples, d.Seed, d.Jobs)
		if err != nil {
			return nil, err
		}
		rows := make([]DriftRow, hearings)
		for h, ranking := range rankings {
			f, interval := ranking.Figures(nil), Percentiles(areas[h])
			hit, alarm := d.atHalf(l, h)
			rows[h] = DriftRow{listener.Name(), hearingNames[h], Figure(f.AUC), Figure(interval.Lo), Figure(interval.Hi), Figure(f.TPR5), hit, alarm}
		}
		for _, pair := range driftPairs {
			a, b := pair[0], pair[1]
			diff := Percentiles(Differences(areas[a], areas[b]))
			moved, flipped := d.changes(l, a, b)
			r.Differences = append(r.Differences, DriftDifference{listener.Name(), hearingNames[a], hearingNames[b],
				rows[a].AUC - rows[b].AUC, Figure(diff.Lo), Figure(diff.Hi), moved, flipped})
		}
		r.Rows = append(r.Rows, rows...)
	}
	return r, nil
}

// atHalf returns the shares of the frames with and without speech that reach 0.5.
func (d *drift) atHalf(listener, hearing int) (hit, alarm Figure) {
	var reached, all [2]int
	for i, scores := range d.scores[listener][hearing] {
		for k, s := range scores {
			class := 0
			if d.labels[i][k] {
				class = 1
			}
			all[class]++
			if s >= 0.5 {
				reached[class]++
			}
		}
	}
	return Figure(float64(reached[1]) / float64(all[1])), Figure(float64(reached[0]) / float64(all[0]))
}

func (d *drift) changes(listener, a, b int) (moved, flipped Figure) {
	var sum float64
	count, crossed := 0, 0
	for i, scores := range d.scores[listener][a] {
		for k, s := range scores {
			before := d.scores[listener][b][i][k]
			sum += math.Abs(s - before)
			if (s >= 0.5) != (before >= 0.5) {
				crossed++
			}
			count++
		}
	}
	return Figure(sum / float64(count)), Figure(float64(crossed) / float64(count))
}

// WriteTable prints a report for people: a row per detector and hearing, then the paired differences.
func (r *DriftReport) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%d mixes of %g s, each heard in four ways:\n", r.Mixes, float64(r.Seconds))
	fmt.Fprintln(w, "  fresh  as the first sound of a stream")
	fmt.Fprintf(w, "  start  in the beginning of a stream of %.4g min without a reset\n", float64(r.Minutes))
	fmt.Fprintln(w, "  end    at the end of that stream")
	fmt.Fprintf(w, "  quiet  as the first sound after %g s of quiet noise\n\n", float64(r.Quiet))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "detector\theard\tROC-AUC\t95 %\tTPR@5%\ttrue@0.5\tfalse@0.5")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Detector, row.Heard, show(row.AUC, 4), span(row.Lo, row.Hi),
			show(row.TPR5, 3), show(row.TrueHalf, 3), show(row.FalseHalf, 3))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nWhat the longer past changes on the same frames (paired over mixes, %d resamples, seed %d):\n", r.Resamples, r.Seed)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "detector\t\tROC-AUC\t95 %\tscores move by\tcross 0.5")
	for _, d := range r.Differences {
		fmt.Fprintf(t, "%s\t%s - %s\t%s\t%s..%s\t%.2g\t%.2f %%\n", d.Detector, d.A, d.B, signed(d.AUC), signed(d.Lo), signed(d.Hi),
			float64(d.Moved), 100*float64(d.Flipped))
	}
	return t.Flush()
}

// signed prints a difference with four decimals; one that rounds to zero is no loss.
func signed(f Figure) string {
	if show(f, 0) == "-" {
		return "-"
	}
	return fmt.Sprintf("%+.4f", math.Round(float64(f)*1e4)/1e4+0)
}
