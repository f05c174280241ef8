package lab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// exploding is the other side of vanishing: where each step back multiplies the
// gradient by more than 1, many steps make it huge.
//
// First it is looked at without training. Waa is made larger and larger, and
// the growth of the gradient per step back is set beside the spectral radius of
// Waa, which is what it would be if g were the identity. A relu passes all of
// the gradient of the units that are above 0; tanh saturates instead.
//
// Then both are trained by plain gradient descent, w -= lr*g, with nothing that
// would hide the size of g. Clipping by value cuts each number of g to within a
// limit, and so turns g aside; clipping by norm makes g shorter and leaves the
// direction.
var exploding = Experiment{Name: "exploding", Section: "Exploding gradients",
	Question: "When does the gradient explode, and what does clipping do about it?", run: runExploding}

const (
	explodingLag   = 3   // steps back to the symbol that is asked for, see echo
	descentRate    = 0.5 // of gradient descent
	valueLimit     = 0.1
	normLimit      = 1
	lastUpdates    = 20 // the final loss is the mean over so many
	growthLag      = 30 // steps over which growth is measured
	explodingUnits = 32
)

func runExploding(ctx context.Context, o Options) (*Result, error) {
	grown, err := growths(o)
	if err != nil {
		return nil, err
	}
	runs, err := descents(ctx, o)
	if err != nil {
		return nil, err
	}
	text, holds := runs.sentence(grown)
	return &Result{Tables: []Table{grown.table(), runs.table()}, Outcome: runs.outcome(grown), Holds: holds, Sentence: text, Picture: runs.picture()}, nil
}

// growth is what a step back does to the gradient of an untrained net.
type growth struct {
	cell          string
	scale, radius float64 // of Waa
	factor        float64 // by which the gradient grows in a step
}

type growthList []growth

func growths(o Options) (list growthList, err error) {
	for _, cell := range []string{models.RNNReLU, models.RNN} {
		for _, scale := range []float64{0.5, 1, 2, 3, 4} {
			net, err := explodingNet(o, cell)
			if err != nil {
				return nil, err
			}
			waa := recurrent(net)
			for i := range waa {
				waa[i] *= float32(scale)
			}
			factor, err := growthPerStep(o, net)
			if err != nil {
				return nil, err
			}
			list = append(list, growth{cell, scale, spectralRadius(waa, explodingUnits), factor})
		}
	}
	return list, nil
}

func explodingNet(o Options, cell string) (*train.Net, error) {
	return train.NewNet(models.Arch{Input: echoSymbols, Tokens: echoSymbols, Encoding: models.OneHot, Outputs: echoSymbols,
		Head: models.SoftmaxHead, Layers: []models.Layer{{Cell: cell, Hidden: explodingUnits}}}, o.Seed)
}

// recurrent is Waa of a net of one layer.
func recurrent(net *train.Net) []float32 {
	t := net.Tensors()
	return t[slices.IndexFunc(t, func(t models.Tensor) bool { return t.Name == net.Arch().Layers[0].Cell+".weight_hh_l0" })].Data
}

// growthPerStep is how much the norm of d loss / d h grows per step back from
// an answer.
func growthPerStep(o Options, net *train.Net) (float64, error) {
	c := o.config(echoLanes)
	c.Lags = true
	t, err := train.NewTrainer(net, c)
	if err != nil {
		return 0, err
	}
	steps := growthLag + 1
	b := newEcho(o.Seed, echoLanes, 0).next(steps)
	for i := range (steps - 1) * echoLanes {
		b.Classes[i] = -1 // the last answer alone
	}
	r, err := t.Gradient(b)
	if err != nil {
		return 0, err
	}
	return math.Pow(r.Lags[0][0]/r.Lags[0][growthLag], 1.0/growthLag), nil
}

// spectralRadius is the size of the largest eigenvalue of a matrix [n × n].
func spectralRadius(values []float32, n int) (radius float64) {
	var e mat.Eigen
	if !e.Factorize(mat.NewDense(n, n, wide(values)), mat.EigenNone) {
		return math.NaN()
	}
	for _, v := range e.Values(nil) {
		radius = max(radius, cmplx.Abs(v))
	}
	return radius
}

// clipping turns a gradient into the one that is used.
type clipping struct {
	name string
	clip func(g []float64, norm float64)
}

var clippings = []clipping{
	{"not clipped", func([]float64, float64) {}},
	{"clipped by value", func(g []float64, _ float64) {
		for i, v := range g {
			g[i] = max(-valueLimit, min(valueLimit, v))
		}
	}},
	{"clipped by norm", func(g []float64, norm float64) {
		for i := range g {
			g[i] *= min(1, normLimit/norm)
		}
	}},
}

// descent is what came of training with one kind of clipping.
type descent struct {
	cell, clip string
	runs       []run // a seed each
}

type run struct {
	losses, norms []float64 // of each update; norms before clipping
	diverged      bool
	clipped       int     // updates whose gradient was changed
	turned        float64 // sum over those of the cosine between before and after
}

type descentList []descent

func descents(ctx context.Context, o Options) (list descentList, err error) {
	for _, cell := range []string{models.RNNReLU, models.RNN} {
		for _, c := range clippings {
			d := descent{cell: cell, clip: c.name}
			for i := range either(o, 5, 2) {
				own := o
				own.Seed += uint64(i)
				o.progress(fmt.Sprintf("%s, %s: seed", cell, c.name), i+1, either(o, 5, 2))
				r, err := own.descend(ctx, cell, c)
				if err != nil {
					return nil, err
				}
				d.runs = append(d.runs, r)
			}
			list = append(list, d)
		}
	}
	return list, nil
}

// descend trains by gradient descent, until the loss or the gradient is no
// number any more.
func (o Options) descend(ctx context.Context, cell string, c clipping) (r run, err error) {
	net, err := explodingNet(o, cell)
	if err != nil {
		return r, err
	}
	lanes := either(o, echoLanes, 8)
	t, err := train.NewTrainer(net, o.config(lanes))
	if err != nil {
		return r, err
	}
	stream := newEcho(o.Seed, lanes, explodingLag)
	for range either(o, 500, 300) {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		stream.begun = false // every window begins with nothing heard
		step, err := t.Gradient(stream.next(50))
		if errors.Is(err, train.ErrDiverged) {
			r.diverged = true
			return r, nil
		} else if err != nil {
			return r, err
		}
		r.losses, r.norms = append(r.losses, step.Loss), append(r.norms, step.GradNorm)
		g := gradients(net)
		before := slices.Clone(g)
		if c.clip(g, step.GradNorm); !slices.Equal(before, g) {
			r.clipped, r.turned = r.clipped+1, r.turned+cosine(before, g)
		}
		move(net, g, descentRate)
	}
	return r, nil
}

// move is w -= rate*g.
func move(net *train.Net, g []float64, rate float64) {
	for _, t := range net.Tensors() {
		for i := range t.Data {
			t.Data[i] -= float32(rate * g[i])
		}
		g = g[len(t.Data):]
	}
}

// final is the loss at the end, infinite if there was none.
func (r *run) final() float64 {
	if r.diverged {
		return math.Inf(1)
	}
	total := 0.0
	for _, l := range r.losses[len(r.losses)-lastUpdates:] {
		total += l
	}
	return total / lastUpdates
}

// median of the losses at the end.
func (d *descent) median() float64 {
	var list []float64
	for _, r := range d.runs {
		list = append(list, r.final())
	}
	slices.Sort(list)
	return list[len(list)/2]
}

func (d *descent) diverged() (n int) {
	for _, r := range d.runs {
		if r.diverged {
			n++
		}
	}
	return n
}

// norms are the median and the largest of all norms of gradients.
func (d *descent) norms() (median, most float64) {
	var all []float64
	for _, r := range d.runs {
		all = append(all, r.norms...)
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1]
}

// clips are the share of updates that were clipped, and the mean cosine by
// which these were turned.
func (d *descent) clips() (share, cosine float64) {
	updates, clipped := 0, 0
	for _, r := range d.runs {
		updates, clipped, cosine = updates+len(r.norms), clipped+r.clipped, cosine+r.turned
	}
	return float64(clipped) / float64(updates), cosine / float64(clipped)
}

func (l growthList) table() Table {
	t := Table{Title: "Untrained nets with Waa made larger: by how much a step back multiplies the gradient", Columns: []Column{{Name: "cell"},
		{"Waa times", "%.1f"}, {"spectral radius of Waa", "%.2f"}, {"growth per step", "%.2f"}, {fmt.Sprintf("over %d steps", growthLag), "%.0e"}}}
	for _, g := range l {
		t.Add(g.cell, g.scale, g.radius, g.factor, math.Pow(g.factor, growthLag))
	}
	return t
}

func (l descentList) table() Table {
	t := Table{Title: fmt.Sprintf("Gradient descent at a rate of %g, %d seeds each; values are clipped at %g, norms at %d", descentRate, len(l[0].runs), valueLimit, normLimit), Columns: []Column{{Name: "cell"}, {Name: "clipping"},
		{Name: "diverged"}, {"final loss, median", "%.3f"}, {"norm of the gradient, median", "%.2f"}, {"largest", "%.1e"}, {"updates clipped", "%.2f"}, {"their cosine with the gradient", "%.2f"}}}
	for _, d := range l {
		median, most := d.norms()
		share, cosine := d.clips()
		t.Add(d.cell, d.clip, d.diverged(), d.median(), median, most, share, cosine)
	}
	return t
}

func (l descentList) picture() *report.Chart {
	loss := report.ChartPanel{Y: report.Axis{Label: "loss", Log: true}}
	norm := report.ChartPanel{X: report.Axis{Label: "update, of the first seed"}, Y: report.Axis{Label: "norm of the gradient", Log: true}}
	for _, d := range l {
		r, x := d.runs[0], []float64(nil)
		for i := range r.losses {
			x = append(x, float64(i+1))
		}
		name := d.cell + ", " + d.clip
		loss.Curves = append(loss.Curves, report.Curve{Name: name, X: x, Y: r.losses})
		norm.Curves = append(norm.Curves, report.Curve{Name: name, X: x, Y: r.norms})
	}
	return &report.Chart{Title: "Gradient descent with and without clipping", Panels: []report.ChartPanel{loss, norm}}
}

func (l descentList) outcome(g growthList) Outcome {
	o := Outcome{}
	for _, d := range l {
		name := d.cell + ", " + d.clip
		_, most := d.norms()
		_, cosine := d.clips()
		o["diverged "+name], o["loss "+name], o["largest norm "+name], o["cosine "+name] = float64(d.diverged()), d.median(), most, cosine
	}
	for _, g := range g {
		o[fmt.Sprintf("growth %s x %g", g.cell, g.scale)] = g.factor
	}
	return o
}

func (l descentList) sentence(g growthList) (text string, holds bool) {
	none, value, norm, tanh := &l[0], &l[1], &l[2], &l[3]
	seeds := len(none.runs)
	holds = 2*none.diverged() >= seeds && value.diverged() == 0 && norm.diverged() == 0
	text = "Clipping keeps the net alive that explodes without it"
	if !holds {
		text = "That clipping keeps a net alive which explodes without it is not shown here"
	}
	_, most := none.norms()
	_, aside := value.clips()
	text += fmt.Sprintf(": with relu, %d of %d trainings diverge unclipped (gradients of up to %.0e), %d clipped by value and %d by norm. ",
		none.diverged(), seeds, most, value.diverged(), norm.diverged())
	text += fmt.Sprintf("Clipped by norm they end at a loss of %.3f, by value, which turns the gradient aside (cosine %.2f), at %.3f. ", norm.median(), aside, value.median())
	_, tame := tanh.norms()
	text += fmt.Sprintf("With tanh %d diverge and no gradient exceeds %.1f. Untrained, a step back multiplies the gradient by %.2f with relu and %.2f with tanh, "+
		"and by %.2f and %.2f once Waa is %g times as large.", tanh.diverged(), tame, g[1].factor, g[6].factor, g[4].factor, g[9].factor, g[4].scale)
	return text, holds
}
