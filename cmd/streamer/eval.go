package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/training"
)

type evalCmd struct {
	Inputs  []string `arg:"" name:"recipe|file" help:"One recipe, whose development mixes are made; with --labels or --picture recordings."`
	Data    string   `default:"." env:"STREAMER_DATA" placeholder:"DIR" help:"Folder that the recipe's manifests are in; several as in PATH, the first that has a manifest counts (${default})."`
	Labels  string   `xor:"truth" placeholder:"DIR" help:"Folder with the truth about the recordings: <stem>.txt (Audacity) or <stem>.rttm."`
	Model   []string `default:"vad" sep:"none" placeholder:"NAME|PATH" help:"Model to measure, repeatable; a built-in name stands for its causal and its bidirectional one (${default})."`
	Probs   []string `xor:"answers" sep:"none" placeholder:"FILE" help:"Answers of another program to measure too, as process --format json --frames writes them; repeatable."`
	JSON    bool     `name:"json" help:"Print the report as JSON."`
	Only    string   `placeholder:"CORPUS" help:"Mix speech of this corpus alone, every split of it; for models trained without it."`
	Write   string   `xor:"instead" placeholder:"DIR" help:"Write the mixes as WAV files with label tracks there, and measure nothing."`
	Picture string   `xor:"instead" placeholder:"DIR" help:"Draw the recordings, or the first mix of each condition, with their labels and the answers about them there, and measure nothing."`
	Drift   bool     `xor:"instead,truth,answers" help:"Measure instead what a long stream without a reset changes: causal models hear the same mixes at both ends of it, and after quiet."`
	Minutes float64  `placeholder:"N" help:"Length of the stream of --drift (120)."`
	Seed    uint64   `default:"1" placeholder:"N" help:"Seed of the bootstrap, and of what fills the stream of --drift (${default})."`
	Jobs    int      `default:"${cpus}" placeholder:"N" help:"Recordings at a time; changes no figure (${default})."`

	Reliability string `xor:"instead" placeholder:"FILE" help:"Draw the share of speech over the score of each detector as a PNG."`
	deciderFlags
}

func (evalCmd) Help() string {
	return `Per frame of 10 ms: area under the ROC curve with a 95 % interval, true positives at 5 % false ones, how late onsets
are found, false alarms. Then what the decider of process and serve makes of these answers: segments that are false or
missed, pauses that are bridged, when a beginning is announced and how well ends are placed. And how far the answers are
from being probabilities. An energy-over-floor detector is measured on the same recordings, and all are compared in
pairs (bootstrap over recordings).

Examples:

    streamer eval --data recordings training/recipes/vad-causal.json
    streamer eval --labels truth calls/*.wav
    streamer eval --labels truth --model runs/vad/vad.safetensors --json calls/*.wav
    streamer eval --data recordings --drift training/recipes/vad-causal.json
    streamer eval --picture pictures clean.wav`
}

// Run measures the detectors and prints the report.
func (c *evalCmd) Run(ctx context.Context, std streams) error {
	if err := c.check(); err != nil {
		return usageError{err}
	}
	if c.Drift {
		return c.drift(ctx, std)
	}
	set, resamples, err := c.set(ctx)
	if err != nil {
		return err
	}
	if c.Write != "" {
		return training.WriteItems(ctx, set, c.Write)
	}
	detectors, err := c.detectors()
	if err != nil {
		return err
	}
	if c.Picture != "" {
		return c.pictures(ctx, std.out, set, detectors[1:]) // the baseline's scores are no probabilities
	}
	result, err := training.Evaluate(ctx, set, detectors, training.EvalOptions{
		Resamples: resamples, Seed: c.Seed, Sensitivity: float64(c.Sensitivity), Jobs: c.Jobs})
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(std.out).Encode(result)
	} else {
		err = result.WriteTable(std.out)
	}
	if err != nil {
		return err
	}
	return c.drawReliability(result.Reliability) // last: figures of hours are not lost to a folder that does not exist
}

// check refuses flags that would change nothing.
func (c *evalCmd) check() error {
	segments := !c.Drift && c.Picture == "" && c.Write == ""
	switch {
	case !c.recordings() && len(c.Inputs) != 1:
		return errors.New("give one recipe, or --labels DIR for recordings")
	case c.recordings() && c.Only != "":
		return errors.New("--only chooses among the recordings that a recipe mixes: leave it out, or give a recipe")
	case !c.Drift && c.Minutes != 0:
		return errors.New("--minutes is the length of the stream of --drift: leave it out, or add --drift")
	case !segments && c.Sensitivity != neutral:
		return errors.New("--sensitivity is for segments, and --drift, --picture and --write make none: leave it out")
	case c.recordings() && c.Picture != "":
		return report.CheckStems(c.Inputs, c.Picture, "png")
	case c.recordings() && c.Write != "":
		return report.CheckStems(c.Inputs, c.Write, "wav")
	}
	return nil
}

// recordings tells recordings from a recipe: without labels, only pictures can be made of them.
func (c *evalCmd) recordings() bool {
	return c.Labels != "" || (c.Picture != "" && filepath.Ext(c.Inputs[0]) != ".json")
}

// set is what is to be judged.
func (c *evalCmd) set(ctx context.Context) (set training.ItemSet, resamples int, err error) {
	if c.recordings() {
		return training.Files(c.Inputs, c.Labels), 0, nil
	}
	recipe, material, err := c.mixed(ctx)
	if err != nil {
		return nil, 0, err
	}
	if c.Picture != "" {
		recipe.Eval = recipe.Eval.First(1)
	}
	set, err = recipe.Eval.Mixes(material)
	return set, recipe.Eval.Resamples, err
}

// mixed returns the recipe and what its development mixes are made of.
func (c *evalCmd) mixed(ctx context.Context) (*training.Recipe, *training.Material, error) {
	recipe, err := training.LoadRecipe(c.Inputs[0])
	if err != nil {
		return nil, nil, err
	}
	if c.Only != "" {
		if recipe, err = recipe.Only(c.Only); err != nil {
			return nil, nil, err
		}
	}
	material, err := recipe.Eval.Sources.Load(ctx, c.Data, c.Jobs)
	return recipe, material, err
}

// detectors are the baseline, the answers of others and the models, in this order: each is compared with those before it.
func (c *evalCmd) detectors() ([]training.Detector, error) {
	list := []training.Detector{training.NewEnergyDetector()}
	for _, path := range c.Probs {
		d, err := training.ReadProbabilities(path)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	for _, name := range c.Model {
		modes := []string{""}
		if !isPath(name) {
			modes = []string{pretrained.Causal, pretrained.Bidirectional}
		}
		for _, mode := range modes {
			m, err := loadModel(name, mode)
			if err != nil {
				return nil, err
			}
			title := titleOf(name, c.Model)
			if mode != "" {
				title = fmt.Sprintf("%s %s", name, mode)
			}
			d, err := training.NewModelDetector(title, m)
			if err != nil {
				return nil, err
			}
			list = append(list, d)
		}
	}
	return list, nil
}

// titleOf is what a report calls one of several models: the stem of its file, or the whole path where another has the same
// stem.
func titleOf(name string, among []string) string {
	stem := report.Stem(name)
	if slices.ContainsFunc(among, func(other string) bool { return other != name && report.Stem(other) == stem }) {
		return name
	}
	return stem
}
