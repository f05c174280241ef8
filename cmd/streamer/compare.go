package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/training"
)

type compareCmd struct {
	Inputs []string `arg:"" name:"file|recipe" help:"Recordings: WAV or FLAC, any rate and number of channels. With --runs one recipe that has variants."`
	Labels string   `xor:"source" placeholder:"DIR" help:"Folder with the truth about the recordings: <stem>.txt (Audacity) or <stem>.rttm. Without it, what the whole recording tells a bidirectional model stands in for the truth."`
	Model  []string `xor:"models" sep:"none" placeholder:"NAME|PATH" help:"Model to compare, repeatable; a built-in name stands for all its ways of waiting (vad)."`
	Runs   string   `xor:"source,models" placeholder:"DIR" help:"Compare what train made there of the recipe's variants and seeds, on the recipe's development mixes."`
	Data   string   `default:"." env:"STREAMER_DATA" placeholder:"DIR" help:"Folder that the recipe's manifests are in; several as in PATH, the first that has a manifest counts (${default})."`
	JSON   bool     `name:"json" help:"Print the comparison as JSON."`
	PNG    string   `name:"png" placeholder:"FILE" help:"Draw the tradeoff, and the 10 s in which hearing the whole recording helps most."`
	At     *float64 `placeholder:"SECONDS" help:"Draw the 10 s of the first recording that begin there instead."`
	Mixes  int      `placeholder:"N" help:"Make at most so many mixes of each condition of the recipe, for a quick look."`
	Seed   uint64   `default:"1" placeholder:"N" help:"Seed of the bootstrap (${default})."`
	Jobs   int      `default:"${cpus}" placeholder:"N" help:"Recordings at a time; changes no figure but those of time (${default})."`
	deciderFlags
}

func (compareCmd) Help() string {
	return `What does waiting buy? The same recordings are heard by a causal model, by models that wait a little, and by one that
hears everything first. A row each, by latency:

    latency ms, mean  how much sound after a frame its answer waits for, at most and on average; all: the whole recording
    ROC-AUC, 95 %     chance that a frame of speech scores higher than another; interval by paired bootstrap
    gain, recovered   ROC-AUC over that of the causal model, also as a share of what the whole recording gains
    TPR@5%, EER       true positives at 5 % false ones; error rate where misses and false positives are equal
    onset, offset ms  median from the true beginning or end of speech to its announcement
    AUC vs full       without labels: ROC-AUC with the whole-recording decisions as truth
    differs           without labels: frames on another side of 0.5 than the whole-recording answer
    CPU ms/s          time of one core for a second of audio, features and decisions included
    state kB          memory of one stream; what waits for the end of the recording grows with every second

Of fewer than 5 recordings the bootstrap draws stretches instead, of 30 s or, where these are few, of 10 s or 2 s.

Examples:

    streamer compare --png tradeoff.png meeting.wav
    streamer compare --labels truth --json calls/*.wav
    streamer compare --model vad --model runs/mine/mine.safetensors meeting.wav
    streamer compare --data recordings --runs runs/vad-tradeoff training/recipes/vad-tradeoff.json`
}

// blockSizes are the blocks, in frames with as many to their right, that bidirectional weights are run in.
var blockSizes = []int{5, 10, 25, 50, 100}

// runBlockSizes are those of a recipe's bidirectional variants.
var runBlockSizes = []int{5, 10, 25, 50}

// Run compares and prints.
func (c *compareCmd) Run(ctx context.Context, std streams) error {
	if err := c.check(); err != nil {
		return usageError{err}
	}
	line := newStatusLine(std.err)
	options := training.CompareOptions{Unlabelled: c.Runs == "" && c.Labels == "", Seed: c.Seed, Sensitivity: float64(c.Sensitivity), Jobs: c.Jobs,
		Progress: func(what string, done, of int) { line.show("%s %d of %d", what, done, of) }}
	set, candidates, err := c.contest(ctx, std, &options)
	if err != nil {
		return err
	}
	result, err := training.Compare(ctx, set, candidates, options)
	line.clear()
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(std.out).Encode(result)
	} else {
		err = result.WriteTable(std.out)
	}
	if err != nil || c.PNG == "" {
		return err
	}
	return c.draw(result)
}

func (c *compareCmd) check() error {
	recipe := filepath.Ext(c.Inputs[0]) == ".json"
	switch {
	case c.Runs != "" && (len(c.Inputs) != 1 || !recipe):
		return errors.New("--runs is for one recipe that has variants: give its JSON file alone")
	case c.Runs == "" && recipe:
		return errors.New("a recipe needs --runs DIR, the folder that its variants were trained in")
	case c.Runs == "" && c.Mixes != 0:
		return errors.New("--mixes is for the mixes of a recipe: leave it out")
	case c.At != nil && c.PNG == "":
		return errors.New("--at is a place in the picture: add --png FILE, or leave it out")
	case c.At != nil && !(*c.At >= 0 && *c.At < 1e6):
		return fmt.Errorf("--at: %g: give seconds from the beginning of the first recording", *c.At)
	case c.Jobs < 1:
		return fmt.Errorf("--jobs: %d: give at least 1", c.Jobs)
	case c.Mixes < 0:
		return fmt.Errorf("--mixes: %d: give at least 1", c.Mixes)
	case c.Labels != "":
		return report.CheckLabels(c.Inputs, c.Labels)
	}
	return report.CheckTwice(c.Inputs)
}

// contest returns who hears what.
func (c *compareCmd) contest(ctx context.Context, std streams, o *training.CompareOptions) (training.ItemSet, []training.Candidate, error) {
	if c.Runs != "" {
		return c.trained(ctx, std, o)
	}
	list, err := c.candidates()
	if err != nil {
		return nil, nil, err
	}
	for _, path := range c.Inputs { // what is missing is better said before hours of work
		rate, err := c.rate(path)
		if err != nil {
			return nil, nil, err
		}
		o.Rates = append(o.Rates, rate)
	}
	if c.Labels == "" {
		return training.Unlabelled(c.Inputs), list, nil
	}
	return training.Files(c.Inputs, c.Labels), list, nil
}

// rate returns the sample rate of a recording that can be read, and has labels if there should be some.
func (c *compareCmd) rate(path string) (int, error) {
	if c.Labels != "" {
		if _, err := training.ReadLabels(c.Labels, report.Stem(path)); err != nil {
			return 0, err
		}
	}
	f, err := audio.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Info().Rate, nil
}

// candidates are the ways in which the models answer.
func (c *compareCmd) candidates() (list []training.Candidate, err error) {
	names := c.Model
	if len(names) == 0 {
		names = []string{"vad"}
	}
	for _, name := range names {
		var ways []*models.Model
		if isPath(name) {
			m, err := models.Load(name)
			if err != nil {
				return nil, err
			}
			ways = append(ways, m)
		} else if ways, err = waysOf(name); err != nil {
			return nil, err
		}
		for _, m := range ways {
			more, err := training.Candidates(titleOf(name, names), m)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		}
	}
	return list, nil
}

// waysOf returns the ways in which a built-in model answers: those that serve has, more sizes of blocks, and the one that
// hears the whole recording.
func waysOf(name string) ([]*models.Model, error) {
	list, err := pretrained.Live(name)
	if err != nil {
		return nil, err
	}
	full, err := pretrained.Load(name, pretrained.Bidirectional)
	if err != nil {
		return nil, err
	}
	for _, n := range blockSizes {
		m, err := full.InBlocks(n, n)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(list, func(other *models.Model) bool { return other.Hash() == m.Hash() }) {
			list = append(list, m)
		}
	}
	return append(list, full), nil
}

// trained returns what was trained of a recipe, and its development mixes with speech.
func (c *compareCmd) trained(ctx context.Context, std streams, o *training.CompareOptions) (training.ItemSet, []training.Candidate, error) {
	recipe, err := training.LoadRecipe(c.Inputs[0])
	if err != nil {
		return nil, nil, err
	}
	if len(recipe.Variants) == 0 {
		return nil, nil, fmt.Errorf("recipe %s has no variants: there is nothing to compare", c.Inputs[0])
	}
	list, notes, err := recipe.Candidates(c.Runs, runBlockSizes...)
	if err != nil {
		return nil, nil, err
	}
	for _, note := range notes {
		fmt.Fprintf(std.err, "streamer: %s\n", note)
	}
	eval := recipe.Eval.Spoken()
	if c.Mixes > 0 {
		eval = eval.First(c.Mixes)
	}
	o.Resamples = eval.Resamples
	material, err := eval.Sources.Load(ctx, c.Data, c.Jobs)
	if err != nil {
		return nil, nil, err
	}
	set, err := eval.Mixes(material)
	return set, list, err
}
