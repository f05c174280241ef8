package lab

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestVanishing(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	r := quick(t, "vanishing", false)
	o := r.Outcome
	rnn := o["trained share rnn"]
	if !r.Holds || !(o["trained share gru"] > 10*rnn && o["trained share lstm: c"] > 10*rnn) {
		t.Errorf("an RNN keeps as much of the gradient as gates do: %v", o)
	}
	// Untrained, gates are half open: only one that begins open reaches far.
	for _, state := range []string{"rnn", "gru", "lstm: c"} {
		if h := o["untrained half-life "+state]; !(h > 0.5 && h < 4) {
			t.Errorf("%s: half-life of %g steps", state, h)
		}
	}
	if h := o["untrained half-life lstm, forget bias 3: c"]; h < 8 {
		t.Errorf("an open forget gate has a half-life of %g steps", h)
	}
	if a := o["accuracy gru"]; a < 0.95 {
		t.Errorf("the GRU has an accuracy of %g", a)
	}
}

func TestHalfLife(t *testing.T) {
	f := make(fading, 101)
	for k := range f {
		f[k] = 3 * math.Pow(2, -float64(k)/7)
	}
	if h := f.halfLife(); math.Abs(h-7) > 1e-9 {
		t.Errorf("half-life %g instead of 7", h)
	}
	for k := 20; k < len(f); k++ { // below what float32 has
		f[k] = 0
	}
	if h := f.halfLife(); math.Abs(h-7) > 1e-9 {
		t.Errorf("half-life %g instead of 7", h)
	}
	for k := range f {
		f[k] = 1
	}
	if h := f.halfLife(); !math.IsInf(h, 1) {
		t.Errorf("what does not fade has a half-life of %g", h)
	}
}

// What is asked for at the end is what stood at the beginning, and nothing
// after that tells it.
func TestRecall(t *testing.T) {
	const lanes, shortest, longest = 200, 2, 9
	b := recall(rand.New(rand.NewPCG(1, 1)), lanes, shortest, longest)
	seen := map[int]bool{}
	for lane, length := range b.Lengths {
		seen[length] = true
		for step := range longest {
			x, class := b.X[step*lanes+lane], b.Classes[step*lanes+lane]
			if (class >= 0) != (step == length-1) || class >= 0 && float32(class) != b.X[lane] {
				t.Fatalf("lane %d of %d: class %d at step %d", lane, length, class, step)
			}
			if step > 0 && step < length && x < recallSymbols {
				t.Fatalf("lane %d has %g at step %d", lane, x, step)
			}
		}
	}
	if len(seen) != longest-shortest+1 {
		t.Errorf("lengths %v", seen)
	}
}
