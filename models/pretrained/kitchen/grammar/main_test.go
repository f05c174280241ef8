package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The committed texts are what the grammar writes.
func TestTextsAreOfTheGrammar(t *testing.T) {
	all := write(corpusSize + testSize)
	for path, list := range map[string][]string{"../corpus.txt": all[:corpusSize], "../test.txt": all[corpusSize:]} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(b) != lines(list) {
			t.Errorf("%s is not what the grammar writes: run go generate in models/pretrained/kitchen", path)
		}
	}
}

// Pear and pair are each often there, each in contexts of its own, and what the
// model is asked about is nowhere.
func TestPearsAndPairs(t *testing.T) {
	all := write(corpusSize + testSize)
	pears, pairs := 0, 0
	for _, s := range all {
		words := strings.Fields(s)
		if slices.Contains(words, "pear") {
			pears++
		}
		if slices.Contains(words, "pair") {
			pairs++
		}
		if strings.Contains(s, "apple and pear salad") || strings.Contains(s, "pair salad") || strings.Contains(s, "pear of") {
			t.Errorf("%q must not be there", s)
		}
	}
	if pears < 500 || pairs < 500 {
		t.Errorf("%d sentences with a pear, %d with a pair", pears, pairs)
	}
}

// Every name has rules and every rule can be reached; no sentence has a brace, a
// capital or a mark in it.
func TestRulesAreWhole(t *testing.T) {
	used := map[string]bool{"sentence": true}
	for _, lines := range rules {
		for _, m := range regexp.MustCompile(`\{([a-z ]+)\}`).FindAllStringSubmatch(lines, -1) {
			used[m[1]] = true
			if rules[m[1]] == "" {
				t.Errorf("{%s} stands for nothing", m[1])
			}
		}
	}
	for name := range rules {
		if !used[name] {
			t.Errorf("{%s} is nowhere used", name)
		}
	}
	plain := regexp.MustCompile(`^[a-z]+( [a-z]+)*$`)
	for _, s := range write(2000) {
		if !plain.MatchString(s) {
			t.Errorf("%q", s)
		}
	}
}
