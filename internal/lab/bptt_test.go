package lab

import (
	"math"
	"testing"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

func TestBPTT(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	o := quick(t, "bptt", false)
	if !o.Holds {
		t.Error("does not hold")
	}
	for name, want := range map[string][2]float64{
		"worst_best_error": {0, 1e-8}, "worst_engine_error": {0, 3e-6}, // U curves have a bottom
		"power_above": {1.8, 2.2}, "power_below": {-1.3, -0.7}, // and the sides that they should have
		"accuracy_too_short": {0.15, 0.5}, "accuracy_long": {0.95, 1},
		"cosine_untrained": {0.9, 1}, "cosine_learning": {-1, 0.9},
	} {
		if v := o.Outcome[name]; !(v >= want[0] && v <= want[1]) {
			t.Errorf("%s is %g, not within %v", name, v, want)
		}
	}
}

// A gradient that is a little wrong has no bottom to its U: a cell that forgets
// what comes back through one of its products is found.
func TestFiniteDifferencesFindAWrongGradient(t *testing.T) {
	net, err := train.NewNet(models.Arch{Input: 2, Outputs: 2, Head: models.SoftmaxHead, Layers: []models.Layer{{Cell: models.RNN, Hidden: 3}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	cellsByHand["forgetful"] = func(u *unrolled) {
		u.h = u.tape.each(u.tape.tanh, u.tape.sum(u.fromInput(0), u.fromState(0, u.constants(values64(u, u.h)))))
	}
	defer delete(cellsByHand, "forgetful")
	x, classes := [][]float64{{1, 0}, {0, 1}, {1, 1}}, []int{0, 1, 0}
	for cell, right := range map[string]bool{models.RNN: true, "forgetful": false} {
		u := unroll(net, x, classes)
		u.cell = cell
		least := math.Inf(1)
		for _, h := range stepSizes {
			least = min(least, disagreement(u.differences(h), u.gradient()))
		}
		if found := least > 1e-3; found == right {
			t.Errorf("%s: the least error is %.1e", cell, least)
		}
	}
}

func values64(u *unrolled, v []num) (list []float64) {
	for _, n := range v {
		list = append(list, u.tape.value(n))
	}
	return list
}

func TestEchoAsksForWhatWas(t *testing.T) {
	const lanes, lag = 3, 4
	e := newEcho(1, lanes, lag)
	a, b := e.next(5), e.next(6)
	x, classes := append(a.X, b.X...), append(a.Classes, b.Classes...)
	if a.Reset == nil || b.Reset != nil {
		t.Error("the stream begins once")
	}
	for i, class := range classes {
		if i < lag*lanes {
			if class != -1 {
				t.Errorf("answer %d before there was a symbol", i)
			}
		} else if want := int(x[i-lag*lanes]); class != want {
			t.Errorf("answer %d is %d instead of %d", i, class, want)
		}
	}
}
