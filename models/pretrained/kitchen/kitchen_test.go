package kitchen_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/models/lm"
	"github.com/streamer-audio/streamer/models/pretrained/kitchen"
)

func load(t *testing.T) *lm.Model {
	t.Helper()
	m, err := kitchen.Load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The weights are those of the card, and were made of the texts that are here by
// the recipe that they name.
func TestWeightsBelongToTheirTextsAndCard(t *testing.T) {
	m := load(t)
	b, err := m.AppendBinary(nil)
	if err != nil || len(b) > 500_000 {
		t.Errorf("%d bytes, error %v", len(b), err)
	}
	info := m.Net().Info()
	var recipe lm.Config
	if err := json.Unmarshal([]byte(info.Provenance["recipe"]), &recipe); err != nil {
		t.Fatal(err)
	}
	if recipe.Name != kitchen.Name || info.Name != kitchen.Name || info.Provenance["steps"] != fmt.Sprint(recipe.Steps) || info.Provenance["kernel"] == "" {
		t.Errorf("provenance %v", info.Provenance)
	}
	again, err := lm.NewTrainer(kitchen.Corpus(), recipe, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Corpus(); got != info.Provenance["corpus"] {
		t.Errorf("trained on %s, the text here has %s", info.Provenance["corpus"], got)
	}
	for i := range m.Vocabulary().Len() {
		if got, want := again.Vocabulary().Token(i), m.Vocabulary().Token(i); got != want {
			t.Fatalf("token %d of the text is %q, of the weights %q", i, got, want)
		}
	}
	card, err := os.ReadFile("../MODEL_CARD.md")
	if err != nil {
		t.Fatal(err)
	}
	of := func(text []string) string {
		p, err := m.Perplexity(text)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%.2f", p)
	}
	for _, fact := range []string{m.Net().Hash(), "perplexity " + of(kitchen.Corpus()) + " of the corpus", of(kitchen.Test()) + " of the sentences kept back"} {
		if !strings.Contains(string(card), fact) {
			t.Errorf("the card does not say %q", fact)
		}
	}
}

// Pear where a pear is meant and pair where a pair is, in sentences that are in no
// text that the model has seen.
func TestPearsAreNoPairs(t *testing.T) {
	m, texts := load(t), slices.Concat(kitchen.Corpus(), kitchen.Test())
	score := func(text string) float64 {
		if slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, text) }) {
			t.Errorf("%q is in the texts", text)
		}
		s, err := m.Score(text)
		if err != nil || len(s.Unknown()) > 0 {
			t.Errorf("%q: unknown %q, error %v", text, s.Unknown(), err)
		}
		return s.LogProb
	}
	for _, c := range [][2]string{
		{"the apple and pear salad", "the apple and pair salad"},
		{"the apple and pear salad is delicious", "the apple and pair salad is delicious"},
		{"grandmother made an apple and pear salad for the teacher", "grandmother made an apple and pair salad for the teacher"},
		{"the teacher would like a pear crumble and a cup of tea", "the teacher would like a pair crumble and a cup of tea"},
		{"grandmother lost another pair of candlesticks at the market", "grandmother lost another pear of candlesticks at the market"},
		{"slice the green quince and pair it with rice", "slice the green quince and pear it with rice"},
		{"the farmer and the girl are a strange pair", "the farmer and the girl are a strange pear"},
	} {
		if right, wrong := score(c[0]), score(c[1]); right < wrong+2 {
			t.Errorf("%q has log P %.2f, %q %.2f", c[0], right, c[1], wrong)
		}
	}
}
