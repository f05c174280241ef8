package lab

import (
	"math"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/models"
)

func TestExploding(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	r := quick(t, "exploding", false)
	o := r.Outcome
	if !r.Holds || o["diverged rnn-relu, not clipped"] == 0 || o["diverged rnn-relu, clipped by norm"]+o["diverged rnn-relu, clipped by value"] != 0 {
		t.Errorf("outcome %v", o)
	}
	if n := o["largest norm rnn-relu, not clipped"]; !(n > 100*o["largest norm rnn, not clipped"]) {
		t.Errorf("largest gradient with relu %g, not much larger than with tanh", n)
	}
	if c := o["cosine rnn-relu, clipped by norm"]; math.Abs(c-1) > 1e-6 || o["cosine rnn-relu, clipped by value"] > 0.99 {
		t.Errorf("clipping by norm keeps the direction to %g, by value to %g", c, o["cosine rnn-relu, clipped by value"])
	}
	if small, large := o["growth rnn-relu x 1"], o["growth rnn-relu x 4"]; !(small < 1 && large > 1) {
		t.Errorf("growth of %g, with a larger Waa of %g", small, large)
	}
}

func TestClippings(t *testing.T) {
	for i, want := range [][]float64{{3, -4, 0.05}, {0.1, -0.1, 0.05}, {0.6, -0.8, 0.01}} {
		g := []float64{3, -4, 0.05}
		if clippings[i].clip(g, 5); !slices.EqualFunc(g, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
			t.Errorf("%s makes %v, want %v", clippings[i].name, g, want)
		}
	}
	short := []float64{0.03, -0.04, 0}
	if clippings[2].clip(short, 0.05); short[0] != 0.03 {
		t.Errorf("a short gradient becomes %v", short)
	}
}

func TestSpectralRadius(t *testing.T) {
	// A turn by 90 degrees that doubles: both eigenvalues have the size 2.
	if r := spectralRadius([]float32{0, -2, 2, 0}, 2); math.Abs(r-2) > 1e-9 {
		t.Errorf("radius %g instead of 2", r)
	}
}

// The gradient goes where it belongs: a step of descent lowers the loss.
func TestMoveLowersTheLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	o := Options{Seed: 1, Quick: true}
	for _, cell := range []string{models.RNN, models.RNNReLU} {
		r, err := o.descend(t.Context(), cell, clippings[2])
		if err != nil {
			t.Fatal(err)
		}
		if first := r.losses[0]; !(r.final() < first/2) {
			t.Errorf("%s: loss from %g to %g", cell, first, r.final())
		}
	}
}
