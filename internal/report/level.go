package report

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/streamer-audio/streamer/pipeline"
)

// Levels is how loud a recording is, frame by frame, with lines across at the levels that matter.
type Levels struct {
	Hop   float64   // seconds between frames
	DB    []float64 // DB[i] is about [i*Hop, (i+1)*Hop)
	Marks []Mark
}

// Mark is a level with a name.
type Mark struct {
	Name string
	DB   float64
}

// levelRange is how far below the loudest frame levels are drawn: what lies deeper, such as digital silence, would press
// all else together.
const levelRange = 80

var (
	levelColor = color.Gray{0x30}
	markColor  = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
	shadeColor = color.RGBA{0xcf, 0xe3, 0xd4, 0xff}
)

func (p *Picture) levelPanel() (panel, error) {
	q := plot.New()
	q.Y.Label.Text = "dB"
	q.Add(shade{p.Shade}, plotter.NewGrid())
	top := slices.Max(p.Levels.DB)
	xy := make(plotter.XYs, len(p.Levels.DB))
	for i, db := range p.Levels.DB {
		xy[i] = plotter.XY{X: (float64(i) + 0.5) * p.Levels.Hop, Y: max(db, top-levelRange)}
	}
	line, err := plotter.NewLine(xy)
	if err != nil {
		return panel{}, fmt.Errorf("levels: %w", err)
	}
	line.Color, line.Width = levelColor, vg.Points(1)
	q.Add(line)
	for _, m := range p.Levels.Marks {
		q.Add(across{m})
	}
	q.Y.Min, q.Y.Max = min(q.Y.Min, top-50)-5, top+5
	return panel{q, 4 * vg.Centimeter}, nil
}

// shade fills the height of a panel where segments are.
type shade struct{ segments []pipeline.Segment }

// Plot implements plot.Plotter.
func (s shade) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, t := range s.segments {
		l, r := x(t.Start), x(t.End)
		c.FillPolygon(shadeColor, []vg.Point{{X: l, Y: c.Min.Y}, {X: r, Y: c.Min.Y}, {X: r, Y: c.Max.Y}, {X: l, Y: c.Max.Y}})
	}
}

// across draws a mark as a dashed line with its name at the right end.
type across struct{ Mark }

// Plot implements plot.Plotter.
func (a across) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	at := y(a.DB)
	c.StrokeLine2(draw.LineStyle{Color: markColor, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}},
		c.Min.X, at, c.Max.X, at)
	style := p.Legend.TextStyle
	style.Font.Size = vg.Points(9)
	style.Color, style.XAlign, style.YAlign = markColor, draw.XRight, draw.YBottom
	c.FillText(style, vg.Point{X: c.Max.X - vg.Points(3), Y: at + vg.Points(1)}, fmt.Sprintf("%s %.1f dB", a.Name, a.DB))
}
