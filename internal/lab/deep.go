package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/lm"
	"github.com/streamer-audio/streamer/models/pretrained/kitchen"
	"github.com/streamer-audio/streamer/models/train"
)

// deep stacks layers, each of which hears what the one below says:
//
//	a[l]<t> = g(Wa[l] [a[l]<t-1>, a[l-1]<t>] + ba[l])
//
// All nets of a comparison have about the same number of weights, so that a
// deep one has narrow layers. What they learn is first something that is known
// to be deep, or not: what an RNN of one, two or three layers with random
// weights, large enough that tanh bends, says to noise. Then it is text,
// character by character, of which nobody knows.
var deep = Experiment{Name: "deep", Section: "Deep RNNs",
	Question: "Do more layers help if the number of weights stays the same?", run: runDeep}

const (
	noiseWidth   = 4 // values of a frame of noise
	teacherUnits = 8 // of each layer
	teacherGain  = 4 // of the weights of what a layer hears
)

// pupilUnits and readerUnits are the units of each layer of nets that have one
// layer, two and three.
var (
	pupilUnits  = []int{56, 33, 26}
	readerUnits = []int{66, 41, 32}
)

// depths is what came of nets of several depths, for one task.
type depths struct {
	task    string
	weights []int       // by depth
	results [][]float64 // by depth and seed
}

func runDeep(ctx context.Context, o Options) (*Result, error) {
	var taught []depths
	for _, layers := range either(o, []int{1, 2, 3}, []int{1, 3}) {
		d := newDepths(fmt.Sprintf("a net of depth %d", layers))
		for i := range either(o, 3, 1) {
			own := o
			own.Seed += uint64(i)
			if err := own.teach(ctx, layers, d); err != nil {
				return nil, err
			}
		}
		taught = append(taught, *d)
	}
	read := newDepths("text")
	for i := range either(o, 3, 1) {
		own := o
		own.Seed += uint64(i)
		if err := own.read(ctx, read); err != nil {
			return nil, err
		}
	}
	r := &deepRun{taught, read}
	text, holds := r.sentence()
	return &Result{Tables: r.tables(), Outcome: r.outcome(), Holds: holds, Sentence: text, Picture: r.picture()}, nil
}

func newDepths(task string) *depths {
	return &depths{task, make([]int, len(pupilUnits)), make([][]float64, len(pupilUnits))}
}

func stacked(layers, units int) (list []models.Layer) {
	for range layers {
		list = append(list, models.Layer{Cell: models.RNN, Hidden: units})
	}
	return list
}

func noiseArch(layers, units int) models.Arch {
	return models.Arch{Input: noiseWidth, Outputs: 1, Head: models.LinearHead, Layers: stacked(layers, units)}
}

// teach trains nets of all depths on the same lessons, and takes their mean
// squared errors about others.
func (o Options) teach(ctx context.Context, layers int, d *depths) error {
	t, err := newTeacher(layers, o.Seed)
	if err != nil {
		return err
	}
	for i, units := range pupilUnits {
		net, err := train.NewNet(noiseArch(i+1, units), o.Seed)
		if err != nil {
			return err
		}
		const lanes, steps = 16, 40
		rng := rand.New(rand.NewPCG(o.Seed, 61))
		what := plan{fmt.Sprintf("%d layers learn from %s, seed %d: update", i+1, d.task, o.Seed), either(o, 600, 100), 1e-2}
		if _, err := o.fit(ctx, what, net, o.config(lanes), func() *train.Batch { return t.lesson(rng, lanes, steps) }); err != nil {
			return err
		}
		const tests = 100
		judge, err := train.NewTrainer(net, o.config(tests))
		if err != nil {
			return err
		}
		r, err := judge.Gradient(t.lesson(rng, tests, steps))
		if err != nil {
			return err
		}
		d.weights[i], d.results[i] = values(net.Arch()), append(d.results[i], 2*r.Loss) // the loss is half the square
	}
	return nil
}

// read trains language models of all depths, and takes their perplexities for a
// character of sentences that they never read.
func (o Options) read(ctx context.Context, d *depths) error {
	for i, units := range readerUnits {
		c := lm.DefaultConfig()
		c.Unit, c.Embedding, c.Cell, c.Hidden, c.Layers, c.Steps, c.LR, c.Seed = lm.Characters, 16, models.GRU, units, i+1, either(o, 600, 40), 2e-2, o.Seed
		t, err := lm.NewTrainer(kitchen.Corpus(), c, o.Each)
		if err != nil {
			return err
		}
		for t.Done() < c.Steps {
			if err := ctx.Err(); err != nil {
				return err
			}
			o.progress(fmt.Sprintf("%d layers read, seed %d: update", i+1, o.Seed), t.Done(), c.Steps)
			if _, err := t.Step(); err != nil {
				return err
			}
		}
		m, err := t.Model()
		if err != nil {
			return err
		}
		p, err := m.Perplexity(kitchen.Test()[:either(o, 300, 50)])
		if err != nil {
			return err
		}
		d.weights[i], d.results[i] = values(t.Net().Arch()), append(d.results[i], p)
	}
	return nil
}

// ordered are the results of a depth, from the least to the most.
func (d *depths) ordered(layers int) []float64 {
	return slices.Sorted(slices.Values(d.results[layers-1]))
}

func (d *depths) median(layers int) float64 {
	list := d.ordered(layers)
	return list[len(list)/2]
}

// better tells whether nets of so many layers have the lesser result in each
// seed.
func (d *depths) better(layers, than int) bool {
	for i, r := range d.results[layers-1] {
		if r >= d.results[than-1][i] {
			return false
		}
	}
	return true
}

// add appends a row for each depth.
func (d *depths) add(t *Table, cell string, units []int) {
	for i := range units {
		list := d.ordered(i + 1)
		t.Add(d.task, cell, i+1, units[i], d.weights[i], d.median(i+1), list[0], list[len(list)-1])
	}
}

// deepRun is what was found.
type deepRun struct {
	taught []depths
	read   *depths
}

func (r *deepRun) tables() []Table {
	columns := func(what string) []Column {
		return []Column{{Name: what}, {Name: "cell"}, {Name: "layers"}, {Name: "units of each"}, {Name: "weights"}, {"median", "%.4f"}, {"least", "%.4f"}, {"most", "%.4f"}}
	}
	seeds := len(r.read.results[0])
	taught := Table{Title: fmt.Sprintf("Share of what a net of random weights says to noise that is not learnt from it, %d seeds each", seeds), Columns: columns("learns from")}
	for i := range r.taught {
		r.taught[i].add(&taught, models.RNN, pupilUnits)
	}
	read := Table{Title: fmt.Sprintf("Perplexity for a character of sentences that were not read in training, %d seeds each", seeds), Columns: columns("reads")}
	r.read.add(&read, models.GRU, readerUnits)
	return []Table{taught, read}
}

func (r *deepRun) outcome() Outcome {
	o := Outcome{}
	for layers := 1; layers <= len(pupilUnits); layers++ {
		for _, d := range r.taught {
			o[fmt.Sprintf("error of %d layers, from %s", layers, d.task)] = d.median(layers)
		}
		o[fmt.Sprintf("perplexity of %d layers", layers)] = r.read.median(layers)
	}
	return o
}

func (r *deepRun) picture() *report.Chart {
	errors := report.ChartPanel{Y: report.Axis{Label: "share not learnt", Log: true}, Marks: true}
	for i := range r.taught {
		errors.Curves = append(errors.Curves, r.taught[i].curves("learns from ")...)
	}
	reading := report.ChartPanel{X: report.Axis{Label: "layers"}, Y: report.Axis{Label: "perplexity"}, Curves: r.read.curves("reads "), Marks: true}
	return &report.Chart{Title: "Depth at the same number of weights: median and range of the seeds", Panels: []report.ChartPanel{errors, reading}}
}

// curves are a line through the medians, and a bar for the range of each.
func (d *depths) curves(name string) (list []report.Curve) {
	medians := report.Curve{Name: name + d.task}
	for layers := 1; layers <= len(d.results); layers++ {
		x, all := float64(layers), d.ordered(layers)
		medians.X, medians.Y = append(medians.X, x), append(medians.Y, d.median(layers))
		list = append(list, report.Curve{Name: medians.Name, X: []float64{x, x}, Y: []float64{all[0], all[len(all)-1]}})
	}
	return append(list, medians)
}

func (r *deepRun) sentence() (text string, holds bool) {
	last := &r.taught[len(r.taught)-1]
	most := len(last.results)
	holds = last.better(most, 1)
	text = "Depth helps with what is deep"
	if !holds {
		text = "That depth helps with what is deep is not shown here"
	}
	var said []string
	for i := range r.taught {
		d := &r.taught[i]
		agree := "in each seed"
		if !d.better(most, 1) {
			agree = "not in each seed"
		}
		said = append(said, fmt.Sprintf("%.4f and %.4f of what %s says (less %s)", d.median(1), d.median(most), d.task, agree))
	}
	text += fmt.Sprintf(": at about as many weights, one layer and %d layers leave unlearnt %s.", most, strings.Join(said, ", "))
	a, b := r.read.median(1), r.read.median(most)
	switch {
	case r.read.better(1, most):
		text += fmt.Sprintf(" It does not help with everything: of text, read for as many updates, one layer has a perplexity of %.3f for a character, %d narrow ones of %.3f.", a, most, b)
	case r.read.better(most, 1):
		text += fmt.Sprintf(" So it does with text: one layer has a perplexity of %.3f for a character, %d of %.3f.", a, most, b)
	default:
		text += fmt.Sprintf(" With text the seeds do not agree: one layer has a perplexity of %.3f for a character, %d of %.3f.", a, most, b)
	}
	return text, holds
}
