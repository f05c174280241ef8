// Command grammar writes the sentences that the language model kitchen is trained
// and tested on: everyday English of kitchens and markets, drawn from the rules of
// a small grammar with a fixed seed. The same program writes the same sentences.
//
//	go run ./models/pretrained/kitchen/grammar -corpus corpus.txt -test test.txt
package main

import (
	"flag"
	"log"
	"math/rand/v2"
	"os"
	"strings"
)

// Sentences of each text, all different, of a grammar that has many more.
const (
	corpusSize = 6000
	testSize   = 600
	seed       = 1
)

// keptBack is in no sentence, so that the model must make it out of others: that
// pears are eaten in salads, and go with apples.
const keptBack = "apple and pear salad"

func main() {
	log.SetFlags(0)
	corpus, test := flag.String("corpus", "corpus.txt", "`file` to train on"), flag.String("test", "test.txt", "`file` to test on")
	flag.Parse()
	all := write(corpusSize + testSize)
	for path, list := range map[string][]string{*corpus: all[:corpusSize], *test: all[corpusSize:]} {
		if err := os.WriteFile(path, []byte(lines(list)), 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

func lines(list []string) string { return strings.Join(list, "\n") + "\n" }

// write draws so many different sentences.
func write(n int) (list []string) {
	rng := rand.New(rand.NewPCG(seed, 0x706561)) // "pea"
	seen := map[string]bool{}
	for len(list) < n {
		s := article(expand(rng, "{sentence}"))
		if !seen[s] && !strings.Contains(s, keptBack) && !repeats(s) {
			seen[s], list = true, append(list, s)
		}
	}
	return list
}

// expand draws a line for each name in braces.
func expand(rng *rand.Rand, text string) string {
	before, rest, found := strings.Cut(text, "{")
	if !found {
		return text
	}
	name, after, _ := strings.Cut(rest, "}")
	choices := strings.Split(strings.TrimSpace(rules[name]), "\n")
	return before + expand(rng, choices[rng.IntN(len(choices))]) + expand(rng, after)
}

// article writes "an" before a vowel.
func article(s string) string {
	words := strings.Fields(s)
	for i, w := range words[1:] {
		if words[i] == "a" && strings.Contains("aeiou", w[:1]) {
			words[i] = "an"
		}
	}
	return strings.Join(words, " ")
}

// repeats tells of an apple and apple tart.
func repeats(s string) bool {
	words := strings.Fields(s)
	for i := 2; i < len(words); i++ {
		if words[i-1] == "and" && words[i] == words[i-2] {
			return true
		}
	}
	return strings.Contains(s, "the cook and the cook")
}
