// Package pretrained holds the weights that ship with the project, inside the
// binary. It is a package of its own so that a program which brings its own
// weights does not carry these. MODEL_CARD.md says what they were trained on,
// how well they do and what they are bad at.
package pretrained

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/models"
)

//go:embed *.safetensors
var files embed.FS

// Modes.
const (
	Causal        = "causal"        // answers each frame at once
	Bidirectional = "bidirectional" // answers when the recording is over
)

// Names lists the tasks that there are weights for.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // an embedded directory is always readable
	}
	var names []string
	for _, e := range entries {
		if name, _, found := strings.Cut(e.Name(), "-"); found && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// delays are the modes of models that answer some frames late, the milliseconds
// in their names.
var delays = []string{"delay80"}

// Load returns the weights of a task, say "vad", in the given mode.
func Load(name, mode string) (*models.Model, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("no shipped model is called %q; there are: %s", name, strings.Join(Names(), ", "))
	}
	b, err := files.ReadFile(name + "-" + mode + ".safetensors")
	if err != nil {
		return nil, fmt.Errorf("model %q has no mode %q; use %s", name, mode, strings.Join(append([]string{Causal, Bidirectional}, delays...), ", "))
	}
	m, err := models.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("shipped model %s, %s: %w", name, mode, err)
	}
	return m, nil
}

// Live returns the models of a task that answer while the audio comes, from
// the one that answers at once to the one that waits longest and hears most.
// The bidirectional weights are among them, run in blocks.
func Live(name string) ([]*models.Model, error) {
	causal, err := Load(name, Causal)
	if err != nil {
		return nil, err
	}
	both, err := Load(name, Bidirectional)
	if err != nil {
		return nil, err
	}
	list := []*models.Model{causal}
	for _, mode := range delays {
		m, err := Load(name, mode)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	for _, b := range blocks {
		m, err := both.InBlocks(b.frames, b.right)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// blocks are the ways to run the bidirectional weights live: shorter ones wait
// longer than the delayed weights and hear less well (docs/TRADEOFF.md).
var blocks = []struct{ frames, right int }{{50, 50}}
