package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// echo is an endless stream of symbols in every lane, and the task to say which
// one came lag steps ago.
type echo struct {
	rng   *rand.Rand
	lag   int
	past  [][]int // of each lane, the symbols that are still to be asked for
	begun bool
}

const (
	echoSymbols = 4
	echoLanes   = 16
)

func newEcho(seed uint64, lanes, lag int) *echo {
	return &echo{rng: rand.New(rand.NewPCG(seed, 3)), lag: lag, past: make([][]int, lanes)}
}

// next is the next window of so many steps. The first ones have no answers.
func (e *echo) next(steps int) *train.Batch {
	b := &train.Batch{Steps: steps}
	if !e.begun {
		b.Reset, e.begun = anew(len(e.past)), true
	}
	for range steps {
		for lane := range e.past {
			symbol, class := e.rng.IntN(echoSymbols), -1
			e.past[lane] = append(e.past[lane], symbol)
			if len(e.past[lane]) > e.lag {
				class, e.past[lane] = e.past[lane][0], e.past[lane][1:]
			}
			b.X, b.Classes = append(b.X, float32(symbol)), append(b.Classes, class)
		}
	}
	return b
}

// accuracy is how often a model says the right symbol of a stream.
func (e *echo) accuracy(m *models.Model, steps int) float64 {
	b, s, out := e.next(steps), m.NewState(), make([]float32, echoSymbols)
	right, asked := 0, 0
	for i, x := range b.X {
		s.Push([]float32{x})
		s.Next(out)
		if b.Classes[i] < 0 {
			continue
		}
		if asked++; models.Best(out) == b.Classes[i] {
			right++
		}
	}
	return float64(right) / float64(asked)
}

// cuts is what comes of windows of different lengths.
type cuts struct {
	lag, warm int // steps back to the answer; updates after which gradients are compared again
	list      []cut
}

// cut is BPTT in windows of so many steps.
type cut struct {
	window   int
	before   float64 // cosine with the gradient of one long window, untrained
	during   float64 // the same once the net has begun to learn from long windows
	accuracy float64 // after training in windows, on as many symbols for each length
}

// truncated compares gradients, and then trains with each.
func truncated(ctx context.Context, o Options) (*cuts, error) {
	lag, symbols := either(o, 8, 3), either(o, 32*1500, 12*200)
	c := &cuts{lag: lag, warm: either(o, 100, 50)}
	for _, window := range []int{lag / 2, lag, lag + 1, 2 * lag, 4 * lag} {
		c.list = append(c.list, cut{window: window})
	}
	net, err := echoNet(o)
	if err != nil {
		return nil, err
	}
	stream := newEcho(o.Seed, echoLanes, lag)
	if err := c.compare(o, net, func(k *cut) *float64 { return &k.before }); err != nil {
		return nil, err
	}
	long := func() *train.Batch { return stream.next(4 * lag) }
	if _, err := o.fit(ctx, plan{"long windows: update", c.warm, 1e-2}, net, o.config(echoLanes), long); err != nil {
		return nil, err
	}
	if err := c.compare(o, net, func(k *cut) *float64 { return &k.during }); err != nil {
		return nil, err
	}
	for i := range c.list {
		k := &c.list[i]
		net, err := echoNet(o)
		if err != nil {
			return nil, err
		}
		what := plan{fmt.Sprintf("windows of %d steps: update", k.window), symbols / k.window, 1e-2}
		stream := newEcho(o.Seed, echoLanes, lag)
		stream.next(lag) // every step has an answer
		m, err := o.fit(ctx, what, net, o.config(echoLanes), func() *train.Batch { return stream.next(k.window) })
		if err != nil {
			return nil, err
		}
		k.accuracy = newEcho(o.Seed+1, 1, lag).accuracy(m, 2000)
	}
	return c, nil
}

func echoNet(o Options) (*train.Net, error) {
	return train.NewNet(models.Arch{Input: echoSymbols, Tokens: echoSymbols, Encoding: models.OneHot, Outputs: echoSymbols,
		Head: models.SoftmaxHead, Layers: []models.Layer{{Cell: models.RNN, Hidden: either(o, 32, 16)}}}, o.Seed)
}

// compare sets the cosine of each cut's gradient with that of one window over
// the same symbols.
func (c *cuts) compare(o Options, net *train.Net, to func(*cut) *float64) error {
	full, err := c.gradient(o, net, 8*c.lag)
	if err != nil {
		return err
	}
	for i := range c.list {
		short, err := c.gradient(o, net, c.list[i].window)
		if err != nil {
			return err
		}
		*to(&c.list[i]) = cosine(short, full)
	}
	return nil
}

// gradient is that of the loss over a stretch of symbols, which is gone through
// in windows. The weights stay as they are.
func (c *cuts) gradient(o Options, net *train.Net, window int) ([]float64, error) {
	t, err := train.NewTrainer(net, o.config(echoLanes))
	if err != nil {
		return nil, err
	}
	stream := newEcho(o.Seed+2, echoLanes, c.lag)
	stream.next(c.lag)
	stream.begun = false // for the net the stream begins here
	var total []float64
	for left := 8 * c.lag; left > 0; left -= window {
		steps := min(window, left)
		if _, err := t.Gradient(stream.next(steps)); err != nil {
			return nil, err
		}
		g := gradients(net)
		for i := range g {
			g[i] *= float64(steps) // the engine's is of the mean
		}
		if total == nil {
			total = make([]float64, len(g))
		}
		total = sum(total, g)
	}
	return total, nil
}

// cosine is that of the angle between two vectors.
func cosine(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+float64(a[i]*b[i]), aa+float64(a[i]*a[i]), bb+float64(b[i]*b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

func (c *cuts) table() Table {
	t := Table{Title: fmt.Sprintf("Truncated BPTT of an RNN that should say which of %d symbols it read %d steps ago", echoSymbols, c.lag),
		Columns: []Column{{Name: "window"}, {"cosine with the full gradient, untrained", "%.2f"},
			{fmt.Sprintf("after %d updates", c.warm), "%.2f"}, {"accuracy after training", "%.3f"}}}
	for _, k := range c.list {
		t.Add(k.window, k.before, k.during, k.accuracy)
	}
	return t
}

func (c *cuts) panel() report.ChartPanel {
	curves := []report.Curve{{Name: "cosine, untrained"}, {Name: fmt.Sprintf("cosine after %d updates", c.warm)}, {Name: "accuracy after training"}}
	for _, k := range c.list {
		for i, y := range []float64{k.before, k.during, k.accuracy} {
			curves[i].X, curves[i].Y = append(curves[i].X, float64(k.window)), append(curves[i].Y, y)
		}
	}
	return report.ChartPanel{X: report.Axis{Label: fmt.Sprintf("steps in a window, for an answer %d steps back", c.lag)},
		Y: report.Axis{Label: "of truncated BPTT"}, Curves: curves, Marks: true}
}

// ends are the longest window that cannot see from an answer back to its
// symbol, and the one twice as long as that.
func (c *cuts) ends() (short, long cut) { return c.list[1], c.list[3] }

func (c *cuts) outcome(o Outcome) {
	short, long := c.ends()
	o["accuracy_too_short"], o["accuracy_long"] = short.accuracy, long.accuracy
	o["cosine_untrained"], o["cosine_learning"] = short.before, short.during
}

func (c *cuts) sentence() (text string, holds bool) {
	short, long := c.ends()
	holds = short.accuracy < 0.5 && long.accuracy > 0.9
	if !holds {
		return fmt.Sprintf("That truncated BPTT cannot learn what lies further back than its window is not shown here: "+
			"for a symbol %d steps ago, windows of %d steps reach an accuracy of %.2f, those of %d %.2f.",
			c.lag, short.window, short.accuracy, long.window, long.accuracy), false
	}
	text = fmt.Sprintf("Truncated BPTT does not learn what lies further back than its window: a symbol of %d steps ago is answered right "+
		"in %.0f %% after training in windows of %d steps, and in %.0f %% (chance: %d %%) in windows of %d.",
		c.lag, 100*long.accuracy, long.window, 100*short.accuracy, 100/echoSymbols, short.window)
	if short.during < short.before-0.1 {
		text += fmt.Sprintf(" An untrained net does not show it: there the gradient in windows of %d has a cosine of %.2f with the full one, "+
			"and of %.2f once the net has begun to learn.", short.window, short.before, short.during)
	}
	return text, true
}
