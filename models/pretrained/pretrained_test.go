package pretrained_test

import (
	"os"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/training"
)

func TestShippedWeightsLoad(t *testing.T) {
	names := pretrained.Names()
	if len(names) == 0 {
		t.Fatal("nothing is shipped")
	}
	for _, name := range names {
		for mode, lookahead := range map[string]int{pretrained.Causal: 0, pretrained.Bidirectional: models.Unbounded} {
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
	for _, mode := range []string{pretrained.Causal, pretrained.Bidirectional} {
		m, err := pretrained.Load("vad", mode)
		if err != nil {
			t.Fatal(err)
		}
		r, err := training.LoadRecipe("../../training/recipes/vad-" + mode + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Info().Provenance["recipe"]; got != r.Hash() {
			t.Errorf("%s: trained by recipe %s, the committed one is %s", mode, got, r.Hash())
		}
		if !strings.Contains(string(card), m.Hash()) {
			t.Errorf("%s: the card does not describe model %s", mode, m.Hash())
		}
	}
}

func TestUnknownNamesSayWhatThereIs(t *testing.T) {
	if _, err := pretrained.Load("nothing", pretrained.Causal); err == nil || !strings.Contains(err.Error(), "vad") {
		t.Errorf("%v", err)
	}
	if _, err := pretrained.Load("vad", "sideways"); err == nil || !strings.Contains(err.Error(), "bidirectional") {
		t.Errorf("%v", err)
	}
}
