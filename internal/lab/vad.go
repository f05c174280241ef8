package lab

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/training"
)

// vad asks of the shipped models, and the recording of the demonstration, how
// much of the future an answer needs. The bidirectional one is asked again with
// each frame that is heard: what does it now say about all frames so far? An
// answer has settled once it stays close to what it is when all is heard.
//
// The causal one is asked the same way, to show that its answers never change.
var vad = Experiment{Name: "vad", Section: "Bidirectional RNN: why it cannot answer live",
	Question: "How much of what follows must be heard until an answer settles?", run: runVAD}

const (
	closeEnough = 0.1 // to the answer when all is heard
	vadPart     = 400 // frames of the recording that the quick form takes
)

// contexts are the frames after its own that an answer has heard.
var contexts = []int{0, 1, 2, 5, 10, 20, 50, 100}

// asked is what a model said about each frame each time: said[n][t] is the
// answer about frame t when n frames were heard.
type asked struct {
	said   [][]float32
	speech []bool
	hop    float64
}

func runVAD(ctx context.Context, o Options) (*Result, error) {
	causal, err := o.askAgain(ctx, pretrained.Causal)
	if err != nil {
		return nil, err
	}
	both, err := o.askAgain(ctx, pretrained.Bidirectional)
	if err != nil {
		return nil, err
	}
	text, holds := both.sentence(causal)
	return &Result{Tables: []Table{both.table(causal), both.settling()}, Outcome: both.outcome(causal), Holds: holds, Sentence: text, Picture: both.picture(causal)}, nil
}

// askAgain asks a shipped model about all that it has heard, frame after frame.
func (o Options) askAgain(ctx context.Context, mode string) (*asked, error) {
	m, err := pretrained.Load("vad", mode)
	if err != nil {
		return nil, err
	}
	h, err := hearFor(m)
	if err != nil {
		return nil, err
	}
	frames := len(h.speech)
	if o.Quick {
		frames = vadPart
	}
	a := &asked{speech: h.speech[:frames], hop: h.hop, said: make([][]float32, frames+1)}
	for n := 1; n <= frames; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o.progress(mode+": frame", n, frames)
		a.said[n] = answers(m, h.frames[:n*h.width])
	}
	return a, nil
}

// hearFor takes the frames that a model was made for.
func hearFor(m *models.Model) (*heard, error) {
	r, err := demo.Load()
	if err != nil {
		return nil, err
	}
	c, err := features.Parse(m.Info().Features)
	if err != nil {
		return nil, err
	}
	return hear(r, r.Samples, c)
}

// at is the answer about a frame when so many more were heard.
func (a *asked) at(t, right int) float64 { return float64(a.said[t+1+right][t]) }

// full is the answer when all is heard.
func (a *asked) full(t int) float64 { return float64(a.said[len(a.speech)][t]) }

// common are the frames that all of contexts can be compared for.
func (a *asked) common() int { return len(a.speech) - slices.Max(contexts) }

// changed is by how much answers still change, in the mean and at most, and the
// share of them that end on the other side of 0.5.
func (a *asked) changed(right int) (mean, most, crossed float64) {
	n := a.common()
	for t := range n {
		now, then := a.at(t, right), a.full(t)
		d := math.Abs(now - then)
		mean, most = mean+d/float64(n), max(most, d)
		if now > 0.5 != (then > 0.5) {
			crossed += 1 / float64(n)
		}
	}
	return mean, most, crossed
}

// area is that under the ROC curve of some answers, by the truth.
func (a *asked) area(answer func(t int) float64) float64 {
	var scores []float64
	for t := range a.common() {
		scores = append(scores, answer(t))
	}
	return training.NewRanking([][]float64{scores}, [][]bool{a.speech[:a.common()]}).AUC(nil)
}

func (a *asked) areaWith(right int) float64 {
	return a.area(func(t int) float64 { return a.at(t, right) })
}

// settled is how many frames must be heard until each answer stays close to
// what it will be, from the least to the most.
func (a *asked) settled() (list []int) {
	for t := range a.common() {
		right := len(a.speech) - 1 - t
		for right > 0 && math.Abs(a.at(t, right-1)-a.full(t)) <= closeEnough {
			right--
		}
		list = append(list, right)
	}
	slices.Sort(list)
	return list
}

// ms is so many frames in milliseconds.
func (a *asked) ms(frames int) float64 { return 1000 * a.hop * float64(frames) }

// quantiles of settled, in milliseconds.
func (a *asked) quantiles(shares ...float64) (list []float64) {
	all := a.settled()
	for _, s := range shares {
		list = append(list, a.ms(all[int(s*float64(len(all)-1))]))
	}
	return list
}

func (a *asked) table(causal *asked) Table {
	t := Table{Title: fmt.Sprintf("Answers of the shipped models about %d frames of the recording; changes are to the answer when all is heard", a.common()),
		Columns: []Column{{Name: "model"}, {Name: "hears further, ms"}, {"change, mean", "%.3f"}, {"most", "%.3f"}, {"cross 0.5", "%.3f"}, {"area under ROC curve", "%.4f"}}}
	row := func(model string, a *asked, right int) {
		mean, most, crossed := a.changed(right)
		t.Add(model, fmt.Sprintf("%.0f", a.ms(right)), mean, most, crossed, a.areaWith(right))
	}
	row("causal", causal, 0)
	for _, right := range contexts {
		row("bidirectional", a, right)
	}
	t.Add("bidirectional", "all", 0.0, 0.0, 0.0, a.area(a.full))
	return t
}

// shares of answers that have settled.
var settledShares = []float64{0.5, 0.9, 0.95, 0.99, 1}

func (a *asked) settling() Table {
	t := Table{Title: fmt.Sprintf("What must be heard after a frame until the answer stays within %g of what it will be", closeEnough),
		Columns: []Column{{"share of answers", "%.2f"}, {"bidirectional, ms", "%.0f"}}}
	for i, ms := range a.quantiles(settledShares...) {
		t.Add(settledShares[i], ms)
	}
	return t
}

func (a *asked) outcome(causal *asked) Outcome {
	_, most, _ := causal.changed(0)
	mean, mostBoth, crossed := a.changed(0)
	o := Outcome{"causal, largest change": most, "bidirectional, mean change": mean, "bidirectional, largest change": mostBoth, "bidirectional, cross 0.5": crossed,
		"causal, area": causal.areaWith(0), "bidirectional, area at once": a.areaWith(0), "bidirectional, area when all is heard": a.area(a.full)}
	for i, ms := range a.quantiles(settledShares...) {
		o[fmt.Sprintf("settled %g, ms", settledShares[i])] = ms
	}
	return o
}

func (a *asked) picture(causal *asked) *report.Chart {
	change, area, line := report.Curve{Name: "bidirectional"}, report.Curve{Name: "bidirectional"}, report.Curve{Name: "causal"}
	for right := range slices.Max(contexts) + 1 {
		mean, _, _ := a.changed(right)
		ms := a.ms(right)
		change.X, change.Y = append(change.X, ms), append(change.Y, mean)
		area.X, area.Y = append(area.X, ms), append(area.Y, a.areaWith(right))
		line.X, line.Y = append(line.X, ms), append(line.Y, causal.areaWith(0))
	}
	return &report.Chart{Title: "The shipped bidirectional model, asked before it has heard all", Panels: []report.ChartPanel{
		{Y: report.Axis{Label: "mean change still to come"}, Curves: []report.Curve{change}},
		{X: report.Axis{Label: "heard after the frame, ms"}, Y: report.Axis{Label: "area under ROC curve"}, Curves: []report.Curve{area, line}}}}
}

func (a *asked) sentence(causal *asked) (text string, holds bool) {
	_, causalMost, _ := causal.changed(0)
	mean, most, crossed := a.changed(0)
	q := a.quantiles(0.5, 0.95, 1)
	holds = causalMost == 0 && q[1] > 0 && a.areaWith(0) < causal.areaWith(0)
	text = "A bidirectional model cannot answer live"
	if !holds {
		text = "That a bidirectional model cannot answer live is not shown here"
	}
	return fmt.Sprintf("%s: asked at once, its answers still change by %.3f in the mean and %.2f at most, %.1f %% end on the other side of 0.5, and it tells speech from the rest "+
		"worse (area under the ROC curve %.4f) than the causal model, which never changes an answer (%.4f). Half of its answers have settled after %.0f ms, 95 %% after %.0f, "+
		"the last after %.0f; when all is heard it has an area of %.4f.", text, mean, most, 100*crossed, a.areaWith(0), causal.areaWith(0), q[0], q[1], q[2], a.area(a.full)), holds
}
