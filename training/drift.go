package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/streamer-audio/streamer/models"
)

// DriftConfig says how long the streams are that a model is tested for drift on.
type DriftConfig struct {
	Minutes   float64 // length of the endless stream
	Quiet     float64 // seconds of quiet noise that a mix is heard after
	Mixes     int     // how many mixes are heard, the same at both ends of the stream
	Resamples int     // of the bootstrap
	Seed      uint64  // of what fills the stream, of the quiet noise and of the bootstrap
	Jobs      int     // goroutines; changes no figure

	Progress func(minute float64) // called as the stream goes on; may be nil
}

// DefaultDrift is ten minutes of mixes of 15 s, at both ends of two hours and after two minutes of quiet.
func DefaultDrift() DriftConfig {
	return DriftConfig{Minutes: 120, Quiet: 120, Mixes: 40, Resamples: 1000, Seed: 1, Jobs: 1}
}

// Listener is a detector that hears streams piece by piece and needs no future. Open may be called by several goroutines
// at once; what it returns belongs to one of them.
type Listener interface {
	Name() string
	// Open begins a stream. Each call of hear continues it and returns one score per 10 ms of the samples.
	Open() (hear func(samples []float32) []float64)
}

// modelListener is one of our models, its state carried through the whole stream.
type modelListener struct{ *modelDetector }

// NewListener returns a listener around a causal model that carries its feature recipe.
func NewListener(name string, m *models.Model) (Listener, error) {
	d, err := NewModelDetector(name, m)
	if err != nil {
		return nil, err
	}
	if m.Lookahead() != 0 {
		return nil, fmt.Errorf("model %s: it hears what follows, so an endless stream never gets an answer: give a causal model", name)
	}
	return modelListener{d.(*modelDetector)}, nil
}

func (l modelListener) Open() func([]float32) []float64 {
	e := l.open()
	return func(samples []float32) []float64 { return e.hear(nil, samples) }
}

// The ways in which every mix is heard.
const (
	heardFresh = iota // as the first sound of a stream
	heardStart        // near the beginning of the endless stream
	heardEnd          // at its end
	heardQuiet        // after a stretch of quiet noise
	hearings
)

var hearingNames = [hearings]string{"fresh", "start", "end", "quiet"}

// driftPairs are the hearings that are compared: in each the first has the longer past.
var driftPairs = [][2]int{{heardEnd, heardStart}, {heardQuiet, heardFresh}, {heardStart, heardFresh}}

// drift is one measurement in the making.
type drift struct {
	DriftConfig
	set       *mixSet
	spoken    []int // the conditions with speech
	samples   int   // of a mix
	pieces    int   // of the stream, each as long as a mix
	listeners []Listener
	labels    [][]bool        // [mix][frame]
	scores    [][][][]float64 // [listener][hearing][mix][frame]
}

// Drift measures whether listeners hear worse the longer a stream lasts. The same mixes, of the conditions with speech in
// turn, are heard at the beginning and at the end of one long stream without a reset, and alone, from a fresh state and
// after quiet noise. All comparisons are between the same frames. The stream is made and heard in pieces as long as a
// mix: how long it is does not matter to the memory. The report is a function of the material, both configurations and the
// listeners, whatever c.Jobs is.
func Drift(ctx context.Context, eval EvalConfig, m *Material, listeners []Listener, c DriftConfig) (*DriftReport, error) {
	d, err := newDrift(eval, m, listeners, c)
	if err != nil {
		return nil, err
	}
	if err := d.hearAlone(ctx); err != nil {
		return nil, err
	}
	if err := d.hearStream(ctx); err != nil {
		return nil, err
	}
	return d.report(ctx)
}

func newDrift(eval EvalConfig, m *Material, listeners []Listener, c DriftConfig) (*drift, error) {
	set, err := eval.Mixes(m)
	if err != nil {
		return nil, err
	}
	d := &drift{DriftConfig: c, set: set.(*mixSet), listeners: listeners}
	d.Jobs = max(1, d.Jobs)
	for k, condition := range eval.Conditions {
		if !condition.Speechless {
			d.spoken = append(d.spoken, k)
		}
	}
	d.samples = d.set.mixers[0].Samples()
	d.pieces = int(c.Minutes * 60 * Rate / float64(d.samples))
	switch {
	case len(d.spoken) == 0:
		return nil, errors.New("none of the recipe's eval.conditions holds speech: add one without speechless")
	case c.Mixes < 2 || !(c.Quiet >= 0 && c.Quiet <= 3600):
		return nil, fmt.Errorf("%d mixes after %g s of quiet: give 2 mixes or more, and 0 to 3600 s", c.Mixes, c.Quiet)
	case !(c.Minutes <= 1e6):
		return nil, fmt.Errorf("a stream of %g min: give at most 1e6", c.Minutes)
	case d.pieces < 2*c.Mixes:
		return nil, fmt.Errorf("a stream of %g min does not hold %d mixes of %g s twice: make it at least %.1f min long",
			c.Minutes, c.Mixes, eval.Seconds, float64(2*c.Mixes)*eval.Seconds/60)
	}
	d.labels = make([][]bool, c.Mixes)
	d.scores = make([][][][]float64, len(listeners))
	for l := range d.scores {
		d.scores[l] = make([][][]float64, hearings)
		for h := range d.scores[l] {
			d.scores[l][h] = make([][]float64, c.Mixes)
		}
	}
	return d, nil
}

// mix returns mix i of those that are compared. Conditions take turns; since they share their speech, each takes another.
func (d *drift) mix(i int) *Item { return d.set.mix(d.spoken[i%len(d.spoken)], 0, i) }

// sceneLength is how many pieces on end are of one kind: a minute of mixes of 15 s.
const sceneLength = 4

// filler returns piece i of what lies between the two ends: in turn a scene of each condition, one of quiet noise and one
// of digital silence, each at another level.
func (d *drift) filler(i int) *Item {
	scene := i / sceneLength
	r := newRandom(d.Seed, 'f', uint64(scene))
	kinds := len(d.set.conditions)
	switch kind := scene % (kinds + 2); kind {
	case kinds:
		quiet := &Item{ID: "quiet", Samples: make([]float32, d.samples)}
		db, slope := r.between(-90, -55), r.between(0, 2)
		quietNoise(quiet.Samples, newRandom(d.Seed, 'n', uint64(i)), db, slope)
		return quiet
	case kinds + 1:
		return &Item{ID: "silence", Samples: make([]float32, d.samples)}
	default:
		item := d.set.mix(kind, 1, i)
		gain := float32(decibels(r.between(-20, 6)))
		for k := range item.Samples {
			item.Samples[k] *= gain
		}
		limit(item.Samples)
		return item
	}
}

// quietNoise fills dst with noise of a power of 1/f^slope at a level in dB re full scale, rounded to 16 bits.
func quietNoise(dst []float32, r *random, db, slope float64) {
	addWhite(dst, r, 1)
	tilt(dst, slope)
	gain := float32(decibels(db) / math.Sqrt(sumSquares(dst)/float64(len(dst))))
	for i, x := range dst {
		dst[i] = float32(quantise(gain*x)) * (1.0 / 32768)
	}
}

// place says which hearing of which compared mix piece i of the stream is; filler is none.
func (d *drift) place(i int) (hearing, mix int, compared bool) {
	last := d.pieces - d.Mixes
	switch {
	case i < d.Mixes:
		return heardStart, i, true
	case i >= last:
		return heardEnd, i - last, true
	}
	return 0, 0, false
}

func (d *drift) piece(i int) *Item {
	if _, mix, compared := d.place(i); compared {
		return d.mix(mix)
	}
	return d.filler(i - d.Mixes)
}

// hearStream takes all listeners through the stream. Pieces are made several at a time and heard one after the other.
func (d *drift) hearStream(ctx context.Context) error {
	ears := make([]func([]float32) []float64, len(d.listeners))
	for l := range ears {
		ears[l] = d.listeners[l].Open()
	}
	for first := 0; first < d.pieces; first += d.Jobs {
		pieces := make([]*Item, min(d.Jobs, d.pieces-first))
		err := parallel(ctx, d.Jobs, len(pieces), func(_, i int) error {
			pieces[i] = d.piece(first + i)
			return nil
		})
		if err != nil {
			return err
		}
		if err := parallel(ctx, d.Jobs, len(ears), func(_, l int) error { return d.hear(l, ears[l], first, pieces) }); err != nil {
			return err
		}
		if d.Progress != nil {
			d.Progress(float64((first+len(pieces))*d.samples) / (60 * Rate))
		}
	}
	return nil
}

// hear lets a listener hear the pieces of the stream from number first on, and keeps what it made of the compared mixes.
func (d *drift) hear(listener int, ear func([]float32) []float64, first int, pieces []*Item) error {
	for i, piece := range pieces {
		scores := ear(piece.Samples)
		if h, mix, compared := d.place(first + i); compared {
			if err := d.keep(listener, h, mix, piece, scores); err != nil {
				return err
			}
		}
	}
	return nil
}

// hearAlone lets all listeners hear each mix as the beginning of a stream, and as the first thing after quiet.
func (d *drift) hearAlone(ctx context.Context) error {
	return parallel(ctx, d.Jobs, d.Mixes, func(_, i int) error {
		item := d.mix(i)
		d.labels[i] = item.Labels()
		quiet := make([]float32, int(d.Quiet*100)*labelHop)
		if len(quiet) > 0 {
			quietNoise(quiet, newRandom(d.Seed, 'q', uint64(i)), quietLevel, 1)
		}
		for l, listener := range d.listeners {
			if err := d.keep(l, heardFresh, i, item, listener.Open()(item.Samples)); err != nil {
				return err
			}
			hear := listener.Open()
			hear(quiet)
			if err := d.keep(l, heardQuiet, i, item, hear(item.Samples)); err != nil {
				return err
			}
		}
		return nil
	})
}

// quietLevel is that of the quiet before a mix, dB re full scale: the microphone of a room in which nobody is.
const quietLevel = -75

// keep checks and stores what a listener made of a mix.
func (d *drift) keep(listener, hearing, mix int, item *Item, scores []float64) error {
	if len(scores) != item.Frames() || slices.ContainsFunc(scores, math.IsNaN) {
		return fmt.Errorf("%s: %s: %d scores, or NaN among them, for %d frames: drift is measured on models that answer every 10 ms at once",
			item.ID, d.listeners[listener].Name(), len(scores), item.Frames())
	}
	d.scores[listener][hearing][mix] = scores
	return nil
}
