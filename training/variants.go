package training

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/streamer-audio/streamer/models"
)

// Variant is one of several models that a recipe trains on the same mixes.
type Variant struct {
	Name string      `json:"name"`
	Arch models.Arch `json:"arch"`
}

// Member is one training of a recipe.
type Member struct {
	Name string // of the variant and the seed, empty for a recipe without variants
	*Recipe
}

var variantName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Members lists the trainings of a recipe: each variant with the first seed, then each with the next one; or the recipe
// itself, if it has no variants.
func (r *Recipe) Members() []Member {
	if len(r.Variants) == 0 {
		return []Member{{"", r}}
	}
	var list []Member
	for _, seed := range r.Seeds {
		for _, v := range r.Variants {
			one := *r
			one.Variants, one.Seeds, one.Arch, one.Seed = nil, nil, v.Arch, seed
			list = append(list, Member{memberName(v.Name, seed), &one})
		}
	}
	return list
}

func memberName(variant string, seed uint64) string { return fmt.Sprintf("%s-seed%d", variant, seed) }

// validateVariants checks what a recipe of several models says beyond one of them.
func (r *Recipe) validateVariants() error {
	if len(r.Seeds) == 0 || len(r.Arch.Layers) != 0 {
		return errors.New("variants need seeds, and stand in place of arch")
	}
	seen := map[string]bool{}
	for _, m := range r.Members() {
		if err := m.Validate(); err != nil {
			return fmt.Errorf("variant %s: %w", m.Name, err)
		}
		if seen[m.Name] {
			return fmt.Errorf("variant %s is there twice", m.Name)
		}
		seen[m.Name] = true
	}
	for _, v := range r.Variants {
		if !variantName.MatchString(v.Name) {
			return fmt.Errorf("variant %q: names are small letters and digits, with hyphens between", v.Name)
		}
	}
	return nil
}

// Examples are the mixes of one recipe as its models hear them. Trainings that differ in nothing but the model share
// them, one after the other.
type Examples struct {
	seed        uint64
	heard       sync.Map // by [2]uint64, lane and number: *example
	mean, scale []float32
}

// NewExamples returns an empty set for trainings of one seed.
func NewExamples(seed uint64) *Examples { return &Examples{seed: seed} }

// Seed is that of the mixes.
func (e *Examples) Seed() uint64 { return e.seed }

// normalisation is Normalisation, measured once.
func (e *Examples) normalisation(ctx context.Context, r *Recipe, m *Mixer, jobs int) (mean, scale []float32, err error) {
	if e.mean == nil {
		e.mean, e.scale, err = Normalisation(ctx, r, m, jobs)
	}
	return e.mean, e.scale, err
}
