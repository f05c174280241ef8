package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/streamer-audio/streamer/audio"
)

// EvalConfig says what a detector is measured on: seeded mixes of recordings that training does not hear.
type EvalConfig struct {
	Sources    Sources     `json:"sources"`
	Seed       uint64      `json:"seed"`
	Seconds    float64     `json:"seconds"`   // length of a mix
	Resamples  int         `json:"resamples"` // of the bootstrap; 0 means 1000
	Conditions []Condition `json:"conditions"`
}

// Condition is one kind of mix.
type Condition struct {
	Name       string   `json:"name"`
	Mixes      int      `json:"mixes"`
	SNR        *float64 `json:"snr_db"` // null: no noise but that of a microphone
	Room       float64  `json:"room,omitempty"`
	Band       float64  `json:"band,omitempty"`
	Synthetic  float64  `json:"synthetic,omitempty"`
	Speechless bool     `json:"speechless,omitempty"` // noise alone, for false alarms
	Noise      []string `json:"noise,omitempty"`      // patterns as in a Selection; empty: all noises of the sources
	Level      *Range   `json:"level_dbfs,omitempty"` // null: -40 to -15
}

// Validate names the first value that makes no sense.
func (c EvalConfig) Validate() error {
	if len(c.Conditions) == 0 {
		return nil // a recipe may be trained without a development set
	}
	if c.Resamples < 0 || c.Resamples > 1e6 {
		return fmt.Errorf("eval.resamples is %d: give 0 to 1e6", c.Resamples)
	}
	if err := c.Sources.Validate(); err != nil {
		return err
	}
	names := make(map[string]bool)
	for _, k := range c.Conditions {
		if k.Name == "" || names[k.Name] || stem(k.Name) != k.Name {
			return fmt.Errorf("eval condition %q: give each a name of its own, without slashes and dots", k.Name)
		}
		names[k.Name] = true
		if k.Mixes < 1 || k.Mixes > 100000 {
			return fmt.Errorf("eval condition %q: %d mixes: give 1 to 100000", k.Name, k.Mixes)
		}
		if err := k.mix(c.Seconds).Validate(); err != nil {
			return fmt.Errorf("eval condition %q: %w", k.Name, err)
		}
	}
	return nil
}

// mix is the mixer's configuration for a condition: one noise at a stated ratio for the whole length, one corpus a mix,
// nothing played at another speed, and no made noise unless asked for.
func (k Condition) mix(seconds float64) MixConfig {
	c := MixConfig{Seconds: seconds, Gap: 1, OneCorpus: true, SkipSpeech: k.Speechless, WholeNoises: true,
		Room: k.Room, Band: k.Band, Synthetic: k.Synthetic, Level: Range{-40, -15}, Floor: 1}
	if k.SNR != nil {
		c.Noises, c.SNR = 1, Range{*k.SNR, *k.SNR}
	} else if k.Speechless {
		c.Noises = 1
	}
	if k.Level != nil {
		c.Level = *k.Level
	}
	return c
}

// First returns the configuration with at most n mixes of each condition.
func (c EvalConfig) First(n int) EvalConfig {
	c.Conditions = slices.Clone(c.Conditions)
	for i := range c.Conditions {
		c.Conditions[i].Mixes = min(n, c.Conditions[i].Mixes)
	}
	return c
}

// Spoken returns the configuration without the conditions that hold no speech: what is left is the group AllSpeech of a
// Report.
func (c EvalConfig) Spoken() EvalConfig {
	c.Conditions = slices.DeleteFunc(slices.Clone(c.Conditions), func(k Condition) bool { return k.Speechless })
	return c
}

// Item is a recording to be judged, with the truth about it.
type Item struct {
	ID        string
	Condition string
	Corpus    string
	Samples   []float32 // mono at Rate
	Speech    []Span
}

// Frames returns the number of 10 ms frames of the item, the last one perhaps incomplete.
func (i *Item) Frames() int { return (len(i.Samples) + labelHop - 1) / labelHop }

// Labels returns the truth per frame.
func (i *Item) Labels() []bool {
	y := make([]float32, i.Frames())
	spanFrames(y, i.Speech, labelHop)
	labels := make([]bool, len(y))
	for k, v := range y {
		labels[k] = v > 0
	}
	return labels
}

// ItemSet is a list of recordings that are made or read when they are asked for. Item may be called by several goroutines
// at once.
type ItemSet interface {
	Len() int
	Item(i int) (*Item, error)
}

// mixSet is the mixes of an EvalConfig.
type mixSet struct {
	conditions []Condition
	mixers     []*Mixer
	count      int
}

// Mixes returns the mixes that a configuration describes. Mix i is a function of the material, the configuration and i.
func (c EvalConfig) Mixes(m *Material) (ItemSet, error) {
	if len(c.Conditions) == 0 {
		return nil, errors.New("the recipe has no eval.conditions: describe what to measure on")
	}
	s := &mixSet{conditions: c.Conditions}
	for i, k := range c.Conditions {
		// Conditions share the seed: the same speech is heard in each of them.
		mixer, err := NewMixer(m.withNoise(k.Noise), k.mix(c.Seconds), c.Seed)
		if err != nil {
			return nil, fmt.Errorf("eval condition %q: %w", c.Conditions[i].Name, err)
		}
		s.mixers = append(s.mixers, mixer)
		s.count += k.Mixes
	}
	return s, nil
}

// withNoise returns the material with only the noises that match one of the patterns, or m itself without patterns.
func (m *Material) withNoise(patterns []string) *Material {
	if len(patterns) == 0 {
		return m
	}
	out := &Material{Speech: m.Speech, Rooms: m.Rooms}
	for _, p := range m.Noise {
		kept := Pool{Weight: p.Weight}
		for _, c := range p.Clips {
			if matchesAny(patterns, c.Name) {
				kept.Clips = append(kept.Clips, c)
			}
		}
		if len(kept.Clips) > 0 {
			out.Noise = append(out.Noise, kept)
		}
	}
	return out
}

func (s *mixSet) Len() int { return s.count }

func (s *mixSet) Item(i int) (*Item, error) {
	k := 0
	for ; i >= s.conditions[k].Mixes; k++ {
		i -= s.conditions[k].Mixes
	}
	return s.mix(k, 0, i), nil
}

// mix returns mix i of a condition. The set is the first conditions[k].Mixes of lane 0; there is no end of others.
func (s *mixSet) mix(k int, lane uint64, i int) *Item {
	mix := s.mixers[k].NewWorker().Sequence(lane, uint64(i))
	name := s.conditions[k].Name
	return &Item{ID: fmt.Sprintf("%s-%04d", name, i), Condition: name, Corpus: mix.Corpus,
		Samples: append([]float32(nil), mix.Samples...), Speech: mix.Speech}
}

// fileSet is recordings with label files, or clean ones.
type fileSet struct {
	paths  []string
	labels string
}

// Files returns recordings whose truth lies in dir as ReadLabels expects it. Without dir it is what LabelSpeech says, which
// is the truth of clean recordings only.
func Files(paths []string, dir string) ItemSet { return &fileSet{paths, dir} }

func (s *fileSet) Len() int { return len(s.paths) }

func (s *fileSet) Item(i int) (*Item, error) {
	path := s.paths[i]
	samples, err := ReadEntry(Entry{Path: path})
	if err != nil {
		return nil, err
	}
	item := &Item{ID: path, Condition: "files", Corpus: noCorpus, Samples: samples}
	if s.labels == "" {
		item.Speech = LabelSpeech(samples)
		return item, nil
	}
	speech, err := ReadLabels(s.labels, stem(path))
	if err != nil {
		return nil, err
	}
	item.Speech = cutSpan(speech, Span{len(samples), math.MaxInt})
	return item, nil
}

// Unlabelled returns recordings of which nothing is known: what their items say of speech means nothing.
func Unlabelled(paths []string) ItemSet { return unlabelled(paths) }

type unlabelled []string

func (u unlabelled) Len() int { return len(u) }

func (u unlabelled) Item(i int) (*Item, error) {
	samples, err := ReadEntry(Entry{Path: u[i]})
	return &Item{ID: u[i], Condition: "files", Corpus: noCorpus, Samples: samples}, err
}

// WriteItems writes a set as WAV files with Audacity label tracks into dir, so that other detectors can be run on it.
func WriteItems(ctx context.Context, set ItemSet, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for i := range set.Len() {
		if err := ctx.Err(); err != nil {
			return err
		}
		item, err := set.Item(i)
		if err != nil {
			return err
		}
		if err := writeItem(item, filepath.Join(dir, stem(item.ID))); err != nil {
			return err
		}
	}
	return nil
}

func writeItem(item *Item, path string) error {
	f, err := os.Create(path + ".wav")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := audio.WriteWAV(f, Rate, item.Samples); err != nil {
		return fmt.Errorf("%s.wav: %w", path, err)
	}
	var track []byte
	for _, s := range item.Speech {
		track = fmt.Appendf(track, "%.6f\t%.6f\tspeech\n", float64(s.Start)/Rate, float64(s.End)/Rate)
	}
	if err := os.WriteFile(path+".txt", track, 0o666); err != nil {
		return err
	}
	return f.Close()
}
