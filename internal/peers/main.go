// Command peers measures the recurrent engine, the features and the matrix
// products beside other libraries, in one process and on one thread, and
// writes docs/PERFORMANCE.md. README.md says how to run it.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// group is what stands in one block of the page.
type group struct {
	name   string
	report func(*setup) (string, error)
}

func groups() []group {
	list := []group{{"machine", machineReport}}
	for _, f := range fields {
		list = append(list, group{f.name, f.report})
	}
	return append(list, group{"cells", cellsReport})
}

// setup is what all groups share.
type setup struct {
	rounds int
	block  time.Duration
	ort    library
	torch  *torch
}

// library is a peer that may not be there.
type library struct {
	version string
	absent  string // why it is not there; empty if it is
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var names []string
	for _, g := range groups() {
		names = append(names, g.name)
	}
	flags := flag.NewFlagSet("peers", flag.ExitOnError)
	path := flags.String("ort", os.Getenv("ORT_LIB"), "`PATH` of the ONNX Runtime library")
	python := flags.String("python", os.Getenv("PEERS_PYTHON"), "`PATH` of a Python interpreter that has PyTorch")
	rounds := flags.Int("rounds", 41, "how many times each implementation has its turn")
	block := flags.Duration("block", 2*time.Millisecond, "length of a turn")
	which := flags.String("run", strings.Join(names, ","), "groups to measure")
	page := flags.String("write", "", "markdown `FILE` whose blocks are replaced")
	flags.Parse(args) // exits on a mistake
	if flags.NArg() > 0 || *rounds < 1 || *block <= 0 {
		return fmt.Errorf("arguments %q, %d rounds of %v: there are only flags, and both are positive", flags.Args(), *rounds, *block)
	}
	chosen, err := choose(*which)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	s := &setup{rounds: *rounds, block: *block}
	if s.ort, err = openORT(*path); err != nil {
		return err
	}
	if s.torch, err = openTorch(*python); err != nil {
		return err
	}
	defer s.torch.close()
	return report(s, chosen, *page)
}

// choose finds the groups of a comma-separated list.
func choose(list string) ([]group, error) {
	var chosen []group
	for name := range strings.SplitSeq(list, ",") {
		n := len(chosen)
		for _, g := range groups() {
			if g.name == name {
				chosen = append(chosen, g)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("group %q is unknown", name)
		}
	}
	return chosen, nil
}

// report measures and prints the groups. The page is written at the end: a
// run that fails leaves it as it was.
func report(s *setup, chosen []group, page string) error {
	var text []byte
	if page != "" {
		var err error
		if text, err = os.ReadFile(page); err != nil {
			return err
		}
		for _, g := range chosen { // rather now than after all the measuring
			if _, err := replaceBlock(text, g.name, ""); err != nil {
				return fmt.Errorf("%s: %w", page, err)
			}
		}
	}
	for _, g := range chosen {
		block, err := g.report(s)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		fmt.Printf("%s\n\n%s\n", strings.ToUpper(g.name), block)
		if page != "" {
			if text, err = replaceBlock(text, g.name, block); err != nil {
				return err
			}
		}
	}
	if page == "" {
		return nil
	}
	return os.WriteFile(page, text, 0o644)
}
