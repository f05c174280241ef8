package main

import (
	"context"
	"fmt"

	"github.com/streamer-audio/streamer/models/lm"
)

type lmSampleCmd struct {
	Model       string  `default:"kitchen" placeholder:"NAME|PATH" help:"Built-in language model or safetensors file (${default})."`
	Count       int     `short:"n" default:"5" placeholder:"N" help:"Sentences to write (${default})."`
	Start       string  `placeholder:"TEXT" help:"What each of them begins with."`
	Temperature float64 `default:"1" placeholder:"T" help:"Below 1 surer, above it more daring, 0: always the most probable token (${default})."`
	TopK        int     `name:"top-k" default:"0" placeholder:"K" help:"Draw among the K most probable tokens; 0: all (${default})."`
	MaxTokens   int     `default:"100" placeholder:"N" help:"Where a sentence ends if <EOS> does not come (${default})."`
	Unknown     bool    `help:"Let <UNK> be drawn as well."`
	Seed        uint64  `default:"1" placeholder:"N" help:"Seed of the draws (${default})."`
	JSON        bool    `name:"json" help:"Print an object a line for each sentence."`
}

func (lmSampleCmd) Help() string {
	return `Each token is drawn from what the model expects after those before it; the first step hears nothing, x1 = 0. The same
model, seed and flags write the same sentences on every machine.

Examples:

    streamer lm sample -n 10 --temperature 0.7
    streamer lm sample --model lm.safetensors
    streamer lm sample --start "the apple" --top-k 5 --seed 2`
}

// lmSentence is a line of --json.
type lmSentence struct {
	Text    string  `json:"text"`
	LogProb float64 `json:"logprob"`
	Tokens  int     `json:"tokens"`
	Ended   bool    `json:"ended"`
}

// Run writes the sentences, one a line.
func (c *lmSampleCmd) Run(ctx context.Context, std streams) error {
	config := lm.SampleConfig{Temperature: c.Temperature, TopK: c.TopK, MaxTokens: c.MaxTokens, Unknown: c.Unknown}
	if err := config.Validate(); err != nil {
		return usageError{err}
	}
	if c.Count < 1 {
		return usagef("--count: %d: give at least 1", c.Count)
	}
	m, err := languageModel(c.Model)
	if err != nil {
		return err
	}
	s, err := m.NewSampler(c.Seed, config)
	if err != nil {
		return err
	}
	if err := s.Start(c.Start); err != nil {
		return usageError{err}
	}
	for range c.Count {
		if err := ctx.Err(); err != nil {
			return err
		}
		sentence, err := s.Next()
		if err != nil {
			return err
		}
		if c.JSON {
			err = lmLine(std.out, lmSentence{sentence.Text, sentence.LogProb, len(sentence.Tokens), sentence.Ended})
		} else {
			_, err = fmt.Fprintln(std.out, sentence.Text+map[bool]string{false: " ..."}[sentence.Ended])
		}
		if err != nil {
			return err
		}
	}
	return nil
}
