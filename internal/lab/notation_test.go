package lab

import (
	"context"
	"testing"
)

func TestNotation(t *testing.T) {
	r := quick(t, "notation", true)
	if o := r.Outcome; !r.Holds || o["numbers"] != 4*(3+4+1)+1 || o["same_digits"] != o["numbers"] {
		t.Errorf("outcome %v, holds %t", r.Outcome, r.Holds)
	}
}

// Whatever the weights, paper and engine agree.
func TestNotationOfAnyWeights(t *testing.T) {
	for seed := range uint64(50) {
		r, err := notation.Run(context.Background(), Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Holds {
			t.Errorf("seed %d: %s", seed, r.Sentence)
		}
	}
}

// An engine that computed something else would be found out.
func TestAgreementCanFail(t *testing.T) {
	var g agreement
	g.with([]float64{1, 2}, []float64{1, 2.00001})
	if g.worst < sameNumbers || g.same != 1 || g.numbers != 2 {
		t.Errorf("agreement %+v", g)
	}
}
