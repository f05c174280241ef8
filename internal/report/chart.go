package report

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Chart is panels of curves under one another. Curves of the same name look the same; the first panel that has a name explains it.
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

// Axis is one side of a panel. A logarithmic one leaves out what is not positive.
type Axis struct {
	Label    string
	Log      bool
	Min, Max float64  // both 0: as far as the points go
	Names    []string // of 0, 1, ... on an axis of things instead of numbers
}

// WritePNG draws the chart as a PNG image.
func (c *Chart) WritePNG(w io.Writer) error {
	if !slices.ContainsFunc(c.Panels, func(p ChartPanel) bool {
		return slices.ContainsFunc(p.Curves, func(c Curve) bool { return len(c.X) > 0 })
	}) {
		return errors.New("nothing to draw: the curves have no points")
	}
	looks := curveLooks{}
	var panels []panel
	for i, p := range c.Panels {
		key := keyPanel(looks.learn(p.Curves))
		if i == 0 {
			key.plot.Title.Text = c.Title
			key.plot.Title.TextStyle.Font.Size = vg.Points(15)
			key.height += 1 * vg.Centimeter
			enlarge(key.plot)
		}
		if key.height > 0 {
			panels = append(panels, key)
		}
		drawn, err := p.panel(looks)
		if err != nil {
			return err
		}
		panels = append(panels, drawn)
	}
	return writePanels(w, panels, screenDPI)
}

// curveLooks numbers the names of curves. The number is that of a colour; when these are used up, lines are dashed.
type curveLooks map[string]int

// learn gives each new name the least number that no other curve of the panel has, and returns what explains the new ones.
func (l curveLooks) learn(curves []Curve) (keys []keyEntry) {
	used := map[int]bool{}
	for _, c := range curves {
		if i, known := l[c.Name]; known {
			used[i] = true
		}
	}
	for _, c := range curves {
		if _, known := l[c.Name]; known {
			continue
		}
		i := 0
		for used[i] {
			i++
		}
		l[c.Name], used[i] = i, true
		keys = append(keys, keyEntry{c.Name, lineSample(l.style(c.Name))})
	}
	return keys
}

func (l curveLooks) style(name string) draw.LineStyle {
	i := l[name]
	style := draw.LineStyle{Color: colors[i%len(colors)], Width: vg.Points(1.5)}
	if i >= len(colors) {
		style.Dashes = []vg.Length{vg.Points(4), vg.Points(2)}
	}
	return style
}

func (p *ChartPanel) panel(looks curveLooks) (panel, error) {
	q := plot.New()
	p.X.set(&q.X)
	p.Y.set(&q.Y)
	q.Add(plotter.NewGrid())
	for _, curve := range p.Curves {
		if err := p.add(q, curve, looks.style(curve.Name)); err != nil {
			return panel{}, err
		}
	}
	p.X.limit(&q.X)
	p.Y.limit(&q.Y)
	enlarge(q)
	return panel{q, 7 * vg.Centimeter}, nil
}

// add draws a curve, of which there may be nothing to see.
func (p *ChartPanel) add(q *plot.Plot, curve Curve, style draw.LineStyle) error {
	var xy plotter.XYs
	for i, x := range curve.X {
		if y := curve.Y[i]; p.X.shows(x) && p.Y.shows(y) {
			xy = append(xy, plotter.XY{X: p.X.at(x), Y: p.Y.at(y)})
		}
	}
	if len(xy) == 0 {
		return nil
	}
	line, err := plotter.NewLine(xy)
	if err != nil {
		return fmt.Errorf("line %q: %w", curve.Name, err)
	}
	line.LineStyle = style
	q.Add(line)
	if !p.Marks {
		return nil
	}
	marks, err := plotter.NewScatter(xy)
	if err != nil {
		return fmt.Errorf("points %q: %w", curve.Name, err)
	}
	marks.Color, marks.Shape, marks.Radius = style.Color, draw.CircleGlyph{}, vg.Points(3)
	q.Add(marks)
	return nil
}

func (a Axis) set(axis *plot.Axis) {
	axis.Label.Text, axis.Tick.Marker = a.Label, evenTicks{}
	if a.Log {
		axis.Tick.Marker = powerTicks{}
	}
	if len(a.Names) > 0 {
		axis.Tick.Marker = namedTicks(a.Names)
	}
}

// namedTicks are at 0, 1, ...
type namedTicks []string

// Ticks implements plot.Ticker.
func (n namedTicks) Ticks(lo, hi float64) (list []plot.Tick) {
	for i, name := range n {
		if v := float64(i); v >= lo && v <= hi {
			list = append(list, plot.Tick{Value: v, Label: name})
		}
	}
	return list
}

// at is where a value lies: a logarithmic axis is a linear one of logarithms, so that its label is centred.
func (a Axis) at(v float64) float64 {
	if a.Log {
		return math.Log10(v)
	}
	return v
}

// shows tells whether a value has a place on the axis.
func (a Axis) shows(v float64) bool { return v-v == 0 && (!a.Log || v > 0) }

// limit sets the ends of the axis, with room around what is drawn.
func (a Axis) limit(axis *plot.Axis) {
	if a.Min != 0 || a.Max != 0 {
		axis.Min, axis.Max = a.at(a.Min), a.at(a.Max)
		return
	}
	if axis.Min > axis.Max { // nothing is drawn
		axis.Min, axis.Max = a.at(1), a.at(1)
	}
	room := 0.03 * (axis.Max - axis.Min)
	if room == 0 {
		room = 0.5
	}
	axis.Min, axis.Max = axis.Min-room, axis.Max+room
}

// powerTicks are at powers of ten, with labels at some of them where there are many, and at 1-2-5 where there are few.
type powerTicks struct{}

// Ticks implements plot.Ticker, for logarithms.
func (powerTicks) Ticks(lo, hi float64) (list []plot.Tick) {
	step, digits := max(1, int(hi-lo+7)/8), []float64{1}
	if hi-lo < 2 {
		digits = []float64{1, 2, 5}
	}
	for power := int(math.Floor(lo)); power <= int(math.Floor(hi)); power++ {
		for _, digit := range digits {
			t := plot.Tick{Value: float64(power) + math.Log10(digit)}
			if t.Value < lo || t.Value > hi {
				continue
			}
			if power%step == 0 {
				t.Label = powerLabel(digit, power)
			}
			list = append(list, t)
		}
	}
	return list
}

func powerLabel(digit float64, power int) string {
	if power >= -3 && power <= 4 {
		return strconv.FormatFloat(digit*math.Pow10(power), 'g', 6, 64)
	}
	return strconv.FormatFloat(digit, 'f', 0, 64) + "e" + strconv.Itoa(power)
}
