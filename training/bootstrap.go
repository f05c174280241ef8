package training

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Interval is a 95 % interval.
type Interval struct{ Lo, Hi float64 }

// Bootstrap draws resampled sets of recordings, with replacement, and returns the area under the curve of each detector in
// each: areas[detector][resample]. All detectors see the same sets, so that differences between the entries of one resample
// are paired. Recordings, not frames, are drawn: the frames of one recording stand or fall together (Efron and Tibshirani
// 1993, chapter 8). The result is a function of the seed, whatever jobs is.
func Bootstrap(ctx context.Context, rankings []*Ranking, resamples int, seed uint64, jobs int) ([][]float64, error) {
	areas := make([][]float64, len(rankings))
	for i := range areas {
		areas[i] = make([]float64, resamples)
	}
	if len(rankings) == 0 {
		return areas, nil
	}
	count := rankings[0].count
	err := parallel(ctx, max(1, jobs), resamples, func(_, b int) error {
		r := newRandom(seed, 'b', uint64(b))
		weights := make([]float64, count)
		for range count {
			weights[r.below(count)]++
		}
		for i, ranking := range rankings {
			areas[i][b] = ranking.AUC(weights)
		}
		return nil
	})
	return areas, err
}

// Percentiles returns the middle 95 % of values; NaN, which resampled sets without speech give, is left out.
func Percentiles(values []float64) Interval {
	kept := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	return Interval{quantile(kept, 0.025), quantile(kept, 0.975)}
}

// Differences returns a-b, element by element.
func Differences(a, b []float64) []float64 { return floats.SubTo(make([]float64, len(a)), a, b) }
