package lab

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestGRU(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	o := quick(t, "gru", false).Outcome
	for name, want := range map[string][2]float64{
		"reach rnn": {0, 0}, "reach simplified gru": {16, 16}, "reach full gru": {16, 16},
		"solved lstm, 16 frames": {0, 0}, // needs more updates than the quick form has
		"error rnn, 16 frames":   {0.1, 0.3}, "error full gru, 16 frames": {0, 0.03},
	} {
		if v, ok := o[name]; !ok || v < want[0] || v > want[1] {
			t.Errorf("%s is %g, not within %v", name, v, want)
		}
	}
}

// Both halves have a mark, the answer is the sum of what is marked, and
// guessing it is as bad as the lab says.
func TestMarked(t *testing.T) {
	const lanes, length = 3000, 9
	b := marked(rand.New(rand.NewPCG(1, 1)), lanes, length)
	square := 0.0
	for lane := range lanes {
		var sum float32
		var halves [2]int
		for step := range length {
			at := step*lanes + lane
			if asked := step == length-1; (b.Mask[at] == 1) != asked || !asked && b.Mask[at] != 0 {
				t.Fatalf("step %d has weight %g", step, b.Mask[at])
			}
			if b.X[2*at+1] == 1 {
				sum += b.X[2*at]
				halves[min(1, step/(length/2))]++
			}
		}
		want := b.Y[(length-1)*lanes+lane]
		if sum != want || halves != [2]int{1, 1} {
			t.Fatalf("lane %d: marks %v, sum %g, answer %g", lane, halves, sum, want)
		}
		square += math.Pow(float64(want)-1, 2) / lanes
	}
	if math.Abs(square-meanGuess) > 0.01 {
		t.Errorf("always 1 has an error of %g", square)
	}
}

// Nets are told apart by their cells, not by their size.
func TestAddersAreOfAboutOneSize(t *testing.T) {
	for _, a := range adders {
		if n := float64(values(a.arch())); math.Abs(n/2310-1) > 0.03 {
			t.Errorf("%s has %g weights", a.name, n)
		}
	}
}

func TestAddingsNeedAllSeeds(t *testing.T) {
	some := adding{adder: adders[0], length: 10, errors: []float64{0.01, 0.1, 0.2}, updates: []float64{70}}
	all := adding{adder: adders[1], length: 10, errors: []float64{0.01, 0.01, 0.02}, updates: []float64{70, 80, 90}}
	l := addings{some, all}
	if l.reach("rnn") != 0 || l.reach("simplified gru") != 10 {
		t.Errorf("reach %d and %d", l.reach("rnn"), l.reach("simplified gru"))
	}
	if !math.IsInf(some.needed(), 1) || all.needed() != 80 {
		t.Errorf("medians of updates %g and %g", some.needed(), all.needed())
	}
}
