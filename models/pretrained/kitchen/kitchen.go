// Package kitchen holds the language model that ships with the project, and the
// sentences that it was made of: everyday English of kitchens and markets, 287
// words, written by a grammar. It knows when a pear is meant and when a pair. What
// it is good and bad at is in the MODEL_CARD.md of package pretrained.
package kitchen

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/streamer-audio/streamer/models/lm"
)

// The texts, and the weights that come of them, are made by:
//
//go:generate go run ./grammar
//go:generate go run ../../../cmd/streamer lm train --unit word --min-count 1 --embedding 32 --cell gru --hidden 64 --layers 1 --lanes 32 --window 64 --steps 1500 --lr 0.01 --clip 1 --weight-decay 0.01 --seed 1 --test test.txt --out kitchen.safetensors corpus.txt

// Name is what the command line calls the model.
const Name = "kitchen"

var (
	//go:embed kitchen.safetensors
	file []byte
	//go:embed corpus.txt
	corpus string
	//go:embed test.txt
	test string
)

// Load returns the model.
func Load() (*lm.Model, error) {
	m, err := lm.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("shipped model %s: %w", Name, err)
	}
	return m, nil
}

// Corpus returns the sentences that the model was trained on.
func Corpus() []string { return sentences(corpus) }

// Test returns sentences of the same grammar that it was not trained on.
func Test() []string { return sentences(test) }

func sentences(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }
