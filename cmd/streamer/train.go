package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/training"
)

type trainCmd struct {
	Recipe  string `arg:"" help:"Recipe file (JSON)."`
	Data    string `default:"." env:"STREAMER_DATA" placeholder:"DIR" help:"Folder that the recipe's manifests are in; several as in PATH, the first that has a manifest counts (${default})."`
	Out     string `placeholder:"DIR" help:"Folder for model, checkpoint and loss curve (runs/<recipe>, or runs/<recipe>-without-<corpus>); of a recipe of variants the folder for their folders."`
	Without string `placeholder:"CORPUS" help:"Train on no recording of this corpus (first folder of the names in a manifest), to measure on it afterwards with eval --only."`
	Steps   int    `placeholder:"N" help:"Take so many steps instead of those of the recipe, for a quicker and weaker model."`
	Resume  bool   `help:"Go on from the checkpoint in the folder, if there is one."`
	Every   int    `default:"200" placeholder:"STEPS" help:"Steps from one checkpoint to the next (${default})."`
	Jobs    int    `default:"${cpus}" placeholder:"N" help:"Processors to use; changes no bit of the weights (${default})."`
}

func (trainCmd) Help() string {
	return `Writes <name>.safetensors, loss.csv, loss.png and a checkpoint. Ctrl-C saves the checkpoint; --resume goes on with it
as if nothing had been. The same recipe, recordings and kernel give the same weights. Where the recipe
says so, the scores are then made probabilities on development mixes. A recipe of variants trains each of them with
each of its seeds, one after the other on the same mixes; --resume leaves out those that are done.

Example:

    streamer train --data recordings training/recipes/vad-causal.json`
}

// Run trains and writes the model.
func (c *trainCmd) Run(ctx context.Context, std streams) error {
	recipe, err := training.LoadRecipe(c.Recipe)
	if err != nil {
		return err
	}
	if c.Out == "" {
		c.Out = filepath.Join("runs", report.Stem(c.Recipe))
		if c.Without != "" {
			c.Out += "-without-" + c.Without
		}
	}
	if c.Without != "" {
		if recipe, err = recipe.Without(c.Without, c.Data); err != nil {
			return err
		}
	}
	if c.Steps != 0 {
		recipe.Optimiser.Steps = c.Steps
		if err := recipe.Validate(); err != nil {
			return usageError{err}
		}
	}
	material, err := recipe.Train.Load(ctx, c.Data, c.Jobs)
	if err != nil {
		return err
	}
	speech, noise := material.Seconds()
	fmt.Fprintf(std.err, "%s: %.1f min of speech recordings, %.1f min of noise, %d rooms\n", recipe.Name, speech/60, noise/60, len(material.Rooms))
	var examples *training.Examples
	for _, m := range recipe.Members() {
		if examples == nil || examples.Seed() != m.Seed {
			examples = training.NewExamples(m.Seed)
		}
		if err := c.train(ctx, std, m, material, examples); err != nil {
			return err
		}
	}
	return nil
}

// train trains one model, unless it is done.
func (c *trainCmd) train(ctx context.Context, std streams, m training.Member, material *training.Material, examples *training.Examples) error {
	dir, name := filepath.Join(c.Out, m.Name), report.Stem(c.Recipe)
	if m.Name != "" {
		name = m.Name
		if _, err := os.Stat(modelPath(dir, name)); c.Resume && err == nil {
			return nil
		}
	}
	line := newStatusLine(std.err)
	result, err := training.Train(ctx, m.Recipe, material, training.RunConfig{Dir: dir, Resume: c.Resume, Every: c.Every, Jobs: c.Jobs, Examples: examples,
		Progress: func(p training.ProgressReport) {
			line.show("%s step %d of %d  loss %.4f  %.0f frames/s  %s left", name, p.Step, p.Steps, p.Loss, p.FramesPerS, p.Left.Round(time.Second))
		}})
	line.clear()
	if err != nil {
		return err
	}
	var uncalibrated error // what was trained is written all the same
	if m.Calibration != nil {
		uncalibrated = c.calibrate(ctx, std.err, m.Recipe, result)
	}
	return errors.Join(c.write(std.out, dir, name, result), uncalibrated)
}

func modelPath(dir, name string) string { return filepath.Join(dir, name+".safetensors") }

// calibrate makes the scores of the trained model probabilities.
func (c *trainCmd) calibrate(ctx context.Context, log io.Writer, recipe *training.Recipe, result *training.Result) error {
	material, err := recipe.Eval.Sources.Load(ctx, c.Data, c.Jobs)
	if err != nil {
		return fmt.Errorf("the model is not calibrated: %w", err)
	}
	model, fit, err := recipe.Calibrate(ctx, result.Model, material, c.Jobs)
	if err != nil {
		return fmt.Errorf("the model is not calibrated: %w", err)
	}
	fmt.Fprintf(log, "calibrated: logits times %.3f plus %.3f\n", fit.Slope, fit.Offset)
	result.Model = model
	return nil
}

// write writes the model and the picture of the loss, and prints where.
func (c *trainCmd) write(out io.Writer, dir, name string, r *training.Result) error {
	path := modelPath(dir, name)
	b, err := r.Model.AppendBinary(nil)
	if err != nil {
		return err
	}
	err = report.WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	picture := filepath.Join(dir, "loss.png")
	if err := report.WriteFile(picture, func(w io.Writer) error { return lossCurve(w, r.Curve) }); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s  %s, %d steps, loss %.4f, hash %s\n", path, modeOf(r.Model), len(r.Curve), training.Smooth(r.Curve, 50), r.Model.Hash())
	fmt.Fprintf(out, "%s  and %s beside it\n", picture, training.CurveFile)
	return nil
}

// lossCurve draws the loss of each step and its running mean.
func lossCurve(w io.Writer, points []training.Point) error {
	each, mean := report.Curve{Name: "each step"}, report.Curve{Name: "mean of 50"}
	for i, p := range points {
		each.X, each.Y = append(each.X, float64(p.Step)), append(each.Y, p.Loss)
		mean.X, mean.Y = append(mean.X, float64(p.Step)), append(mean.Y, training.Smooth(points[:i+1], 50))
	}
	return report.WriteCurves(w, "loss", "step", "binary cross-entropy, nats", []report.Curve{each, mean})
}
