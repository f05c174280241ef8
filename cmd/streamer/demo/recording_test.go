package demo

import (
	"math"
	"testing"
)

// TestRecording holds the sound and its labels against each other: sentences lie in order within the recording,
// each word lies in a sentence, and speech is louder than what is left.
func TestRecording(t *testing.T) {
	r, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	rate := float64(r.Info.Rate)
	seconds, before := float64(len(r.Samples))/rate, 0.0
	var loud, quiet []float32
	for _, s := range r.Speech {
		if s.Text != "speech" || s.Start < before+0.5 || s.End <= s.Start || s.End > seconds {
			t.Errorf("sentence %+v after %g s, of %g s", s, before, seconds)
		}
		quiet = append(quiet, r.Samples[int(before*rate):int(s.Start*rate)]...)
		loud = append(loud, r.Samples[int(s.Start*rate):int(s.End*rate)]...)
		before = s.End
	}
	if ratio := 10 * math.Log10(power(loud)/power(quiet)); ratio < 10 || ratio > 13 {
		t.Errorf("speech with noise is %.1f dB over noise alone, made for a signal 11 dB over it", ratio)
	}
	for _, w := range r.Words {
		middle, within := (w.Start+w.End)/2, false
		for _, s := range r.Speech {
			within = within || s.Start <= w.Start && w.End <= s.End+0.001
		}
		if !within || r.WordAt(middle) != w.Text {
			t.Errorf("word %+v: within a sentence: %t, word at its middle: %q", w, within, r.WordAt(middle))
		}
	}
	if word := r.WordAt(0); word != "" || len(r.Words) < 20 {
		t.Errorf("%q is said at the beginning, %d words in all", word, len(r.Words))
	}
}

func power(x []float32) (sum float64) {
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(x))
}
