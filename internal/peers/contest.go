package main

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"
)

// contest is one piece of work and who does it. The first one is ours.
type contest struct {
	title     string
	per       int     // pieces of work in one run: the streams of a batch
	flops     float64 // of one run; 0 where their rate says nothing
	tolerance float64 // largest difference to the float64 reference
	works     []work
	err       error // implementations that do not agree with the reference
}

// work is one implementation.
type work struct {
	name   string
	run    func(n int) // does it n times
	absent string      // why it is not measured; run is nil then
	gap    float64     // largest difference to the float64 reference
	roof   bool        // not an implementation, but what the machine can do
}

// times are nanoseconds for one piece of work.
type times struct{ least, median float64 }

// add enters an implementation whose results are so far from the reference.
func (c *contest) add(name string, gap float64, run func(n int)) {
	if !(gap <= c.tolerance) {
		c.err = errors.Join(c.err, fmt.Errorf("%s: %s differs from the reference by %.2g, more than %.2g",
			c.title, name, gap, c.tolerance))
	}
	c.works = append(c.works, work{name: name, run: run, gap: gap})
}

// miss enters an implementation that is not there.
func (c *contest) miss(name, why string) {
	c.works = append(c.works, work{name: name, absent: why})
}

// limit enters the shortest time that the machine would allow.
func (c *contest) limit(name string, run func(n int)) {
	if run == nil {
		c.miss(name, noRoof)
		return
	}
	c.works = append(c.works, work{name: name, run: run, roof: true})
}

// repeat makes a run of something that is done once.
func repeat(f func()) func(n int) {
	return func(n int) {
		for range n {
			f()
		}
	}
}

// worst is the largest difference between the two, infinite where a value is
// not a number.
func worst(got []float32, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	largest := 0.0
	for i, v := range got {
		gap := math.Abs(float64(v) - want[i])
		if math.IsNaN(gap) {
			return math.Inf(1)
		}
		largest = max(largest, gap)
	}
	return largest
}

// measure gives every implementation a turn of about a block, round after
// round: a slow spell of the machine meets all of them. Absent ones have zero
// times.
func (c *contest) measure(s *setup) []times {
	runtime.GC() // what was thrown away before is not paid for here
	counts, samples := make([]int, len(c.works)), make([][]float64, len(c.works))
	for i, w := range c.works {
		if w.run != nil {
			counts[i] = fill(w.run, s.block)
		}
	}
	for range s.rounds {
		for i, w := range c.works {
			if w.run == nil {
				continue
			}
			ns := float64(clock(w.run, counts[i]).Nanoseconds())
			samples[i] = append(samples[i], ns/float64(counts[i]*max(c.per, 1)))
		}
	}
	all := make([]times, len(c.works))
	for i, list := range samples {
		if len(list) > 0 {
			slices.Sort(list)
			all[i] = times{least: list[0], median: list[len(list)/2]}
		}
	}
	return all
}

// fill finds how many runs take about a block; on the way there caches and
// branch predictors warm up.
func fill(run func(int), block time.Duration) int {
	for n := 1; ; n *= 2 {
		if took := clock(run, n); took >= block/2 {
			return max(1, int(float64(n)*float64(block)/float64(took)))
		}
	}
}

func clock(run func(int), n int) time.Duration {
	start := time.Now()
	run(n)
	return time.Since(start)
}

// report is the table of the contest, with what share of the roof is ours.
func (c *contest) report(all []times) string {
	heading := []string{c.title, "min ns", "median ns", "ours / it", "error"}
	if c.flops > 0 {
		heading = append(heading, "GFLOP/s")
	}
	rows, notes := [][]string{heading}, ""
	for i, w := range c.works {
		if w.run == nil {
			notes += fmt.Sprintf("\nNot measured: %s (%s).\n", w.name, w.absent)
			continue
		}
		rows = append(rows, c.row(w, all[i], all[0].median))
		if w.roof {
			notes += fmt.Sprintf("\nOurs reaches %.0f %% of the roof.\n", 100*all[i].median/all[0].median)
		}
	}
	return table(rows) + notes
}

func (c *contest) row(w work, t times, ours float64) []string {
	gap := fmt.Sprintf("%.0e", w.gap)
	if w.roof {
		gap = ""
	}
	row := []string{w.name, digits(t.least), digits(t.median), fmt.Sprintf("%.2f", ours/t.median), gap}
	if c.flops > 0 {
		row = append(row, digits(c.flops/(t.median*float64(max(c.per, 1)))))
	}
	return row
}

// digits writes a positive number with at least three digits that count.
func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// field is a group of contests, one for each size.
type field struct {
	name     string
	contests func(*setup) []*contest
}

var fields = []field{
	{"step", stepContests},
	{"sequence", sequenceContests},
	{"bidirectional", bidirectionalContests},
	{"batch", batchContests},
	{"features", featureContests},
	{"gemm", gemmContests},
}

// report measures all contests, unless an implementation is wrong.
func (f field) report(s *setup) (string, error) {
	contests, err := f.checked(s)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, c := range contests {
		b.WriteString(c.report(c.measure(s)) + "\n")
	}
	fmt.Fprintf(&b, "Measured on %s with %s, %d rounds of %v.\n", cpuName(), goVersion(), s.rounds, s.block)
	return b.String(), nil
}

func (f field) checked(s *setup) ([]*contest, error) {
	contests := f.contests(s)
	var err error
	for _, c := range contests {
		err = errors.Join(err, c.err)
	}
	return contests, err
}
