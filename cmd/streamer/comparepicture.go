package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/training"
)

// draw draws a comparison and an excerpt of its recordings.
func (c *compareCmd) draw(result *training.Comparison) error {
	at := math.NaN()
	if c.At != nil {
		at = *c.At
	}
	x, err := result.Excerpt(at)
	if err != nil {
		return err
	}
	t := tradeoff(result)
	t.Excerpt = excerpt(x, t)
	if err := report.WriteFile(c.PNG, t.WritePNG); err != nil {
		return fmt.Errorf("picture %s: %w", c.PNG, err)
	}
	return nil
}

// tradeoff is the upper part of the picture.
func tradeoff(result *training.Comparison) *report.Tradeoff {
	t := &report.Tradeoff{Title: "What waiting buys: " + result.Extent(),
		Figure: "ROC-AUC, 95 % interval", Palette: training.Families()}
	if !result.Labelled {
		t.Figure = "ROC-AUC against " + result.Full
	}
	for _, p := range result.Points {
		q := report.TradeoffPoint{Label: label(p), Family: p.Family, Latency: orAll(p.Latency), Mean: orAll(p.LatencyMean),
			Y: float64(p.AUC), Lo: float64(p.Lo), Hi: float64(p.Hi)}
		if !result.Labelled {
			q.Y, q.Lo, q.Hi = float64(p.VsFull), float64(p.VsFullLo), float64(p.VsFullHi)
		}
		t.Points = append(t.Points, q)
	}
	return t
}

// orAll is a latency in ms, +Inf for the whole recording.
func orAll(f training.Figure) float64 {
	if math.IsNaN(float64(f)) {
		return math.Inf(1)
	}
	return float64(f)
}

// label is what the colour of a point's family does not say of it: the sizes of its blocks, or how long it waits.
func label(p training.ComparedPoint) string {
	switch p.Family {
	case training.BlocksFamily:
		return p.Model[strings.LastIndex(p.Model, " ")+1:]
	case training.DelayFamily, training.RowConvFamily:
		return fmt.Sprintf("%.4g ms", float64(p.Latency))
	}
	return ""
}

// excerpt is the lower part of the picture.
func excerpt(x *training.Excerpt, t *report.Tradeoff) *report.Picture {
	seconds := float64(len(x.Samples)) / training.Rate
	p := &report.Picture{Title: fmt.Sprintf("%s, %.1f s to %.1f s", report.Stem(x.ID), x.Start, x.Start+seconds),
		Rate: training.Rate, Samples: x.Samples, Shade: segments(x.Speech)}
	for _, a := range x.Answers {
		name := a.Point.Model
		if !math.IsNaN(float64(a.Point.Latency)) {
			name += fmt.Sprintf(" (%.4g ms)", float64(a.Point.Latency))
		}
		p.Lines = append(p.Lines, report.Line{Name: name, Hop: 0.01, Prob: a.Scores, Color: t.Color(a.Point.Family)})
	}
	return p
}
