package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// bptt checks backpropagation through time, and then cuts it short.
//
// The gradient of a weight can be had without any calculus, from two losses
// with the weight a little more and a little less. That is exact but for two
// errors: what the loss curves in between, which grows with the square of the
// step, and the rounding of the losses, which grows as the step shrinks. So the
// difference from a right gradient is a U over the step size, and its bottom
// tells how well the two agree. A wrong gradient has no bottom.
//
// Truncated BPTT carries the state from window to window and lets the gradient
// stop there. It costs less memory; what it cannot learn is shown by a net that
// should say which symbol it read lag steps ago.
var bptt = Experiment{Name: "bptt", Section: "Backpropagation through time",
	Question: "Are the gradients right, and what is lost when they stop after a few steps?", run: runBPTT}

// stepSizes are those of the finite differences.
var stepSizes = []float64{1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10}

func runBPTT(ctx context.Context, o Options) (*Result, error) {
	curves, err := uCurves(ctx, o)
	if err != nil {
		return nil, err
	}
	cuts, err := truncated(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &Result{Tables: []Table{curves.byStep(), curves.byCell(), cuts.table()}, Outcome: Outcome{}}
	curves.outcome(r.Outcome)
	cuts.outcome(r.Outcome)
	said, right := curves.sentence()
	saidOfCuts, as := cuts.sentence()
	r.Holds, r.Sentence = right && as, said+" "+saidOfCuts
	r.Picture = &report.Chart{Title: "Finite differences against BPTT, and BPTT that stops early",
		Panels: []report.ChartPanel{curves.panel(), cuts.panel()}}
	return r, nil
}

// uCurve is the disagreement of one cell.
type uCurve struct {
	cell    string
	weights int
	errors  []float64 // of BPTT and finite differences, for each of stepSizes
	engine  float64   // of BPTT here and in the engine
}

type uCurveList []uCurve

// uCurves compares for all cells with a state.
func uCurves(ctx context.Context, o Options) (list uCurveList, err error) {
	hidden, steps := either(o, 6, 3), either(o, 12, 6)
	const width, classes = 3, 3
	rng := rand.New(rand.NewPCG(o.Seed, 2))
	b := &train.Batch{Steps: steps, Reset: anew(1)}
	var x [][]float64
	for range steps {
		frame := make([]float32, width)
		for i := range frame {
			frame[i] = float32(rng.NormFloat64())
		}
		x = append(x, wide(frame))
		b.X, b.Classes = append(b.X, frame...), append(b.Classes, rng.IntN(classes))
	}
	for _, name := range models.CellNames() {
		if models.CellNamed(name).Memory == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		net, err := train.NewNet(models.Arch{Input: width, Outputs: classes, Head: models.SoftmaxHead,
			Layers: []models.Layer{{Cell: name, Hidden: hidden}}}, o.Seed)
		if err != nil {
			return nil, err
		}
		c := uCurve{cell: name}
		u := unroll(net, x, b.Classes)
		right := u.gradient()
		c.weights = len(right)
		for i, h := range stepSizes {
			o.progress("finite differences for "+name+": step size", i, len(stepSizes))
			c.errors = append(c.errors, disagreement(u.differences(h), right))
		}
		engine, err := gradientOf(net, b)
		if err != nil {
			return nil, err
		}
		c.engine = disagreement(engine, right)
		list = append(list, c)
	}
	return list, nil
}

// gradientOf is the gradient of a batch of one lane by the engine.
func gradientOf(net *train.Net, b *train.Batch) ([]float64, error) {
	t, err := train.NewTrainer(net, train.Config{Lanes: 1, Shards: 1})
	if err != nil {
		return nil, err
	}
	if _, err := t.Gradient(b); err != nil {
		return nil, err
	}
	return gradients(net), nil
}

// gradients are all that a net has, but for those of the normalisation of
// frames, which is not trained.
func gradients(net *train.Net) (all []float64) {
	for _, g := range net.Gradients() {
		if g.Name != "input.mean" && g.Name != "input.scale" {
			all = append(all, wide(g.Data)...)
		}
	}
	return all
}

// disagreement is the largest difference, as a share of the largest value.
func disagreement(got, want []float64) float64 {
	most, worst := 0.0, 0.0
	for i, w := range want {
		most, worst = max(most, math.Abs(w)), max(worst, math.Abs(got[i]-w))
	}
	return worst / most
}

// best is the bottom of the U.
func (c *uCurve) best() (step, err float64) {
	err = slices.Min(c.errors)
	return stepSizes[slices.Index(c.errors, err)], err
}

// powers are those of the step size that the error grows with, above the bottom
// (from 1e-3 to 1e-2) and below it (from 1e-9 to 1e-7). The loss of a relu has
// corners: for it they say nothing.
func (c *uCurve) powers() (above, below float64) {
	if c.cell == models.RNNReLU {
		return math.NaN(), math.NaN()
	}
	return math.Log10(c.errors[1] / c.errors[2]), math.Log10(c.errors[6]/c.errors[8]) / 2
}

func (l uCurveList) byStep() Table {
	t := Table{Title: "Largest difference between finite differences and BPTT, both in float64, as a share of the largest gradient",
		Columns: []Column{{"step size", "%.0e"}}}
	for _, c := range l {
		t.Columns = append(t.Columns, Column{c.cell, "%.0e"})
	}
	for i, h := range stepSizes {
		row := []any{h}
		for _, c := range l {
			row = append(row, c.errors[i])
		}
		t.Add(row...)
	}
	return t
}

func (l uCurveList) byCell() Table {
	t := Table{Title: "The same by cell; the error is a power of the step size where the loss has no corners", Columns: []Column{{Name: "cell"}, {Name: "weights"},
		{"best step", "%.0e"}, {"error there", "%.0e"}, {"power above", "%.1f"}, {"power below", "%.1f"}, {"error of the engine (float32)", "%.0e"}}}
	for _, c := range l {
		step, best := c.best()
		above, below := c.powers()
		t.Add(c.cell, c.weights, step, best, above, below, c.engine)
	}
	return t
}

func (l uCurveList) panel() report.ChartPanel {
	p := report.ChartPanel{X: report.Axis{Label: "step size of the differences", Log: true}, Y: report.Axis{Label: "error", Log: true}}
	for _, c := range l {
		p.Curves = append(p.Curves, report.Curve{Name: c.cell, X: stepSizes, Y: c.errors})
	}
	return p
}

// worst are the largest error at the bottom of a U, and of the engine.
func (l uCurveList) worst() (bottom, engine float64) {
	for _, c := range l {
		_, best := c.best()
		bottom, engine = max(bottom, best), max(engine, c.engine)
	}
	return bottom, engine
}

// powers are the means over the cells that have them.
func (l uCurveList) powers() (above, below float64) {
	n := 0.0
	for _, c := range l {
		if a, b := c.powers(); !math.IsNaN(a) {
			above, below, n = above+a, below+b, n+1
		}
	}
	return above / n, below / n
}

func (l uCurveList) outcome(o Outcome) {
	o["worst_best_error"], o["worst_engine_error"] = l.worst()
	o["power_above"], o["power_below"] = l.powers()
}

func (l uCurveList) sentence() (text string, holds bool) {
	bottom, engine := l.worst()
	if bottom > 1e-7 || engine > 1e-5 {
		return fmt.Sprintf("BPTT is wrong: finite differences disagree by %.0e at their best step size, the engine by %.0e.", bottom, engine), false
	}
	above, below := l.powers()
	return fmt.Sprintf("BPTT is right for all %d cells: finite differences come within %.0e of it at the best step size, their error grows "+
		"with the power %.1f of larger steps and %.1f of smaller ones; the engine, in float32, is within %.0e.", len(l), bottom, above, below, engine), true
}
