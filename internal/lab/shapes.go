package lab

import (
	"context"
	"fmt"
	"strings"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// shapes trains one small net for each shape of task in the note. The engine
// is the same for all; what differs is where frames go in and where answers are
// asked for. The tasks are synthetic, and scores are of what was not trained
// on. Package tasks has the same shapes on spoken digits and number words.
var shapes = Experiment{Name: "shapes", Section: "Types of RNNs: one or many in, one or many out",
	Question: "Can one engine learn every shape of task?", run: runShapes}

// shape is one of them.
type shape struct {
	name, task string
	trained    string  // how
	wanted     float64 // accuracy that counts as learnt
	run        func(ctx context.Context, o Options) (learnt, error)
}

// learnt is what came of a training.
type learnt struct {
	right, asked int     // of what was not trained on
	chance       float64 // accuracy of a good guess without looking
	weights      int
	losses       []float64
	example      string
}

var shapeList = []shape{
	{"one to one", "is a point in the ring?", "a dense net, Classes of one step", 0.95, oneToOne},
	{"one to many", "what is there to be seen?", "Classes at each step, each the next input", 0.95, oneToMany},
	{"many to one", "is a review good? (\"not\" turns the next word)", "LastStep", 0.95, manyToOne},
	{"many to many", "which words are names? (from a title to a verb)", "Classes at each step", 0.98, manyToMany},
	{"many to many, other length", "\"a 3 b 1\" is \"aaab\"", "EncoderDecoder", 0.9, otherLength},
}

func runShapes(ctx context.Context, o Options) (*Result, error) {
	r := &Result{Outcome: Outcome{}, Holds: true}
	t := Table{Columns: []Column{{Name: "shape"}, {Name: "task"}, {Name: "trained with"}, {Name: "weights"}, {Name: "updates"},
		{"accuracy", "%.3f"}, {"wanted", "%.2f"}, {"chance", "%.3f"}, {Name: "example"}}}
	panel := report.ChartPanel{X: report.Axis{Label: "update", Log: true}, Y: report.Axis{Label: "loss, mean of 20 updates", Log: true}}
	var reached, missed []string
	for _, s := range shapeList {
		l, err := s.run(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		t.Add(s.name, s.task, s.trained, l.weights, len(l.losses), l.accuracy(), s.wanted, l.chance, l.example)
		panel.Curves = append(panel.Curves, smoothed(s.name, l.losses))
		r.Outcome["accuracy "+s.name], r.Outcome["chance "+s.name] = l.accuracy(), l.chance
		if said := fmt.Sprintf("%s %.3f", s.name, l.accuracy()); l.accuracy() >= s.wanted {
			reached = append(reached, said)
		} else {
			missed, r.Holds = append(missed, fmt.Sprintf("%s (wanted: %.2f)", said, s.wanted)), false
		}
	}
	r.Tables, r.Sentence = []Table{t}, shapesSentence(reached, missed)
	r.Picture = &report.Chart{Title: "Five shapes of task", Panels: []report.ChartPanel{panel}}
	return r, nil
}

func shapesSentence(reached, missed []string) string {
	text := fmt.Sprintf("One engine learns %d of %d shapes of task to the accuracy that was wanted, on what it was not trained on", len(reached), len(reached)+len(missed))
	if len(reached) > 0 {
		text += ": " + strings.Join(reached, ", ")
	}
	if len(missed) > 0 {
		text += "; it misses that of " + strings.Join(missed, ", ")
	}
	return text + "."
}

// smoothed is a curve of the means of neighbouring values.
func smoothed(name string, values []float64) report.Curve {
	const width = 20
	c := report.Curve{Name: name}
	for i := 0; i+width <= len(values); i += width {
		mean := 0.0
		for _, v := range values[i : i+width] {
			mean += v / width
		}
		c.X, c.Y = append(c.X, float64(i+width/2)), append(c.Y, mean)
	}
	return c
}

// learn trains a net.
func (l *learnt) learn(ctx context.Context, o Options, arch models.Arch, p plan, next func() *train.Batch) (m *models.Model, err error) {
	net, err := train.NewNet(arch, o.Seed)
	if err != nil {
		return nil, err
	}
	l.weights = values(arch)
	m, l.losses, err = o.fitLosses(ctx, p, net, o.config(shapeLanes), next)
	return m, err
}

// score counts an answer.
func (l *learnt) score(right bool) {
	if l.asked++; right {
		l.right++
	}
}

func (l *learnt) accuracy() float64 { return float64(l.right) / float64(l.asked) }

// answers are what a model says to a sequence of frames, one after the other.
func answers(m *models.Model, frames []float32) (all []float32) {
	s := m.NewState()
	s.PushAll(frames)
	s.Flush()
	for out := make([]float32, m.Arch().Outputs); s.Next(out); {
		all = append(all, out...)
	}
	return all
}

// split keeps one in so many back from training.
func split(all []int, one int) (learning, kept []int) {
	n := len(all) / one
	return all[n:], all[:n]
}
