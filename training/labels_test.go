package training

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sound returns a recording at Rate of faint noise with a tone of the given amplitude in each span (in 10 ms frames).
func sound(frames int, amplitude float64, spans ...Span) []float32 {
	r := newRandom(9)
	out := make([]float32, frames*labelHop)
	for i := range out {
		out[i] = 1e-4 * r.white()
	}
	for _, s := range spans {
		for i := s.Start * labelHop; i < s.End*labelHop; i++ {
			out[i] += float32(amplitude * math.Sin(2*math.Pi*2000*float64(i)/Rate))
		}
	}
	return out
}

func inFrames(spans []Span) []Span {
	var out []Span
	for _, s := range spans {
		out = append(out, Span{s.Start / labelHop, (s.End + labelHop - 1) / labelHop})
	}
	return out
}

func TestLabelSpeech(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples []float32
		want    []Span
	}{
		{"two words", sound(300, 0.3, Span{50, 100}, Span{150, 220}), []Span{{50, 100}, {150, 220}}},
		{"a quiet recording", sound(300, 0.003, Span{50, 100}), []Span{{50, 100}}},
		{"a stop inside a word", sound(300, 0.3, Span{50, 70}, Span{80, 100}), []Span{{50, 100}}},
		{"a pause", sound(300, 0.3, Span{50, 70}, Span{81, 100}), []Span{{50, 70}, {81, 100}}},
		{"a click", sound(300, 0.3, Span{50, 100}, Span{150, 154}), []Span{{50, 100}}},
		{"a click with echoes 30 ms apart", sound(300, 0.3, Span{50, 100}, Span{150, 152}, Span{155, 158}), []Span{{50, 100}, {150, 158}}},
		{"to both ends", sound(300, 0.3, Span{0, 40}, Span{260, 300}), []Span{{0, 40}, {260, 300}}},
		{"digital silence", make([]float32, 300*labelHop), nil},
		{"nothing", nil, nil},
	} {
		if diff := cmp.Diff(c.want, inFrames(LabelSpeech(c.samples))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestLabelsIgnoreHum(t *testing.T) {
	samples := sound(300, 0.1, Span{100, 150})
	for i := range samples {
		samples[i] += float32(0.1 * math.Sin(2*math.Pi*25*float64(i)/Rate)) // as loud as the speech, but under 100 Hz
	}
	if diff := cmp.Diff([]Span{{100, 150}}, inFrames(LabelSpeech(samples))); diff != "" {
		t.Error(diff)
	}
}

// The threshold is min(max(p10+12, p95-28), p95-15): each of the three terms decides in one of these recordings.
func TestLabelThreshold(t *testing.T) {
	levels := func(pause, word, between float64) []float64 {
		var out []float64
		for i := range 300 {
			switch {
			case i < 60: // 20 %
				out = append(out, pause)
			case i < 160:
				out = append(out, between)
			default:
				out = append(out, word)
			}
		}
		return out
	}
	for _, c := range []struct {
		pause, word, threshold float64
	}{{-60, -30, -48}, {-90, -30, -58}, {-40, -30, -45}} {
		l, above := labelFrames(levels(c.pause, c.word, c.threshold+0.1))
		_, below := labelFrames(levels(c.pause, c.word, c.threshold-0.1))
		if !above[100] || below[100] || l.Threshold != c.threshold {
			t.Errorf("pause %g, word %g: the threshold is not at %g but %g", c.pause, c.word, c.threshold, l.Threshold)
		}
	}
}

func TestSpanFramesMarksFramesWhoseMiddleIsCovered(t *testing.T) {
	r := newRandom(3)
	for range 300 {
		hop := 1 + r.below(400)
		n := 1 + r.below(60)
		var spans []Span
		for at := 0; at < n*hop; {
			s := Span{at + r.below(3*hop), 0}
			s.End = s.Start + 1 + r.below(5*hop)
			spans, at = append(spans, s), s.End+1+r.below(hop)
		}
		got := make([]float32, n)
		spanFrames(got, spans, hop)
		for i := range got {
			want := float32(0)
			for _, s := range spans {
				if middle := i*hop + hop/2; s.Start <= middle && middle < s.End {
					want = 1
				}
			}
			if got[i] != want {
				t.Fatalf("hop %d, spans %v: frame %d is %g, want %g", hop, spans, i, got[i], want)
			}
		}
	}
}

func TestFilterGains(t *testing.T) {
	gain := func(hz float64, sections ...biquad) float64 {
		x := make([]float32, Rate)
		for i := range x {
			x[i] = float32(math.Sin(2 * math.Pi * hz * float64(i) / Rate))
		}
		apply(x, sections...)
		return 10 * math.Log10(2*sumSquares(x[Rate/2:])/float64(Rate/2))
	}
	low := butterworth(lowpass, 1000, 8)
	high := butterworth(highpass, 1000, 4)
	for _, c := range []struct {
		name      string
		got, want float64
		tolerance float64
	}{
		{"low-pass, pass band", gain(300, low...), 0, 0.01},
		{"low-pass, edge", gain(1000, low...), -3.01, 0.02},
		{"low-pass, an octave up", gain(2000, low...), -50, 3},
		{"high-pass, pass band", gain(4000, high...), 0, 0.1},
		{"high-pass, an octave down", gain(500, high...), -24.3, 0.5},
		{"peak", gain(2000, peaking(2000, 1, 7)), 7, 0.01},
		{"far from the peak", gain(60, peaking(2000, 1, 7)), 0, 0.05},
		{"band-pass centre", gain(700, bandpass(700, 4)), 0, 0.01},
		{"band-pass, an octave up", gain(1400, bandpass(700, 4)), -15.7, 1},
	} {
		if math.Abs(c.got-c.want) > c.tolerance {
			t.Errorf("%s: %.2f dB, want %.2f", c.name, c.got, c.want)
		}
	}
}
