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
	named := logarithmic(1e-9, 1e3)
	named.X.Names = []string{"one", "two", "none"}
	if other, _ := drawn(&Chart{Title: "t", Panels: []ChartPanel{named}}); bytes.Equal(good, other) {
		t.Error("names of places are not drawn")
	}
	if list := (namedTicks{"one", "two", "none"}).Ticks(-0.1, 1.1); len(list) != 2 || list[1].Value != 1 || list[1].Label != "two" {
		t.Errorf("ticks %v", list)
	}
	if err := (&Chart{Panels: []ChartPanel{{}}}).WritePNG(&bytes.Buffer{}); err == nil {
		t.Error("draws nothing")
	}
}

// Curves of the same name look the same in all panels, those of one panel differ.
func TestCurveLooks(t *testing.T) {
	l := curveLooks{}
	if keys := l.learn([]Curve{{Name: "a"}, {Name: "b"}}); len(keys) != 2 {
		t.Errorf("%d names explained", len(keys))
	}
	if keys := l.learn([]Curve{{Name: "c"}, {Name: "b"}}); len(keys) != 1 || l["c"] == l["b"] || l["b"] != 1 {
		t.Errorf("%d names explained, looks %v", len(keys), l)
	}
	many := make([]Curve, len(colors)+1)
	for i := range many {
		many[i].Name = string(rune('A' + i))
	}
	l.learn(many)
	if first, last := l.style("A"), l.style(many[len(colors)].Name); first.Color != last.Color || last.Dashes == nil || first.Dashes != nil {
		t.Errorf("styles %v and %v", first, last)
	}
}

func TestPowerTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{-2.1, 0.5, "0.01 0.1 1 "}, {-10, -1, "1e-10  1e-8  1e-6  1e-4  0.01  "}, {0, 1, "1 2 5 10 "}, {5.5, 6.1, "5e5 1e6 "},
	} {
		got := ""
		for _, tick := range (powerTicks{}).Ticks(c.lo, c.hi) {
			got += tick.Label + " "
		}
		if got != c.want {
			t.Errorf("ticks of %g..%g are %q, want %q", c.lo, c.hi, got, c.want)
		}
	}
}
