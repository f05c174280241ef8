package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// bidirectional asks what cannot be known yet. Frames are coins, and at each
// frame two things are asked: which side the coin showed that lies reach frames
// back, and which side the one will show that comes reach frames later.
//
// A bidirectional net (Schuster and Paliwal 1997) hears both and answers at the
// end. A causal net can have the same by answering late: an answer about the
// frame that is delay frames back. And the bidirectional net can answer before
// the end, in blocks, if it hears enough beyond each.
var bidirectional = Experiment{Name: "bidirectional", Section: "Bidirectional RNN",
	Question: "What does hearing the future buy, and can one wait for it instead?", run: runBidirectional}

const (
	coinReach = 3 // frames
	coinBlock = 8 // frames of a block
	mostLate  = coinReach + 2
)

// waiter is a way to wait for what comes.
type waiter struct {
	name         string
	ahead        int       // frames that an answer waits for, at most; models.Unbounded: for the end
	past, future []float64 // share of right answers, a seed each, from the least to the most
}

// blocksBeyond are how many frames beyond a block are heard.
var blocksBeyond = []int{0, coinReach}

func newWaiters() (list waiters) {
	for delay := range mostLate + 1 {
		list = append(list, waiter{name: delayed(delay), ahead: delay})
	}
	for _, right := range blocksBeyond {
		list = append(list, waiter{name: fmt.Sprintf("bidirectional, blocks of %d and %d beyond", coinBlock, right), ahead: coinBlock + right - 1})
	}
	return append(list, waiter{name: "bidirectional", ahead: models.Unbounded})
}

func delayed(delay int) string {
	if delay == 0 {
		return "causal"
	}
	return fmt.Sprintf("causal, %d late", delay)
}

func runBidirectional(ctx context.Context, o Options) (*Result, error) {
	list := newWaiters()
	for i := range either(o, 5, 2) {
		own := o
		own.Seed += uint64(i)
		nets, err := own.waitingNets(ctx)
		if err != nil {
			return nil, err
		}
		for k, m := range nets {
			list[k].toss(own, m)
		}
	}
	for _, w := range list {
		slices.Sort(w.past)
		slices.Sort(w.future)
	}
	text, holds := list.sentence()
	return &Result{Tables: []Table{list.table()}, Outcome: list.outcome(), Holds: holds, Sentence: text, Picture: list.picture()}, nil
}

// waitingNets are the nets of newWaiters.
func (o Options) waitingNets(ctx context.Context) (list []*models.Model, err error) {
	for delay := range mostLate + 1 {
		arch := coinArch(models.Layer{Cell: models.GRU, Hidden: 24})
		if delay > 0 {
			arch.Delays = []int{delay, delay}
		}
		m, err := o.learnCoins(ctx, delayed(delay), arch)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	both, err := o.learnCoins(ctx, "bidirectional", coinArch(models.Layer{Cell: models.GRU, Hidden: 16, Bidirectional: true}))
	if err != nil {
		return nil, err
	}
	for _, right := range blocksBeyond {
		m, err := both.InBlocks(coinBlock, right)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return append(list, both), nil
}

func coinArch(l models.Layer) models.Arch {
	return models.Arch{Input: 1, Outputs: 2, Head: models.SigmoidHead, Layers: []models.Layer{l}}
}

func (o Options) learnCoins(ctx context.Context, name string, arch models.Arch) (*models.Model, error) {
	net, err := train.NewNet(arch, o.Seed)
	if err != nil {
		return nil, err
	}
	const lanes, length = 16, 40
	rng := rand.New(rand.NewPCG(o.Seed, 40))
	what := plan{fmt.Sprintf("%s, seed %d: update", name, o.Seed), either(o, 400, 100), 2e-2}
	return o.fit(ctx, what, net, o.config(lanes), func() *train.Batch { return coins(rng, lanes, length) })
}

// coins is a batch of sequences of -1 and 1. Where there is nothing before or
// after, nothing is asked.
func coins(rng *rand.Rand, lanes, length int) *train.Batch {
	n, far := lanes*length, lanes*coinReach
	b := &train.Batch{Steps: length, X: make([]float32, n), Y: make([]float32, 2*n), Mask: make([]float32, 2*n), Reset: anew(lanes)}
	for i := range b.X {
		b.X[i] = float32(2*rng.IntN(2) - 1)
	}
	for i := far; i < n-far; i++ {
		b.Mask[2*i], b.Y[2*i] = 1, (b.X[i-far]+1)/2
		b.Mask[2*i+1], b.Y[2*i+1] = 1, (b.X[i+far]+1)/2
	}
	return b
}

// toss counts the right answers of a model about a long sequence.
func (w *waiter) toss(o Options, m *models.Model) {
	length := either(o, 20000, 3000)
	b := coins(rand.New(rand.NewPCG(o.Seed, 41)), 1, length)
	var right [2]int
	for i, p := range answers(m, b.X) {
		if b.Mask[i] == 1 && (p > 0.5) == (b.Y[i] == 1) {
			right[i%2]++
		}
	}
	asked := float64(length - 2*coinReach)
	w.past, w.future = append(w.past, float64(right[0])/asked), append(w.future, float64(right[1])/asked)
}

type waiters []waiter

func (w *waiter) median() (past, future float64) {
	return w.past[len(w.past)/2], w.future[len(w.future)/2]
}

func (l waiters) table() Table {
	t := Table{Title: fmt.Sprintf("Right answers about the coin %d frames back and the one %d frames ahead, %d seeds each (chance: 0.5)", coinReach, coinReach, len(l[0].past)),
		Columns: []Column{{Name: "net"}, {Name: "waits for, frames"}, {"back, median", "%.3f"}, {"ahead, median", "%.3f"}, {"least", "%.3f"}, {"most", "%.3f"}}}
	for _, w := range l {
		ahead := fmt.Sprint(w.ahead)
		if w.ahead == models.Unbounded {
			ahead = "all"
		}
		past, future := w.median()
		t.Add(w.name, ahead, past, future, w.future[0], w.future[len(w.future)-1])
	}
	return t
}

func (l waiters) picture() *report.Chart {
	late, p := report.Curve{Name: "causal, so many frames late"}, report.ChartPanel{Marks: true,
		X: report.Axis{Label: "frames that an answer waits for, at most"}, Y: report.Axis{Label: "right about what comes", Min: 0.4, Max: 1.05}}
	for i, w := range l {
		_, y := w.median()
		x := float64(w.ahead)
		switch {
		case i <= mostLate:
			late.X, late.Y = append(late.X, x), append(late.Y, y)
		case w.ahead == models.Unbounded:
			p.Curves = append(p.Curves, report.Curve{Name: w.name + ", when all is heard", X: []float64{0, coinBlock + coinReach}, Y: []float64{y, y}})
		default:
			p.Curves = append(p.Curves, report.Curve{Name: w.name, X: []float64{x}, Y: []float64{y}})
		}
	}
	p.Curves = append([]report.Curve{late}, p.Curves...)
	return &report.Chart{Title: fmt.Sprintf("What comes %d frames later", coinReach), Panels: []report.ChartPanel{p}}
}

func (l waiters) outcome() Outcome {
	o := Outcome{}
	for i := range l {
		o["back "+l[i].name], o["ahead "+l[i].name] = l[i].median()
	}
	return o
}

func (l waiters) sentence() (text string, holds bool) {
	ahead := func(i int) float64 {
		_, y := l[i].median()
		return y
	}
	all := len(l) - 1
	holds = ahead(0) < 0.6 && ahead(coinReach-1) < 0.6 && ahead(coinReach) > 0.95 && ahead(all) > 0.95
	text = "What comes later takes waiting, and waiting is enough"
	if !holds {
		text = "That waiting is what it takes to know what comes later is not shown here"
	}
	return fmt.Sprintf("%s: of the coins %d frames ahead the causal net gets %.3f right, answering %d frames late %.3f, %d late %.3f; "+
		"the bidirectional net %.3f when it has heard all, in blocks of %d %.3f if nothing beyond them is heard (%d frames of each can be known), and %.3f with %d frames beyond.",
		text, coinReach, ahead(0), coinReach-1, ahead(coinReach-1), coinReach, ahead(coinReach), ahead(all), coinBlock, ahead(all-2), coinBlock-coinReach, ahead(all-1), coinReach), holds
}
