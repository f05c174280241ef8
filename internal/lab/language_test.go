package lab

import (
	"math"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/models/lm"
	"github.com/streamer-audio/streamer/models/pretrained/kitchen"
)

func TestLanguage(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a net")
	}
	r := quick(t, "lm", true)
	o := r.Outcome
	if !r.Holds || o["words"] != 287 || math.Abs(o["perplexity untrained"]-287) > 40 {
		t.Errorf("holds %v, outcome %v", r.Holds, o)
	}
	if p := o["perplexity"]; p > 12 || p > o["perplexity counting"]/5 {
		t.Errorf("perplexity %g, by counting words %g", p, o["perplexity counting"])
	}
	if o["difference"] < 3 || math.Abs(o["difference"]-(o["log P pear"]-o["log P pair"])) > 1e-9 || math.Abs(o["difference untrained"]) > 2 {
		t.Errorf("pear and pair: %v", o)
	}
	for _, text := range append(kitchen.Corpus(), kitchen.Test()...) {
		if strings.Contains(text, alike[0]) || strings.Contains(text, alike[1]) {
			t.Errorf("%q was to be read by nobody", text)
		}
	}
}

// Counting words is what it says, worked out by hand: a, b, a, b and two ends of
// sentences, and every word of the vocabulary once more.
func TestCounted(t *testing.T) {
	corpus := []string{"a b", "a b"}
	v, err := lm.NewVocabulary(lm.Words, corpus, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	byWord, byPairs := counted(v, corpus, []string{"a"}) // then the end, which never follows an a
	const p = 3. / 10
	if want := 1 / p; math.Abs(byWord-want) > 1e-12 {
		t.Errorf("by words %g, want %g", byWord, want)
	}
	if want := 1 / math.Sqrt((0.9+0.1*p)*0.1*p); math.Abs(byPairs-want) > 1e-12 {
		t.Errorf("by pairs %g, want %g", byPairs, want)
	}
}

// A net that takes a pair for a pear says so.
func TestLanguageSentence(t *testing.T) {
	r := &languageRun{stops: []languageStop{{test: 9}}, byWord: 20}
	r.stops[0].scores[1].LogProb, r.stops[0].scores[0].LogProb = -1, -2
	if text, holds := r.sentence(); holds || !strings.Contains(text, `takes "the apple and pair salad" for more probable`) {
		t.Errorf("%s, holds %v", text, holds)
	}
}
