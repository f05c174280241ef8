package report

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"github.com/streamer-audio/streamer/pipeline"
)

func testTradeoff() *Tradeoff {
	all := math.Inf(1)
	return &Tradeoff{Title: "what waiting buys", Figure: "ROC-AUC", Palette: []string{"now", "all", "blocks"}, Points: []TradeoffPoint{
		{Family: "now", Y: 0.9, Lo: 0.88, Hi: 0.92},
		{Label: "5+5", Family: "blocks", Latency: 90, Mean: 70, Y: 0.95, Lo: 0.94, Hi: 0.96},
		{Label: "25+25", Family: "blocks", Latency: 490, Mean: 370, Y: 0.96, Lo: math.NaN(), Hi: math.NaN()},
		{Label: "lost", Family: "blocks", Latency: 990, Mean: 700, Y: math.NaN()},
		{Family: "all", Latency: all, Mean: all, Y: 0.97, Lo: 0.96, Hi: 0.98},
	}}
}

func renderTradeoff(t *testing.T, v *Tradeoff) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := v.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 400<<10 {
		t.Errorf("%d bytes", b.Len())
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestTradeoff(t *testing.T) {
	v := testTradeoff()
	img := renderTradeoff(t, v)
	if w, h := img.Bounds().Dx(), img.Bounds().Dy(); w < 1550 || w > 1650 || h < 1000 || h > 1300 {
		t.Errorf("%d x %d pixels", w, h)
	}
	for _, family := range v.Palette {
		if count(img, image.NewUniform(v.Color(family))) < 300 {
			t.Errorf("little of the colour of %s", family)
		}
	}
	v.Excerpt = &Picture{Title: "a tone", Rate: 16000, Samples: tone(16000, 1000), Shade: []pipeline.Segment{{Start: 0.2, End: 0.6}},
		Lines: []Line{{Name: "now", Hop: 0.01, Prob: make([]float64, 100), Color: v.Color("all")}}}
	with := renderTradeoff(t, v)
	if h := with.Bounds().Dy(); h < 1100 || h > 1300 || count(with, image.NewUniform(shadeColor)) == 0 {
		t.Errorf("an excerpt makes it %d pixels high", h)
	}
	v.Excerpt = &Picture{} // of a recording without sound
	renderTradeoff(t, v)
	v.Points = v.Points[3:4]
	if err := v.WritePNG(&bytes.Buffer{}); err == nil {
		t.Error("drew a point without a figure")
	}
}

func TestLatencyScale(t *testing.T) {
	s := newLatencyScale(testTradeoff().Points)
	last := -1.0
	for _, ms := range []float64{0, 10, 70, 90, 490, 990, math.Inf(1)} {
		at := s.at(ms)
		if at <= last {
			t.Errorf("%g ms lies at %g, not right of %g", ms, at, last)
		}
		last = at
	}
	ticks := s.ticks()
	if ticks[0].Label != "0" || ticks[len(ticks)-1].Label != "all" || ticks[1].Label != "10" || ticks[len(ticks)-2].Label != "500" {
		t.Errorf("ticks %v", ticks)
	}
	for _, c := range [][2]float64{{0.955, 0.996}, {0.9915, 1.0005}, {0, 1}, {0.5, 0.5002}} {
		if n := len(evenTicks{}.Ticks(c[0], c[1])); n < 3 || n > 8 {
			t.Errorf("%d ticks within %v", n, c)
		}
	}
}

// Labels overlap nothing, and those without room are left out.
func TestLabelsOverlapNothing(t *testing.T) {
	var points []TradeoffPoint
	for i := range 60 {
		points = append(points, TradeoffPoint{Label: "label", Family: "blocks", Latency: float64(50 + i%20), Mean: 50, Y: 0.9 + 0.001*float64(i), Lo: 0.9, Hi: 0.97})
	}
	v := &curve{t: testTradeoff(), points: points, scale: newLatencyScale(points)}
	q := plot.New()
	q.X.Min, q.X.Max, q.Y.Min, q.Y.Max = 0, 4, 0.88, 0.98
	var canvas recorder.Canvas
	v.Plot(draw.NewCanvas(&canvas, 20*vg.Centimeter, 8*vg.Centimeter), q)
	labels := 0
	for _, a := range canvas.Actions {
		if _, ok := a.(*recorder.FillString); ok {
			labels++
		}
	}
	if labels == 0 || labels == len(points) {
		t.Errorf("%d of %d labels", labels, len(points))
	}
	panel := vg.Rectangle{Max: vg.Point{X: 20 * vg.Centimeter, Y: 8 * vg.Centimeter}}
	for i := len(v.taken) - labels; i < len(v.taken); i++ {
		if before := (&curve{taken: v.taken[:i]}); !before.free(v.taken[i], panel) {
			t.Errorf("a label lies over something, at %v", v.taken[i])
		}
	}
}
