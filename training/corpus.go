package training

import (
	"fmt"
	"slices"
)

// Without returns the recipe that trains on no recording of a corpus, which is the first folder of the names in a manifest.
// What a model does on a corpus that it never heard says more about strangers than a development set of the same corpora.
func (r *Recipe) Without(corpus string) (*Recipe, error) {
	out := *r
	out.Train.Speech = excluding(r.Train.Speech, corpus)
	out.Train.Noise = excluding(r.Train.Noise, corpus)
	if len(out.Train.Speech) == 0 && len(r.Train.Speech) > 0 {
		return nil, fmt.Errorf("without corpus %q no speech is left to train on", corpus)
	}
	if len(out.Train.Noise) == 0 && len(r.Train.Noise) > 0 {
		return nil, fmt.Errorf("without corpus %q no noise is left to train on", corpus)
	}
	return &out, out.Validate()
}

// excluding adds a corpus to what each selection leaves out, and drops selections of nothing else.
func excluding(selections []Selection, corpus string) []Selection {
	var out []Selection
	for _, s := range selections {
		if slices.Equal(s.Include, []string{corpus}) {
			continue
		}
		s.Exclude = append(slices.Clone(s.Exclude), corpus)
		out = append(out, s)
	}
	return out
}

// Only returns the recipe whose mixes take all their speech from one corpus, every split of it.
func (r *Recipe) Only(corpus string) (*Recipe, error) {
	out := *r
	out.Eval.Sources.Speech = nil
	for _, s := range r.Eval.Sources.Speech {
		if slices.Equal(s.Include, []string{corpus}) {
			s.Split = ""
			out.Eval.Sources.Speech = append(out.Eval.Sources.Speech, s)
		}
	}
	if len(out.Eval.Sources.Speech) == 0 {
		return nil, fmt.Errorf("the development set of recipe %s has no selection of the corpus %q alone", r.Name, corpus)
	}
	return &out, out.Validate()
}
