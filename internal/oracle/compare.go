package oracle

import (
	"math"
	"testing"
)

// Close fails the test when a value of got is further from want than limit, or
// is no number, or when there is nothing to compare. It names the worst value.
func Close[T float32 | float64](t testing.TB, what string, got []T, want []float64, limit float64) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%s: %d values instead of %d", what, len(got), len(want))
		return
	}
	if worst, at := Distance(got, want); !(worst <= limit) {
		t.Errorf("%s: value %d of %d is %.9g instead of %.9g, %.3g off; the limit is %g",
			what, at, len(want), float64(got[at]), want[at], worst, limit)
	}
}

// Distance is the largest absolute difference and its place; a difference that
// is no number counts as infinite.
func Distance[T float32 | float64](got []T, want []float64) (worst float64, at int) {
	for i, w := range want {
		d := math.Abs(float64(got[i]) - w)
		if math.IsNaN(d) {
			return math.Inf(1), i
		}
		if d > worst {
			worst, at = d, i
		}
	}
	return worst, at
}
