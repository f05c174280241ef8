package lab

import (
	"math/rand/v2"
	"testing"
)

func TestBidirectional(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	r := quick(t, "bidirectional", false)
	if !r.Holds {
		t.Error("does not hold")
	}
	for name, want := range map[string][2]float64{
		"back causal": {0.97, 1}, "ahead causal": {0.45, 0.55}, "ahead causal, 2 late": {0.45, 0.55}, "ahead causal, 3 late": {0.97, 1},
		"ahead bidirectional": {0.95, 1}, "ahead bidirectional, blocks of 8 and 3 beyond": {0.95, 1},
		"ahead bidirectional, blocks of 8 and 0 beyond": {0.75, 0.85}, // 5 of 8 can be known: 0.8125
	} {
		if v, ok := r.Outcome[name]; !ok || v < want[0] || v > want[1] {
			t.Errorf("%s is %g, not within %v", name, v, want)
		}
	}
}

// What is asked for is there before or after, and is not asked for where it is
// not.
func TestCoins(t *testing.T) {
	const lanes, length = 3, 12
	b := coins(rand.New(rand.NewPCG(1, 1)), lanes, length)
	for step := range length {
		for lane := range lanes {
			at := step*lanes + lane
			asked := step >= coinReach && step < length-coinReach
			if (b.Mask[2*at] == 1) != asked || (b.Mask[2*at+1] == 1) != asked {
				t.Fatalf("step %d: asked for is %v", step, b.Mask[2*at:2*at+2])
			}
			if !asked {
				continue
			}
			past, future := b.X[(step-coinReach)*lanes+lane], b.X[(step+coinReach)*lanes+lane]
			if past != 2*b.Y[2*at]-1 || future != 2*b.Y[2*at+1]-1 {
				t.Fatalf("step %d: answers %v for %g and %g", step, b.Y[2*at:2*at+2], past, future)
			}
		}
	}
}
