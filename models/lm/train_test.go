package lm

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// A net learns the text: nearly all that is left is what nobody can know.
func TestTraining(t *testing.T) {
	for _, unit := range []string{Words, Characters} {
		c := small()
		c.Unit = unit
		m, losses := trained(t, text, c, nil)
		if first, tokens := losses[0], math.Log(float64(m.Vocabulary().Len())); math.Abs(first-tokens) > 0.5 {
			t.Errorf("%s: loss %v before the first update, a guess has %v", unit, first, tokens)
		}
		p, err := m.Perplexity(text)
		if err != nil || p > 1.7 {
			t.Errorf("%s: perplexity %v, error %v", unit, p, err)
		}
		right, wrong := scoreOf(t, m, "the cat sleeps"), scoreOf(t, m, "sleeps cat the")
		if right < wrong+5 {
			t.Errorf("%s: log P is %v, backwards %v", unit, right, wrong)
		}
	}
}

// backwards does the parts of a step from the last to the first, as processors
// side by side might.
func backwards(n int, f func(i int)) {
	for i := range n {
		f(n - 1 - i)
	}
}

func scoreOf(t *testing.T, m *Model, sentence string) float64 {
	t.Helper()
	s, err := m.Score(sentence)
	if err != nil {
		t.Fatal(err)
	}
	return s.LogProb
}

// The same recipe and text give the same weights, on any number of processors;
// another seed gives others.
func TestTrainingIsReproducible(t *testing.T) {
	c := small()
	c.Steps = 20
	one, _ := trained(t, text, c, nil)
	two, _ := trained(t, text, c, backwards)
	c.Seed++
	other, _ := trained(t, text, c, nil)
	if one.Net().Hash() != two.Net().Hash() || one.Net().Hash() == other.Net().Hash() {
		t.Errorf("hashes %s, %s, and of another seed %s", one.Net().Hash(), two.Net().Hash(), other.Net().Hash())
	}
}

// What a window after the other says of a sentence, with the state carried, is
// what the model says of the whole: the losses add up to its score. So windows,
// padding, beginnings and ends are where they should be.
func TestWindowsAddUpToTheScore(t *testing.T) {
	sentences := []string{text[0], text[4] + " and a cat sees the old bird", "cat"}
	for _, window := range []int{1, 2, 3, 5, 64} {
		c := small()
		c.Lanes, c.Window, c.LR = 3, window, 1e-30 // a rate at which nothing changes
		tr, err := NewTrainer(sentences, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := modelOf(t, tr)
		got, want := 0.0, 0.0
		for _, s := range sentences {
			want -= scoreOf(t, m, s)
		}
		for windows := 0; windows == 0 || tr.at > 0; windows++ {
			counted := 0 // tokens of this window
			at := tr.at
			loss, err := tr.Step()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range tr.group {
				counted += max(0, min(window, len(s)-at))
			}
			got += loss * float64(counted)
		}
		if math.Abs(got-want) > 1e-4 {
			t.Errorf("windows of %d: losses add up to %v, scores to %v", window, got, want)
		}
	}
}

// Each pass takes every sentence once, in another order.
func TestPassesTakeEverySentence(t *testing.T) {
	c := small()
	c.Lanes = len(text)
	tr, err := NewTrainer(text, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	var orders [][]string
	for range 3 {
		var pass []string
		for _, s := range tr.draw(len(text)) {
			pass = append(pass, tr.Vocabulary().Decode(s[:len(s)-1]))
			if s[len(s)-1] != eos {
				t.Errorf("%v does not end", s)
			}
		}
		orders = append(orders, slices.Clone(pass))
		slices.Sort(pass)
		if !slices.Equal(pass, slices.Sorted(slices.Values(text))) {
			t.Errorf("a pass is %q", pass)
		}
	}
	if slices.Equal(orders[0], orders[1]) || slices.Equal(orders[0], orders[2]) {
		t.Error("two passes have the same order")
	}
}

func TestProvenance(t *testing.T) {
	c := small()
	c.Name, c.Steps = "zoo", 2
	m, _ := trained(t, append([]string{"?!"}, text...), c, nil)
	info := m.Net().Info()
	var recipe Config
	if err := json.Unmarshal([]byte(info.Provenance["recipe"]), &recipe); err != nil || recipe != c {
		t.Errorf("recipe %s, error %v", info.Provenance["recipe"], err)
	}
	if info.Name != "zoo" || info.Task != Task || info.Provenance["steps"] != "2" || info.Provenance["kernel"] == "" ||
		!strings.HasPrefix(info.Provenance["corpus"], "8 sentences of 45 tokens, 0 of them unknown, sha256 ") {
		t.Errorf("%+v", info)
	}
}

func TestRecipesThatMakeNoSense(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"unit \"page\" is unknown": func(c *Config) { c.Unit = "page" },
		"least count -1":           func(c *Config) { c.MinCount = -1 },
		"0 layers":                 func(c *Config) { c.Layers = 0 },
		"0 lanes":                  func(c *Config) { c.Lanes = 0 },
		"window of 0":              func(c *Config) { c.Window = 0 },
		"0 steps":                  func(c *Config) { c.Steps = 0 },
		"rate NaN":                 func(c *Config) { c.LR = math.NaN() },
		"are 805306368 answers":    func(c *Config) { c.Lanes, c.Window = 1<<14, 1<<12 },
		"cell \"gruu\" is unknown": func(c *Config) { c.Cell = "gruu" },
		"hidden size 0":            func(c *Config) { c.Hidden = 0 },
		"input of -1":              func(c *Config) { c.Embedding = -1 },
		"dropout 1":                func(c *Config) { c.Dropout = 1 },
		"there is only one":        func(c *Config) { c.Dropout = 0.5 },
		"clip -1":                  func(c *Config) { c.Clip = -1 },
		"occurs 99 times":          func(c *Config) { c.MinCount = 99 },
	} {
		c := small()
		change(&c)
		if _, err := NewTrainer(text, c, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	for want, sentences := range map[string][]string{"no sentences": nil, "nothing to learn": {"...", "?"}} {
		if _, err := NewTrainer(sentences, small(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}
