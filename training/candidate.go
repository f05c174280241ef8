package training

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
)

// The ways of waiting for what follows a frame, from not at all to the end of the recording.
const (
	CausalFamily        = "causal"
	DelayFamily         = "target delay"
	DelaysFamily        = "one model, several delays"
	RowConvFamily       = "row convolution"
	BlocksFamily        = "blocks"
	BidirectionalFamily = "bidirectional"
)

// Families are all of them.
func Families() []string {
	return []string{CausalFamily, BidirectionalFamily, DelayFamily, BlocksFamily, DelaysFamily, RowConvFamily}
}

// Candidate is one way of hearing, to be compared with others.
type Candidate struct {
	Name   string
	Family string
	// Models are trainings of one architecture that differ in the seed: the same index is the same seed in all candidates
	// of a comparison, and nil is a training that is missing. Most have one.
	Models []*models.Model
}

// Candidates returns the ways in which a model answers, one for each of its delays, with names that say how it waits:
// "vad causal", "vad delay 80 ms", "vad row convolution 80 ms", "vad blocks 25+25", "vad bidirectional".
func Candidates(title string, m *models.Model) ([]Candidate, error) {
	if len(m.Arch().Delays) <= 1 {
		c, err := newCandidate(title, m)
		return []Candidate{c}, err
	}
	var list []Candidate
	for _, d := range m.Arch().Delays {
		part, err := m.AtDelay(d)
		if err != nil {
			return nil, err
		}
		c, err := newCandidate(title, part)
		if err != nil {
			return nil, err
		}
		if d == 0 {
			c.Name = title + " delay 0 ms"
		}
		c.Family = DelaysFamily
		list = append(list, c)
	}
	return list, nil
}

func newCandidate(title string, m *models.Model) (Candidate, error) {
	config, err := features.Parse(m.Info().Features)
	if err != nil {
		return Candidate{}, fmt.Errorf("model %s: %w", title, err)
	}
	family := familyOf(m)
	name := title + " " + family
	ms := 1000 * float64(config.Hop) / float64(config.Rate) * float64(m.Lookahead())
	switch family {
	case DelayFamily:
		name = fmt.Sprintf("%s delay %.4g ms", title, ms)
	case RowConvFamily:
		name = fmt.Sprintf("%s %.4g ms", name, ms)
	case BlocksFamily:
		name = fmt.Sprintf("%s %d+%d", name, m.Arch().Block, m.Arch().Right)
	}
	return Candidate{name, family, []*models.Model{m}}, nil
}

func familyOf(m *models.Model) string {
	a := m.Arch()
	switch {
	case m.Lookahead() == models.Unbounded:
		return BidirectionalFamily
	case a.Block > 0:
		return BlocksFamily
	case slices.ContainsFunc(a.Layers, func(l models.Layer) bool { return l.Context > 0 }):
		return RowConvFamily
	case m.Lookahead() > 0:
		return DelayFamily
	}
	return CausalFamily
}

// each returns the candidate with something done to the model of each seed.
func (c Candidate) each(name, family string, do func(*models.Model) (*models.Model, error)) (Candidate, error) {
	out := Candidate{name, family, make([]*models.Model, len(c.Models))}
	for i, m := range c.Models {
		if m == nil {
			continue
		}
		var err error
		if out.Models[i], err = do(m); err != nil {
			return out, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

// trained counts the seeds that there are models of.
func (c Candidate) trained() (n int) {
	for _, m := range c.Models {
		if m != nil {
			n++
		}
	}
	return n
}

// MemberPath is where the model of a training called name lies in a folder of trainings.
func MemberPath(dir, name string) string { return filepath.Join(dir, name, name+".safetensors") }

// Candidates loads what was trained of a recipe with variants, from the folder that holds the folders of the trainings. A
// variant of several delays becomes a candidate for each, and bidirectional ones are run in blocks of the given sizes
// too. notes says which trainings are missing.
func (r *Recipe) Candidates(dir string, blocks ...int) (list []Candidate, notes []string, err error) {
	for _, v := range r.Variants {
		c := Candidate{Name: v.Name, Models: make([]*models.Model, len(r.Seeds))}
		for i, seed := range r.Seeds {
			m, err := models.Load(MemberPath(dir, memberName(v.Name, seed)))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			c.Models[i], c.Family = m, familyOf(m)
		}
		switch n := c.trained(); {
		case n == 0:
			notes = append(notes, fmt.Sprintf("%s is left out: there is no %s", v.Name, MemberPath(dir, memberName(v.Name, r.Seeds[0]))))
			continue
		case n < len(r.Seeds):
			notes = append(notes, fmt.Sprintf("%s has %d of %d seeds", v.Name, n, len(r.Seeds)))
		}
		more, err := c.expand(v.Arch, blocks)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, more...)
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("%s holds no model of the recipe's variants: train them there with streamer train --out", dir)
	}
	return list, notes, nil
}

// expand returns the ways in which a variant answers.
func (c Candidate) expand(arch models.Arch, blocks []int) ([]Candidate, error) {
	if c.Family != BidirectionalFamily && len(arch.Delays) <= 1 {
		return []Candidate{c}, nil
	}
	var list []Candidate
	add := func(name, family string, do func(*models.Model) (*models.Model, error)) error {
		one, err := c.each(name, family, do)
		list = append(list, one)
		return err
	}
	if c.Family == BidirectionalFamily {
		for _, n := range blocks {
			err := add(fmt.Sprintf("%s in blocks %d+%d", c.Name, n, n), BlocksFamily, func(m *models.Model) (*models.Model, error) { return m.InBlocks(n, n) })
			if err != nil {
				return nil, err
			}
		}
		return append(list, c), nil
	}
	for _, d := range arch.Delays {
		err := add(fmt.Sprintf("%s@%d", c.Name, d), DelaysFamily, func(m *models.Model) (*models.Model, error) { return m.AtDelay(d) })
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}
