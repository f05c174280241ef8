package lm

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// A sentence has the sum of the conditional logarithms, each of them to the bit
// what it is token by token, however long the sentence.
func TestScoreIsTheSumOfItsSteps(t *testing.T) {
	for name, c := range cells() {
		m := drawn(t, c)
		for _, sentence := range []string{"cat", text[5], "A zebra sees the CAT.", strings.Repeat("the old dog sleeps and ", 40)} {
			score, err := m.Score(sentence)
			if err != nil {
				t.Fatal(err)
			}
			tokens := append(split(c.Unit, sentence), EOS)
			if len(score.Tokens) != len(tokens) {
				t.Fatalf("%s: %d tokens of %d", name, len(score.Tokens), len(tokens))
			}
			s, sum := m.NewScorer(), 0.0
			var p []float64
			for range 2 { // the second time after <EOS>
				sum = 0
				for i, token := range tokens {
					p = s.LogProbs(p[:0])
					got := s.Push(token)
					if got != score.Tokens[i] || got.Token != token {
						t.Fatalf("%s: step %d is %v, of the whole sentence %v", name, i, got, score.Tokens[i])
					}
					if got.LogProb != p[m.number(token)] {
						t.Fatalf("%s: step %d is %v among all tokens %v", name, i, got.LogProb, p[m.number(token)])
					}
					sum += got.LogProb
				}
			}
			if sum != score.LogProb {
				t.Errorf("%s: the sum is %v, the score %v", name, sum, score.LogProb)
			}
			if want := math.Exp(-sum / float64(len(tokens))); score.Perplexity() != want {
				t.Errorf("%s: perplexity %v, want %v", name, score.Perplexity(), want)
			}
		}
	}
}

// What may come next has probabilities that add up to 1, at every step.
func TestProbabilitiesAddUp(t *testing.T) {
	for name, c := range cells() {
		m := drawn(t, c)
		s := m.NewScorer()
		for _, token := range append(split(c.Unit, text[6]), "?", EOS, "a") {
			sum := 0.0
			list := s.LogProbs(nil)
			for _, p := range list {
				sum += math.Exp(p)
			}
			if math.Abs(sum-1) > 1e-12 || len(list) != m.Vocabulary().Len() {
				t.Errorf("%s: %d probabilities add up to %v", name, len(list), sum)
			}
			s.Push(token)
		}
	}
}

func TestUnknownWordsAreReported(t *testing.T) {
	m := drawn(t, small())
	score, err := m.Score("The zebra sees the okapi")
	if err != nil {
		t.Fatal(err)
	}
	if got := score.Unknown(); !slices.Equal(got, []string{"zebra", "okapi"}) {
		t.Errorf("unknown: %q", got)
	}
	other, err := m.Score("the unicorn sees the gnu")
	if err != nil || other.LogProb != score.LogProb {
		t.Errorf("two unknown words for others: %v, want %v, error %v", other.LogProb, score.LogProb, err)
	}
	if score.Tokens[1].LogProb != m.NewScorerAfter("the").LogProbs(nil)[unk] {
		t.Error("an unknown word has not the probability of <UNK>")
	}
}

// NewScorerAfter is a Scorer that has heard some tokens.
func (m *Model) NewScorerAfter(tokens ...string) *Scorer {
	s := m.NewScorer()
	for _, t := range tokens {
		s.Push(t)
	}
	return s
}

func TestTextsWithoutWordsHaveNoScore(t *testing.T) {
	m := drawn(t, small())
	for _, text := range []string{"", "  \t", "?!"} {
		if _, err := m.Score(text); err == nil || !strings.Contains(err.Error(), "no words") {
			t.Errorf("%q: error %v", text, err)
		}
	}
	if _, err := m.Perplexity(nil); err == nil {
		t.Error("no text has a perplexity")
	}
	if _, err := m.Perplexity([]string{"a cat", "..."}); err == nil || !strings.Contains(err.Error(), `sentence 2, "..."`) {
		t.Errorf("error %v does not name the sentence", err)
	}
}

// The perplexity of a text counts every token alike, and that of a single
// sentence is the sentence's own.
func TestPerplexityOfATextIsThatOfItsTokens(t *testing.T) {
	m := drawn(t, small())
	sum, n := 0.0, 0
	for _, s := range text {
		score, err := m.Score(s)
		if err != nil {
			t.Fatal(err)
		}
		sum, n = sum+score.LogProb, n+len(score.Tokens)
		if one, err := m.Perplexity([]string{s}); err != nil || one != score.Perplexity() {
			t.Errorf("%q: %v, want %v, error %v", s, one, score.Perplexity(), err)
		}
	}
	if got, err := m.Perplexity(text); err != nil || math.Abs(got-math.Exp(-sum/float64(n))) > 1e-9 {
		t.Errorf("%v, error %v", got, err)
	}
}

// Improbable is not impossible: the logarithm of what is 0 as a float32 is a
// number all the same.
func TestScoresBeyondFloat32(t *testing.T) {
	m := withHead(t, func(i int) float32 { return float32(200 * (i%3 - 1)) })
	score, err := m.Score(text[3])
	if err != nil || score.LogProb > -500 || math.IsInf(score.LogProb, 0) {
		t.Errorf("score %v, error %v", score.LogProb, err)
	}
}

// Weights that leave no number are told.
func TestNoNumbersAreAnError(t *testing.T) {
	m := withHead(t, func(i int) float32 { return 3e38 * float32(i/small().Hidden%2*2-1) }) // one sign for each token
	if score, err := m.Score(text[3]); err == nil || !strings.Contains(err.Error(), "weights are too large") {
		t.Errorf("score %v, error %v", score.LogProb, err)
	}
	s, err := m.NewSampler(1, DefaultSampleConfig())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Next(); err == nil || !strings.Contains(err.Error(), "weights are too large") {
		t.Errorf("sentence %q, error %v", got.Text, err)
	}
}

// withHead is a model whose head has other weights.
func withHead(t *testing.T, weight func(i int) float32) *Model {
	tr, err := NewTrainer(text, small(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range tr.Net().Tensors() {
		for i := range w.Data {
			switch w.Name {
			case "head.weight":
				w.Data[i] = weight(i)
			case "head.bias":
				w.Data[i] = weight(0) / -1.01 // above 0, as large as that
			default:
				w.Data[i] *= 4
			}
		}
	}
	return modelOf(t, tr)
}
