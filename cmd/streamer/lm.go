package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/streamer-audio/streamer/models/lm"
	"github.com/streamer-audio/streamer/models/pretrained/kitchen"
)

type lmCmd struct {
	Train  lmTrainCmd  `cmd:"" help:"Train a language model on a text."`
	Score  lmScoreCmd  `cmd:"" help:"Tell how probable sentences are."`
	Sample lmSampleCmd `cmd:"" help:"Write sentences."`
}

// languageModel finds a language model by the name of the built-in one or by its path.
func languageModel(model string) (*lm.Model, error) {
	switch {
	case isPath(model):
		return lm.Load(model)
	case model == kitchen.Name:
		return kitchen.Load()
	}
	return nil, fmt.Errorf("no shipped language model is called %q; there is: %s", model, kitchen.Name)
}

// lmLine prints an object as a line of JSON, with <EOS> as it is.
func lmLine(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// readSentences reads a text file of one sentence a line; "-" is stdin.
func readSentences(path string, stdin io.Reader) ([]string, error) {
	in, name := stdin, "stdin"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in, name = f, path
	}
	list, err := lm.ReadSentences(in)
	if err == nil && len(list) == 0 {
		err = errors.New("the text has no sentences: give one a line")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}
