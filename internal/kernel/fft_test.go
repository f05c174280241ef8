package kernel

import (
	"math/rand/v2"
	"testing"
)

// The transform of this machine has the bits of the plain one, at every size,
// and touches nothing else.
func TestPowerIsThePlainOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(40, 0))
	for n := 8; n <= 16384; n *= 2 {
		f := NewRealFFT(n)
		for range 20 {
			samples := random(rng, n)
			clear(samples[rng.IntN(n):]) // frames end in padding
			want := make([]float32, n/2+1)
			f.powerPlain(want, samples, make([]float32, n))
			frame, intactFrame := guarded(samples)
			got, intact := guarded(make([]float32, n/2+1))
			scratch, intactScratch := guarded(make([]float32, 2*n))
			f.Power(got, frame, scratch)
			if !intact() || !intactFrame() || !intactScratch() || !bitsEqual(frame, samples) {
				t.Fatalf("n=%d: wrote where it must not", n)
			}
			for k := range want {
				if got[k] != want[k] {
					t.Fatalf("n=%d bin %d: %g, plain %g", n, k, got[k], want[k])
				}
			}
		}
	}
}
