package report

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curve draws the points of a Tradeoff: intervals, lines through families, marks, and as many labels as find room.
type curve struct {
	t      *Tradeoff
	points []TradeoffPoint
	scale  latencyScale

	taken []vg.Rectangle // where something has been drawn
}

// placed is a point on the canvas.
type placed struct {
	TradeoffPoint
	at, mean    vg.Point
	bottom, top vg.Length // of the interval
}

// Plot implements plot.Plotter.
func (v *curve) Plot(c draw.Canvas, p *plot.Plot) {
	v.taken = nil
	list := v.place(c, p)
	x, _ := p.Transforms(&c)
	for _, at := range v.scale.breaks() {
		v.take(vg.Rectangle{Min: vg.Point{X: x(at), Y: c.Min.Y}, Max: vg.Point{X: x(at), Y: c.Max.Y}})
	}
	for _, q := range list {
		v.interval(c, q)
	}
	for _, family := range v.t.families() {
		v.join(c, slices.DeleteFunc(slices.Clone(list), func(q placed) bool { return q.Family != family }))
	}
	for _, q := range list {
		style := v.t.glyph(q.Family)
		c.DrawGlyph(style, q.at)
		v.take(around(q.at, style.Radius))
	}
	for _, q := range list {
		v.label(c, p, q)
	}
}

// place moves points of the same latency apart, so that their intervals can be told from one another.
func (v *curve) place(c draw.Canvas, p *plot.Plot) (list []placed) {
	x, y := p.Transforms(&c)
	for i, q := range v.points {
		before, same := 0, 0
		for k, other := range v.points {
			if other.Latency == q.Latency {
				same++
				if k < i {
					before++
				}
			}
		}
		aside := vg.Points(9 * (float64(before) - float64(same-1)/2))
		at := vg.Point{X: x(v.scale.at(q.Latency)) + aside, Y: y(q.Y)}
		list = append(list, placed{q, at, vg.Point{X: x(v.scale.at(q.Mean)), Y: at.Y}, y(q.Lo), y(q.Hi)})
	}
	return list
}

// interval draws the bar of an interval, and where the mean latency is another, a thin mark for it.
func (v *curve) interval(c draw.Canvas, q placed) {
	shade := faint(v.t.Color(q.Family))
	if !math.IsNaN(q.Lo) && !math.IsNaN(q.Hi) {
		bar := draw.LineStyle{Color: shade, Width: vg.Points(2)}
		c.StrokeLine2(bar, q.at.X, q.bottom, q.at.X, q.top)
		for _, end := range []vg.Length{q.bottom, q.top} {
			c.StrokeLine2(bar, q.at.X-vg.Points(3), end, q.at.X+vg.Points(3), end)
		}
		v.take(vg.Rectangle{Min: vg.Point{X: q.at.X - 4, Y: q.bottom}, Max: vg.Point{X: q.at.X + 4, Y: q.top}})
	}
	if q.Mean < q.Latency {
		own := v.t.Color(q.Family)
		c.StrokeLine2(draw.LineStyle{Color: own, Width: vg.Points(0.7)}, q.mean.X+meanRadius, q.at.Y, q.at.X, q.at.Y)
		c.DrawGlyph(draw.GlyphStyle{Color: own, Radius: meanRadius, Shape: draw.RingGlyph{}}, q.mean)
		v.take(vg.Rectangle{Min: vg.Point{X: q.mean.X - meanRadius, Y: q.at.Y - meanRadius}, Max: vg.Point{X: q.at.X, Y: q.at.Y + meanRadius}})
	}
}

// faint mixes a colour with white.
func faint(c color.Color) color.Color {
	mix := func(v uint32) uint8 { return uint8((v>>8 + 255) / 2) }
	r, g, b, _ := c.RGBA()
	return color.RGBA{mix(r), mix(g), mix(b), 255}
}

// join draws the line through a family.
func (v *curve) join(c draw.Canvas, family []placed) {
	for i := 1; i < len(family); i++ {
		a, b := family[i-1].at, family[i].at
		c.StrokeLine2(draw.LineStyle{Color: v.t.Color(family[i].Family), Width: vg.Points(1.8)}, a.X, a.Y, b.X, b.Y)
		const pieces = 24
		for k := range pieces + 1 {
			along := vg.Length(k) / pieces
			v.take(around(vg.Point{X: a.X + along*(b.X-a.X), Y: a.Y + along*(b.Y-a.Y)}, 1))
		}
	}
}

// label writes a point's label at the first place beside it that is free; without one it goes without.
func (v *curve) label(c draw.Canvas, p *plot.Plot, q placed) {
	style := p.Legend.TextStyle
	style.Font.Size, style.Font.Variant, style.Color = vg.Points(11), slideFont, v.t.Color(q.Family)
	width, height, gap := style.Width(q.Label), style.Height(q.Label), vg.Points(8)
	for _, to := range []vg.Point{ // the lower left corner, from the point
		{X: gap, Y: -height - gap/2}, {X: gap, Y: gap / 2}, {X: -gap - width, Y: gap / 2}, {X: -gap - width, Y: -height - gap/2},
		{X: gap, Y: -height / 2}, {X: -gap - width, Y: -height / 2},
		{X: -width / 2, Y: q.top - q.at.Y + gap/2},
	} {
		low := q.at.Add(to)
		box := vg.Rectangle{Min: low, Max: low.Add(vg.Point{X: width, Y: height})}
		if q.Label == "" || !v.free(box, c.Rectangle) {
			continue
		}
		c.FillText(style, low, q.Label)
		v.take(box)
		return
	}
}

func (v *curve) take(box vg.Rectangle) { v.taken = append(v.taken, box) }

// free tells whether nothing has been drawn in a box that lies within the panel.
func (v *curve) free(box, within vg.Rectangle) bool {
	if box.Min.X < within.Min.X || box.Max.X > within.Max.X || box.Min.Y < within.Min.Y || box.Max.Y > within.Max.Y {
		return false
	}
	return !slices.ContainsFunc(v.taken, func(t vg.Rectangle) bool {
		return box.Min.X < t.Max.X && t.Min.X < box.Max.X && box.Min.Y < t.Max.Y && t.Min.Y < box.Max.Y
	})
}

func around(at vg.Point, r vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - r, Y: at.Y - r}, Max: vg.Point{X: at.X + r, Y: at.Y + r}}
}
