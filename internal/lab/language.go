package lab

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models/lm"
	"github.com/streamer-audio/streamer/models/pretrained/kitchen"
)

// language trains a language model on the corpus of the shipped one, and stops on
// the way to look at three things: how much it is in doubt about sentences that it
// never reads, what it writes, and which of two sentences it believes to have been
// said that sound alike. Neither of the two is in the corpus.
//
// What the net is held against is counting: of words, and of words after a word.
var language = Experiment{Name: "lm", Section: "Language model and sequence generation",
	Question: "What does a net learn by guessing the next word?", run: runLanguage}

// alike sound alike; the first is what was meant.
var alike = [2]string{"the apple and pear salad", "the apple and pair salad"}

// languageStop is what is seen after so many updates.
type languageStop struct {
	updates      int
	corpus, test float64     // perplexity
	scores       [2]lm.Score // of alike
	written      []string    // by the same seed each time
}

// languageRun is a training, with what there is to compare it to.
type languageRun struct {
	stops           []languageStop
	words           int     // of the vocabulary
	byWord, byPairs float64 // perplexity by counting
}

func runLanguage(ctx context.Context, o Options) (*Result, error) {
	stops := either(o, []int{0, 10, 30, 100, 200, 400, 800, 1500}, []int{0, 10, 30, 60, 120})
	c := lm.DefaultConfig()
	c.Name, c.Seed, c.Steps = "lab", o.Seed, stops[len(stops)-1]
	if o.Quick {
		c.Embedding, c.Hidden, c.Lanes, c.LR = 16, 32, 16, 0.03
	}
	corpus, n := kitchen.Corpus(), either(o, 600, 100)
	t, err := lm.NewTrainer(corpus, c, o.Each)
	if err != nil {
		return nil, err
	}
	r := &languageRun{words: t.Vocabulary().Len()}
	test := kitchen.Test()[:n]
	r.byWord, r.byPairs = counted(t.Vocabulary(), corpus, test)
	for _, stop := range stops {
		for t.Done() < stop {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			o.progress("language model: update", t.Done(), c.Steps)
			if _, err := t.Step(); err != nil {
				return nil, err
			}
		}
		s, err := look(t, corpus[:n], test, o.Seed)
		if err != nil {
			return nil, err
		}
		r.stops = append(r.stops, s)
	}
	text, holds := r.sentence()
	return &Result{Tables: []Table{r.progress(), r.writing(), r.wordByWord()}, Outcome: r.outcome(), Holds: holds, Sentence: text, Picture: r.picture()}, nil
}

// look stops a training for a moment.
func look(t *lm.Trainer, corpus, test []string, seed uint64) (s languageStop, err error) {
	s.updates = t.Done()
	m, err := t.Model()
	if err != nil {
		return s, err
	}
	if s.corpus, err = m.Perplexity(corpus); err != nil {
		return s, err
	}
	if s.test, err = m.Perplexity(test); err != nil {
		return s, err
	}
	for i, text := range alike {
		if s.scores[i], err = m.Score(text); err != nil {
			return s, err
		}
	}
	config := lm.DefaultSampleConfig()
	config.MaxTokens = 12
	sampler, err := m.NewSampler(seed, config)
	if err != nil {
		return s, err
	}
	for range 3 {
		sentence, err := sampler.Next()
		if err != nil {
			return s, err
		}
		if !sentence.Ended {
			sentence.Text += " ..."
		}
		s.written = append(s.written, sentence.Text)
	}
	return s, nil
}

// counted returns the perplexity of a text by how often its words are in the
// corpus, each counted once more than it is there, and by how often they follow
// the word before them, to nine tenths, or the former, to one.
func counted(v *lm.Vocabulary, corpus, text []string) (byWord, byPairs float64) {
	words, pairs, before, all := make([]float64, v.Len()), map[[2]int]float64{}, map[int]float64{}, float64(v.Len())
	each := func(text []string, f func(last, word int)) {
		for _, s := range text {
			tokens, _ := v.Encode(s)
			last := -1
			for _, w := range append(tokens, 0) { // 0 is <EOS>
				f(last, w)
				last = w
			}
		}
	}
	each(corpus, func(last, w int) {
		words[w], pairs[[2]int{last, w}], before[last], all = words[w]+1, pairs[[2]int{last, w}]+1, before[last]+1, all+1
	})
	n := 0.0
	each(text, func(last, w int) {
		p := (words[w] + 1) / all
		byWord, n = byWord-math.Log(p), n+1
		if before[last] > 0 {
			p = 0.9*pairs[[2]int{last, w}]/before[last] + 0.1*p
		}
		byPairs -= math.Log(p)
	})
	return math.Exp(byWord / n), math.Exp(byPairs / n)
}

// margin is by how much the first sentence is more probable, as a logarithm.
func (s *languageStop) margin() float64 { return s.scores[0].LogProb - s.scores[1].LogProb }

func (r *languageRun) last() *languageStop { return &r.stops[len(r.stops)-1] }

func (r *languageRun) progress() Table {
	t := Table{Title: "In doubt between so many words (perplexity), and log P of two sentences that sound alike",
		Columns: []Column{{Name: "updates"}, {"corpus", "%.2f"}, {"never read", "%.2f"}, {"... pear salad", "%.2f"}, {"... pair salad", "%.2f"}, {"difference", "%+.2f"}}}
	for _, s := range r.stops {
		t.Add(s.updates, s.corpus, s.test, s.scores[0].LogProb, s.scores[1].LogProb, s.margin())
	}
	t.Add("counting words", math.NaN(), r.byWord, math.NaN(), math.NaN(), math.NaN())
	t.Add("and the word before", math.NaN(), r.byPairs, math.NaN(), math.NaN(), math.NaN())
	return t
}

func (r *languageRun) writing() Table {
	t := Table{Title: "What it writes at the beginning, on the way and in the end, by the same seed", Columns: []Column{{Name: "updates"}, {Name: "sentence"}}}
	for _, i := range []int{0, len(r.stops) / 2, len(r.stops) - 1} {
		for _, text := range r.stops[i].written {
			t.Add(r.stops[i].updates, text)
		}
	}
	return t
}

func (r *languageRun) wordByWord() Table {
	t := Table{Title: fmt.Sprintf("log P word by word after %d updates, of %q and %q", r.last().updates, alike[0], alike[1]), Columns: []Column{{Name: "word"}}}
	rows := [3][]any{{alike[0]}, {alike[1]}, {"difference"}}
	for i, a := range r.last().scores[0].Tokens {
		b := r.last().scores[1].Tokens[i]
		t.Columns = append(t.Columns, Column{both(a.Token, b.Token), "%.2f"})
		for j, v := range []float64{a.LogProb, b.LogProb, a.LogProb - b.LogProb} {
			rows[j] = append(rows[j], v)
		}
	}
	for _, row := range rows {
		t.Add(row...)
	}
	return t
}

// both is a word, or two of them.
func both(a, b string) string {
	if a == b {
		return a
	}
	return a + "/" + b
}

func (r *languageRun) outcome() Outcome {
	first, last := &r.stops[0], r.last()
	return Outcome{"words": float64(r.words), "perplexity untrained": first.test, "perplexity": last.test, "perplexity corpus": last.corpus,
		"perplexity counting": r.byWord, "perplexity counting pairs": r.byPairs, "log P pear": last.scores[0].LogProb, "log P pair": last.scores[1].LogProb,
		"difference": last.margin(), "difference untrained": first.margin()}
}

func (r *languageRun) sentence() (text string, holds bool) {
	last := r.last()
	text = fmt.Sprintf("By guessing the next word %d times over the net comes from being in doubt between %.0f words to %.2f, in sentences that it never read; "+
		"counting words leaves %.1f, counting what follows a word %.2f. ", last.updates, r.stops[0].test, last.test, r.byWord, r.byPairs)
	if last.margin() <= 0 {
		return text + fmt.Sprintf("But it takes %q for more probable than %q.", alike[1], alike[0]), false
	}
	a, b := last.scores[0].Tokens, last.scores[1].Tokens
	differ := slices.IndexFunc(a, func(t lm.TokenScore) bool { return t.Token == "pear" })
	text += fmt.Sprintf("It finds %q e^%.1f times as probable as %q, neither of which it read: e^%.1f times by the word itself and e^%.1f by what follows it.",
		alike[0], last.margin(), alike[1], a[differ].LogProb-b[differ].LogProb, last.margin()-(a[differ].LogProb-b[differ].LogProb))
	return text, last.test < r.byWord
}

func (r *languageRun) picture() *report.Chart {
	doubt := report.ChartPanel{X: report.Axis{Label: "updates", Log: true}, Y: report.Axis{Label: "perplexity", Log: true}, Marks: true,
		Curves: []report.Curve{{Name: "corpus"}, {Name: "never read"}, {Name: "counting words"}, {Name: "counting what follows a word"}}}
	words := report.ChartPanel{Y: report.Axis{Label: "log P of the word"}, Marks: true}
	for _, s := range r.stops {
		for i, y := range []float64{s.corpus, s.test, r.byWord, r.byPairs} {
			c := &doubt.Curves[i]
			c.X, c.Y = append(c.X, float64(s.updates)), append(c.Y, y)
		}
	}
	for i, score := range r.last().scores {
		c := report.Curve{Name: alike[i]}
		for j, t := range score.Tokens {
			c.X, c.Y = append(c.X, float64(j)), append(c.Y, t.LogProb)
			if i == 0 {
				words.X.Names = append(words.X.Names, both(t.Token, r.last().scores[1].Tokens[j].Token))
			}
		}
		words.Curves = append(words.Curves, c)
	}
	return &report.Chart{Title: "A language model: in doubt, and sure of pears", Panels: []report.ChartPanel{doubt, words}}
}
