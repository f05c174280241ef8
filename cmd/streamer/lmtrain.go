package main

import (
	"context"
	"fmt"
	"io"

	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/models/lm"
)

type lmTrainCmd struct {
	Corpus string `arg:"" help:"Text file, a sentence a line; - for stdin."`
	Out    string `default:"lm.safetensors" placeholder:"FILE" help:"Model file to write (${default}). Its stem is the name of the model."`
	Test   string `placeholder:"FILE" help:"Another text, to tell the perplexity of what was not trained on."`
	JSON   bool   `name:"json" help:"Print the result as JSON."`

	Unit        string  `enum:"word,char" default:"word" help:"What a token is: word (lower case, punctuation dropped) or char (${default})."`
	MinCount    int     `default:"1" placeholder:"N" help:"Tokens that occur less often become <UNK> (${default})."`
	MaxTokens   int     `default:"0" placeholder:"N" help:"Size of the vocabulary, with <EOS> and <UNK>, the most frequent tokens first; 0: all (${default})."`
	Embedding   int     `default:"32" placeholder:"N" help:"Values of a token's vector; 0: one-hot (${default})."`
	Cell        string  `default:"gru" placeholder:"CELL" help:"Cell of the layers, as gru, gru-before, lstm or rnn (${default})."`
	Hidden      int     `default:"64" placeholder:"N" help:"Units of a layer (${default})."`
	Layers      int     `default:"1" placeholder:"N" help:"Layers (${default})."`
	Dropout     float64 `default:"0" placeholder:"P" help:"Share of the values between layers that an update leaves out (${default})."`
	Lanes       int     `default:"32" placeholder:"N" help:"Sentences of an update (${default})."`
	Window      int     `default:"64" placeholder:"N" help:"Tokens that a gradient reaches back; longer sentences take several updates, with the state carried (${default})."`
	Steps       int     `default:"2000" placeholder:"N" help:"Updates (${default})."`
	LR          float64 `name:"lr" default:"0.01" placeholder:"RATE" help:"Rate of the first update; falls to 0 along a cosine (${default})."`
	Clip        float64 `default:"1" placeholder:"NORM" help:"Greatest norm of the gradient; 0: no clipping (${default})."`
	WeightDecay float64 `default:"0.01" placeholder:"W" help:"Weight decay of AdamW (${default})."`
	Seed        uint64  `default:"1" placeholder:"N" help:"Seed of the first weights and of the order of the sentences (${default})."`
}

func (lmTrainCmd) Help() string {
	return `The same text, flags and kernel give the same weights. They are in the provenance of the model, which
streamer model inspect FILE prints.

Examples:

    streamer lm train --out kitchen.safetensors kitchen.txt
    streamer lm train --unit char --hidden 128 --test held-back.txt --out names.safetensors names.txt`
}

// config is what the flags say.
func (c *lmTrainCmd) config() lm.Config {
	return lm.Config{Name: report.Stem(c.Out), Unit: c.Unit, MinCount: c.MinCount, MaxTokens: c.MaxTokens, Embedding: c.Embedding,
		Cell: c.Cell, Hidden: c.Hidden, Layers: c.Layers, Dropout: c.Dropout, Lanes: c.Lanes, Window: c.Window, Steps: c.Steps,
		LR: c.LR, Clip: c.Clip, WeightDecay: c.WeightDecay, Seed: c.Seed}
}

// lmTrained is what is told of a training.
type lmTrained struct {
	File           string   `json:"file"`
	Hash           string   `json:"hash"`
	Tokens         int      `json:"tokens"` // of the vocabulary
	Steps          int      `json:"steps"`
	Loss           float64  `json:"loss"` // of the last update
	Perplexity     float64  `json:"perplexity"`
	TestPerplexity *float64 `json:"test_perplexity,omitempty"`
}

// Run trains and writes the model.
func (c *lmTrainCmd) Run(ctx context.Context, std streams) error {
	if err := c.config().Validate(); err != nil {
		return usageError{err}
	}
	text, err := readSentences(c.Corpus, std.in)
	if err != nil {
		return err
	}
	var test []string
	if c.Test != "" {
		if test, err = readSentences(c.Test, std.in); err != nil {
			return err
		}
	}
	t, err := lm.NewTrainer(text, c.config(), sideBySide)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.err, "%s; a vocabulary of %d\n", t.Corpus(), t.Vocabulary().Len())
	result := lmTrained{File: c.Out, Tokens: t.Vocabulary().Len(), Steps: c.Steps}
	line := newStatusLine(std.err)
	defer line.clear()
	for t.Done() < c.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if result.Loss, err = t.Step(); err != nil {
			return err
		}
		line.show("step %d of %d  loss %.4f", t.Done(), c.Steps, result.Loss)
	}
	line.clear()
	m, err := t.Model()
	if err != nil {
		return err
	}
	return c.finish(std.out, m, text, test, result)
}

// finish measures, writes and tells.
func (c *lmTrainCmd) finish(out io.Writer, m *lm.Model, text, test []string, r lmTrained) (err error) {
	if r.Perplexity, err = m.Perplexity(text); err != nil {
		return err
	}
	if test != nil {
		p, err := m.Perplexity(test)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Test, err)
		}
		r.TestPerplexity = &p
	}
	b, err := m.AppendBinary(nil)
	if err != nil {
		return err
	}
	err = report.WriteFile(c.Out, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	r.Hash = m.Net().Hash()
	if c.JSON {
		return lmLine(out, r)
	}
	fmt.Fprintf(out, "%s  %d tokens, %d steps, loss %.4f, hash %s\n", r.File, r.Tokens, r.Steps, r.Loss, r.Hash)
	fmt.Fprintf(out, "perplexity %.4f of the text", r.Perplexity)
	if r.TestPerplexity != nil {
		fmt.Fprintf(out, ", %.4f of %s", *r.TestPerplexity, c.Test)
	}
	_, err = fmt.Fprintln(out)
	return err
}
