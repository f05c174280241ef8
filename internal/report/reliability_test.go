package report

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"testing"
)

func TestReliabilityPicture(t *testing.T) {
	list := []Calibration{
		{"a", []float64{0.02, 0.5, 0.98}, []float64{0.01, 0.4, 0.9}, []float64{300_000, 20, 150_000}},
		{"b", []float64{0.3}, []float64{0.3}, []float64{1}}, // all scores in one bin
		{Name: "none"},
	}
	var b bytes.Buffer
	if err := WriteReliability(&b, "scores as probabilities", list); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if n := count(img, image.NewUniform(colors[i])); n < 50 {
			t.Errorf("%q: %d pixels", list[i].Name, n)
		}
	}
	if n := count(img, image.NewUniform(colors[2])); n > 10 {
		t.Errorf("nothing takes %d pixels", n)
	}
	list[0].Share[1] = math.NaN()
	if err := WriteReliability(&b, "", list); err == nil {
		t.Error("drew a share that is not a number")
	}
}
