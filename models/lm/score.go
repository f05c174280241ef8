package lm

import (
	"errors"
	"fmt"
	"math"

	"github.com/streamer-audio/streamer/models"
)

// Score is how probable a model finds a sentence.
type Score struct {
	Tokens  []TokenScore // of the sentence, and of <EOS> behind it
	LogProb float64      // log P(y<1> ... y<T>, <EOS>), natural: the sum of theirs
}

// TokenScore is one step of it.
type TokenScore struct {
	Token   string  // as it is in the text
	LogProb float64 // log P(token | all before it); of <UNK>, if it is unknown
	Unknown bool    // not in the vocabulary
}

// Perplexity is e**(-LogProb/T), among how many tokens the model is in doubt on
// average at each of the T steps.
func (s Score) Perplexity() float64 { return math.Exp(-s.LogProb / float64(len(s.Tokens))) }

// Unknown lists the tokens that are not in the vocabulary, as they come.
func (s Score) Unknown() (list []string) {
	for _, t := range s.Tokens {
		if t.Unknown {
			list = append(list, t.Token)
		}
	}
	return list
}

var (
	errNoTokens  = errors.New("lm: the text has no words")
	errNotFinite = errors.New("lm: the answers of the model are no numbers: its weights are too large; train it again at a lower rate")
)

// atOnce is how many tokens go through the net together.
const atOnce = 64

// Score returns the probability of a sentence, every number to the bit what a
// [Scorer] says token by token.
func (m *Model) Score(text string) (Score, error) {
	tokens := split(m.vocab.unit, text)
	if len(tokens) == 0 {
		return Score{}, errNoTokens
	}
	state, logits := m.logits.NewState(), make([]float32, m.vocab.Len())
	tokens = append(tokens, EOS)
	var score Score
	for before, rest := models.NoToken, tokens; len(rest) > 0; {
		n := min(atOnce, len(rest))
		frames := make([]float32, n)
		for i, t := range rest[:n] {
			frames[i], before = float32(before), m.number(t)
		}
		state.PushAll(frames)
		for _, t := range rest[:n] {
			state.Next(logits)
			s := m.score(t, logits)
			score.Tokens, score.LogProb = append(score.Tokens, s), score.LogProb+s.LogProb
		}
		rest = rest[n:]
	}
	if p := score.Perplexity(); math.IsNaN(p) || math.IsInf(p, 0) {
		return Score{}, errNotFinite
	}
	return score, nil
}

// Perplexity returns that of all sentences together: e to the mean of -log P over
// all tokens, <EOS> among them.
func (m *Model) Perplexity(sentences []string) (float64, error) {
	sum, n := 0.0, 0
	for i, text := range sentences {
		s, err := m.Score(text)
		if err != nil {
			return 0, fmt.Errorf("sentence %d, %.64q: %w", i+1, text, err)
		}
		sum, n = sum+s.LogProb, n+len(s.Tokens)
	}
	if n == 0 {
		return 0, errNoTokens
	}
	return math.Exp(-sum / float64(n)), nil
}

// number is that of a token, which may be unknown.
func (m *Model) number(token string) int {
	if i, known := m.vocab.number[token]; known {
		return i
	}
	return unk
}

// score looks a token up in the answer about it.
func (m *Model) score(token string, logits []float32) TokenScore {
	_, known := m.vocab.number[token]
	return TokenScore{token, logProb(logits, m.number(token)), !known}
}

// logProb is the logarithm of the softmax at i.
func logProb(logits []float32, i int) float64 { return float64(logits[i]) - logSumExp(logits) }

// logSumExp is log(sum of e**a). The logarithm of a softmax in float32 would lose
// the digits of small probabilities, and some altogether.
func logSumExp(a []float32) float64 {
	most, sum := float64(a[models.Best(a)]), 0.0
	for _, v := range a {
		sum += math.Exp(float64(v) - most)
	}
	return most + math.Log(sum)
}

// Scorer scores sentences token by token as they come, each with what the model
// knew before it. It belongs to one goroutine.
type Scorer struct {
	m      *Model
	state  *models.State
	logits []float32 // of the token to come
}

// NewScorer returns a Scorer at the beginning of a sentence.
func (m *Model) NewScorer() *Scorer { return m.newScorer(m.logits.NewState()) }

func (m *Model) newScorer(state *models.State) *Scorer {
	s := &Scorer{m: m, state: state, logits: make([]float32, m.vocab.Len())}
	s.Reset()
	return s
}

// Reset begins a sentence.
func (s *Scorer) Reset() {
	s.state.Reset()
	s.push(models.NoToken)
}

// Push takes the next word or character, as [Vocabulary.Encode] would cut it out
// of a text, and returns its score. <EOS> begins the next sentence.
func (s *Scorer) Push(token string) TokenScore {
	score := s.m.score(token, s.logits)
	if token == EOS {
		s.Reset()
	} else {
		s.push(s.m.number(token))
	}
	return score
}

func (s *Scorer) push(number int) {
	s.state.Push([]float32{float32(number)})
	s.state.Next(s.logits)
}

func (s *Scorer) logProb(number int) float64 { return logProb(s.logits, number) }

// LogProbs appends to dst the logarithms of the probabilities of all tokens of
// the vocabulary to come next, in their order.
func (s *Scorer) LogProbs(dst []float64) []float64 {
	norm := logSumExp(s.logits)
	for _, v := range s.logits {
		dst = append(dst, float64(v)-norm)
	}
	return dst
}
