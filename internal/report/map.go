package report

import (
	"image"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Map is values of several rows over time, painted: bands of a spectrum, gates of a layer. Values at or below Min are black
// and those at or above Max white, or, of a map with signs, blue and red.
type Map struct {
	Name     string
	Hop      float64     // seconds between columns
	Columns  [][]float64 // Columns[i] is about [i*Hop, (i+1)*Hop); its first value is painted at the bottom
	Min, Max float64
	Signed   bool
}

const mapShades = 48 // few enough that pictures stay small

// panel draws the map.
func (m *Map) panel() panel {
	q := plot.New()
	q.Y.Label.Text = m.Name
	q.Y.Tick.Marker = plot.ConstantTicks(nil)
	q.HideX() // which the panels below have
	seconds, n := float64(len(m.Columns))*m.Hop, float64(len(m.Columns[0]))
	q.Add(plotter.NewImage(m.image(), 0, 0, seconds, n))
	return panel{q, 2 * vg.Centimeter}
}

// image has several pixels for a value, so that drawing it larger keeps its edges.
func (m *Map) image() image.Image {
	shades, rows := m.shades(), len(m.Columns[0])
	const wide = 2
	high := max(1, 96/rows)
	img := image.NewRGBA(image.Rect(0, 0, wide*len(m.Columns), high*rows))
	for x := range img.Rect.Dx() {
		for y := range img.Rect.Dy() {
			v := (m.Columns[x/wide][rows-1-y/high] - m.Min) / (m.Max - m.Min)
			img.Set(x, y, shades[int(max(0, min(1, v))*(mapShades-1)+0.5)])
		}
	}
	return img
}

func (m *Map) shades() []color.Color {
	if !m.Signed {
		return blackBody(mapShades)
	}
	c := moreland.SmoothBlueRed()
	c.SetMin(0)
	c.SetMax(1)
	return c.Palette(mapShades).Colors()
}
