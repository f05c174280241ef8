package training

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// RunConfig says how to run a recipe. Nothing in it changes the weights.
type RunConfig struct {
	Dir      string                 // for checkpoint and loss curve; empty keeps nothing
	Resume   bool                   // go on from the checkpoint in Dir, if there is one
	Every    int                    // steps from one checkpoint to the next; 0 means 200
	Jobs     int                    // goroutines; 0 means one per processor
	Examples *Examples              // mixes of earlier trainings of the same seed; nil: none
	Progress func(p ProgressReport) // called after every step; may be nil
}

// ProgressReport is where a run stands.
type ProgressReport struct {
	Step, Steps int
	Loss        float64 // smoothed over about fifty steps
	GradNorm    float64
	LR          float64
	FramesPerS  float64       // lane frames a second since the run was begun or resumed
	Left        time.Duration // estimate
}

// ErrInterrupted is wrapped by the error of a run whose context ended. Its checkpoint is saved.
var ErrInterrupted = errors.New("interrupted")

// Result is a finished run.
type Result struct {
	Model *models.Model
	Curve []Point
}

// Train runs a recipe over its material to the end and returns the model. The same recipe, material and kernel give the
// same weights, whatever RunConfig says, and also when the run was interrupted and resumed.
func Train(ctx context.Context, r *Recipe, m *Material, c RunConfig) (*Result, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if c.Jobs <= 0 {
		c.Jobs = runtime.GOMAXPROCS(0)
	}
	if c.Every <= 0 {
		c.Every = 200
	}
	if c.Examples == nil {
		c.Examples = NewExamples(r.Seed)
	}
	if c.Examples.seed != r.Seed {
		return nil, fmt.Errorf("mixes of seed %d for a training of seed %d", c.Examples.seed, r.Seed)
	}
	t := &run{recipe: r, config: c, id: identify(r, m)}
	mixer, err := NewMixer(m, r.Mix, r.Seed)
	if err != nil {
		return nil, err
	}
	if err := t.open(ctx, mixer); err != nil {
		return nil, err
	}
	loader, err := NewLoader(ctx, r, mixer, c.Examples, t.position, c.Jobs)
	if err != nil {
		return nil, err
	}
	defer loader.Close()
	if err := t.loop(ctx, loader); err != nil {
		return nil, err
	}
	model, err := t.trainer.Net().Model(t.info())
	if err != nil {
		return nil, err
	}
	return &Result{model, t.points}, nil
}

// run is the state of one Train.
type run struct {
	recipe  *Recipe
	config  RunConfig
	id      identity
	trainer *train.Trainer
	progress
}

// open makes the trainer: resumed from a checkpoint, or fresh with the normalisation measured.
func (t *run) open(ctx context.Context, mixer *Mixer) error {
	r, o := t.recipe, t.recipe.Optimiser
	net, err := train.NewNet(r.Arch, r.Seed)
	if err != nil {
		return err
	}
	t.trainer, err = train.NewTrainer(net, train.Config{Lanes: r.Batch.Lanes, Shards: r.Batch.Shards, Clip: o.Clip,
		ClipValue: o.ClipValue, Dropout: o.Dropout, Seed: r.Seed, WeightDecay: o.WeightDecay, Beta1: o.Beta1, Beta2: o.Beta2, Each: t.each})
	if err != nil {
		return err
	}
	if t.config.Dir != "" {
		if err := os.MkdirAll(t.config.Dir, 0o777); err != nil {
			return err
		}
	}
	if t.config.Resume && t.config.Dir != "" {
		p, found, err := loadCheckpoint(t.path(CheckpointFile), t.id, r, t.trainer)
		if found || err != nil {
			t.progress = p
			return err
		}
	}
	mean, scale, err := t.config.Examples.normalisation(ctx, r, mixer, t.config.Jobs)
	if err != nil {
		return err
	}
	return net.SetInput(mean, scale)
}

// each runs the shards of a batch on the processors.
func (t *run) each(n int, f func(i int)) {
	// No call fails and the context is not asked: a step that was begun is finished.
	_ = parallel(context.Background(), t.config.Jobs, n, func(_, i int) error { f(i); return nil })
}

func (t *run) path(name string) string { return filepath.Join(t.config.Dir, name) }

func (t *run) loop(ctx context.Context, loader *Loader) error {
	begun, first := time.Now(), len(t.points)
	for len(t.points) < t.recipe.Optimiser.Steps {
		batch, err := loader.Next()
		if err != nil || ctx.Err() != nil {
			return t.interrupted(ctx, err)
		}
		step := len(t.points)
		lr := t.recipe.Optimiser.Rate(step)
		result, err := t.trainer.Step(batch, lr)
		if err != nil {
			return fmt.Errorf("step %d of recipe %s: %w", step+1, t.recipe.Name, err)
		}
		t.points = append(t.points, Point{step + 1, result.Loss, result.GradNorm, lr})
		t.position = loader.Position()
		t.report(begun, first)
		if (step+1)%t.config.Every == 0 {
			if err := t.save(); err != nil {
				return err
			}
		}
	}
	return t.save()
}

// interrupted saves what was achieved before the context ended.
func (t *run) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if len(t.points) == 0 { // nothing was achieved, and no position is known
		return fmt.Errorf("%w before the first step: %w", ErrInterrupted, ctx.Err())
	}
	if err := t.save(); err != nil {
		return err
	}
	return fmt.Errorf("%w after step %d of %d: %w", ErrInterrupted, len(t.points), t.recipe.Optimiser.Steps, ctx.Err())
}

func (t *run) save() error {
	if t.config.Dir == "" {
		return nil
	}
	if err := saveCheckpoint(t.path(CheckpointFile), t.id, t.trainer, t.progress); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return WriteCurve(t.path(CurveFile), t.points)
}

func (t *run) report(begun time.Time, first int) {
	if t.config.Progress == nil {
		return
	}
	last := t.points[len(t.points)-1]
	done, steps := len(t.points)-first, t.recipe.Optimiser.Steps
	spent := time.Since(begun)
	t.config.Progress(ProgressReport{Step: last.Step, Steps: steps, Loss: Smooth(t.points, 50), GradNorm: last.GradNorm, LR: last.LR,
		FramesPerS: float64(done*t.recipe.Batch.Lanes*t.recipe.Batch.Steps) / spent.Seconds(),
		Left:       spent / time.Duration(done) * time.Duration(steps-last.Step)})
}

// Smooth returns the mean loss of the last n points.
func Smooth(points []Point, n int) float64 {
	points = points[max(0, len(points)-n):]
	var sum float64
	for _, p := range points {
		sum += p.Loss
	}
	return sum / float64(max(1, len(points)))
}

// info is what the model says of itself.
func (t *run) info() models.Info {
	r := t.recipe
	provenance := map[string]string{"recipe": r.Hash(), "seed": strconv.FormatUint(r.Seed, 10), "kernel": kernel.ID(),
		"recordings": t.id.material, "steps": strconv.Itoa(r.Optimiser.Steps)}
	for k, v := range r.Provenance {
		if _, taken := provenance[k]; !taken {
			provenance[k] = v
		}
	}
	recipe, err := json.Marshal(r.Features)
	if err != nil {
		panic(err) // unreachable after Validate: only NaN does not marshal
	}
	return models.Info{Name: r.Name, Task: r.Task, Features: recipe, Provenance: provenance}
}
