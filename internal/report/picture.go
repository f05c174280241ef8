package report

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/streamer-audio/streamer/pipeline"
)

// Picture shows one recording: its spectrogram, its level, maps, lines of probability and tracks of segments, one time axis.
// Panels without content are left out.
type Picture struct {
	Title   string
	Rate    int       // of Samples, Hz
	Samples []float32 // mono
	Levels  Levels
	Maps    []Map
	Lines   []Line
	Tracks  []Track
	Shade   []pipeline.Segment // behind levels and lines, such as where the truth says speech
}

// Line is one model's probability per frame.
type Line struct {
	Name string
	Hop  float64   // seconds between frames
	Prob []float64 // Prob[i] is about [i*Hop, (i+1)*Hop)
	// Color is nil for the next one of the palette.
	Color color.Color
}

// Track is a row of segments, such as the truth or a model's decisions.
type Track struct {
	Name     string
	Segments []pipeline.Segment
}

// A palette that people with colour-blindness can tell apart (Okabe and Ito, 2008).
var colors = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff},
	color.RGBA{0xcc, 0x79, 0xa7, 0xff}, color.RGBA{0x56, 0xb4, 0xe9, 0xff}, color.RGBA{0xe6, 0x9f, 0x00, 0xff},
}

// panel is a plot and its height in the picture.
type panel struct {
	plot   *plot.Plot
	height vg.Length
}

// WritePNG draws the picture as a PNG image.
func (p *Picture) WritePNG(w io.Writer) error {
	end := p.duration()
	if end <= 0 {
		return fmt.Errorf("nothing to draw: no sound, no lines and no segments")
	}
	var panels []panel
	if s := spectrogram(p.Samples, p.Rate); s != nil {
		panels = append(panels, p.soundPanel(s))
	}
	if len(p.Levels.DB) > 0 {
		levels, err := p.levelPanel()
		if err != nil {
			return err
		}
		panels = append(panels, levels)
	}
	for i := range p.Maps {
		panels = append(panels, p.Maps[i].panel())
	}
	if len(p.Lines) > 0 {
		lines, err := p.linePanel(len(p.Tracks) == 0) // tracks name the colours, and a legend hides part of the lines
		if err != nil {
			return err
		}
		panels = append(panels, lines)
	}
	if len(p.Tracks) > 0 {
		panels = append(panels, p.trackPanel())
	}
	panels[0].plot.Title.Text = p.Title
	if len(p.Maps) > 0 {
		panels[0].height += vg.Centimeter // maps are low
	}
	panels[len(panels)-1].plot.X.Label.Text = "seconds"
	for _, q := range panels {
		q.plot.X.Min, q.plot.X.Max = 0, end
	}
	return writePanels(w, panels, screenDPI)
}

// duration is the end of the last thing to be drawn, in seconds.
func (p *Picture) duration() float64 {
	end := 0.0
	if p.Rate > 0 {
		end = float64(len(p.Samples)) / float64(p.Rate)
	}
	end = max(end, float64(len(p.Levels.DB))*p.Levels.Hop)
	for _, m := range p.Maps {
		end = max(end, float64(len(m.Columns))*m.Hop)
	}
	for _, l := range p.Lines {
		end = max(end, float64(len(l.Prob))*l.Hop)
	}
	for _, t := range p.Tracks {
		for _, s := range t.Segments {
			end = max(end, s.End)
		}
	}
	return end
}

func (p *Picture) soundPanel(power [][]float64) panel {
	q := plot.New()
	q.Y.Label.Text = "kHz"
	seconds, kHz := float64(len(p.Samples))/float64(p.Rate), float64(p.Rate)/2000
	q.Add(plotter.NewImage(spectrogramImage(power), 0, 0, seconds, kHz))
	return panel{q, 5 * vg.Centimeter}
}

func (p *Picture) linePanel(legend bool) (panel, error) {
	q := plot.New()
	q.Y.Label.Text = "probability"
	q.Y.Min, q.Y.Max = 0, 1
	q.Legend.Top, q.Legend.Padding = true, vg.Points(2)
	q.Add(shade{p.Shade}, plotter.NewGrid())
	for i, l := range p.Lines {
		xy := make(plotter.XYs, len(l.Prob))
		for k, prob := range l.Prob {
			xy[k] = plotter.XY{X: (float64(k) + 0.5) * l.Hop, Y: prob}
		}
		name := l.Name
		if !legend {
			name = ""
		}
		if err := addLine(q, name, xy, p.lineColor(i)); err != nil {
			return panel{}, err
		}
	}
	return panel{q, 4 * vg.Centimeter}, nil
}

// lineColor is the colour of the i-th line.
func (p *Picture) lineColor(i int) color.Color {
	if own := p.Lines[i].Color; own != nil {
		return own
	}
	return colors[i%len(colors)]
}

// addLine adds one line, with its name in the legend unless it is empty.
func addLine(q *plot.Plot, name string, xy plotter.XYs, shade color.Color) error {
	line, err := plotter.NewLine(xy)
	if err != nil {
		return fmt.Errorf("line %q: %w", name, err)
	}
	line.Color, line.Width = shade, vg.Points(1.2)
	q.Add(line)
	if name != "" {
		q.Legend.Add(name, line)
	}
	return nil
}

func (p *Picture) trackPanel() panel {
	q := plot.New()
	n := len(p.Tracks)
	names := make([]string, n)
	for i, t := range p.Tracks {
		row := n - 1 - i // the first track on top
		names[row] = t.Name
		q.Add(bars{t.Segments, float64(row), p.color(t.Name)})
	}
	q.NominalY(names...)
	q.Y.Min, q.Y.Max = -0.5, float64(n)-0.5
	return panel{q, vg.Length(n)*0.7*vg.Centimeter + 1.2*vg.Centimeter}
}

// color of a track is that of the line of the same name; a track without one, such as the truth, is grey.
func (p *Picture) color(name string) color.Color {
	for i, l := range p.Lines {
		if l.Name == name {
			return p.lineColor(i)
		}
	}
	return color.Gray{0x60}
}

// bars draws segments as filled boxes around a row.
type bars struct {
	segments []pipeline.Segment
	row      float64
	color    color.Color
}

// Plot implements plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	low, high := y(b.row-0.32), y(b.row+0.32)
	for _, s := range b.segments {
		l, r := x(s.Start), x(s.End)
		c.FillPolygon(b.color, []vg.Point{{X: l, Y: low}, {X: r, Y: low}, {X: r, Y: high}, {X: l, Y: high}})
	}
}

// margins are what a panel needs beside its data, on the left and on the right.
func (p panel) margins(cell draw.Canvas) (left, right vg.Length) {
	data := p.plot.DataCanvas(cell)
	return data.Min.X - cell.Min.X, cell.Max.X - data.Max.X
}

// Resolutions of pictures that are 24 cm wide.
const (
	screenDPI = 110
	slideDPI  = 170 // 1600 pixels
)

// writePanels draws panels under one another with their time axes aligned.
func writePanels(w io.Writer, panels []panel, dpi int) error {
	const width, margin = 24 * vg.Centimeter, 0.3 * vg.Centimeter
	height := 2 * margin
	for _, p := range panels {
		height += p.height
	}
	img := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(color.White))
	rest := draw.Crop(draw.New(img), margin, -2*margin, margin, -margin)
	cells := make([]draw.Canvas, len(panels))
	left, right := vg.Length(0), vg.Length(0)
	for i, p := range panels {
		cells[i] = draw.Crop(rest, 0, 0, rest.Max.Y-rest.Min.Y-p.height, 0)
		rest.Max.Y -= p.height
		l, r := p.margins(cells[i])
		left, right = max(left, l), max(right, r)
	}
	for i, p := range panels {
		l, r := p.margins(cells[i])
		p.plot.Draw(draw.Crop(cells[i], left-l, r-right, 0, 0))
	}
	return png.Encode(w, reduce(img.Image().(*image.RGBA)))
}

// Curve is a named line of points, such as a loss over the steps of training.
type Curve struct {
	Name string
	X, Y []float64
}

// WriteCurves draws curves over a common axis as a PNG image.
func WriteCurves(w io.Writer, title, xLabel, yLabel string, curves []Curve) error {
	q := plot.New()
	q.Title.Text, q.X.Label.Text, q.Y.Label.Text = title, xLabel, yLabel
	q.Legend.Top, q.Legend.Padding = true, vg.Points(2)
	q.Add(plotter.NewGrid())
	for i, c := range curves {
		xy := make(plotter.XYs, len(c.X))
		for k := range xy {
			xy[k] = plotter.XY{X: c.X[k], Y: c.Y[k]}
		}
		if err := addLine(q, c.Name, xy, colors[i%len(colors)]); err != nil {
			return err
		}
	}
	return writePanels(w, []panel{{q, 10 * vg.Centimeter}}, screenDPI)
}
