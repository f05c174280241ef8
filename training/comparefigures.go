package training

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
)

// rank computes all figures that are not of time.
func (c *Comparison) rank(ctx context.Context) error {
	frames := c.resampling()
	truth := cut(c.truth, frames)
	members := c.members()
	figures, areas := make([]Figures, len(members)), make([][]float64, len(members))
	var done atomic.Int64
	// A ranking is thrown away when it has been used: those of all members at once would take more room than the scores. All
	// draw the same units, since they share seed and count.
	err := parallel(ctx, c.options.Jobs, len(members), func(_, i int) error {
		ranking := NewRanking(cut(c.scores(members[i]), frames), truth)
		figures[i] = ranking.Figures(nil)
		list, err := Bootstrap(ctx, []*Ranking{ranking}, c.drawn(), c.Seed, 1)
		areas[i] = list[0]
		c.progress("ranking", int(done.Add(1)), len(members))
		return err
	})
	if err != nil {
		return err
	}
	seeds := c.seedDraws()
	for _, e := range c.entrants {
		own, first := figures[e.members[0].at:][:len(e.members)], e.members[0].at
		e.areas = meanAreas(areas[first:][:len(e.members)], e.members, seeds)
		c.describe(e, own)
	}
	c.gains()
	return nil
}

// scores returns what a member made of each recording.
func (c *contest) scores(m member) (rows [][]float64) {
	for _, h := range c.items {
		rows = append(rows, h.scores[m.at])
	}
	return rows
}

// fewFiles is how many units a bootstrap should at least draw from.
const fewFiles = 5

// stretches are the lengths, in seconds, that recordings are cut into when they are few: as long as leaves enough of them,
// since neighbouring frames stand or fall together.
var stretches = [...]int{30, 10, 2}

// resampling decides what the bootstrap draws, and returns how many frames a stretch has; 0 stands for whole recordings.
func (c *Comparison) resampling() (frames int) {
	if len(c.truth) >= fewFiles {
		c.Resampled, c.Units = "files", len(c.truth)
		return 0
	}
	for _, seconds := range stretches {
		frames = seconds * Rate / labelHop
		c.Resampled, c.Units = fmt.Sprintf("%d s stretches", seconds), len(cut(c.truth, frames))
		if c.Units >= fewFiles {
			break
		}
	}
	return frames
}

// drawn is the number of resamples: none where there is nothing to choose from.
func (c *Comparison) drawn() int {
	if c.Units < 2 {
		return 0
	}
	return c.Resamples
}

// cut returns the rows in pieces of at least so many frames, those of a row about equally long; with 0 the rows themselves.
func cut[T any](rows [][]T, frames int) (pieces [][]T) {
	if frames == 0 {
		return rows
	}
	for _, row := range rows {
		n := len(row) / frames
		if n == 0 && len(row) > 0 {
			n = 1
		}
		for i := range n {
			pieces = append(pieces, row[i*len(row)/n:(i+1)*len(row)/n])
		}
	}
	return pieces
}

// seedDraws returns how often each seed is drawn in each resample: seeds are resampled beside recordings, and the same
// ones for all entrants.
func (c *Comparison) seedDraws() [][]float64 {
	count := 0
	for _, m := range c.members() {
		count = max(count, m.seed+1)
	}
	draws := make([][]float64, c.drawn())
	for b := range draws {
		draws[b] = make([]float64, count)
		r := newRandom(c.Seed, 's', uint64(b))
		for range count {
			draws[b][r.below(count)]++
		}
	}
	return draws
}

// meanAreas averages over the seeds that were drawn in each resample. NaN is a resample that drew none of the entrant's.
func meanAreas(areas [][]float64, members []member, draws [][]float64) []float64 {
	mean := make([]float64, len(draws))
	for b, draw := range draws {
		sum, weight := 0.0, 0.0
		for i, m := range members {
			if w := draw[m.seed]; w > 0 {
				sum, weight = sum+float64(w*areas[i][b]), weight+w
			}
		}
		mean[b] = sum / weight
	}
	return mean
}

// describe fills in an entrant's own figures, means over its members.
func (c *Comparison) describe(e *entrant, figures []Figures) {
	p := e.point
	var all Figures
	for _, f := range figures {
		n := float64(len(figures))
		all.AUC, all.TPR5, all.EER = all.AUC+f.AUC/n, all.TPR5+f.TPR5/n, all.EER+f.EER/n
		if len(figures) > 1 {
			p.Seeds = append(p.Seeds, Figure(f.AUC))
		}
	}
	within := Percentiles(e.areas)
	p.setTruth(all, within, c.Labelled)
	p.Disagreement = c.disagreement(e)
	p.Onset, p.Offset = missing, missing
	if c.Labelled {
		p.Segments = c.segments(e)
		if e.timing.Bounded {
			p.Onset, p.Offset = p.Segments.Announced, p.Segments.Ended
		}
	}
}

// setTruth puts figures of the truth and figures of the full answer in its place where they belong.
func (p *ComparedPoint) setTruth(f Figures, within Interval, labelled bool) {
	auc, lo, hi := Figure(f.AUC), Figure(within.Lo), Figure(within.Hi)
	if labelled {
		p.AUC, p.Lo, p.Hi, p.TPR5, p.EER = auc, lo, hi, Figure(f.TPR5), Figure(f.EER)
		p.VsFull, p.VsFullLo, p.VsFullHi = missing, missing, missing
		return
	}
	p.AUC, p.Lo, p.Hi, p.TPR5, p.EER = missing, missing, missing, missing, missing
	p.VsFull, p.VsFullLo, p.VsFullHi = auc, lo, hi
}

// disagreement is the share of frames that an entrant puts on another side of 0.5 than the full one, trainings of the same
// seed compared.
func (c *Comparison) disagreement(e *entrant) Figure {
	full := c.full()
	if full == nil {
		return missing
	}
	differ, frames := 0, 0
	for _, m := range e.members {
		for _, f := range full.members {
			if f.seed != m.seed {
				continue
			}
			for _, h := range c.items {
				frames += len(h.labels)
				for i, s := range h.scores[m.at] {
					if (s > 0.5) != (h.scores[f.at][i] > 0.5) {
						differ++
					}
				}
			}
		}
	}
	return Figure(float64(differ) / float64(frames))
}

// segments sums up what the decider makes of an entrant's scores, over all members.
func (c *Comparison) segments(e *entrant) *SegmentFigures {
	sum, silent := segmentSum{timing: e.timing}, 0
	for _, m := range e.members {
		for _, h := range c.items {
			sum.add(h.segments[m.at], h.speech)
			for _, speech := range h.labels {
				if !speech {
					silent++
				}
			}
		}
	}
	f := sum.figures(float64(silent) * frameSeconds / 60)
	return &f
}

// gains compares every entrant with the causal one, and its gain with that of the full one.
func (c *Comparison) gains() {
	causal, full := c.entrants[0], c.full()
	denominator := math.NaN()
	if full != nil {
		over := Percentiles(Differences(full.areas, causal.areas))
		if over.Lo > 0 {
			denominator = float64(full.point.AUC - causal.point.AUC)
		}
	}
	for _, e := range c.entrants {
		p := e.point
		p.Gain, p.GainLo, p.GainHi, p.Recovered = missing, missing, missing, missing
		if !c.Labelled {
			continue
		}
		over := Percentiles(Differences(e.areas, causal.areas))
		p.Gain, p.GainLo, p.GainHi = p.AUC-causal.point.AUC, Figure(over.Lo), Figure(over.Hi)
		p.Recovered = p.Gain / Figure(denominator)
	}
}
