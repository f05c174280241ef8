package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// gru compares cells by the adding problem (Hochreiter and Schmidhuber 1997):
// each frame is a random number and a mark, two frames of a sequence are
// marked, and at the end their sum is asked for. What was marked must be kept
// over all that comes after it, and nothing else may come in between.
//
// All nets have about the same number of weights, and so the more units the
// fewer gates they have. All are trained at the same rate, on new sequences
// each time, until they have the answer or run out of updates.
var gru = Experiment{Name: "gru", Section: "Gated recurrent unit: simplified and full, beside the LSTM",
	Question: "What does each gate buy when something must be remembered for long?", run: runGRU}

// adders are the nets: in the notation of the note Gamma_u is the update gate
// of a GRU, and Gamma_r the gate that the full one has as well.
var adders = []adder{
	{name: "rnn", cell: models.RNN, hidden: 45}, {name: "simplified gru", cell: models.GRUSimple, hidden: 32},
	{name: "full gru", cell: models.GRUBefore, hidden: 26}, {name: "lstm", cell: models.LSTM, hidden: 22},
	{name: "lstm, forget bias 3", cell: models.LSTM, hidden: 22, open: true}}

// adder is a net that is to add.
type adder struct {
	name, cell string
	hidden     int
	open       bool // its forget gate begins open
}

const (
	meanGuess = 1.0 / 6        // mean squared error of who always says 1
	solvedBy  = meanGuess / 10 // and of who has the answer
	adderRate = 1e-2
	recently  = 20 // updates whose mean loss tells that a net has the answer
)

// adding is what came of all trainings of a net on sequences of a length.
type adding struct {
	adder
	length  int
	errors  []float64 // mean squared, on sequences that were not trained on, a seed each; from the least to the most
	updates []float64 // until there was an answer, of those seeds that found one; in order
}

func runGRU(ctx context.Context, o Options) (*Result, error) {
	var list addings
	for _, length := range either(o, []int{10, 20, 40, 80}, []int{8, 16}) {
		for _, a := range adders {
			tried := adding{adder: a, length: length}
			for i := range either(o, 5, 2) {
				own := o
				own.Seed += uint64(i)
				if err := tried.try(ctx, own); err != nil {
					return nil, err
				}
			}
			slices.Sort(tried.errors)
			slices.Sort(tried.updates)
			list = append(list, tried)
		}
	}
	text, holds := list.sentence(adderUpdates(o))
	return &Result{Tables: []Table{list.table()}, Outcome: list.outcome(), Holds: holds, Sentence: text, Picture: list.picture()}, nil
}

// adderUpdates is how many updates a net has.
func adderUpdates(o Options) int { return either(o, 1000, 300) }

func (a adder) arch() models.Arch {
	return models.Arch{Input: 2, Outputs: 1, Head: models.LinearHead, Layers: []models.Layer{{Cell: a.cell, Hidden: a.hidden}}}
}

// try trains a net and tests it.
func (a *adding) try(ctx context.Context, o Options) error {
	net, err := train.NewNet(a.arch(), o.Seed)
	if err != nil {
		return err
	}
	if a.open {
		openForgetGate(net)
	}
	const lanes = 16
	t, err := train.NewTrainer(net, o.config(lanes))
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 20))
	var losses []float64
	for i := range adderUpdates(o) {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.progress(fmt.Sprintf("%s, %d frames, seed %d: update", a.name, a.length, o.Seed), i, adderUpdates(o))
		r, err := t.Step(marked(rng, lanes, a.length), adderRate)
		if err != nil {
			return err
		}
		losses = append(losses, 2*r.Loss) // the loss is half the square
		if n := len(losses); n >= recently && mean(losses[n-recently:]) < solvedBy {
			a.updates = append(a.updates, float64(n))
			break
		}
	}
	const tests = 400
	if t, err = train.NewTrainer(net, o.config(tests)); err != nil {
		return err
	}
	r, err := t.Gradient(marked(rng, tests, a.length))
	a.errors = append(a.errors, 2*r.Loss)
	return err
}

// marked is a batch of sequences: a mark is in each half of each.
func marked(rng *rand.Rand, lanes, length int) *train.Batch {
	b := &train.Batch{Steps: length, X: make([]float32, 2*lanes*length), Y: make([]float32, lanes*length), Mask: make([]float32, lanes*length), Reset: anew(lanes)}
	for i := range lanes * length {
		b.X[2*i] = float32(rng.Float64())
	}
	for lane := range lanes {
		last, half := (length-1)*lanes+lane, length/2
		for _, step := range []int{rng.IntN(half), half + rng.IntN(length-half)} {
			at := step*lanes + lane
			b.X[2*at+1] = 1
			b.Y[last] += b.X[2*at]
		}
		b.Mask[last] = 1
	}
	return b
}

func mean(values []float64) (m float64) {
	for _, v := range values {
		m += v / float64(len(values))
	}
	return m
}

func (a *adding) median() float64 { return a.errors[len(a.errors)/2] }

// needed is the median of updates, infinite if a seed in two found no answer.
func (a *adding) needed() float64 {
	if middle := len(a.errors) / 2; middle < len(a.updates) {
		return a.updates[middle]
	}
	return math.Inf(1)
}

type addings []adding

func (l addings) table() Table {
	t := Table{Title: fmt.Sprintf("The adding problem at about equal numbers of weights, %d seeds each (guessing: %.4f; solved: below %.4f over %d updates)",
		len(l[0].errors), meanGuess, solvedBy, recently),
		Columns: []Column{{Name: "frames"}, {Name: "cell"}, {Name: "units"}, {Name: "weights"}, {Name: "solved"}, {"updates, median", "%.0f"},
			{"mean squared error, median", "%.4f"}, {"least", "%.4f"}, {"most", "%.4f"}}}
	for _, a := range l {
		needed := a.needed()
		if math.IsInf(needed, 1) {
			needed = math.NaN()
		}
		t.Add(a.length, a.name, a.hidden, values(a.arch()), len(a.updates), needed, a.median(), a.errors[0], a.errors[len(a.errors)-1])
	}
	return t
}

// of are the results of one net, from the shortest sequences to the longest.
func (l addings) of(name string) (own addings) {
	for _, a := range l {
		if a.name == name {
			own = append(own, a)
		}
	}
	return own
}

// reach is the longest length up to which all seeds found the answer.
func (l addings) reach(name string) (length int) {
	for _, a := range l.of(name) {
		if len(a.updates) < len(a.errors) {
			break
		}
		length = a.length
	}
	return length
}

func (l addings) picture() *report.Chart {
	square := report.ChartPanel{X: report.Axis{Log: true}, Y: report.Axis{Label: "mean squared error", Log: true}, Marks: true}
	needed := report.ChartPanel{X: report.Axis{Label: "frames of a sequence", Log: true}, Y: report.Axis{Label: "updates until solved", Log: true}, Marks: true}
	for i, n := range adders {
		medians, updates := report.Curve{Name: n.name}, report.Curve{Name: n.name}
		for _, a := range l.of(n.name) {
			x := float64(a.length) * (1 + 0.02*float64(i)) // beside each other
			medians.X, medians.Y = append(medians.X, x), append(medians.Y, a.median())
			updates.X, updates.Y = append(updates.X, x), append(updates.Y, a.needed())
			square.Curves = append(square.Curves, report.Curve{Name: n.name, X: []float64{x, x}, Y: []float64{a.errors[0], a.errors[len(a.errors)-1]}})
		}
		square.Curves, needed.Curves = append(square.Curves, medians), append(needed.Curves, updates)
	}
	return &report.Chart{Title: "The adding problem: median and range of the seeds", Panels: []report.ChartPanel{square, needed}}
}

func (l addings) outcome() Outcome {
	o := Outcome{}
	for _, a := range l {
		o[fmt.Sprintf("error %s, %d frames", a.name, a.length)] = a.median()
		o[fmt.Sprintf("solved %s, %d frames", a.name, a.length)] = float64(len(a.updates))
	}
	for _, n := range adders {
		o["reach "+n.name] = float64(l.reach(n.name))
	}
	return o
}

func (l addings) sentence(updates int) (text string, holds bool) {
	var said []string
	for _, n := range adders {
		to := "none"
		if reach := l.reach(n.name); reach > 0 {
			to = fmt.Sprint(reach)
		}
		said = append(said, fmt.Sprintf("%s %s", n.name, to))
	}
	text = "Gates remember longer"
	if holds = min(l.reach("simplified gru"), l.reach("full gru"), l.reach("lstm")) > l.reach("rnn"); !holds {
		text = "Not every net with gates remembers longer here"
	}
	return fmt.Sprintf("%s: within %d updates all seeds solve the adding problem up to these lengths: %s frames. %s",
		text, updates, strings.Join(said, "; "), l.ofReset()), holds
}

// ofReset says what the reset gate does for the longest sequences.
func (l addings) ofReset() (text string) {
	without, with := l.of("simplified gru"), l.of("full gru")
	a, b := without[len(without)-1], with[len(with)-1]
	text = fmt.Sprintf("Of %d frames the simplified GRU needs %s updates (median), the full one %s: ", a.length, count(a.needed()), count(b.needed()))
	switch {
	case len(a.updates) < len(a.errors) || len(b.updates) < len(b.errors):
		return text + "too few seeds have an answer to tell what the reset gate is for."
	case slices.Max(b.updates) < slices.Min(a.updates):
		return text + "even its slowest seed is faster than the fastest without a reset gate."
	case slices.Max(a.updates) < slices.Min(b.updates):
		return text + "even its fastest seed is slower than the slowest without a reset gate."
	}
	return text + "seeds overlap, so that no use of the reset gate is shown."
}

// count is a number of updates, of which there may not have been enough.
func count(updates float64) string {
	if math.IsInf(updates, 1) {
		return "more"
	}
	return fmt.Sprintf("%.0f", updates)
}
