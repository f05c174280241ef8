// Package lab is the course note on sequence models as experiments, one a
// section, on the engine that serves live audio: packages models and
// models/train. An experiment is a function of its options: the same seed gives
// the same numbers wherever the arithmetic is the same (kernel.ID). Elsewhere
// sums are rounded in another way, which a training makes visible: numbers
// differ, and what they show should not.
//
// Each has a file of its own, which is meant to be read, and ends with a
// sentence about what it found. The sentence is made of the numbers: where they
// do not support what the note says, it says that.
package lab

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/internal/kernel"
)

// Experiment is a section of the note that can be run.
type Experiment struct {
	Name     string
	Section  string // of the note
	Question string
	run      func(ctx context.Context, o Options) (*Result, error)
}

// experiments are in the order of the note. A new one is a file and a line here.
var experiments = []*Experiment{
	&notation, &bptt, &shapes, &language, &vanishing, &exploding, &gru, &lstm, &bidirectional, &vad, &deep,
}

// All returns the experiments in the order of the note.
func All() []*Experiment { return slices.Clone(experiments) }

// Named finds an experiment. The error lists those that there are.
func Named(name string) (*Experiment, error) {
	var names []string
	for _, e := range experiments {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return nil, fmt.Errorf("lab: there is no experiment %q; there are %s", name, strings.Join(names, ", "))
}

// Options are what an experiment is run with.
type Options struct {
	Seed  uint64
	Quick bool // a small form, in a second or so
	// Each is train.Config.Each: it makes use of several processors, and
	// changes no number. nil uses one.
	Each func(n int, f func(i int))
	// Progress is told what is being done, and how far; nil: nobody.
	Progress func(what string, done, of int)
}

func (o Options) progress(what string, done, of int) {
	if o.Progress != nil {
		o.Progress(what, done, of)
	}
}

// either is full, or in the quick form quick.
func either[T any](o Options, full, quick T) T {
	if o.Quick {
		return quick
	}
	return full
}

// Result is what an experiment found.
type Result struct {
	Lab      string  `json:"lab"`
	Section  string  `json:"section"`
	Seed     uint64  `json:"seed"`
	Quick    bool    `json:"quick"`
	Kernel   string  `json:"kernel"` // names the arithmetic
	Tables   []Table `json:"tables"`
	Outcome  Outcome `json:"outcome"`
	Holds    bool    `json:"holds"`    // whether the numbers support what the note says
	Sentence string  `json:"sentence"` // what they do support
	// Picture is what there is to see.
	Picture Picture `json:"-"`
}

// Outcome holds the numbers that the sentence rests on, by name.
type Outcome map[string]float64

// Picture draws itself as a PNG image.
type Picture interface {
	WritePNG(w io.Writer) error
}

// Run runs the experiment.
func (e *Experiment) Run(ctx context.Context, o Options) (*Result, error) {
	r, err := e.run(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", e.Name, err)
	}
	r.Lab, r.Section, r.Seed, r.Quick, r.Kernel = e.Name, e.Section, o.Seed, o.Quick, kernel.ID()
	return r, nil
}

// WriteText prints the tables and the sentence.
func (r *Result) WriteText(w io.Writer) error {
	form := "full"
	if r.Quick {
		form = "quick"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s (seed %d, %s form, arithmetic %s)\n\n", r.Lab, r.Section, r.Seed, form, r.Kernel)
	for _, t := range r.Tables {
		t.write(&b)
		b.WriteByte('\n')
	}
	b.WriteString(wrap(r.Sentence, 120))
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap breaks a text into lines.
func wrap(text string, width int) string {
	var b strings.Builder
	room := 0
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
			room = width - n
		case n+1 > room:
			b.WriteByte('\n')
			room = width - n
		default:
			b.WriteByte(' ')
			room -= n + 1
		}
		b.WriteString(word)
	}
	return b.String() + "\n"
}
