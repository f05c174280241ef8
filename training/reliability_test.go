package training

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReliability(t *testing.T) {
	got := NewReliability("x", [][]float64{{0, 0.05, 0.1, 0.95}, {1, 1.5, -0.5, 0.95, 0.55, 0.59}},
		[][]bool{{false, false, true, true}, {true, true, false, false, true, false}})
	nan := Figure(math.NaN())
	want := Reliability{Detector: "x", Frames: 10, Bins: []Bin{
		{3, -0.15, 0}, {1, 0.1, 1}, {0, nan, nan}, {0, nan, nan}, {0, nan, nan},
		{2, 0.57, 0.5}, {0, nan, nan}, {0, nan, nan}, {0, nan, nan}, {4, 1.1, 0.75}},
		ECE: (3*0.15 + 0.9 + 2*0.07 + 4*0.35) / 10}
	if diff := cmp.Diff(want, got, nearly); diff != "" {
		t.Error(diff)
	}
}

func TestReliabilityOfHugeScores(t *testing.T) {
	got := NewReliability("x", [][]float64{{1e300, math.Inf(1), math.Inf(-1), -1e300}}, [][]bool{make([]bool, 4)})
	if first, last := got.Bins[0].Frames, got.Bins[9].Frames; first != 2 || last != 2 {
		t.Errorf("%d in the first bin, %d in the last", first, last)
	}
}

// Scores that are probabilities by their making are found to be so, and scores that exaggerate are not.
func TestReliabilityOfTrueProbabilities(t *testing.T) {
	r := newRandom(77)
	scores, bold, labels := make([]float64, 200_000), make([]float64, 200_000), make([]bool, 200_000)
	for i := range scores {
		p := r.unit()
		scores[i], labels[i] = p, r.chance(p)
		bold[i] = p * p / (p*p + (1-p)*(1-p)) // twice the log-odds
	}
	truth := [][]bool{labels}
	if e := NewReliability("", [][]float64{scores}, truth).ECE; e > 0.01 {
		t.Errorf("probabilities miss by %g", float64(e))
	}
	if e := NewReliability("", [][]float64{bold}, truth).ECE; e < 0.08 {
		t.Errorf("exaggerated scores miss by %g only", float64(e))
	}
}
