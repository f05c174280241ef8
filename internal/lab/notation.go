package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// notation goes forward through a net that is small enough for a sheet of
// paper. It reads "hell" and says at each letter which one comes next; the
// right answers are "ello". In the note's names
//
//	a<t>  = tanh(Waa a<t-1> + Wax x<t> + ba)      a<0> = 0
//	y^<t> = softmax(Wya a<t> + by)
//	L<t>  = -sum over k of y<t>[k] ln y^<t>[k]     L = L<1> + ... + L<T>
//
// All of it is computed here in float64 with loops, and again by the engine.
var notation = Experiment{Name: "notation", Section: "Notation and the forward pass of an RNN",
	Question: "What does each symbol stand for, and does the engine compute the same?", run: runNotation}

const (
	letters     = "helo"
	hello       = "hello"
	handUnits   = 3
	handDigits  = 5    // that are shown
	sameNumbers = 1e-6 // more than float32 may be off
)

// byHand is an RNN as the note writes it.
type byHand struct {
	Waa, Wax, Wya [][]float64
	ba, by        []float64
}

// newByHand draws weights in quarters, which float32 and paper hold exactly.
func newByHand(seed uint64) *byHand {
	rng := rand.New(rand.NewPCG(seed, 1))
	vector := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(rng.IntN(9)-4) / 4
		}
		return v
	}
	matrix := func(rows, cols int) (m [][]float64) {
		for range rows {
			m = append(m, vector(cols))
		}
		return m
	}
	return &byHand{Waa: matrix(handUnits, handUnits), Wax: matrix(handUnits, len(letters)), ba: vector(handUnits),
		Wya: matrix(len(letters), handUnits), by: vector(len(letters))}
}

func runNotation(_ context.Context, o Options) (*Result, error) {
	net := newByHand(o.Seed)
	m, err := net.model()
	if err != nil {
		return nil, err
	}
	s := m.NewState()
	steps := Table{Title: "The forward pass", Columns: []Column{{Name: "name"}, {Name: "is"}, {Name: "by hand"}, {Name: "the engine"}}}
	var seen agreement
	a, total := make([]float64, handUnits), 0.0
	trace := &trace{}
	for t := 1; t < len(hello); t++ {
		letter, next := strings.IndexByte(letters, hello[t-1]), strings.IndexByte(letters, hello[t])
		s.Push([]float32{float32(letter)})
		ofState := make([]float32, len(letters))
		s.Next(ofState)

		x, y := oneHot(letter, len(letters)), oneHot(next, len(letters))
		recurrent, input := product(net.Waa, a), product(net.Wax, x)
		before := a
		a = tanh(sum(recurrent, input, net.ba))
		scores := sum(product(net.Wya, a), net.by)
		yhat := softmax(scores)
		loss := -math.Log(yhat[next])
		total += loss

		name := func(symbol string) string { return fmt.Sprintf("%s<%d>", symbol, t) }
		steps.Add(name("x"), fmt.Sprintf("%q, one-hot", hello[t-1]), whole(x), "")
		steps.Add(fmt.Sprintf("a<%d>", t-1), "from the step before", digits(before), "")
		steps.Add(fmt.Sprintf("Waa a<%d>", t-1), "", digits(recurrent), "")
		steps.Add("Wax "+name("x"), fmt.Sprintf("a column of Wax, that of %q", hello[t-1]), digits(input), "")
		steps.Add(name("a"), "tanh of both and ba", digits(a), seen.with(a, wide(s.AppendMemory(nil))))
		steps.Add("Wya "+name("a")+" + by", "", digits(scores), "")
		steps.Add(name("y^"), "softmax: the chance of each of "+letters, digits(yhat), seen.with(yhat, wide(ofState)))
		steps.Add(name("y"), fmt.Sprintf("%q, the right answer", hello[t]), whole(y), "")
		steps.Add(name("L"), fmt.Sprintf("-ln of the chance of %q", hello[t]), digits([]float64{loss}),
			seen.with([]float64{loss}, []float64{-math.Log(float64(ofState[next]))}))
		trace.add(a, yhat[next], loss)
	}
	trained, err := net.trainedLoss()
	if err != nil {
		return nil, err
	}
	steps.Add("L", "the sum; by the engine: of models/train", digits([]float64{total}), seen.with([]float64{total}, []float64{trained}))
	return &Result{Tables: []Table{net.table(), steps}, Picture: trace.picture(),
		Outcome: Outcome{"numbers": float64(seen.numbers), "same_digits": float64(seen.same), "worst_difference": seen.worst, "loss": total},
		Holds:   seen.worst < sameNumbers, Sentence: seen.sentence()}, nil
}

// model is the same net for the engine, which has two biases where the note has
// ba: one stays 0.
func (n *byHand) model() (*models.Model, error) {
	var list []models.Tensor
	for _, t := range n.arch().Shapes() {
		t.Data = map[string][]float32{
			"rnn.weight_ih_l0": narrow(n.Wax...), "rnn.weight_hh_l0": narrow(n.Waa...),
			"rnn.bias_ih_l0": narrow(n.ba), "rnn.bias_hh_l0": make([]float32, handUnits),
			"head.weight": narrow(n.Wya...), "head.bias": narrow(n.by),
		}[t.Name]
		list = append(list, t)
	}
	return models.New(n.arch(), models.Info{Name: "notation"}, list)
}

func (n *byHand) arch() models.Arch {
	return models.Arch{Input: len(letters), Tokens: len(letters), Encoding: models.OneHot, Outputs: len(letters), Head: models.SoftmaxHead,
		Layers: []models.Layer{{Cell: models.RNN, Hidden: handUnits}}}
}

// trainedLoss is L as training computes it, which reports the mean over the
// steps.
func (n *byHand) trainedLoss() (float64, error) {
	m, err := n.model()
	if err != nil {
		return 0, err
	}
	net, err := train.NewNet(n.arch(), 1)
	if err != nil {
		return 0, err
	}
	for i, t := range net.Tensors() {
		copy(t.Data, m.Tensors()[i].Data)
	}
	c := train.DefaultConfig()
	c.Lanes, c.Shards = 1, 1
	t, err := train.NewTrainer(net, c)
	if err != nil {
		return 0, err
	}
	b := &train.Batch{Steps: len(hello) - 1, Reset: anew(1)}
	for i := range b.Steps {
		b.X = append(b.X, float32(strings.IndexByte(letters, hello[i])))
		b.Classes = append(b.Classes, strings.IndexByte(letters, hello[i+1]))
	}
	r, err := t.Gradient(b)
	return r.Loss * float64(b.Steps), err
}

// table shows the weights.
func (n *byHand) table() Table {
	t := Table{Title: "The weights, a row after the other", Columns: []Column{{Name: "name"}, {Name: "shape"}, {Name: "values"}}}
	for _, w := range []struct {
		name string
		rows [][]float64
	}{{"Waa", n.Waa}, {"Wax", n.Wax}, {"ba", [][]float64{n.ba}}, {"Wya", n.Wya}, {"by", [][]float64{n.by}}} {
		for i, row := range w.rows {
			name, shape := "", ""
			if i == 0 {
				name, shape = w.name, fmt.Sprintf("%d x %d", len(w.rows), len(row))
			}
			t.Add(name, shape, list("%5.2f", row))
		}
	}
	return t
}

// agreement counts how far two ways to compute the same come to the same.
type agreement struct {
	numbers, same int // those compared, and those that look the same
	worst         float64
}

// with compares, and prints what the second way came to.
func (g *agreement) with(hand, engine []float64) string {
	for i := range hand {
		g.numbers++
		if digits(hand[i:i+1]) == digits(engine[i:i+1]) {
			g.same++
		}
		g.worst = max(g.worst, math.Abs(hand[i]-engine[i]))
	}
	return digits(engine)
}

func (g *agreement) sentence() string {
	if g.worst >= sameNumbers {
		return fmt.Sprintf("The engine does not compute what the note says: of %d numbers one is off by %.1e.", g.numbers, g.worst)
	}
	return fmt.Sprintf("The engine computes what the note says: %d of %d numbers are those computed by hand in all %d decimals shown; "+
		"the largest difference, %.1e, is that of float32.", g.same, g.numbers, handDigits, g.worst)
}

// trace is what there is to draw.
type trace struct {
	t, chance, loss []float64
	a               [handUnits][]float64
}

func (r *trace) add(a []float64, chance, loss float64) {
	r.t = append(r.t, float64(len(r.t)+1))
	r.chance, r.loss = append(r.chance, chance), append(r.loss, loss)
	for i, v := range a {
		r.a[i] = append(r.a[i], v)
	}
}

func (r *trace) picture() *report.Chart {
	state := report.ChartPanel{Y: report.Axis{Label: "a<t>"}, Marks: true}
	for i, v := range r.a {
		state.Curves = append(state.Curves, report.Curve{Name: fmt.Sprintf("unit %d of a<t>", i+1), X: r.t, Y: v})
	}
	answers := report.ChartPanel{X: report.Axis{Label: "t"}, Y: report.Axis{Label: "y^<t>, L<t>"}, Marks: true, Curves: []report.Curve{
		{Name: "y^<t> of the right letter", X: r.t, Y: r.chance}, {Name: "L<t>", X: r.t, Y: r.loss}}}
	return &report.Chart{Title: "An RNN reads \"hell\" and should answer \"ello\"", Panels: []report.ChartPanel{state, answers}}
}

func whole(v []float64) string  { return list("%.0f", v) }
func digits(v []float64) string { return list("%8.*f", v) }

// list prints the values of a vector; a * in the format is for handDigits.
func list(format string, v []float64) string {
	var texts []string
	for _, x := range v {
		args := []any{x}
		if strings.Contains(format, "*") {
			args = []any{handDigits, x}
		}
		texts = append(texts, fmt.Sprintf(format, args...))
	}
	return strings.Join(texts, " ")
}
