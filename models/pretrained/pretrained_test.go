package pretrained_test

import (
	"os"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/training"
)

// modes are those of vad, with the frames that each looks ahead.
var modes = map[string]int{pretrained.Causal: 0, "delay80": 8, pretrained.Bidirectional: models.Unbounded}

func TestShippedWeightsLoad(t *testing.T) {
	names := pretrained.Names()
	if len(names) == 0 {
		t.Fatal("nothing is shipped")
	}
	for _, name := range names {
		for mode, lookahead := range modes {
			m, err := pretrained.Load(name, mode)
			if err != nil {
				t.Fatal(err)
			}
			if m.Info().Name != name || m.Lookahead() != lookahead {
				t.Errorf("%s %s: is %q with look-ahead %d", name, mode, m.Info().Name, m.Lookahead())
			}
			for _, key := range []string{"recipe", "seed", "kernel", "recordings", "licences"} {
				if m.Info().Provenance[key] == "" {
					t.Errorf("%s %s: provenance lacks %s", name, mode, key)
				}
			}
		}
	}
}

// The weights must be those of the recipe and the card that lie beside them.
func TestRecipeAndCardBelongToTheWeights(t *testing.T) {
	card, err := os.ReadFile("MODEL_CARD.md")
	if err != nil {
		t.Fatal(err)
	}
	for mode := range modes {
		m, err := pretrained.Load("vad", mode)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := m.Info().Provenance["recipe"], recipeOf(t, mode).Hash(); got != want {
			t.Errorf("%s: trained by recipe %s, the committed one is %s", mode, got, want)
		}
		if !strings.Contains(string(card), m.Hash()) {
			t.Errorf("%s: the card does not describe model %s", mode, m.Hash())
		}
	}
}

// recipeOf returns the recipe of a mode: one of its own, or a member of that of
// all models that answer late.
func recipeOf(t *testing.T, mode string) *training.Recipe {
	t.Helper()
	file := "../../training/recipes/vad-" + mode + ".json"
	if strings.HasPrefix(mode, "delay") {
		file = "../../training/recipes/vad-delays.json"
	}
	r, err := training.LoadRecipe(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Members() {
		if m.Name == "" || m.Name == "vad-"+mode+"-seed1" {
			return m.Recipe
		}
	}
	t.Fatalf("%s has no member for %s", file, mode)
	return nil
}

func TestUnknownNamesSayWhatThereIs(t *testing.T) {
	if _, err := pretrained.Load("nothing", pretrained.Causal); err == nil || !strings.Contains(err.Error(), "vad") {
		t.Errorf("%v", err)
	}
	if _, err := pretrained.Load("vad", "sideways"); err == nil || !strings.Contains(err.Error(), "bidirectional") {
		t.Errorf("%v", err)
	}
}
