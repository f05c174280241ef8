package lm

import (
	"math"
	"os"
	"testing"

	"github.com/streamer-audio/streamer/internal/oracle"
	"github.com/streamer-audio/streamer/models"
)

// PyTorch trains the same nets from the same first weights on the same sentences
// in the same order (testdata/torch/make_lm.py). The perplexities that come of it
// agree to a part in a million or so, as PyTorch's own in float32 and float64 do,
// and are held to ten; 2 % would already be another model.
func TestTrainingAgreesWithTorch(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	const lossLimit, perplexityLimit = 1e-5, 1e-5
	texts := map[string][]string{}
	for _, part := range []string{"train", "test"} {
		f, err := os.Open("../../testdata/torch/lm_" + part + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if texts[part], err = ReadSentences(f); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]Config{
		"words":      {Unit: Words, Cell: models.GRU},
		"characters": {Unit: Characters, Cell: models.LSTM},
	} {
		g := oracle.Load(t, "torch/lm_"+name)
		r := g["f64.recipe"].Data
		c.Name, c.MinCount, c.Layers = name, 1, 1
		c.Embedding, c.Hidden, c.Lanes, c.Window, c.Steps = int(r[1]), int(r[2]), int(r[3]), int(r[4]), int(r[5])
		c.LR, c.Clip, c.WeightDecay, c.Seed = r[6], r[7], r[8], uint64(r[9])
		tr, err := NewTrainer(texts["train"], c, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := tr.Vocabulary().Len(); n != int(r[0]) {
			t.Fatalf("%s: a vocabulary of %d, there of %g", name, n, r[0])
		}
		var start []float64
		for _, w := range tr.Net().Tensors() {
			sum := 0.0
			for _, v := range w.Data {
				sum += float64(v) * float64(v)
			}
			start = append(start, sum)
		}
		oracle.Close(t, name+": first weights", start, g["f64.start"].Data, 1e-9)
		var losses []float64
		for range c.Steps {
			loss, err := tr.Step()
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, loss)
		}
		oracle.Close(t, name+": losses", losses, g["f64.losses"].Data, lossLimit)
		m := modelOf(t, tr)
		for part, text := range texts {
			got, err := m.Perplexity(text)
			if err != nil {
				t.Fatal(err)
			}
			want := g["f64."+part].Data[0]
			t.Logf("%s: perplexity of %s %.6f, PyTorch %.6f in float64 and %.6f in float32", name, part, got, want, g["f32."+part].Data[0])
			if !(math.Abs(got/want-1) < perplexityLimit) {
				t.Errorf("%s: perplexity of %s is %g, by PyTorch %g", name, part, got, want)
			}
		}
		worst, at := oracle.Distance(losses, g["f64.losses"].Data)
		theirs, _ := oracle.Distance(g["f32.losses"].Data, g["f64.losses"].Data)
		t.Logf("%s: losses differ by up to %.2g (update %d), PyTorch's own in float32 by %.2g", name, worst, at+1, theirs)
	}
}
