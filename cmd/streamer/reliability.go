package main

import (
	"io"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/training"
)

// drawReliability draws the bins that have frames, when a file was asked for.
func (c *evalCmd) drawReliability(detectors []training.Reliability) error {
	if c.Reliability == "" {
		return nil
	}
	var list []report.Calibration
	for _, d := range detectors {
		line := report.Calibration{Name: d.Detector}
		for _, b := range d.Bins {
			if b.Frames > 0 {
				line.Score, line.Share = append(line.Score, float64(b.Score)), append(line.Share, float64(b.Speech))
				line.Frames = append(line.Frames, float64(b.Frames))
			}
		}
		list = append(list, line)
	}
	return report.WriteFile(c.Reliability, func(w io.Writer) error {
		return report.WriteReliability(w, "scores as probabilities", list)
	})
}
