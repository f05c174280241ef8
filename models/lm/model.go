package lm

import (
	"fmt"

	"github.com/streamer-audio/streamer/models"
)

// Task is what the file of a language model says that it is for.
const Task = "lm"

// Model is a language model. It is safe for use by many goroutines.
type Model struct {
	net    *models.Model // as it is saved: answers with probabilities
	logits *models.Model // the same weights; answers with what the softmax gets
	vocab  *Vocabulary
}

// New returns the language model that a net with a vocabulary is: of one
// direction, from tokens to a softmax over as many.
func New(net *models.Model) (*Model, error) {
	arch := net.Arch()
	if arch.Encoding == models.Frames || arch.Head != models.SoftmaxHead || arch.Tokens != arch.Outputs || arch.Lookahead() != 0 {
		return nil, fmt.Errorf("lm: model %q, whose task is %q, is no language model", net.Info().Name, net.Info().Task)
	}
	vocab, err := parseVocabulary(net.Info().Vocabulary)
	if err != nil {
		return nil, err
	}
	if vocab.Len() != arch.Tokens {
		return nil, fmt.Errorf("lm: a vocabulary of %d tokens does not fit a net of %d", vocab.Len(), arch.Tokens)
	}
	arch.Head = models.LinearHead
	logits, err := models.New(arch, models.Info{}, net.Tensors())
	if err != nil {
		return nil, err
	}
	return &Model{net: net, logits: logits, vocab: vocab}, nil
}

// Load reads a model file.
func Load(path string) (*Model, error) {
	net, err := models.Load(path)
	if err != nil {
		return nil, err
	}
	m, err := New(net)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Parse reads a language model from the bytes of a model file.
func Parse(b []byte) (*Model, error) {
	net, err := models.Parse(b)
	if err != nil {
		return nil, err
	}
	return New(net)
}

// AppendBinary implements encoding.BinaryAppender: the bytes of a model file.
func (m *Model) AppendBinary(b []byte) ([]byte, error) { return m.net.AppendBinary(b) }

// Net returns the net, which has the metadata and the hash.
func (m *Model) Net() *models.Model { return m.net }

// Vocabulary returns the tokens.
func (m *Model) Vocabulary() *Vocabulary { return m.vocab }
