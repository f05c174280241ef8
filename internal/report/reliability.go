package report

import (
	"fmt"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Calibration is what was true where a detector gave scores of about the same height, a bin each. Bins without frames
// are left out.
type Calibration struct {
	Name   string
	Score  []float64 // mean score of the bin
	Share  []float64 // share of its frames that hold speech
	Frames []float64 // how many it has
}

// WriteReliability draws, as a PNG image, the share of speech over the score for each detector, and below it how many
// frames stand behind each point. Scores that are probabilities lie on the diagonal.
func WriteReliability(w io.Writer, title string, list []Calibration) error {
	shares, counts := plot.New(), plot.New()
	shares.Title.Text, shares.Y.Label.Text = title, "share of speech"
	counts.X.Label.Text, counts.Y.Label.Text = "score", "frames"
	shares.Legend.Top, shares.Legend.Left, shares.Legend.Padding = true, true, vg.Points(2)
	diagonal := plotter.NewFunction(func(x float64) float64 { return x })
	diagonal.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	shares.Add(plotter.NewGrid(), diagonal)
	counts.Add(plotter.NewGrid())
	most := 10.0
	for i, c := range list {
		if err := addPoints(shares, c.Name, c.Score, c.Share, i); err != nil {
			return err
		}
		if err := addPoints(counts, "", c.Score, c.Frames, i); err != nil {
			return err
		}
		for _, n := range c.Frames {
			most = max(most, n)
		}
	}
	shares.X.Min, shares.X.Max, shares.Y.Min, shares.Y.Max = 0, 1, 0, 1
	counts.X.Min, counts.X.Max = 0, 1
	// Ten thousand times as many frames in one bin as in another are common.
	counts.Y.Scale, counts.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	counts.Y.Min, counts.Y.Max = 1, math.Pow(10, math.Ceil(math.Log10(most)))
	return writePanels(w, []panel{{shares, 10 * vg.Centimeter}, {counts, 4 * vg.Centimeter}}, screenDPI)
}

// addPoints adds points joined by a line in the i-th colour; none is fine.
func addPoints(q *plot.Plot, name string, x, y []float64, i int) error {
	if len(x) == 0 {
		return nil
	}
	xy := make(plotter.XYs, len(x))
	for k := range xy {
		xy[k] = plotter.XY{X: x[k], Y: y[k]}
	}
	if err := addLine(q, name, xy, colors[i%len(colors)]); err != nil {
		return err
	}
	points, err := plotter.NewScatter(xy)
	if err != nil {
		return fmt.Errorf("points %q: %w", name, err)
	}
	points.Color, points.Shape, points.Radius = colors[i%len(colors)], draw.CircleGlyph{}, vg.Points(2.5)
	q.Add(points)
	return nil
}
