package audio

import (
	"math"
	"slices"
	"sync"
)

// The anti-aliasing filter, in units of the lower of the two rates: a sinc
// under a Kaiser window (Kaiser and Schafer, "On the use of the I0-sinh window
// for spectrum analysis", 1980). The three numbers belong together: flat to
// 0.05 dB up to 0.45 of the lower rate, 82 dB down from 0.5 on, which is its
// Nyquist frequency. A shorter filter would give up one of the two.
const (
	halfWidth = 48     // samples to either side: 3 ms at 16 kHz
	cutoff    = 0.4726 // cycles a sample, the -6 dB point
	kaiser    = 8.2    // beta
)

const (
	// The coefficients of a filter: all usual ratios need fewer. For others,
	// such as 44099 to 16000 Hz with its 16000 phases, the filter is tabled
	// at fixed phases and interpolated between the two nearest.
	maxCoefficients = 1 << 16
	// Tabled phases per sample of the lower rate. The straight line between
	// two of them misses a sinc by at most (pi/512)^2/24 of its peak, -116 dB.
	tablePhases = 512
	// Filters kept for those who ask for the same ratio again, 8 MiB at most.
	maxFilters = 32
)

// filter holds the coefficients for one ratio of rates. It is immutable and
// shared by all resamplers of the ratio.
type filter struct {
	up, down int // the ratio in lowest terms: up outputs for down inputs
	half     int // input samples to either side of an output
	rows     int // tabled phases per input sample
	exact    bool
	coeffs   []float32 // rows+1 rows of 2*half, the last as far on as one sample
}

// row p serves the outputs at p/rows between two input samples. Its first
// coefficient belongs to the sample half-1 before the earlier of the two.
func (f *filter) row(p int) []float32 {
	n := 2 * f.half
	return f.coeffs[p*n : (p+1)*n]
}

func newFilter(up, down int) *filter {
	f := &filter{up: up, down: down}
	// When going down the filter is as wide as at the lower rate, which is
	// more samples of the input.
	f.half = ceilDiv(halfWidth*max(up, down), up)
	f.rows = up
	f.exact = (up+1)*2*f.half <= maxCoefficients
	if !f.exact {
		f.rows = ceilDiv(tablePhases*min(up, down), down)
	}
	f.coeffs = make([]float32, (f.rows+1)*2*f.half)
	for p := range f.rows + 1 {
		f.design(f.row(p), float64(p)/float64(f.rows))
	}
	return f
}

// design fills one row. Each row is scaled to the sum 1, so that silence with
// an offset stays exactly that, whatever the phase.
func (f *filter) design(row []float32, phase float64) {
	scale := min(1, float64(f.up)/float64(f.down))
	h := make([]float64, len(row))
	var sum float64
	for j := range h {
		t := float64(j-f.half+1) - phase
		h[j] = sinc(2*cutoff*scale*t) * kaiserWindow(t/float64(f.half))
		sum += h[j]
	}
	for j := range h {
		row[j] = float32(h[j] / sum)
	}
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiserWindow is the window at x, which is 0 from -1 outward and from 1.
func kaiserWindow(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel(kaiser*math.Sqrt(1-x*x)) / bessel(kaiser)
}

// bessel is the modified Bessel function of the first kind and order 0, by
// its power series: the sum of ((x/2)^k/k!)^2.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-10; k++ {
		term *= x / (2 * k)
		sum += term * term
	}
	return sum
}

// ceilDiv is a/b rounded up, for a >= 0 and b > 0.
func ceilDiv(a, b int) int { return (a + b - 1) / b }

// filters are those in use lately, the latest last.
var filters struct {
	sync.Mutex
	list []*filter
}

// sharedFilter returns the filter of a ratio in lowest terms. A filter takes
// milliseconds to design and up to 256 KiB, so that streams share them.
func sharedFilter(up, down int) *filter {
	filters.Lock()
	defer filters.Unlock()
	for i, f := range filters.list {
		if f.up == up && f.down == down {
			filters.list = append(slices.Delete(filters.list, i, i+1), f)
			return f
		}
	}
	if len(filters.list) == maxFilters {
		filters.list = slices.Delete(filters.list, 0, 1)
	}
	f := newFilter(up, down)
	filters.list = append(filters.list, f)
	return f
}
