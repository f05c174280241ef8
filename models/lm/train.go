package lm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// Config is how a language model is made of a text. As JSON it is the recipe in
// the provenance of the model.
type Config struct {
	Name        string  `json:"name"`
	Unit        string  `json:"unit"`         // Words or Characters
	MinCount    int     `json:"min_count"`    // tokens that are rarer become <UNK>
	MaxTokens   int     `json:"max_tokens"`   // of the vocabulary; 0: all
	Embedding   int     `json:"embedding"`    // values of a token's vector; 0: one-hot
	Cell        string  `json:"cell"`         // of models.CellNames
	Hidden      int     `json:"hidden"`       // units of a layer
	Layers      int     `json:"layers"`       //
	Dropout     float64 `json:"dropout"`      // between layers
	Lanes       int     `json:"lanes"`        // sentences side by side
	Window      int     `json:"window"`       // tokens that a gradient reaches back; the state goes on
	Steps       int     `json:"steps"`        // updates
	LR          float64 `json:"lr"`           // of the first update; falls to 0 along a cosine
	Clip        float64 `json:"clip"`         // greatest norm of the gradient; 0: no clipping
	WeightDecay float64 `json:"weight_decay"` // of AdamW
	Seed        uint64  `json:"seed"`
}

// DefaultConfig is a GRU of 64 units over words, for some thousand sentences.
func DefaultConfig() Config {
	return Config{Name: "lm", Unit: Words, MinCount: 1, Embedding: 32, Cell: models.GRU, Hidden: 64, Layers: 1,
		Lanes: 32, Window: 64, Steps: 2000, LR: 0.01, Clip: 1, WeightDecay: 0.01, Seed: 1}
}

// maxAnswers is the most values that the answers to one update may have: 256 MiB.
const maxAnswers = 64 << 20

// Validate names the first value that makes no sense; what the net and its
// trainer are made of is checked when they are.
func (c Config) Validate() error {
	switch {
	case c.MinCount < 0:
		return fmt.Errorf("lm: least count %d is below 0", c.MinCount)
	case c.Layers < 1 || c.Layers > 16:
		return fmt.Errorf("lm: %d layers are not within 1..16", c.Layers)
	case c.Lanes < 1 || c.Lanes > 1<<16:
		return fmt.Errorf("lm: %d lanes are not within 1..65536", c.Lanes)
	case c.Window < 1 || c.Window > 4096:
		return fmt.Errorf("lm: window of %d tokens is not within 1..4096", c.Window)
	case c.Steps < 1 || c.Steps > 10_000_000:
		return fmt.Errorf("lm: %d steps are not within 1..10000000", c.Steps)
	case !(c.LR > 0 && c.LR <= 10):
		return fmt.Errorf("lm: rate %g is not above 0 and at most 10", c.LR)
	}
	return checkUnit(c.Unit)
}

// arch is the net for a vocabulary.
func (c Config) arch(tokens int) models.Arch {
	a := models.Arch{Input: c.Embedding, Encoding: models.Embedding, Tokens: tokens, Outputs: tokens, Head: models.SoftmaxHead}
	if c.Embedding == 0 {
		a.Input, a.Encoding = tokens, models.OneHot
	}
	for range c.Layers {
		a.Layers = append(a.Layers, models.Layer{Cell: c.Cell, Hidden: c.Hidden})
	}
	return a
}

// Trainer fits a language model to sentences. Every pass takes them in another
// order, so many at a time. Of longer ones it takes a window after the other, and
// carries the state.
type Trainer struct {
	config    Config
	vocab     *Vocabulary
	trainer   *train.Trainer
	sentences [][]int // each with <EOS>
	corpus    string  // what they are, for the provenance
	rng       *rand.Rand
	queue     []int   // sentences to come
	group     [][]int // those that are being taken
	at        int     // how far
}

// NewTrainer makes a vocabulary and a net for sentences. Those without any token
// are left out. each is train.Config.Each.
func NewTrainer(sentences []string, c Config, each func(n int, f func(i int))) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(sentences) == 0 {
		return nil, errors.New("lm: the text has no sentences")
	}
	vocab, err := NewVocabulary(c.Unit, sentences, c.MinCount, c.MaxTokens)
	if err != nil {
		return nil, err
	}
	t := &Trainer{config: c, vocab: vocab, rng: rand.New(rand.NewPCG(c.Seed, 0x6c6d))} // "lm"
	t.read(sentences)
	if n := c.Lanes * c.Window * vocab.Len(); n > maxAnswers {
		return nil, fmt.Errorf("lm: %d sentences × %d steps × %d tokens are %d answers at a time, more than %d: take fewer lanes, a shorter window or fewer tokens",
			c.Lanes, c.Window, vocab.Len(), n, maxAnswers)
	}
	net, err := train.NewNet(c.arch(vocab.Len()), c.Seed)
	if err != nil {
		return nil, err
	}
	how := train.DefaultConfig()
	how.Lanes, how.Shards, how.Clip, how.WeightDecay, how.Dropout, how.Seed, how.Each = c.Lanes, 1, c.Clip, c.WeightDecay, c.Dropout, c.Seed, each
	if c.Lanes%2 == 0 {
		how.Shards = 2 // so that two processors have work
	}
	t.trainer, err = train.NewTrainer(net, how)
	return t, err
}

// read encodes the sentences.
func (t *Trainer) read(sentences []string) {
	hash, tokens, unknown := sha256.New(), 0, 0
	for _, s := range sentences {
		hash.Write([]byte(s + "\n"))
		list, strange := t.vocab.Encode(s)
		if len(list) > 0 {
			t.sentences = append(t.sentences, append(list, eos))
			tokens, unknown = tokens+len(list), unknown+len(strange)
		}
	}
	t.corpus = fmt.Sprintf("%d sentences of %d tokens, %d of them unknown, sha256 %s",
		len(t.sentences), tokens, unknown, hex.EncodeToString(hash.Sum(nil)[:8]))
}

// Vocabulary returns the tokens.
func (t *Trainer) Vocabulary() *Vocabulary { return t.vocab }

// Corpus says how much is learnt from.
func (t *Trainer) Corpus() string { return t.corpus }

// Net returns the net that is being trained.
func (t *Trainer) Net() *train.Net { return t.trainer.Net() }

// Done is the number of updates so far.
func (t *Trainer) Done() int { return int(t.trainer.Steps()) }

// Step takes the next update and returns its loss: minus the mean logarithm of the
// probabilities that the net, before the update, gave the tokens.
func (t *Trainer) Step() (loss float64, err error) {
	r, err := t.trainer.Step(t.batch(), train.Cosine(t.config.LR, t.Done(), t.config.Steps))
	return r.Loss, err
}

// batch is the next window of the sentences that are being taken, one a lane.
func (t *Trainer) batch() *train.Batch {
	lanes, longest := t.config.Lanes, 0
	if t.at == 0 {
		t.group = t.draw(lanes)
	}
	for _, s := range t.group {
		longest = max(longest, len(s))
	}
	b := &train.Batch{Steps: min(t.config.Window, longest-t.at), Lengths: make([]int, lanes), Reset: make([]bool, lanes)}
	b.X, b.Classes = make([]float32, b.Steps*lanes), make([]int, b.Steps*lanes)
	for lane, s := range t.group {
		b.Reset[lane] = t.at == 0
		b.Lengths[lane] = max(0, min(b.Steps, len(s)-t.at))
		for i := range b.Lengths[lane] {
			before := models.NoToken
			if t.at+i > 0 {
				before = s[t.at+i-1]
			}
			b.X[i*lanes+lane], b.Classes[i*lanes+lane] = float32(before), s[t.at+i]
		}
	}
	if t.at += b.Steps; t.at == longest {
		t.at = 0
	}
	return b
}

// draw takes the next n sentences, from as many passes as that takes.
func (t *Trainer) draw(n int) [][]int {
	for len(t.queue) < n {
		t.queue = append(t.queue, t.rng.Perm(len(t.sentences))...)
	}
	group := make([][]int, n)
	for i, s := range t.queue[:n] {
		group[i] = t.sentences[s]
	}
	t.queue = t.queue[n:]
	return group
}

// Model returns the language model as it is now.
func (t *Trainer) Model() (*Model, error) {
	recipe, err := json.Marshal(t.config)
	if err != nil {
		return nil, err
	}
	net, err := t.Net().Model(models.Info{Name: t.config.Name, Task: Task, Vocabulary: t.vocab.json(), Provenance: map[string]string{
		"recipe": string(recipe), "seed": strconv.FormatUint(t.config.Seed, 10), "kernel": kernel.ID(), "corpus": t.corpus,
		"steps": strconv.Itoa(t.Done())}})
	if err != nil {
		return nil, err
	}
	return New(net)
}
