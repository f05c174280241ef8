package lm

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
)

// SampleConfig says how sentences are drawn.
type SampleConfig struct {
	// Temperature T draws with probabilities p**(1/T), made to add up to 1: below
	// 1 surer, above it more daring, and 0 always the most probable token.
	Temperature float64
	TopK        int  // draw among so many tokens, the most probable ones; 0: all
	MaxTokens   int  // a sentence ends here, if <EOS> has not come
	Unknown     bool // <UNK> may be drawn; otherwise it is drawn again until it is none
}

// maxSentence is the longest sentence.
const maxSentence = 1 << 20

// DefaultSampleConfig draws with the probabilities of the model, up to 100 tokens.
func DefaultSampleConfig() SampleConfig { return SampleConfig{Temperature: 1, MaxTokens: 100} }

// Validate names the first value that makes no sense.
func (c SampleConfig) Validate() error {
	switch {
	case !(c.Temperature >= 0) || math.IsInf(c.Temperature, 1):
		return fmt.Errorf("lm: temperature %g is not a number of 0 or more", c.Temperature)
	case c.TopK < 0:
		return fmt.Errorf("lm: top-k %d is not 0, for all tokens, or more", c.TopK)
	case c.MaxTokens < 1 || c.MaxTokens > maxSentence:
		return fmt.Errorf("lm: sentences of at most %d tokens are not within 1..%d", c.MaxTokens, maxSentence)
	}
	return nil
}

// Sentence is what a Sampler has written.
type Sentence struct {
	Text    string
	Tokens  []string // without <EOS>
	LogProb float64  // as the model has it, whatever the temperature, <EOS> included if it came
	Ended   bool     // by <EOS>, not by MaxTokens
}

// Sampler writes sentences, one after the other. Model, seed, SampleConfig and
// beginning decide all of them, on every machine. It belongs to one goroutine.
type Sampler struct {
	m      *Model
	config SampleConfig
	rng    *rand.Rand
	scorer *Scorer // of portable arithmetic
	start  []int
	p      []float32
	order  []int
}

// NewSampler returns a Sampler that has drawn nothing.
func (m *Model) NewSampler(seed uint64, c SampleConfig) (*Sampler, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Sampler{m: m, config: c, rng: rand.New(rand.NewPCG(seed, 0x6c6d)), // "lm"
		scorer: m.newScorer(m.logits.NewPortableState()), p: make([]float32, m.vocab.Len())}, nil
}

// Start makes the next sentences begin with a text, whose words must be in the
// vocabulary.
func (s *Sampler) Start(text string) error {
	tokens, unknown := s.m.vocab.Encode(text)
	if len(unknown) > 0 {
		return fmt.Errorf("lm: a sentence cannot begin with %q, which is not in the vocabulary", unknown[0])
	}
	if len(tokens) >= s.config.MaxTokens {
		return fmt.Errorf("lm: a beginning of %d tokens leaves none of at most %d", len(tokens), s.config.MaxTokens)
	}
	s.start = tokens
	return nil
}

// Next writes a sentence.
func (s *Sampler) Next() (Sentence, error) {
	var sentence Sentence
	var tokens []int
	s.scorer.Reset()
	for len(tokens) < s.config.MaxTokens && !sentence.Ended {
		token, err := s.draw(len(tokens))
		if err != nil {
			return Sentence{}, err
		}
		sentence.LogProb += s.scorer.logProb(token)
		if token == eos {
			sentence.Ended = true
			break
		}
		tokens = append(tokens, token)
		sentence.Tokens = append(sentence.Tokens, s.m.vocab.tokens[token])
		s.scorer.push(token)
	}
	sentence.Text = s.m.vocab.Decode(tokens)
	return sentence, nil
}

// draw returns the token at a place of the sentence.
func (s *Sampler) draw(at int) (int, error) {
	if at < len(s.start) {
		return s.start[at], nil
	}
	copy(s.p, s.scorer.logits)
	kernel.Softmax(s.p)
	if math.IsNaN(float64(s.p[0])) {
		return 0, errNotFinite
	}
	s.shape(s.p)
	return models.Sample(s.p, s.rng.Float64()), nil
}

// shape turns the probabilities p that the model gives the tokens into those,
// up to a factor, with which they are drawn.
func (s *Sampler) shape(p []float32) {
	if !s.config.Unknown {
		p[unk] = 0
	}
	if k := s.config.TopK; k > 0 && k < len(p) {
		s.keep(p, k)
	}
	best := models.Best(p)
	switch t := s.config.Temperature; t {
	case 1:
	case 0:
		clear(p)
		p[best] = 1
	default:
		top := p[best]
		for i, v := range p {
			p[i] = warmed(v/top, t)
		}
	}
}

// keep clears all but the k greatest of p, of equal ones the first.
func (s *Sampler) keep(p []float32, k int) {
	s.order = s.order[:0]
	for i := range p {
		s.order = append(s.order, i)
	}
	slices.SortFunc(s.order, func(a, b int) int { return cmp.Or(cmp.Compare(p[b], p[a]), cmp.Compare(a, b)) })
	for _, i := range s.order[k:] {
		p[i] = 0
	}
}

// warmed is x**(1/t) for x of 0..1, by functions that are the same on all machines.
func warmed(x float32, t float64) float32 {
	if x < 0x1p-126 { // what kernel.Log cannot take
		return 0
	}
	return kernel.Exp(float32(float64(kernel.Log(x)) / t))
}
