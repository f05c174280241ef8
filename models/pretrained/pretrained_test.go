package pretrained_test

import (
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
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
			for _, key := range []string{"recipe", "recipe_hash", "seed", "kernel"} {
				if m.Info().Provenance[key] == "" {
					t.Errorf("%s %s: provenance lacks %s", name, mode, key)
				}
			}
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
