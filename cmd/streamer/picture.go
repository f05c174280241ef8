package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/training"
)

// pictures draws each item of a set into a folder, as DIR/<stem>.png, with what the detectors say.
func (c *evalCmd) pictures(ctx context.Context, out io.Writer, set training.ItemSet, detectors []training.Detector) error {
	if err := os.MkdirAll(c.Picture, 0o777); err != nil {
		return err
	}
	for i := range set.Len() {
		if err := ctx.Err(); err != nil {
			return err
		}
		item, err := set.Item(i)
		if err != nil {
			return err
		}
		p, err := c.picture(item, detectors)
		if err != nil {
			return err
		}
		path := filepath.Join(c.Picture, report.Stem(item.ID)+".png")
		if err := report.WriteFile(path, p.WritePNG); err != nil {
			return fmt.Errorf("%s: %w", item.ID, err)
		}
		fmt.Fprintln(out, path)
	}
	return nil
}

// picture shows an item, its labels and the frames of each detector that reach 0.5. A recording that was labelled by the
// rule shows the levels that the rule decided by.
func (c *evalCmd) picture(item *training.Item, detectors []training.Detector) (*report.Picture, error) {
	const hop = 0.01
	rule := training.NewLabelling(item.Samples)
	labels := segments(item.Speech)
	p := &report.Picture{Title: report.Stem(item.ID), Rate: training.Rate, Samples: item.Samples,
		Levels: report.Levels{Hop: hop, DB: rule.Levels}, Shade: labels, Tracks: []report.Track{{Name: "labels", Segments: labels}}}
	if c.Labels == "" && c.recordings() {
		p.Levels.Marks = []report.Mark{{Name: "peak", DB: rule.Peak}, {Name: "threshold", DB: rule.Threshold}, {Name: "floor", DB: rule.Floor}}
	}
	for _, d := range detectors {
		scores, err := d.Scores(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", item.ID, d.Name(), err)
		}
		p.Lines = append(p.Lines, report.Line{Name: d.Name(), Hop: hop, Prob: scores})
		p.Tracks = append(p.Tracks, report.Track{Name: d.Name(), Segments: segments(training.Above(scores, 0.5))})
	}
	return p, nil
}

func segments(spans []training.Span) []pipeline.Segment {
	list := make([]pipeline.Segment, len(spans))
	for i, s := range spans {
		list[i] = pipeline.Segment{Start: float64(s.Start) / training.Rate, End: float64(s.End) / training.Rate, Prob: 1}
	}
	return list
}
