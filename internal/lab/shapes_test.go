package lab

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestShapes(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	r := quick(t, "shapes", false)
	for _, s := range shapeList {
		if a := r.Outcome["accuracy "+s.name]; a < s.wanted-0.03 {
			t.Errorf("%s: accuracy %g", s.name, a)
		}
	}
}

func TestShapesSentence(t *testing.T) {
	if text := shapesSentence([]string{"a 0.99"}, []string{"b 0.2 (wanted: 0.9)"}); !strings.Contains(text, "1 of 2") || !strings.Contains(text, "misses that of b 0.2") {
		t.Error(text)
	}
}

// Every text of runs is another one, and is written out as it says.
func TestRuns(t *testing.T) {
	seen := map[string]bool{}
	for number := range runCount {
		in, out := runs(number)
		seen[named(in, "abc123")] = true
		var want []int
		for i := 0; i < len(in); i += 2 {
			want = append(want, slices.Repeat(in[i:i+1], in[i+1]-runLetters+1)...)
		}
		if !slices.Equal(out, want) {
			t.Fatalf("%v stands for %v, not %v", in, out, want)
		}
	}
	if len(seen) != runCount {
		t.Errorf("%d texts of %d", len(seen), runCount)
	}
}

func TestScenesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for number := range sceneCount {
		_, words := scene(number)
		if slices.Contains(words, -1) {
			t.Fatalf("scene %d has a word that is not in the list: %v", number, words)
		}
		seen[caption(words)] = true
	}
	if len(seen) != sceneCount {
		t.Errorf("%d captions of %d scenes", len(seen), sceneCount)
	}
}

func TestReviewsSayWhatTheirClassIs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	turned := 0
	for range 500 {
		words, class := review(rng, 6)
		praise, plain := 0, 0
		for i, w := range words {
			sign := 0
			switch {
			case w < badWord:
				sign = 1
			case w < notWord:
				sign = -1
			}
			plain += sign
			if i > 0 && reviewWords[words[i-1]] == "not" {
				sign = -sign
			}
			praise += sign
		}
		if praise == 0 || praise > 0 != (class == 1) {
			t.Fatalf("%v has class %d", words, class)
		}
		if plain > 0 != (praise > 0) {
			turned++
		}
	}
	if turned == 0 {
		t.Error("\"not\" never matters")
	}
}
