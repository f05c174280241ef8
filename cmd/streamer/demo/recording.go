// Package demo holds the recording of streamer demo, which make.py made: synthesised sentences in noise, with
// the times of its sentences and words known exactly.
package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/streamer-audio/streamer/audio"
)

var (
	//go:embed demo.wav
	wav []byte
	//go:embed demo.txt
	speech string
	//go:embed words.txt
	words string
)

// Label is a stretch of the recording, in seconds.
type Label struct {
	Start, End float64
	Text       string
}

// Recording is the sound and the truth about it.
type Recording struct {
	Info    audio.Info
	Samples []float32
	Speech  []Label // where speech is
	Words   []Label // where each word is
}

// Load decodes the recording.
func Load() (*Recording, error) {
	f, err := audio.NewWAVReader(bytes.NewReader(wav))
	if err != nil {
		return nil, err
	}
	r := &Recording{Info: f.Info()}
	if r.Samples, err = audio.ReadAll(f); err != nil {
		return nil, err
	}
	if r.Speech, err = labels(speech); err != nil {
		return nil, fmt.Errorf("demo.txt: %w", err)
	}
	if r.Words, err = labels(words); err != nil {
		return nil, fmt.Errorf("words.txt: %w", err)
	}
	return r, nil
}

// Reader gives the samples anew.
func (r *Recording) Reader() audio.Reader { return &reader{r.Samples} }

// reader implements audio.Reader over samples in memory.
type reader struct{ rest []float32 }

func (r *reader) ReadSamples(dst []float32) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(dst, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// WordAt is the word that is being said at a time, empty between words.
func (r *Recording) WordAt(seconds float64) string {
	for _, w := range r.Words {
		if w.Start <= seconds && seconds < w.End {
			return w.Text
		}
	}
	return ""
}

func labels(text string) (list []Label, err error) {
	for line := range strings.Lines(text) {
		var l Label
		if _, err := fmt.Sscanf(line, "%g\t%g\t%s", &l.Start, &l.End, &l.Text); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		list = append(list, l)
	}
	return list, nil
}
