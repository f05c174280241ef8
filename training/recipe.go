package training

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
)

// Recipe says everything that decides the weights of a model, but for the recordings themselves: the same recipe, the same
// recordings and the same arithmetic give the same weights, bit for bit.
type Recipe struct {
	Name      string          `json:"name"` // of the model
	Task      string          `json:"task"` // "vad"
	Seed      uint64          `json:"seed"`
	Arch      models.Arch     `json:"arch"`
	Features  features.Config `json:"features"`
	Train     Sources         `json:"train"`
	Mix       MixConfig       `json:"mix"`
	Batch     BatchConfig     `json:"batch"`
	Optimiser OptimiserConfig `json:"optimiser"`
	Eval      EvalConfig      `json:"eval"`
	// Calibration is what follows training, if anything; it needs eval.
	Calibration *CalibrationConfig `json:"calibration,omitempty"`
	Provenance  map[string]string  `json:"provenance,omitempty"` // goes into the model: data, licences, notes

	// Variants are several models on the same mixes, each trained with each of the Seeds, in place of Arch and Seed.
	Variants []Variant `json:"variants,omitempty"`
	Seeds    []uint64  `json:"seeds,omitempty"`
}

// BatchConfig says what the optimiser sees at once.
type BatchConfig struct {
	Lanes int `json:"lanes"` // sequences side by side
	Steps int `json:"steps"` // frames of each in a batch
	// Shards is the number of parts the lanes are split into for the processors. It fixes the order of sums and with it the
	// bits of the result, so it belongs to the recipe and not to the machine.
	Shards int `json:"shards"`
	// Restart is the share of sequences before which a causal model forgets everything, as at the beginning of a stream.
	// The others go on with the state of the sequence before, as in the hours of a stream. It takes effect where the
	// beginnings of sequence and batch coincide.
	Restart float64 `json:"restart"`
	// Distinct is the number of sequences that are mixed for each lane; after them all are heard again in other
	// orders, from memory (4 bytes a value). 0 mixes anew for ever, which teaches more a step and takes longer.
	Distinct int `json:"distinct,omitempty"`
	// Normalise is the number of sequences from which mean and deviation of the features are estimated.
	Normalise int `json:"normalise"`
}

// OptimiserConfig is AdamW with a linear warm-up and a cosine decay of the learning rate.
type OptimiserConfig struct {
	Steps       int     `json:"steps"`
	LR          float64 `json:"lr"`       // at its highest
	FinalLR     float64 `json:"final_lr"` // at the end
	Warmup      int     `json:"warmup"`   // steps
	WeightDecay float64 `json:"weight_decay"`
	Beta1       float64 `json:"beta1"`
	Beta2       float64 `json:"beta2"`
	Clip        float64 `json:"clip"`                 // greatest global norm of the gradient; 0: none
	ClipValue   float64 `json:"clip_value,omitempty"` // greatest size of each of its values; 0: none
	Dropout     float64 `json:"dropout,omitempty"`    // share of the values between layers that a step leaves out
}

// Rate returns the learning rate of a step, 0 to Steps-1.
func (o OptimiserConfig) Rate(step int) float64 {
	if step < o.Warmup {
		return o.LR * float64(step+1) / float64(o.Warmup)
	}
	done := float64(step-o.Warmup) / float64(max(1, o.Steps-o.Warmup))
	return o.FinalLR + float64((o.LR-o.FinalLR)*0.5*(1+math.Cos(math.Pi*done)))
}

// maxKept bounds the features that are kept to be heard again.
const maxKept = 16 << 30

// maxRecipe bounds a recipe file.
const maxRecipe = 1 << 20

// LoadRecipe reads and checks a recipe. Members that it does not know are an error: a misspelt one would otherwise train
// something else than was meant.
func LoadRecipe(path string) (*Recipe, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRecipe+1))
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	r, err := ParseRecipe(b)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", path, err)
	}
	return r, nil
}

// ParseRecipe reads and checks a recipe.
func ParseRecipe(b []byte) (*Recipe, error) {
	if len(b) > maxRecipe {
		return nil, fmt.Errorf("larger than %d bytes: this is no recipe", maxRecipe)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	r := new(Recipe)
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("line %d: %w", lineOf(b, d, err), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("line %d: something follows the recipe's closing brace: remove it", lineOf(b, d, nil))
	}
	return r, r.Validate()
}

// lineOf returns the line that an error of the decoder is about.
func lineOf(b []byte, d *json.Decoder, err error) int {
	at := d.InputOffset()
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	return 1 + bytes.Count(b[:min(at, int64(len(b)))], []byte("\n"))
}

// Validate names the first value that makes no sense, with the remedy.
func (r *Recipe) Validate() error {
	if r.Name == "" || r.Task != "vad" {
		return fmt.Errorf(`name is %q and task %q: give a name, and the task "vad"`, r.Name, r.Task)
	}
	if len(r.Variants) > 0 {
		return r.validateVariants()
	}
	for _, check := range []func() error{r.Arch.Validate, r.Features.Validate, r.Train.Validate, r.Mix.Validate,
		r.Batch.validate, r.Optimiser.validate, r.Eval.Validate} {
		if err := check(); err != nil {
			return err
		}
	}
	hop := r.Features.Hop
	kept := float64(r.Batch.Distinct*r.Batch.Lanes) * r.Mix.Seconds * float64(r.Features.Rate/hop*(r.Features.Mels+1)) * 4
	switch {
	case kept > maxKept:
		return fmt.Errorf("batch.distinct is %d: that keeps %.1f GiB of features in memory, at most %d are allowed: lower it", r.Batch.Distinct, kept/(1<<30), maxKept>>30)
	case r.Features.Rate != Rate:
		return fmt.Errorf("features.rate is %d: material is kept at %d Hz", r.Features.Rate, Rate)
	case r.Features.Mels != r.Arch.Input:
		return fmt.Errorf("arch.input is %d, features.mels %d: make them equal", r.Arch.Input, r.Features.Mels)
	case r.Arch.Outputs != max(1, len(r.Arch.Delays)):
		return fmt.Errorf("arch.outputs is %d: speech detection has 1, or one for each of arch.delays", r.Arch.Outputs)
	case r.Arch.Head != models.SigmoidHead || r.Arch.Encoding != models.Frames:
		return fmt.Errorf("arch.head is %q, arch.encoding %q: speech detection has %q and none", r.Arch.Head, r.Arch.Encoding, models.SigmoidHead)
	case r.Arch.Lookahead() != models.Unbounded && r.Arch.Lookahead() >= r.Batch.Steps:
		return fmt.Errorf("batch.steps is %d: a model that answers %d frames late needs longer ones to learn from", r.Batch.Steps, r.Arch.Lookahead())
	case r.Calibration != nil && !r.Arch.Detects():
		return errors.New("calibration is of one output, and arch.delays has several")
	case r.Calibration != nil && len(r.Eval.Conditions) == 0:
		return errors.New("calibration needs eval.conditions: it is done on development mixes")
	case r.Calibration != nil && r.Calibration.Seed == r.Eval.Seed:
		return fmt.Errorf("calibration.seed is that of eval, %d: with another one the scores of eval are not of the mixes that were fitted", r.Eval.Seed)
	case int(math.Round(r.Mix.Seconds*Rate))%hop != 0:
		return fmt.Errorf("mix.seconds is %g: make it a multiple of the hop of %d samples at %d Hz", r.Mix.Seconds, hop, Rate)
	}
	return nil
}

func (b BatchConfig) validate() error {
	switch {
	case b.Lanes < 1 || b.Lanes > 4096:
		return fmt.Errorf("batch.lanes is %d: give 1 to 4096", b.Lanes)
	case b.Steps < 1 || b.Steps > 10000:
		return fmt.Errorf("batch.steps is %d: give 1 to 10000 frames", b.Steps)
	case b.Shards < 1 || b.Lanes%b.Shards != 0:
		return fmt.Errorf("batch.shards is %d: give a divisor of the %d lanes", b.Shards, b.Lanes)
	case !(b.Restart >= 0 && b.Restart <= 1):
		return fmt.Errorf("batch.restart is %g: a share is 0 to 1", b.Restart)
	case b.Distinct < 0 || b.Distinct == 1 || b.Distinct > 1e6:
		return fmt.Errorf("batch.distinct is %d: give 2 or more sequences, or 0 to mix anew for ever", b.Distinct)
	case b.Normalise < 1 || b.Normalise > 100000:
		return fmt.Errorf("batch.normalise is %d: give 1 to 100000 sequences", b.Normalise)
	}
	return nil
}

func (o OptimiserConfig) validate() error {
	switch {
	case o.Steps < 1 || o.Steps > 1e8:
		return fmt.Errorf("optimiser.steps is %d: give 1 to 1e8", o.Steps)
	case o.Warmup < 0 || o.Warmup > o.Steps:
		return fmt.Errorf("optimiser.warmup is %d: give 0 to the %d steps", o.Warmup, o.Steps)
	case !(o.LR > 0 && o.LR < 10) || !(o.FinalLR >= 0 && o.FinalLR <= o.LR):
		return fmt.Errorf("optimiser.lr is %g, final_lr %g: give 0 < lr < 10 and 0 <= final_lr <= lr", o.LR, o.FinalLR)
	case !(o.WeightDecay >= 0 && o.WeightDecay < 1) || !(o.Clip >= 0):
		return fmt.Errorf("optimiser.weight_decay is %g, clip %g: give a decay of 0 to 1 and a clip of 0 or more", o.WeightDecay, o.Clip)
	case !(o.Beta1 >= 0 && o.Beta1 < 1 && o.Beta2 >= 0 && o.Beta2 < 1):
		return fmt.Errorf("optimiser.beta1 is %g, beta2 %g: both lie within [0, 1)", o.Beta1, o.Beta2)
	}
	return nil
}

// Hash is a short name of the recipe. Layout and comments of the file do not matter, every value does.
func (r *Recipe) Hash() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // unreachable after Validate: only NaN does not marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
