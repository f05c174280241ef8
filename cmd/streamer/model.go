package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/lm"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/models/pretrained/kitchen"
	"github.com/streamer-audio/streamer/pipeline"
)

type modelCmd struct {
	Inspect inspectCmd `cmd:"" help:"Print what a model is, what it hears and where it comes from."`
}

type inspectCmd struct {
	Model string `arg:"" placeholder:"NAME|PATH" help:"Name of a built-in model (vad, kitchen) or path of a safetensors file."`
	Mode  string `placeholder:"MODE" help:"Which one of a built-in name, as causal or bidirectional (bidirectional)."`
}

func (inspectCmd) Help() string {
	return `Examples:

    streamer model inspect vad --mode causal
    streamer model inspect kitchen`
}

// Run prints the metadata of a model, a fact a line.
func (c *inspectCmd) Run(std streams) error {
	m, err := c.load()
	if err != nil {
		return err
	}
	info, arch := m.Info(), m.Arch()
	fmt.Fprintf(std.out, "name        %s\ntask        %s\nmode        %s\nhash        %s\n", info.Name, info.Task, modeOf(m), m.Hash())
	fmt.Fprintf(std.out, "input       %d values a frame\n", arch.Input)
	for _, l := range arch.Layers {
		fmt.Fprintf(std.out, "layer       %s, %d units%s\n", l.Cell, l.Hidden, map[bool]string{true: ", both directions"}[l.Bidirectional])
	}
	if v, err := lm.New(m); err == nil {
		fmt.Fprintf(std.out, "vocabulary  %d tokens, %s\n", v.Vocabulary().Len(), v.Vocabulary().Unit())
	}
	fmt.Fprintf(std.out, "output      %d, %s\nwaits       %s\nfeatures    %s\n", arch.Outputs, arch.Head, waits(m), info.Features)
	for _, k := range slices.Sorted(maps.Keys(info.Provenance)) {
		fmt.Fprintf(std.out, "%-11s %s\n", k, info.Provenance[k])
	}
	return nil
}

// load is loadModel, and finds the built-in language model as well.
func (c *inspectCmd) load() (*models.Model, error) {
	if c.Model != kitchen.Name || isPath(c.Model) || c.Mode != "" {
		return loadModel(c.Model, c.Mode)
	}
	m, err := kitchen.Load()
	if err != nil {
		return nil, err
	}
	return m.Net(), nil
}

// waits says how long a frame waits for its answer.
func waits(m *models.Model) string {
	n := m.Lookahead()
	if n == models.Unbounded {
		return "until the recording is over"
	}
	p, err := pipeline.New(m, pipeline.Config{MaxDelay: n})
	recipe, bad := features.Parse(m.Info().Features)
	if err != nil || bad != nil {
		return fmt.Sprintf("%d frames", n) // no detector of speech: nothing here says how long a frame is
	}
	latency, _ := p.Latency(recipe.Rate)
	return fmt.Sprintf("%d frames; latency %.4g ms at %d Hz", n, 1000*latency, recipe.Rate)
}

// loadModel finds a model by the name of a built-in one or by its path. An empty mode takes the bidirectional
// one of a name, and whatever a file holds.
func loadModel(model, mode string) (*models.Model, error) {
	if !isPath(model) {
		if mode == "" {
			mode = pipeline.Bidirectional
		}
		return pretrained.Load(model, mode)
	}
	m, err := models.Load(model)
	if err != nil {
		return nil, err
	}
	if mode != "" && mode != modeOf(m) {
		return nil, usagef("%s is %s: leave --mode out or give another model", model, modeOf(m))
	}
	return m, nil
}

// isPath tells a path from a name: it has a separator or an extension, or it is there.
func isPath(model string) bool {
	if strings.ContainsAny(model, `/\.`) {
		return true
	}
	_, err := os.Stat(model)
	return err == nil
}

func modeOf(m *models.Model) string {
	if m.Lookahead() == models.Unbounded {
		return pipeline.Bidirectional
	}
	return pipeline.Causal
}
