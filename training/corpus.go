package training

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Without returns the recipe that trains on no speech and no noise of a corpus, which is the first folder of the names in a
// manifest. What a model does on a corpus that it never heard says more about strangers than a development set of the same
// corpora. root is where the manifests are, as for Selection.Entries. A corpus that the recipe does not train on is an error: a
// misspelt one would leave nothing out.
func (r *Recipe) Without(corpus, root string) (*Recipe, error) {
	out := *r
	seen := make(map[string]bool)
	var err error
	if out.Train.Speech, err = excluding(r.Train.Speech, corpus, root, seen); err != nil {
		return nil, err
	}
	if out.Train.Noise, err = excluding(r.Train.Noise, corpus, root, seen); err != nil {
		return nil, err
	}
	switch {
	case !seen[corpus]:
		return nil, fmt.Errorf("recipe %s trains on no corpus %q: it has %s", r.Name, corpus, cmp.Or(listed(seen), "none"))
	case len(out.Train.Speech) == 0 && len(r.Train.Speech) > 0:
		return nil, fmt.Errorf("without corpus %q no speech is left to train on", corpus)
	case len(out.Train.Noise) == 0 && len(r.Train.Noise) > 0:
		return nil, fmt.Errorf("without corpus %q no noise is left to train on", corpus)
	}
	if r.Calibration != nil {
		if err := out.calibrateWithout(corpus, root); err != nil {
			return nil, err
		}
	}
	out.Provenance = maps.Clone(r.Provenance)
	if out.Provenance == nil {
		out.Provenance = make(map[string]string)
	}
	out.Provenance["without"] = corpus
	return &out, out.Validate()
}

// calibrateWithout keeps the corpus out of the mixes of the calibration too. Where nothing else is left there is none.
func (r *Recipe) calibrateWithout(corpus, root string) error {
	var err error
	noises := len(r.Eval.Sources.Noise)
	if r.Eval.Sources.Speech, err = excluding(r.Eval.Sources.Speech, corpus, root, make(map[string]bool)); err != nil {
		return err
	}
	if r.Eval.Sources.Noise, err = excluding(r.Eval.Sources.Noise, corpus, root, make(map[string]bool)); err != nil {
		return err
	}
	if len(r.Eval.Sources.Speech) == 0 || noises > 0 && len(r.Eval.Sources.Noise) == 0 {
		r.Calibration = nil
	}
	return nil
}

// excluding adds a corpus to what each selection leaves out, and drops selections of nothing else. It marks the corpora that
// it has seen.
func excluding(selections []Selection, corpus, root string, seen map[string]bool) ([]Selection, error) {
	var out []Selection
	for _, s := range selections {
		entries, err := s.Entries(root)
		if err != nil {
			return nil, err
		}
		others := 0
		for _, e := range entries {
			if e.Corpus() != corpus {
				others++
			}
			if e.Corpus() != noCorpus {
				seen[e.Corpus()] = true
			}
		}
		if others > 0 {
			s.Exclude = append(slices.Clone(s.Exclude), corpus)
			out = append(out, s)
		}
	}
	return out, nil
}

func listed(names map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// Only returns the recipe whose mixes take all their speech from one corpus, every split of it.
func (r *Recipe) Only(corpus string) (*Recipe, error) {
	out := *r
	out.Eval.Sources.Speech = nil
	alone := make(map[string]bool)
	for _, s := range r.Eval.Sources.Speech {
		if len(s.Include) == 1 {
			alone[s.Include[0]] = true
		}
		if slices.Equal(s.Include, []string{corpus}) {
			s.Split = ""
			out.Eval.Sources.Speech = append(out.Eval.Sources.Speech, s)
		}
	}
	if len(out.Eval.Sources.Speech) == 0 {
		return nil, fmt.Errorf("the development set of recipe %s has no selection of the corpus %q alone, but of %s",
			r.Name, corpus, cmp.Or(listed(alone), "none"))
	}
	return &out, out.Validate()
}
