package lm

import (
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// text is what tests learn from.
var text = strings.Split(`the cat sleeps
the dog sleeps
the cat sees the dog
a dog sees the cat
the bird sings and the cat sleeps
a bird sees a cat and a dog
the old dog sleeps and the bird sings
the old cat sees a bird`, "\n")

// small is a quick recipe.
func small() Config {
	c := DefaultConfig()
	c.Embedding, c.Hidden, c.Lanes, c.Steps, c.LR = 8, 16, 4, 150, 0.03
	return c
}

// drawn is a model whose weights are those of the seed, made larger so that its
// words are not equally probable: the same on every machine, which trained ones
// are not.
func drawn(t testing.TB, c Config) *Model {
	t.Helper()
	tr, err := NewTrainer(text, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	larger := float32(4)
	if c.Cell == models.RNNReLU { // which grows and grows
		larger = 1
	}
	for _, w := range tr.Net().Tensors() {
		for i := range w.Data {
			w.Data[i] *= larger
		}
	}
	return modelOf(t, tr)
}

func modelOf(t testing.TB, tr *Trainer) *Model {
	t.Helper()
	m, err := tr.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// trained is a model that has taken all steps of a recipe, and the losses.
func trained(t testing.TB, sentences []string, c Config, each func(n int, f func(i int))) (m *Model, losses []float64) {
	t.Helper()
	tr, err := NewTrainer(sentences, c, each)
	if err != nil {
		t.Fatal(err)
	}
	for range c.Steps {
		loss, err := tr.Step()
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	return modelOf(t, tr), losses
}

// netOf is a net of a vocabulary with the weights of a seed.
func netOf(t testing.TB, arch models.Arch, info models.Info) *models.Model {
	t.Helper()
	net, err := train.NewNet(arch, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := net.Model(info)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// cells are the recipes that properties are tested on.
func cells() map[string]Config {
	list := map[string]Config{"words": small()}
	for _, cell := range models.CellNames() {
		c := small()
		c.Cell = cell
		list[cell] = c
	}
	c := small()
	c.Unit, c.Embedding, c.Layers, c.Window = Characters, 0, 2, 5
	list["characters"] = c
	return list
}
