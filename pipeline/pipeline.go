// Package pipeline puts the stages together: samples are resampled to the rate
// of the model, become feature frames, go through the recurrent model, and
// come out as decisions:
//
//	samples -> audio.Resampler -> features.Stream -> models.State -> decider -> []Event
//
// What becomes of the probabilities is said by a [DeciderConfig]. Its one knob
// for users is Sensitivity; its defaults differ between models that hear the
// past alone and those that hear what follows.
//
// A Pipeline is immutable and shared; a [Session] is one stream's way through
// it. A live stream pushes chunks as they come; a recording pushes all of
// itself and then flushes. Nothing else differs, and the pieces in which
// samples are pushed never change an answer by a bit.
package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
)

// ErrDelay is wrapped when a model waits longer than the Config allows.
var ErrDelay = errors.New("model waits too long")

// Config says how a Pipeline answers.
type Config struct {
	// MaxDelay is the greatest look-ahead accepted, in frames. A live
	// pipeline sets 0; models.Unbounded accepts models that answer only when
	// the recording is over.
	MaxDelay int
	// Decider is for the answers of the model. With nothing in it, or with
	// Sensitivity alone, it is the default that fits the model.
	Decider DeciderConfig
	Frames  bool // one frame event with the raw probabilities per Push or Flush
	// Final revises each finished segment with a model that hears both
	// directions. It must use the same feature recipe. nil: no revision. What
	// it answers is decided by the default that fits it, at the Sensitivity of
	// Decider.
	Final *models.Model
}

// DefaultConfig accepts causal models only.
func DefaultConfig() Config { return Config{} }

// Pipeline is a model with everything around it, ready to open sessions.
type Pipeline struct {
	model    *models.Model
	config   Config
	features *features.Stream // opened per session
	limits   limits
	final    limits // of the final pass
	pass     string
	joins    bool      // sessions can be pushed together
	rooms    sync.Pool // of *room
	batches  sync.Pool // of *models.Batch

	// hearers are states of the final model, which a session needs only while it
	// revises, and which are larger than all that it keeps.
	hearers sync.Pool
}

// New returns a Pipeline around the model, whose metadata brings the feature
// recipe along.
func New(m *models.Model, c Config) (*Pipeline, error) {
	if m.Lookahead() > c.MaxDelay {
		return nil, fmt.Errorf("pipeline: %w: model %q looks ahead %s, at most %d frames are accepted; use a causal model or accept more",
			ErrDelay, m.Info().Name, frames(m.Lookahead()), c.MaxDelay)
	}
	f, err := extractor(m)
	if err != nil {
		return nil, err
	}
	c.Decider = c.Decider.orDefault(hearsAhead(m, f))
	if err := c.Decider.Validate(); err != nil {
		return nil, err
	}
	if a := m.Arch(); !a.Detects() {
		return nil, fmt.Errorf("pipeline: model %q has %d outputs, %s; speech detection needs 1, %s", m.Info().Name, a.Outputs, a.Head, models.SigmoidHead)
	}
	if c.Final != nil && (!c.Final.Arch().Detects() || c.Final.Arch().Input != m.Arch().Input) {
		return nil, fmt.Errorf("pipeline: model %q of the final pass does not detect speech as the live one does: it needs 1 output, %s, and %d values a frame",
			c.Final.Info().Name, models.SigmoidHead, m.Arch().Input)
	}
	if c.Final != nil && !bytes.Equal(c.Final.Info().Features, m.Info().Features) {
		return nil, errors.New("pipeline: the model of the final pass has another feature recipe than the live one")
	}
	p := &Pipeline{model: m, config: c, features: f, pass: Causal}
	if hearsAll(m) {
		p.pass = Bidirectional
	}
	p.joins = c.Final == nil && !m.Arch().Bidirectional()
	p.rooms.New = p.newRoom
	p.batches.New = func() any { return m.NewBatch(BatchSize) }
	p.limits = c.Decider.limits(p.Hop())
	if c.Final != nil {
		p.hearers.New = func() any { return c.Final.NewState() }
		p.final = DeciderConfig{Sensitivity: c.Decider.Sensitivity}.orDefault(hearsAhead(c.Final, f)).limits(p.Hop())
	}
	return p, nil
}

// hearsAll tells whether a model answers when the recording is over.
func hearsAll(m *models.Model) bool { return m.Lookahead() == models.Unbounded }

// hearsAhead tells whether a model hears enough of what follows to be on time.
func hearsAhead(m *models.Model, f *features.Stream) bool {
	hop := time.Duration(f.Shift()) * time.Second / time.Duration(f.Config().Rate)
	return hearsAll(m) || time.Duration(m.Lookahead())*hop >= Ahead
}

func frames(n int) string {
	if n == models.Unbounded {
		return "to the end of the recording"
	}
	return fmt.Sprintf("%d frames", n)
}

// extractor decodes the feature recipe that a model carries.
func extractor(m *models.Model) (*features.Stream, error) {
	name := m.Info().Name
	config, err := features.Parse(m.Info().Features)
	if err != nil {
		return nil, fmt.Errorf("pipeline: model %q: %w", name, err)
	}
	f, err := features.New(config)
	if err != nil {
		return nil, fmt.Errorf("pipeline: model %q: %w", name, err)
	}
	if f.Dim() != m.Arch().Input {
		return nil, fmt.Errorf("pipeline: model %q takes %d values a frame, its feature recipe makes %d", name, m.Arch().Input, f.Dim())
	}
	return f, nil
}

// Model returns the model.
func (p *Pipeline) Model() *models.Model { return p.model }

// Final is the model that revises finished segments, nil when there is none.
func (p *Pipeline) Final() *models.Model { return p.config.Final }

// Hop is the time from one frame to the next.
func (p *Pipeline) Hop() time.Duration {
	return time.Duration(p.features.Shift()) * time.Second / time.Duration(p.rate())
}

func (p *Pipeline) rate() int { return p.features.Config().Rate }

// Latency is the algorithmic latency for input at the given rate: the smallest
// L such that the answer for a frame depends only on audio before the end of
// the frame + L, resampler included. bounded is false when the answer waits
// for the end of the recording.
func (p *Pipeline) Latency(rate int) (seconds float64, bounded bool) {
	if hearsAll(p.model) {
		return 0, false
	}
	res, err := audio.NewResampler(rate, p.rate())
	if err != nil {
		return 0, false
	}
	hop := int64(p.features.Shift())
	late := int64(p.features.Delay()) + hop*int64(p.model.Lookahead())
	most := 0.0
	// The phase of the resampler at a frame's end repeats after at most as
	// many frames as the reduced input rate has samples.
	for i := int64(1); i <= min(int64(rate), 200_000); i++ {
		need := float64(res.Needed(i*hop + late - 1))
		most = max(most, need/float64(rate)-float64(i*hop)/float64(p.rate()))
		if i*hop%int64(p.rate()) == 0 {
			break // whole seconds: from here on it repeats
		}
	}
	return most, true
}

// MeanLatency is Latency averaged over the frames, which a model that answers
// whole blocks does not keep waiting equally long.
func (p *Pipeline) MeanLatency(rate int) (seconds float64, bounded bool) {
	worst, bounded := p.Latency(rate)
	if !bounded {
		return 0, false
	}
	less := float64(p.model.Lookahead()) - p.model.Arch().MeanLookahead()
	return worst - less*p.Hop().Seconds(), true
}

// OnsetLatency is the least time from the end of a first frame of speech, of
// which the model is as sure as can be from there on, to its announcement:
// Latency and what the decider waits for.
func (p *Pipeline) OnsetLatency(rate int) (seconds float64, bounded bool) {
	latency, bounded := p.Latency(rate)
	if !bounded {
		return 0, false
	}
	return latency + float64(p.limits.leastRun()-1)*p.Hop().Seconds(), true
}
