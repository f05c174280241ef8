package report

import (
	"errors"
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Tradeoff shows what waiting buys: a figure over latency, and below it a stretch of sound with some of the answers.
type Tradeoff struct {
	Title   string
	Figure  string // what Y is
	Points  []TradeoffPoint
	Palette []string // families in the order of the colours, so that these mean the same in all pictures
	Excerpt *Picture // its tracks are left out; nil: none
}

// TradeoffPoint is one way of waiting.
type TradeoffPoint struct {
	Label         string  // beside the point, where there is room
	Family        string  // points of a family share a colour, a mark and a line
	Latency, Mean float64 // ms; +Inf: the whole recording
	Y, Lo, Hi     float64 // figure and its interval; a point without a figure (NaN) is left out
}

// glyphs of the families, in the order of the palette.
var glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, polygon{4, 0}, polygon{3, 0.25}, polygon{4, 0.125}, polygon{3, 0.75}, polygon{6, 0}}

// families in the order of their appearance.
func (t *Tradeoff) families() (names []string) {
	for _, p := range t.Points {
		if !slices.Contains(names, p.Family) {
			names = append(names, p.Family)
		}
	}
	return names
}

// Color is that of a family.
func (t *Tradeoff) Color(family string) color.Color { return colors[t.number(family)%len(colors)] }

func (t *Tradeoff) glyph(family string) draw.GlyphStyle {
	return draw.GlyphStyle{Color: t.Color(family), Radius: vg.Points(5.5), Shape: glyphs[t.number(family)%len(glyphs)]}
}

func (t *Tradeoff) number(family string) int { return max(0, slices.Index(t.Palette, family)) }

// WritePNG draws the picture as a PNG image of 1600 pixels in width.
func (t *Tradeoff) WritePNG(w io.Writer) error {
	drawn := slices.DeleteFunc(slices.Clone(t.Points), func(p TradeoffPoint) bool { return math.IsNaN(p.Y) })
	if len(drawn) == 0 {
		return errors.New("nothing to draw: no point has a figure; take recordings that hold both speech and something else")
	}
	panels := []panel{keyPanel(t.keys()), t.curvePanel(drawn)}
	if t.Excerpt != nil {
		more, err := t.Excerpt.excerptPanels()
		if err != nil {
			return err
		}
		panels = append(panels, more...)
	}
	panels[0].plot.Title.Text = t.Title
	panels[0].plot.Title.TextStyle.Font.Size = vg.Points(17)
	panels[0].height += 1.1 * vg.Centimeter
	for _, p := range panels {
		enlarge(p.plot)
	}
	return writePanels(w, panels, slideDPI)
}

// enlarge makes text readable from the back of a room.
func enlarge(q *plot.Plot) {
	for _, axis := range []*plot.Axis{&q.X, &q.Y} {
		axis.Label.TextStyle.Font.Size, axis.Label.TextStyle.Font.Variant = vg.Points(12), slideFont
		axis.Tick.Label.Font.Size, axis.Tick.Label.Font.Variant = vg.Points(11), slideFont
	}
	q.Title.TextStyle.Font.Variant = slideFont
}

// slideFont is one without serifs.
const slideFont = "Sans"

// keys explain families, and what is not a family.
func (t *Tradeoff) keys() (list []keyEntry) {
	for _, family := range t.families() {
		style := t.glyph(family)
		list = append(list, keyEntry{family, func(c draw.Canvas, at vg.Point) { c.DrawGlyph(style, at) }})
	}
	if slices.ContainsFunc(t.Points, func(p TradeoffPoint) bool { return p.Mean < p.Latency }) {
		list = append(list, keyEntry{"average latency", func(c draw.Canvas, at vg.Point) {
			c.DrawGlyph(draw.GlyphStyle{Color: color.Gray{0x50}, Radius: meanRadius, Shape: draw.RingGlyph{}}, at)
		}})
	}
	return list
}

const meanRadius = vg.Length(3.2)

// curvePanel is the figure over latency, with places of their own for no latency and for the whole recording.
func (t *Tradeoff) curvePanel(points []TradeoffPoint) panel {
	q := plot.New()
	scale := newLatencyScale(points)
	q.X.Label.Text = "algorithmic latency, ms (all: the whole recording)"
	q.Y.Label.Text = t.Figure
	q.X.Tick.Marker, q.X.Min, q.X.Max = scale.ticks(), scale.at(0)-0.4, scale.at(math.Inf(1))+0.4
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		for _, y := range []float64{p.Y, p.Lo, p.Hi} {
			if !math.IsNaN(y) {
				lo, hi = min(lo, y), max(hi, y)
			}
		}
	}
	pad := max(0.05*(hi-lo), 1e-4)
	q.Y.Min, q.Y.Max, q.Y.Tick.Marker = lo-pad, hi+pad, evenTicks{}
	q.Add(plotter.NewGrid(), breaks{scale}, &curve{t: t, points: points, scale: scale})
	height := 15.6 * vg.Centimeter
	if t.Excerpt != nil {
		height = 8.2 * vg.Centimeter
	}
	return panel{q, height}
}

// latencyScale places latencies: none at 0, then decades from 1 on, then the whole recording.
type latencyScale struct{ least, most float64 } // ms

const decade = 2.2

func newLatencyScale(points []TradeoffPoint) latencyScale {
	s := latencyScale{least: 10, most: 100}
	for _, p := range points {
		if p.Latency > 0 && !math.IsInf(p.Latency, 1) {
			s.least, s.most = min(s.least, p.Mean), max(s.most, p.Latency)
		}
	}
	return s
}

func (s latencyScale) at(ms float64) float64 {
	switch {
	case math.IsInf(ms, 1):
		return s.at(s.most) + 1.3 // room for the label of the last point
	case ms <= 0:
		return 0
	}
	return 1 + decade*math.Log10(ms/s.least)
}

// ticks are 0, 1-2-5 in each decade, and "whole recording".
func (s latencyScale) ticks() plot.ConstantTicks {
	list := plot.ConstantTicks{{Value: s.at(0), Label: "0"}}
	for power := math.Pow(10, math.Floor(math.Log10(s.least))); power <= s.most; power *= 10 {
		for _, digit := range []float64{1, 2, 5} {
			if ms := digit * power; ms >= s.least && ms <= s.most*1.02 {
				list = append(list, plot.Tick{Value: s.at(ms), Label: strconv.FormatFloat(ms, 'g', 6, 64)})
			}
		}
	}
	return append(list, plot.Tick{Value: s.at(math.Inf(1)), Label: "all"})
}

// evenTicks are three to seven ticks at multiples of 1, 2 or 5 times a power of ten.
type evenTicks struct{}

// Ticks implements plot.Ticker.
func (evenTicks) Ticks(lo, hi float64) (list []plot.Tick) {
	power := math.Floor(math.Log10((hi - lo) / 3))
	step := math.Pow(10, power)
	for _, more := range []float64{5, 2} {
		if (hi-lo)/(more*step) >= 3 {
			step *= more
			break
		}
	}
	for i := math.Ceil(lo/step) + 0; i*step <= hi; i++ {
		list = append(list, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step, 'f', int(max(0, -power)), 64)})
	}
	return list
}

// breaks are the places at which the scale is not what it is beside them.
func (s latencyScale) breaks() []float64 { return []float64{0.5, s.at(math.Inf(1)) - 0.45} }

// breaks set the places apart that are not on the logarithmic scale.
type breaks struct{ scale latencyScale }

// Plot implements plot.Plotter.
func (b breaks) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, at := range b.scale.breaks() {
		c.StrokeLine2(draw.LineStyle{Color: color.Gray{0xa0}, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(2), vg.Points(4)}},
			x(at), c.Min.Y, x(at), c.Max.Y)
	}
}

// polygon is a regular one, with its first corner so many turns from the right.
type polygon struct {
	corners int
	turn    float64
}

// DrawGlyph implements draw.GlyphDrawer.
func (g polygon) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	var corners []vg.Point
	for i := range g.corners {
		sin, cos := math.Sincos(2 * math.Pi * (float64(i)/float64(g.corners) + g.turn))
		corners = append(corners, at.Add(vg.Point{X: style.Radius * 1.2 * vg.Length(cos), Y: style.Radius * 1.2 * vg.Length(sin)}))
	}
	c.FillPolygon(style.Color, corners)
}

// excerptPanels are the panels of a picture with its lines explained in a strip between them.
func (p *Picture) excerptPanels() (panels []panel, err error) {
	end := p.duration()
	if s := spectrogram(p.Samples, p.Rate); s != nil {
		sound := p.soundPanel(s)
		sound.plot.Title.Text, sound.plot.Title.TextStyle.Font.Size = p.Title, vg.Points(13)
		sound.plot.Title.Padding = vg.Points(3)
		sound.plot.X.Tick.Marker = plot.ConstantTicks{} // the axis below is the same
		sound.height = 3.1 * vg.Centimeter
		panels = append(panels, space(0.3*vg.Centimeter), sound)
	}
	if len(p.Lines) == 0 || end <= 0 {
		return panels, nil
	}
	lines, err := p.linePanel(false)
	if err != nil {
		return nil, err
	}
	lines.plot.X.Label.Text = "seconds"
	lines.plot.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 0.5, Label: "0.5"}, {Value: 1, Label: "1"}}
	panels = append(panels, keyPanel(p.keys()), lines)
	for _, q := range panels {
		q.plot.X.Min, q.plot.X.Max = 0, end
	}
	return panels, nil
}

// space is an empty panel.
func space(height vg.Length) panel {
	q := plot.New()
	q.HideAxes()
	return panel{q, height}
}

// keys explain lines and shade.
func (p *Picture) keys() (list []keyEntry) {
	for i, l := range p.Lines {
		list = append(list, keyEntry{l.Name, lineSample(draw.LineStyle{Color: p.lineColor(i), Width: vg.Points(2)})})
	}
	if len(p.Shade) > 0 {
		list = append(list, keyEntry{"labelled speech", boxSample(shadeColor)})
	}
	return list
}
