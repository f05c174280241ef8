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

// vanishing measures how much of the gradient is left k steps before the loss,
// the norm of d loss / d h<T-k>, where the loss is of the last answer alone. An
// LSTM hands on two things, so there is d loss / d c<T-k> as well.
//
// In h<t> = tanh(Waa h<t-1> + ...) each step back multiplies by Waa and by a
// slope of at most 1. A gate that is open multiplies by about 1 instead; but
// one that is not trained is half open, and halves. So each cell is measured
// before and after it was trained to say which symbol a sequence began with.
// The sequences are of all lengths up to a limit: the short ones teach what the
// long ones then need. Nets that get the longest ones alone show what a
// gradient is worth that does not reach far enough.
var vanishing = Experiment{Name: "vanishing", Section: "Vanishing gradients",
	Question: "How far back does the gradient reach in an RNN, a GRU and an LSTM?", run: runVanishing}

// gradientLags are the columns of the table. Shares are of the gradient at the
// first: that is the first state which was handed on.
var gradientLags = []int{1, 2, 5, 10, 20, 50, 100}

const (
	farLag     = 50 // that the sentence is about
	openForget = 3  // bias of a forget gate that begins 95 % open
)

// recaller is a net that is to remember the first symbol.
type recaller struct {
	name, cell string
	open       bool    // its forget gate begins open
	after      skill   // training on sequences of all lengths
	longOnly   float64 // accuracy after training on the longest alone
	decays     []decay // of the gradient by h, and by c if there is one
}

// skill is what a net can do, and how.
type skill struct {
	accuracy  float64 // on the longest sequences
	saturated float64 // mean size of the values of h after them
}

// decay is how the gradient by one state fades.
type decay struct {
	state              string
	untrained, trained fading
}

// fading are the norms of a gradient, norms[k] that at lag k.
type fading []float64

func runVanishing(ctx context.Context, o Options) (*Result, error) {
	nets := recallers{{name: "rnn", cell: models.RNN}, {name: "gru", cell: models.GRU}, {name: "lstm", cell: models.LSTM},
		{name: "lstm, forget bias 3", cell: models.LSTM, open: true}}
	for i := range nets {
		n := &nets[i]
		net, err := n.untrained(o)
		if err != nil {
			return nil, err
		}
		before, err := fadings(o, net)
		if err != nil {
			return nil, err
		}
		if n.after, err = n.train(ctx, o, net, 1); err != nil {
			return nil, err
		}
		after, err := fadings(o, net)
		if err != nil {
			return nil, err
		}
		for i := range before {
			state := []string{"", ": c"}[i]
			n.decays = append(n.decays, decay{n.name + state, before[i], after[i]})
		}
		if net, err = n.untrained(o); err != nil {
			return nil, err
		}
		long, err := n.train(ctx, o, net, longest(o))
		if err != nil {
			return nil, err
		}
		n.longOnly = long.accuracy
	}
	text, holds := nets.sentence(longest(o))
	return &Result{Tables: []Table{nets.gradients(), nets.skills()}, Outcome: nets.outcome(), Holds: holds, Sentence: text, Picture: nets.picture()}, nil
}

// longest is the length of the longest sequence in training.
func longest(o Options) int { return either(o, 50, 15) }

const recallSymbols = 4 // to be remembered, and as many that are not

func (n *recaller) untrained(o Options) (*train.Net, error) {
	net, err := train.NewNet(models.Arch{Input: 2 * recallSymbols, Tokens: 2 * recallSymbols, Encoding: models.OneHot, Outputs: recallSymbols,
		Head: models.SoftmaxHead, Layers: []models.Layer{{Cell: n.cell, Hidden: either(o, 32, 16)}}}, o.Seed)
	if err == nil && n.open {
		openForgetGate(net)
	}
	return net, err
}

// openForgetGate makes the forget gate of an LSTM begin open.
func openForgetGate(net *train.Net) {
	hidden := net.Arch().Layers[0].Hidden
	for _, t := range net.Tensors() {
		if t.Name == "lstm.bias_ih_l0" { // its rows are i, f, g, o
			for i := range hidden {
				t.Data[hidden+i] = openForget
			}
		}
	}
}

// train trains on sequences of so many symbols and more.
func (n *recaller) train(ctx context.Context, o Options, net *train.Net, shortest int) (s skill, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 4))
	lanes := either(o, 64, 16)
	what := plan{fmt.Sprintf("%s, sequences of %d to %d: update", n.name, shortest, longest(o)), either(o, 1000, 200), 1e-2}
	m, err := o.fit(ctx, what, net, o.config(lanes), func() *train.Batch { return recall(rng, lanes, shortest, longest(o)) })
	if err != nil {
		return s, err
	}
	return recalled(m, recall(rng, either(o, 500, 100), longest(o), longest(o))), nil
}

// recall is a batch of sequences of random lengths. Each begins with one of
// some symbols and goes on with others; at its end the first one is asked for.
func recall(rng *rand.Rand, lanes, shortest, longest int) *train.Batch {
	b := &train.Batch{Steps: longest, X: make([]float32, lanes*longest), Reset: anew(lanes)}
	classes := make([]int, lanes)
	for lane := range lanes {
		length := shortest + rng.IntN(longest-shortest+1)
		b.Lengths = append(b.Lengths, length)
		classes[lane] = rng.IntN(recallSymbols)
		b.X[lane] = float32(classes[lane])
		for t := 1; t < length; t++ {
			b.X[t*lanes+lane] = float32(recallSymbols + rng.IntN(recallSymbols))
		}
	}
	b.Classes = train.LastStep(classes, b.Lengths, b.Steps)
	return b
}

// recalled tries a model on a batch.
func recalled(m *models.Model, b *train.Batch) (s skill) {
	lanes, right, out := len(b.Lengths), 0, make([]float32, recallSymbols)
	for lane, length := range b.Lengths {
		state := m.NewState()
		for t := range length {
			state.Push(b.X[t*lanes+lane:][:1])
			state.Next(out)
		}
		if models.Best(out) == b.Classes[(length-1)*lanes+lane] {
			right++
		}
		h := state.AppendMemory(nil)[:m.Arch().Layers[0].Hidden]
		for _, v := range h {
			s.saturated += math.Abs(float64(v)) / float64(len(h)*lanes)
		}
	}
	s.accuracy = float64(right) / float64(lanes)
	return s
}

// fadings measures the gradient by h, and by c if there is one.
func fadings(o Options, net *train.Net) (list []fading, err error) {
	steps := slices.Max(gradientLags) + 1
	c := o.config(either(o, 64, 16))
	c.Lags = true
	t, err := train.NewTrainer(net, c)
	if err != nil {
		return nil, err
	}
	r, err := t.Gradient(recall(rand.New(rand.NewPCG(o.Seed, 5)), c.Lanes, steps, steps))
	if err != nil {
		return nil, err
	}
	for _, norms := range [][]float64{r.Lags[0], r.MemoryLags[0]} {
		if norms != nil {
			slices.Reverse(norms)
			list = append(list, norms)
		}
	}
	return list, nil
}

// share is what is left at a lag of the gradient at the first one.
func (f fading) share(lag int) float64 { return f[lag] / f[gradientLags[0]] }

// halfLife is how many steps halve the gradient, from the first lag to farLag
// or as far as there is any in float32; infinite if it does not shrink.
func (f fading) halfLife() float64 {
	last := farLag
	for f[last] == 0 {
		last--
	}
	fall := -math.Log2(f.share(last))
	if fall <= 0 {
		return math.Inf(1)
	}
	return float64(last-gradientLags[0]) / fall
}

type recallers []recaller

func (l recallers) gradients() Table {
	t := Table{Title: "Norm of the gradient by the state so many steps before the loss, as a share of that one step before it",
		Columns: []Column{{Name: "state"}, {Name: "net"}}}
	for _, lag := range gradientLags[1:] {
		t.Columns = append(t.Columns, Column{fmt.Sprintf("lag %d", lag), "%.1e"})
	}
	t.Columns = append(t.Columns, Column{"half-life, steps", "%.1f"})
	add := func(state, net string, f fading) {
		row := []any{state, net}
		for _, lag := range gradientLags[1:] {
			row = append(row, f.share(lag))
		}
		t.Add(append(row, f.halfLife())...)
	}
	for _, n := range l {
		for _, d := range n.decays {
			add(d.state, "untrained", d.untrained)
		}
	}
	for _, n := range l {
		for _, d := range n.decays {
			add(d.state, "trained", d.trained)
		}
	}
	return t
}

func (l recallers) skills() Table {
	t := Table{Title: fmt.Sprintf("How often the first of the longest sequences is remembered (chance: %.3f)", 1.0/recallSymbols),
		Columns: []Column{{Name: "net"}, {"trained on all lengths", "%.3f"}, {"mean size of h", "%.2f"}, {"trained on the longest alone", "%.3f"}}}
	for _, n := range l {
		t.Add(n.name, n.after.accuracy, n.after.saturated, n.longOnly)
	}
	return t
}

func (l recallers) picture() *report.Chart {
	untrained := report.ChartPanel{Y: report.Axis{Label: "share, untrained", Log: true}}
	trained := report.ChartPanel{X: report.Axis{Label: "steps before the loss"}, Y: report.Axis{Label: "share, trained", Log: true}}
	curve := func(name string, f fading) report.Curve {
		c := report.Curve{Name: name}
		for lag := 1; lag < len(f); lag++ {
			c.X, c.Y = append(c.X, float64(lag)), append(c.Y, f.share(lag))
		}
		return c
	}
	for _, n := range l {
		for _, d := range n.decays {
			untrained.Curves = append(untrained.Curves, curve(d.state, d.untrained))
			trained.Curves = append(trained.Curves, curve(d.state, d.trained))
		}
	}
	return &report.Chart{Title: "What is left of the gradient", Panels: []report.ChartPanel{untrained, trained}}
}

func (l recallers) outcome() Outcome {
	o := Outcome{}
	for _, n := range l {
		o["accuracy "+n.name], o["accuracy, longest alone "+n.name], o["mean size of h "+n.name] = n.after.accuracy, n.longOnly, n.after.saturated
		for _, d := range n.decays {
			o["untrained share "+d.state], o["untrained half-life "+d.state] = d.untrained.share(farLag), d.untrained.halfLife()
			o["trained share "+d.state], o["trained half-life "+d.state] = d.trained.share(farLag), d.trained.halfLife()
		}
	}
	return o
}

// sentence says what gates do for the gradient, and what it takes for that.
func (l recallers) sentence(limit int) (text string, holds bool) {
	rnn, gru, lstm, open := &l[0], &l[1], &l[2], &l[3]
	kept := func(n *recaller) float64 { return n.decays[len(n.decays)-1].trained.share(farLag) }
	half := func(n *recaller) float64 { return n.decays[len(n.decays)-1].untrained.halfLife() }
	holds = min(kept(gru), kept(lstm), kept(open)) > 10*kept(rnn)
	text = "Gates keep more of the gradient"
	if !holds {
		text = "That gates keep more of the gradient is not shown here"
	}
	text += fmt.Sprintf(": of nets trained to remember the first of up to %d symbols, the GRU has %s of it left %d steps back, "+
		"the memory of the LSTM %s (%s if its forget gate began open), the RNN %s.", limit, left(kept(gru)), farLag, left(kept(lstm)), left(kept(open)), left(kept(rnn)))
	text += fmt.Sprintf(" They must learn to: untrained, it halves every %.1f steps in the GRU, every %.1f (%.1f) in the LSTM and every %.1f in the RNN.",
		half(gru), half(lstm), half(open), half(rnn))
	text += fmt.Sprintf(" With short sequences to begin with, the long ones are answered right in %s; from long ones alone, in %s.",
		percents(gru.after.accuracy, lstm.after.accuracy, open.after.accuracy, rnn.after.accuracy),
		percents(gru.longOnly, lstm.longOnly, open.longOnly, rnn.longOnly))
	return text, holds
}

func left(share float64) string {
	if share == 0 {
		return "less than float32 has numbers for"
	}
	return fmt.Sprintf("%.2g", share)
}

func percents(gru, lstm, open, rnn float64) string {
	return fmt.Sprintf("%.0f %% by the GRU, %.0f %% (%.0f %%) by the LSTM and %.0f %% by the RNN", 100*gru, 100*lstm, 100*open, 100*rnn)
}
