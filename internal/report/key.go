package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// colorKey explains colours and marks in a strip of its own, where it hides nothing.
type colorKey struct {
	entries []keyEntry
	style   draw.TextStyle
}

// keyEntry is a name and what draws its sample.
type keyEntry struct {
	name   string
	sample func(c draw.Canvas, at vg.Point) // at the middle of a sample of sampleWidth
}

const (
	sampleWidth = 22 // points
	keyGap      = 16
	keyRow      = 0.62 * vg.Centimeter
)

// keyWidth is the least width of what a picture holds beside its axis, for which rows are broken.
const keyWidth = 20.5 * vg.Centimeter

// keyPanel is a strip of as many rows as its entries take.
func keyPanel(entries []keyEntry) panel {
	q := plot.New()
	q.HideAxes()
	k := colorKey{entries, q.Legend.TextStyle}
	k.style.Font.Variant, k.style.Font.Size, k.style.XAlign, k.style.YAlign = slideFont, vg.Points(12), draw.XLeft, draw.YCenter
	q.Add(k)
	return panel{q, vg.Length(len(k.rows())) * keyRow}
}

// rows breaks the entries into rows.
func (k colorKey) rows() (rows [][]keyEntry) {
	room := vg.Length(0)
	for _, e := range k.entries {
		width := k.width(e)
		if room < width {
			rows, room = append(rows, nil), keyWidth
		}
		rows[len(rows)-1], room = append(rows[len(rows)-1], e), room-width
	}
	return rows
}

func (k colorKey) width(e keyEntry) vg.Length {
	return vg.Points(sampleWidth+6) + k.style.Width(e.name) + vg.Points(keyGap)
}

// Plot implements plot.Plotter.
func (k colorKey) Plot(c draw.Canvas, _ *plot.Plot) {
	y := c.Max.Y - keyRow/2
	for _, row := range k.rows() {
		x := c.Min.X + vg.Points(4)
		for _, e := range row {
			e.sample(c, vg.Point{X: x + vg.Points(sampleWidth/2), Y: y})
			c.FillText(k.style, vg.Point{X: x + vg.Points(sampleWidth+6), Y: y}, e.name)
			x += k.width(e)
		}
		y -= keyRow
	}
}

// lineSample is a sample of a line.
func lineSample(style draw.LineStyle) func(draw.Canvas, vg.Point) {
	return func(c draw.Canvas, at vg.Point) {
		half := vg.Points(sampleWidth / 2)
		c.StrokeLine2(style, at.X-half, at.Y, at.X+half, at.Y)
	}
}

// boxSample is a sample of an area.
func boxSample(shade color.Color) func(draw.Canvas, vg.Point) {
	return func(c draw.Canvas, at vg.Point) {
		w, h := vg.Points(sampleWidth/2), vg.Points(5)
		c.FillPolygon(shade, []vg.Point{{X: at.X - w, Y: at.Y - h}, {X: at.X + w, Y: at.Y - h}, {X: at.X + w, Y: at.Y + h}, {X: at.X - w, Y: at.Y + h}})
	}
}
