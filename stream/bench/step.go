package bench

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/pipeline"
)

// StepReport is what a frame costs, without NATS and without waiting.
type StepReport struct {
	Bench    string  `json:"bench"` // step
	ChunkMS  float64 `json:"chunk_ms"`
	Host     Host    `json:"host"`
	Features float64 `json:"features_us"` // a frame, from its samples
	Model    float64 `json:"model_us"`    // a frame, from its features, those of a chunk together
	Session  float64 `json:"session_us"`  // a chunk, from its bytes to its decisions
	Decide   float64 `json:"decide_us"`   // what of a chunk is neither features nor model: decoding, deciding, events
	PerAudio float64 `json:"ms_per_audio_second"`
	Noise    string  `json:"noise,omitempty"`
}

// Steps measures the stages of a pipeline, each by itself and warm: the median
// of many short runs.
func Steps(c Config) (*StepReport, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	format := audio.Format{Encoding: audio.S16LE, Rate: rate, Channels: 1}
	samples, err := format.AppendSamples(nil, c.Speech)
	if err != nil {
		return nil, err
	}
	recipe, err := features.Parse(c.Pipeline.Model().Info().Features)
	if err != nil {
		return nil, err
	}
	if recipe.Rate != rate {
		return nil, fmt.Errorf("the model hears %d Hz; steps are measured at %d Hz", recipe.Rate, rate)
	}
	r := &StepReport{Bench: "step", ChunkMS: ms(c.Chunk)}
	load := startMeter()
	if r.Features, err = featureStep(recipe, samples); err != nil {
		return nil, err
	}
	if r.Model, err = modelStep(&c, recipe, samples); err != nil {
		return nil, err
	}
	if r.Session, err = sessionStep(&c, format); err != nil {
		return nil, err
	}
	perFrame := float64(recipe.Hop) / rate * 1000
	r.Decide = max(0, r.Session-(r.Features+r.Model)*r.ChunkMS/perFrame)
	r.PerAudio = r.Session / r.ChunkMS
	load.stop(&r.Host)
	r.Noise = r.Host.Noisy()
	return r, nil
}

// repeats is how many short runs a median is taken of.
const repeats = 200

// median times f and divides by the number of things that it reports to have
// done; in microseconds.
func median(f func() int) float64 {
	times := make([]float64, repeats)
	for i := range times {
		begun := time.Now()
		n := f()
		times[i] = float64(time.Since(begun)) / float64(max(n, 1)) / 1000
	}
	slices.Sort(times)
	return times[repeats/2]
}

// second is a second of sound, from another place each time.
func second(samples []float32, i int) []float32 {
	n := min(rate, len(samples))
	at := i * n % max(1, len(samples)-n+1)
	return samples[at : at+n]
}

func featureStep(recipe features.Config, samples []float32) (float64, error) {
	f, err := features.New(recipe)
	if err != nil {
		return 0, err
	}
	frame, i := make([]float32, f.Dim()), 0
	return median(func() (n int) {
		f.Push(second(samples, i))
		for i++; f.Next(frame); n++ {
		}
		return n
	}), nil
}

func modelStep(c *Config, recipe features.Config, samples []float32) (float64, error) {
	f, err := features.New(recipe)
	if err != nil {
		return 0, err
	}
	f.Push(second(samples, 0))
	var frames []float32
	for frame := make([]float32, f.Dim()); f.Next(frame); {
		frames = append(frames, frame...)
	}
	model := c.Pipeline.Model()
	state, out := model.NewState(), make([]float32, model.Arch().Outputs)
	chunk := f.Dim() * max(1, int(c.Chunk.Seconds()*rate)/recipe.Hop)
	return median(func() int {
		for part := range slices.Chunk(frames, chunk) {
			state.PushAll(part)
			for state.Next(out) {
			}
		}
		return len(frames) / f.Dim()
	}), nil
}

func sessionStep(c *Config, format audio.Format) (float64, error) {
	s, err := c.Pipeline.Open(rate, 0)
	if err != nil {
		return 0, err
	}
	var samples []float32
	var events []pipeline.Event
	size, at := (&plan{chunk: c.Chunk}).bytes(), 0
	var bad error
	took := median(func() int {
		const chunks = 50
		for range chunks {
			if at+size > len(c.Speech) {
				at = 0
			}
			samples, err = format.AppendSamples(samples[:0], c.Speech[at:at+size])
			if err != nil {
				bad = err
			}
			events = s.Push(events[:0], samples)
			at += size
		}
		return chunks
	})
	return took, bad
}

// WriteText prints the report for people.
func (r *StepReport) WriteText(out io.Writer) error {
	fmt.Fprintf(out, `%s
features   %6.2f µs a frame of 10 ms
model      %6.2f µs a frame
the rest   %6.2f µs a chunk of %g ms: bytes to samples, decisions, events
session    %6.2f µs a chunk of %g ms; %.3f ms of a core for each second of audio
`, &r.Host, r.Features, r.Model, r.Decide, r.ChunkMS, r.Session, r.ChunkMS, r.PerAudio)
	return writeNoise(out, r.Noise)
}
