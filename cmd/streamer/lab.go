package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"text/tabwriter"

	"github.com/streamer-audio/streamer/internal/lab"
	"github.com/streamer-audio/streamer/internal/report"
)

type labCmd struct {
	Name  string `arg:"" optional:"" help:"Experiment to run; all runs every one. Without a name they are listed."`
	Quick bool   `help:"A small form that takes a second or two."`
	Seed  uint64 `default:"1" placeholder:"N" help:"Seed of all that is drawn at random (${default})."`
	JSON  bool   `name:"json" help:"Print the result as JSON, an experiment a line."`
	PNG   string `name:"png" xor:"picture" placeholder:"FILE" help:"Draw the picture of the experiment."`
	Out   string `xor:"picture" placeholder:"DIR" help:"Draw the picture of each experiment as DIR/<name>.png, and write its result as DIR/<name>.json."`
}

func (labCmd) Help() string {
	return `The course note on sequence models as a laboratory: one experiment a section, on the engine that serves live audio. Each prints
what it measured, and a sentence that the numbers support, whatever was expected. The full form takes less than two minutes on
two cores. The same seed gives the same numbers, with the quick form other ones than without.

Examples:

    streamer lab
    streamer lab notation
    streamer lab --quick --png gradients.png vanishing
    streamer lab --out pictures all`
}

// Run runs one experiment, or all, or lists them.
func (c *labCmd) Run(ctx context.Context, std streams) error {
	list, err := c.experiments()
	if err != nil {
		return usageError{err}
	}
	if c.Name == "" {
		return listExperiments(std.out, c.JSON)
	}
	if c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o777); err != nil {
			return err
		}
	}
	line := newStatusLine(std.err)
	options := lab.Options{Seed: c.Seed, Quick: c.Quick, Each: sideBySide,
		Progress: func(what string, done, of int) { line.show("%s %d of %d", what, done, of) }}
	for i, e := range list {
		result, err := e.Run(ctx, options)
		line.clear()
		if err != nil {
			return err
		}
		if i > 0 && !c.JSON {
			fmt.Fprintln(std.out)
		}
		if err := c.write(std.out, result); err != nil {
			return err
		}
	}
	return nil
}

// experiments are those that were asked for.
func (c *labCmd) experiments() ([]*lab.Experiment, error) {
	switch {
	case c.Name == "" && (c.PNG != "" || c.Out != ""):
		return nil, errors.New("the list has no picture: give the name of an experiment")
	case c.Name == "":
		return nil, nil
	case c.Name == "all" && c.PNG != "":
		return nil, errors.New("--png is for one experiment: give --out DIR")
	case c.Name == "all":
		return lab.All(), nil
	}
	e, err := lab.Named(c.Name)
	return []*lab.Experiment{e}, err
}

func listExperiments(w io.Writer, asJSON bool) error {
	if asJSON {
		for _, e := range lab.All() {
			err := json.NewEncoder(w).Encode(struct {
				Lab      string `json:"lab"`
				Section  string `json:"section"`
				Question string `json:"question"`
			}{e.Name, e.Section, e.Question})
			if err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, e := range lab.All() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", e.Name, e.Section, e.Question)
	}
	return t.Flush()
}

// write prints a result, draws its picture, and keeps it as a file.
func (c *labCmd) write(w io.Writer, r *lab.Result) error {
	asJSON := func(w io.Writer) error { return json.NewEncoder(w).Encode(r) }
	print, picture := r.WriteText, c.PNG
	if c.JSON {
		print = asJSON
	}
	if err := print(w); err != nil {
		return err
	}
	if c.Out != "" {
		picture = filepath.Join(c.Out, r.Lab+".png")
		path := filepath.Join(c.Out, r.Lab+".json")
		if err := report.WriteFile(path, asJSON); err != nil {
			return fmt.Errorf("result %s: %w", path, err)
		}
	}
	if picture == "" {
		return nil
	}
	if err := report.WriteFile(picture, r.Picture.WritePNG); err != nil {
		return fmt.Errorf("picture %s: %w", picture, err)
	}
	return nil
}

// sideBySide calls f(0) ... f(n-1) at the same time.
func sideBySide(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}
