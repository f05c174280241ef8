package report

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/streamer-audio/streamer/pipeline"
)

// tone is one second of a sine of the given frequency.
func tone(rate int, hz float64) []float32 {
	x := make([]float32, rate)
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return x
}

// TestSpectrogram finds a tone in the bin where it must be, in every column.
func TestSpectrogram(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100} {
		power := spectrogram(tone(rate, 1000), rate)
		if len(power) < 90 || len(power) > 100 {
			t.Fatalf("%d Hz: %d columns for one second", rate, len(power))
		}
		bins := len(power[0])
		want := int(math.Round(1000 / (float64(rate) / 2) * float64(bins-1)))
		for c, column := range power {
			best := 0
			for k := range column {
				if column[k] > column[best] {
					best = k
				}
			}
			if best != want {
				t.Fatalf("%d Hz, column %d: loudest bin %d, want %d", rate, c, best, want)
			}
		}
	}
	if got := spectrogram(make([]float32, 10), 16000); got != nil {
		t.Errorf("ten samples gave %d columns", len(got))
	}
	if got := len(spectrogram(make([]float32, 16000*20), 16000)); got != maxColumns {
		t.Errorf("20 s gave %d columns, want %d", got, maxColumns)
	}
}

func render(t *testing.T, p *Picture) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := p.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// count counts the pixels of a colour.
func count(img image.Image, c image.Image) (n int) {
	r0, g0, b0, _ := c.At(0, 0).RGBA()
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, g, b, _ := img.At(x, y).RGBA(); r == r0 && g == g0 && b == b0 {
				n++
			}
		}
	}
	return n
}

// TestPicture draws segments of known length and finds as much of their colour.
func TestPicture(t *testing.T) {
	p := &Picture{Title: "a tone", Rate: 16000, Samples: tone(16000, 1000),
		Lines:  []Line{{Name: "causal", Hop: 0.01, Prob: make([]float64, 100)}, {Name: "offline", Hop: 0.01, Prob: make([]float64, 100)}},
		Tracks: []Track{{"truth", []pipeline.Segment{{Start: 0, End: 0.5}}}}}
	img := render(t, p)
	grey := count(img, image.NewUniform(p.color("truth")))
	p.Tracks[0].Segments[0].End = 0.25
	half := count(render(t, p), image.NewUniform(p.color("truth")))
	if ratio := float64(grey) / float64(half); half == 0 || ratio < 1.9 || ratio > 2.1 {
		t.Errorf("%d pixels of half a second, %d of a quarter", grey, half)
	}
	if p.color("offline") != colors[1] {
		t.Error("a track does not have the colour of its line")
	}
	tracks := &Picture{Tracks: p.Tracks}
	if small := render(t, tracks); small.Bounds().Dy() >= img.Bounds().Dy() {
		t.Error("panels without content take room")
	}
	if err := (&Picture{}).WritePNG(&bytes.Buffer{}); err == nil {
		t.Error("drew a picture of nothing")
	}
}

// TestLevels draws levels with a mark and the truth behind them: the shade is as wide as the segments, and silence does not
// take the room of what is above it.
func TestLevels(t *testing.T) {
	levels := make([]float64, 100)
	for i := range levels {
		levels[i] = -120
		if i >= 50 {
			levels[i] = -20
		}
	}
	p := &Picture{Levels: Levels{Hop: 0.01, DB: levels}, Shade: []pipeline.Segment{{Start: 0, End: 0.4}}}
	all := count(render(t, p), image.NewUniform(shadeColor))
	p.Shade[0].End = 0.2
	if half := count(render(t, p), image.NewUniform(shadeColor)); half == 0 || float64(all)/float64(half) < 1.8 || float64(all)/float64(half) > 2.2 {
		t.Errorf("%d pixels of shade behind 0.4 s, %d behind 0.2", all, half)
	}
	without := count(render(t, p), image.NewUniform(markColor))
	p.Levels.Marks = []Mark{{"threshold", -50}}
	if with := count(render(t, p), image.NewUniform(markColor)); without != 0 || with == 0 {
		t.Errorf("%d pixels of a mark, %d without one", with, without)
	}
	levels[7] = math.NaN()
	if err := p.WritePNG(&bytes.Buffer{}); err == nil {
		t.Error("drew a level that is no number")
	}
}

// TestReduce keeps few colours exactly, and brings many down to 256 that are near.
func TestReduce(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 300, 300))
	paint := func(f func(x, y int) color.RGBA) {
		for y := range 300 {
			for x := range 300 {
				img.SetRGBA(x, y, f(x, y))
			}
		}
	}
	worst := func() (worst int) {
		out := reduce(img)
		if len(out.Palette) > 256 {
			t.Fatalf("%d colours", len(out.Palette))
		}
		for y := range 300 {
			for x := range 300 {
				_, distance := nearest([]color.RGBA{img.RGBAAt(x, y)}, out.At(x, y).(color.RGBA))
				worst = max(worst, distance)
			}
		}
		return worst
	}
	paint(func(x, y int) color.RGBA { return color.RGBA{uint8(x % 16), uint8(y % 16), 7, 255} })
	if d := worst(); d != 0 {
		t.Errorf("256 colours are not kept: off by the square root of %d", d)
	}
	paint(func(x, y int) color.RGBA { return color.RGBA{uint8(x * 255 / 299), uint8(y * 255 / 299), 0, 255} })
	if d := worst(); d == 0 || d > 16*16 {
		t.Errorf("a plane of colours is off by the square root of %d", d)
	}
}

func TestCurves(t *testing.T) {
	var b bytes.Buffer
	err := WriteCurves(&b, "loss", "step", "nats", []Curve{{"train", []float64{1, 2, 3}, []float64{0.5, 0.4, 0.35}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&b); err != nil {
		t.Error(err)
	}
	if err := WriteCurves(&b, "", "", "", []Curve{{"broken", []float64{1}, []float64{math.NaN()}}}); err == nil {
		t.Error("drew a curve through NaN")
	}
}
