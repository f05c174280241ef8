package report

import (
	"bytes"
	"image/png"
	"math"
	"testing"
)

// A chart shows what it is given: more panels are higher, and what has no place on a logarithmic axis changes nothing.
func TestChart(t *testing.T) {
	drawn := func(c *Chart) ([]byte, int) {
		var b bytes.Buffer
		if err := c.WritePNG(&b); err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes(), img.Bounds().Dy()
	}
	logarithmic := func(y ...float64) ChartPanel {
		x := make([]float64, len(y))
		for i := range x {
			x[i] = float64(i)
		}
		return ChartPanel{Y: Axis{Log: true}, Marks: true, Curves: []Curve{{Name: "a", X: x, Y: y}}}
	}
	good, high := drawn(&Chart{Title: "t", Panels: []ChartPanel{logarithmic(1e-9, 1e3)}})
	same, _ := drawn(&Chart{Title: "t", Panels: []ChartPanel{logarithmic(1e-9, 1e3, 0, -1, math.NaN(), math.Inf(1))}})
	if !bytes.Equal(good, same) {
		t.Error("points without a place are drawn")
	}
	if other, _ := drawn(&Chart{Title: "t", Panels: []ChartPanel{logarithmic(1e-3, 1e3)}}); bytes.Equal(good, other) {
		t.Error("other values look the same")
	}
	if _, two := drawn(&Chart{Title: "t", Panels: []ChartPanel{logarithmic(5), logarithmic(0)}}); two <= high {
		t.Error("two panels are no higher than one")
	}
	if err := (&Chart{Panels: []ChartPanel{{}}}).WritePNG(&bytes.Buffer{}); err == nil {
		t.Error("draws nothing")
	}
}
