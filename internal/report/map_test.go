package report

import (
	"image/color"
	"testing"
)

// Each value has its own pixels, of the shade of its size, the first one of a
// column at the bottom.
func TestMapPaintsValues(t *testing.T) {
	m := Map{Hop: 1, Columns: [][]float64{{0, 1}, {2, 0.5}}, Max: 1}
	img := m.image()
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	shades := blackBody(mapShades)
	for _, at := range []struct{ x, y, shade int }{{0, h - 1, 0}, {0, 0, mapShades - 1}, {w - 1, h - 1, mapShades - 1}, {w - 1, 0, mapShades / 2}} {
		if got, want := color.RGBAModel.Convert(img.At(at.x, at.y)), color.RGBAModel.Convert(shades[at.shade]); got != want {
			t.Errorf("pixel (%d, %d) is %v, not %v", at.x, at.y, got, want)
		}
	}
	m.Min, m.Signed = -1, true
	r, _, b, _ := m.image().At(0, 0).RGBA()
	if r <= b {
		t.Errorf("the largest value is not red: %d, %d", r, b)
	}
}

func TestPictureOfMaps(t *testing.T) {
	p := &Picture{Title: "maps", Maps: []Map{{Name: "a", Hop: 0.01, Columns: [][]float64{{0, 1}, {1, 0}}, Max: 1}}}
	if img := render(t, p); img.Bounds().Dy() < 100 {
		t.Errorf("picture of %v", img.Bounds())
	}
	if end := p.duration(); end != 0.02 {
		t.Errorf("it ends after %g s", end)
	}
}
