package lm

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func sampler(t testing.TB, m *Model, seed uint64, c SampleConfig) *Sampler {
	t.Helper()
	s, err := m.NewSampler(seed, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// config is DefaultSampleConfig, changed.
func config(change func(c *SampleConfig)) SampleConfig {
	c := DefaultSampleConfig()
	change(&c)
	return c
}

// What is drawn is distributed as the model says: first words, and words that
// follow a beginning, 100000 of each and fewer where the distribution is shaped, by
// Pearson's chi-square test at 0.1 %. The expected probabilities are worked out here in float64.
func TestSamplesFollowTheModel(t *testing.T) {
	m := drawn(t, small())
	for name, c := range map[string]SampleConfig{
		"as it is": config(func(*SampleConfig) {}),
		"unknown":  config(func(c *SampleConfig) { c.Unknown = true }),
		"surer":    config(func(c *SampleConfig) { c.Temperature = 0.6 }),
		"daring":   config(func(c *SampleConfig) { c.Temperature, c.Unknown = 2.5, true }),
		"top 3":    config(func(c *SampleConfig) { c.TopK = 3 }),
		"both":     config(func(c *SampleConfig) { c.TopK, c.Temperature = 5, 0.8 }),
	} {
		draws := 20_000
		if c.Temperature == 1 && c.TopK == 0 {
			draws = 100_000
		}
		if testing.Short() { // the race detector takes twenty times as long
			draws /= 10
		}
		for _, start := range []string{"", "the old"} {
			before := strings.Fields(start)
			c.MaxTokens = len(before) + 1
			s := sampler(t, m, 1, c)
			if err := s.Start(start); err != nil {
				t.Fatal(err)
			}
			counts := make([]int, m.Vocabulary().Len())
			for range draws {
				sentence, err := s.Next()
				if err != nil {
					t.Fatal(err)
				}
				if sentence.Ended {
					counts[eos]++
				} else {
					counts[m.number(sentence.Tokens[len(before)])]++
				}
			}
			want := shaped(m.NewScorerAfter(before...).LogProbs(nil), c)
			if p := chiSquare(t, counts, want, draws); p < 0.001 {
				t.Errorf("%s after %q: p = %.2g, counts %v", name, start, p, counts)
			}
			if p := chiSquare(t, counts, shaped(m.NewScorerAfter("dog").LogProbs(nil), c), draws); p > 0.001 {
				t.Errorf("%s after %q: the test takes another distribution for this one, p = %.2g", name, start, p)
			}
		}
	}
}

// shaped are the probabilities to draw with.
func shaped(logProbs []float64, c SampleConfig) []float64 {
	if !c.Unknown {
		logProbs[unk] = math.Inf(-1)
	}
	order := slices.Clone(logProbs)
	slices.Sort(order)
	p, sum := make([]float64, len(logProbs)), 0.0
	for i, v := range logProbs {
		if c.TopK == 0 || v >= order[len(order)-c.TopK] {
			p[i] = math.Exp(v / c.Temperature)
		}
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// chiSquare is the chance of counts that are as far from what is expected. Those
// of which fewer than five are expected count as one.
func chiSquare(t *testing.T, counts []int, want []float64, n int) float64 {
	chi, cells, rareWant, rare := 0.0, 0, 0.0, 0.0
	for i, p := range want {
		expected, got := p*float64(n), float64(counts[i])
		switch {
		case p == 0 && got > 0:
			return 0
		case expected < 5:
			rareWant, rare = rareWant+expected, rare+got
		default:
			chi, cells = chi+(got-expected)*(got-expected)/expected, cells+1
		}
	}
	if rareWant > 0 {
		chi, cells = chi+(rare-rareWant)*(rare-rareWant)/rareWant, cells+1
	}
	if cells < 2 {
		t.Fatal("nothing to choose between")
	}
	return distuv.ChiSquared{K: float64(cells - 1)}.Survival(chi)
}

// The most probable token, always: with temperature 0, with one to choose from,
// and with a temperature so low that no other has a chance.
func TestSureSamplesAreTheMostProbable(t *testing.T) {
	m := drawn(t, small())
	var want []string
	for s := m.NewScorer(); len(want) < 12; {
		p := s.LogProbs(nil)
		p[unk] = math.Inf(-1)
		best := slices.Index(p, slices.Max(p))
		if best == eos {
			break
		}
		want = append(want, m.Vocabulary().Token(best))
		s.Push(want[len(want)-1])
	}
	for name, c := range map[string]SampleConfig{
		"temperature 0":      {Temperature: 0, MaxTokens: 12},
		"top 1":              {Temperature: 3, TopK: 1, MaxTokens: 12},
		"temperature 1e-9":   {Temperature: 1e-9, MaxTokens: 12},
		"temperature 1e-320": {Temperature: 1e-320, MaxTokens: 12, TopK: 4},
	} {
		s := sampler(t, m, 7, c)
		for range 3 {
			if got, err := s.Next(); err != nil || !slices.Equal(got.Tokens, want) {
				t.Errorf("%s: %q, want %q, error %v", name, got.Tokens, want, err)
			}
		}
	}
}

// As the temperature falls, so does the share of what is not the most probable.
func TestLowerTemperaturesAreSurer(t *testing.T) {
	m := drawn(t, small())
	before := 0
	for i, temperature := range []float64{3, 1, 0.5, 0.2, 0.05} {
		s, best, other := sampler(t, m, 3, SampleConfig{Temperature: temperature, MaxTokens: 2}), sampler(t, m, 1, SampleConfig{MaxTokens: 2}), 0
		if err := errors.Join(s.Start("a"), best.Start("a")); err != nil {
			t.Fatal(err)
		}
		want, _ := best.Next()
		for range 2000 {
			if got, _ := s.Next(); got.Text != want.Text {
				other++
			}
		}
		if i > 0 && other >= before {
			t.Errorf("temperature %g: %d of 2000 are not the most probable, %d at the one before", temperature, other, before)
		}
		before = other
	}
	if before > 20 {
		t.Errorf("%d of 2000 are not the most probable at the lowest temperature", before)
	}
}

// The same sentences on every machine, and with the build tag purego.
func TestSamplesAreTheSameEverywhere(t *testing.T) {
	const want = "946df815055cd057"
	hash := sha256.New()
	list := cells()
	for _, name := range slices.Sorted(maps.Keys(list)) {
		m := drawn(t, list[name])
		for i, c := range []SampleConfig{{Temperature: 1, MaxTokens: 40}, {Temperature: 0.7, TopK: 4, MaxTokens: 40, Unknown: true}} {
			s := sampler(t, m, uint64(i), c)
			for range 50 {
				sentence, err := s.Next()
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(hash, sentence.Text, sentence.Ended)
			}
		}
	}
	if got := hex.EncodeToString(hash.Sum(nil)[:8]); got != want {
		t.Errorf("sentences are %s, elsewhere %s", got, want)
	}
}

func TestSamplers(t *testing.T) {
	m := drawn(t, small())
	a, b, c := sampler(t, m, 1, DefaultSampleConfig()), sampler(t, m, 1, DefaultSampleConfig()), sampler(t, m, 2, DefaultSampleConfig())
	differ := false
	for range 20 {
		x, _ := a.Next()
		y, _ := b.Next()
		z, _ := c.Next()
		if x.Text != y.Text {
			t.Fatalf("one seed writes %q and %q", x.Text, y.Text)
		}
		differ = differ || x.Text != z.Text
		if !x.Ended || len(x.Tokens) == 0 {
			continue
		}
		score, err := m.Score(x.Text)
		if err != nil || math.Abs(score.LogProb-x.LogProb) > 1e-4 {
			t.Errorf("%q has %v when it is written and %v when it is read, error %v", x.Text, x.LogProb, score.LogProb, err)
		}
	}
	if !differ {
		t.Error("another seed writes the same")
	}
}

func TestSentencesEnd(t *testing.T) {
	m := drawn(t, small())
	s := sampler(t, m, 1, SampleConfig{Temperature: 1, MaxTokens: 3})
	ended := 0
	for range 200 {
		got, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got.Ended {
			ended++
		}
		if n := len(got.Tokens); n > 3 || n < 3 && !got.Ended || slices.Contains(got.Tokens, EOS) || slices.Contains(got.Tokens, UNK) {
			t.Fatalf("%q, ended %v", got.Tokens, got.Ended)
		}
	}
	if ended == 0 || ended == 200 {
		t.Errorf("%d of 200 have ended", ended)
	}
	if err := s.Start("The old"); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got, _ := s.Next(); !strings.HasPrefix(got.Text, "the old") || len(got.Tokens) > 3 {
			t.Errorf("%q does not begin as it should", got.Text)
		}
	}
	for want, start := range map[string]string{`"zebra", which is not in the vocabulary`: "the zebra", "of 3 tokens leaves none of at most 3": "the old cat"} {
		if err := s.Start(start); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestSampleConfigsThatMakeNoSense(t *testing.T) {
	m := drawn(t, small())
	for _, c := range []SampleConfig{{Temperature: -1, MaxTokens: 1}, {Temperature: math.NaN(), MaxTokens: 1}, {Temperature: math.Inf(1), MaxTokens: 1},
		{TopK: -1, MaxTokens: 1}, {MaxTokens: 0}, {MaxTokens: 1 << 30}} {
		if _, err := m.NewSampler(1, c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
