package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/streamer-audio/streamer/models/lm"
)

type lmScoreCmd struct {
	Text  []string `arg:"" optional:"" help:"Sentences, each an argument. Without any, and with -, they are read from stdin, one a line."`
	Model string   `default:"kitchen" placeholder:"NAME|PATH" help:"Built-in language model or safetensors file (${default})."`
	File  string   `placeholder:"FILE" help:"Score the sentences of a file instead, one a line."`
	JSON  bool     `name:"json" help:"Print an object a line for each sentence."`
}

func (lmScoreCmd) Help() string {
	return `Prints of each sentence the natural logarithm of its probability P(y1 ... yT <EOS>), its perplexity, and the logarithm
of each word's probability after those before it. Words marked with ? are not in the vocabulary and count as <UNK>.

Examples:

    streamer lm score "the apple and pear salad" "the apple and pair salad"
    streamer lm score --model lm.safetensors --json --file sentences.txt`
}

// lmScored is a line of --json.
type lmScored struct {
	Text       string    `json:"text"`
	LogProb    float64   `json:"logprob"`
	Perplexity float64   `json:"perplexity"`
	Tokens     []lmToken `json:"tokens"`
	Unknown    []string  `json:"unknown"`
}

type lmToken struct {
	Token   string  `json:"token"`
	LogProb float64 `json:"logprob"`
}

// Run scores one text after the other.
func (c *lmScoreCmd) Run(std streams) error {
	texts, err := c.texts(std.in)
	if err != nil {
		return err
	}
	m, err := languageModel(c.Model)
	if err != nil {
		return err
	}
	failed, sum, n := 0, 0.0, 0
	for _, text := range texts {
		score, err := m.Score(text)
		if err != nil {
			if len(texts) == 1 {
				return fmt.Errorf("%q: %w", text, err)
			}
			failed++
			fmt.Fprintf(std.err, "streamer: %q: %v\n", text, err)
			continue
		}
		sum, n = sum+score.LogProb, n+len(score.Tokens)
		if err := c.write(std.out, text, score); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d sentences failed", failed, len(texts))
	}
	if len(texts) > 1 && !c.JSON {
		fmt.Fprintf(std.out, "all %d sentences: log P %.4f, perplexity %.4f\n", len(texts), sum, math.Exp(-sum/float64(n)))
	}
	return nil
}

// texts are what is to be scored.
func (c *lmScoreCmd) texts(stdin io.Reader) ([]string, error) {
	switch {
	case c.File != "" && len(c.Text) > 0:
		return nil, usagef("give sentences or --file, not both")
	case c.File != "":
		return readSentences(c.File, stdin)
	case len(c.Text) == 0 && onTerminal(stdin):
		return nil, usagef("give sentences, --file FILE, or - to read them from stdin")
	case len(c.Text) == 0 || len(c.Text) == 1 && c.Text[0] == "-":
		return readSentences("-", stdin)
	}
	return c.Text, nil
}

// onTerminal tells whether somebody would have to type.
func onTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err != nil || info.Mode()&os.ModeCharDevice != 0
}

func (c *lmScoreCmd) write(out io.Writer, text string, s lm.Score) error {
	if c.JSON {
		line := lmScored{text, s.LogProb, s.Perplexity(), nil, append([]string{}, s.Unknown()...)}
		for _, t := range s.Tokens {
			line.Tokens = append(line.Tokens, lmToken{t.Token, t.LogProb})
		}
		return lmLine(out, line)
	}
	_, err := fmt.Fprintf(out, "%s\n  log P %.4f, perplexity %.4f\n%s", text, s.LogProb, s.Perplexity(), tokenLines(s.Tokens))
	return err
}

// tokenLines are the tokens with their logarithms below them.
func tokenLines(list []lm.TokenScore) string {
	const room = 100
	var all, above, below strings.Builder
	flush := func() {
		fmt.Fprintf(&all, "  %s\n  %s\n", strings.TrimRight(above.String(), " "), strings.TrimRight(below.String(), " "))
		above.Reset()
		below.Reset()
	}
	for _, t := range list {
		name, value := t.Token, fmt.Sprintf("%.3f", t.LogProb)
		if name == " " {
			name = "␣"
		}
		if t.Unknown {
			name += "?"
		}
		width := max(utf8.RuneCountInString(name), len(value))
		if below.Len() > 0 && below.Len()+width > room {
			flush()
		}
		above.WriteString(name + strings.Repeat(" ", width+2-utf8.RuneCountInString(name)))
		below.WriteString(value + strings.Repeat(" ", width+2-len(value)))
	}
	flush()
	return all.String()
}
