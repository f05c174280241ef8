// Package tasks has small tasks that show what the engine can do: real data,
// training in a minute, a figure at the end. Each is a function of a seed and
// nothing else.
package tasks

import (
	"fmt"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// Options are what a task is run with.
type Options struct {
	Seed   uint64
	Digits string // folder of the spoken digits, testdata/digits
	// Each is train.Config.Each: it makes use of several processors, and
	// changes no result.
	Each func(n int, f func(i int))
}

// Result is what a task found.
type Result struct {
	Score   float64 // see the task
	Chance  float64 // what guessing would score
	Steps   int     // of training
	Weights int     // values that were trained
	Example string  // something that a person can judge
}

func (r Result) String() string {
	return fmt.Sprintf("%.3f (chance %.3f), %d steps, %d weights: %s", r.Score, r.Chance, r.Steps, r.Weights, r.Example)
}

// config is that of all tasks.
func (o Options) config(lanes int) train.Config {
	c := train.DefaultConfig()
	c.Lanes, c.Shards, c.Each, c.Seed = lanes, 2, o.Each, o.Seed
	return c
}

// dropping is config with dropout between layers.
func (o Options) dropping(share float64, lanes int) train.Config {
	c := o.config(lanes)
	c.Dropout = share
	return c
}

// fit takes a net through so many steps with a rate that falls from lr to
// nothing along a cosine.
func (o Options) fit(net *train.Net, c train.Config, steps int, lr float64, next func() *train.Batch) (*models.Model, error) {
	t, err := train.NewTrainer(net, c)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		if _, err := t.Step(next(), train.Cosine(lr, i, steps)); err != nil {
			return nil, err
		}
	}
	return net.Model(models.Info{Name: "lab"})
}

// anew says that all lanes begin anew.
func anew(lanes int) []bool {
	list := make([]bool, lanes)
	for i := range list {
		list[i] = true
	}
	return list
}

func weights(nets ...*train.Net) (n int) {
	for _, net := range nets {
		for _, t := range net.Tensors() {
			n += len(t.Data)
		}
	}
	return n
}

// answers are what a model says to a whole sequence, an answer after the other.
func answers(m *models.Model, frames []float32) (all []float32) {
	s := m.NewState()
	s.PushAll(frames)
	s.Flush()
	for out := make([]float32, m.Arch().Outputs); s.Next(out); {
		all = append(all, out...)
	}
	return all
}
