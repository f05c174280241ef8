package report

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Chart is panels of curves under one another, with one key to the colours. Curves of the same name have the same colour.
type Chart struct {
	Title  string
	Panels []ChartPanel
}

// ChartPanel is curves over one axis.
type ChartPanel struct {
	X, Y   Axis
	Curves []Curve
	Marks  bool // show the points as well
}

// Axis is one side of a panel. A logarithmic one leaves out points that are not positive.
type Axis struct {
	Label    string
	Log      bool
	Min, Max float64 // both 0: as far as the points go
}

// WritePNG draws the chart as a PNG image.
func (c *Chart) WritePNG(w io.Writer) error {
	var names []string
	points := 0
	for _, p := range c.Panels {
		for _, curve := range p.Curves {
			points += len(curve.X)
			if curve.Name != "" && !slices.Contains(names, curve.Name) {
				names = append(names, curve.Name)
			}
		}
	}
	if points == 0 {
		return errors.New("nothing to draw: the curves have no points")
	}
	key := keyPanel(curveKeys(names))
	key.plot.Title.Text = c.Title
	key.plot.Title.TextStyle.Font.Size = vg.Points(15)
	key.height += 1 * vg.Centimeter
	enlarge(key.plot)
	panels := []panel{key}
	for _, p := range c.Panels {
		drawn, err := p.panel(names)
		if err != nil {
			return err
		}
		panels = append(panels, drawn)
	}
	return writePanels(w, panels, screenDPI)
}

// curveKeys explain the colours.
func curveKeys(names []string) (list []keyEntry) {
	for i, name := range names {
		list = append(list, keyEntry{name, lineSample(draw.LineStyle{Color: colors[i%len(colors)], Width: vg.Points(1.8)})})
	}
	return list
}

func (p *ChartPanel) panel(names []string) (panel, error) {
	q := plot.New()
	p.X.set(&q.X)
	p.Y.set(&q.Y)
	q.Add(plotter.NewGrid())
	for _, curve := range p.Curves {
		shade := colors[max(0, slices.Index(names, curve.Name))%len(colors)]
		if err := p.add(q, curve, shade); err != nil {
			return panel{}, err
		}
	}
	p.X.limit(&q.X)
	p.Y.limit(&q.Y)
	enlarge(q)
	return panel{q, 7 * vg.Centimeter}, nil
}

// add draws a curve, of which there may be nothing to see.
func (p *ChartPanel) add(q *plot.Plot, curve Curve, shade color.Color) error {
	var xy plotter.XYs
	for i, x := range curve.X {
		if y := curve.Y[i]; p.X.shows(x) && p.Y.shows(y) {
			xy = append(xy, plotter.XY{X: x, Y: y})
		}
	}
	if len(xy) == 0 {
		return nil
	}
	if err := addLine(q, "", xy, shade); err != nil {
		return err
	}
	if !p.Marks {
		return nil
	}
	marks, err := plotter.NewScatter(xy)
	if err != nil {
		return fmt.Errorf("points %q: %w", curve.Name, err)
	}
	marks.Color, marks.Shape, marks.Radius = shade, draw.CircleGlyph{}, vg.Points(3)
	q.Add(marks)
	return nil
}

func (a Axis) set(axis *plot.Axis) {
	axis.Label.Text = a.Label
	axis.Tick.Marker = evenTicks{}
	if a.Log {
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
}

// limit sets the ends of the axis, with room around what is drawn.
func (a Axis) limit(axis *plot.Axis) {
	if a.Min != 0 || a.Max != 0 {
		axis.Min, axis.Max = a.Min, a.Max
		return
	}
	if axis.Min > axis.Max { // nothing is drawn
		axis.Min, axis.Max = 1, 1
	}
	if a.Log {
		room := max(math.Pow(axis.Max/axis.Min, 0.03), 1.1)
		axis.Min, axis.Max = axis.Min/room, axis.Max*room
		return
	}
	room := 0.03 * (axis.Max - axis.Min)
	if room == 0 {
		room = 1
	}
	axis.Min, axis.Max = axis.Min-room, axis.Max+room
}

// shows tells whether a value has a place on the axis.
func (a Axis) shows(v float64) bool { return v-v == 0 && (!a.Log || v > 0) }
