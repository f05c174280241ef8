package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/streamer-audio/streamer/models"
)

//go:embed torch_cells.py
var torchScript string

// torch is PyTorch in a process of its own, which takes its turns when it is
// told to.
type torch struct {
	library
	folder  string
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// openTorch starts the interpreter, which must have PyTorch.
func openTorch(python string) (*torch, error) {
	t := &torch{}
	if python == "" {
		t.absent = "no interpreter given, -python or PEERS_PYTHON"
		return t, nil
	}
	var err error
	if t.folder, err = os.MkdirTemp("", "peers"); err != nil {
		return nil, err
	}
	script := filepath.Join(t.folder, "torch_cells.py") // what it compiles must have a file
	if err := os.WriteFile(script, []byte(torchScript), 0o600); err != nil {
		return nil, err
	}
	t.process = exec.Command(python, "-W", "ignore::FutureWarning", script)
	t.process.Stderr = os.Stderr
	if t.in, err = t.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = bufio.NewReader(out)
	if err := t.process.Start(); err != nil {
		return nil, fmt.Errorf("python: %w", err)
	}
	var hello struct{ Version string }
	if err := t.hear(&hello); err != nil {
		return nil, fmt.Errorf("python: %w; does it have torch?", err)
	}
	t.version = hello.Version
	return t, nil
}

// close ends the process.
func (t *torch) close() {
	if t.process != nil {
		t.in.Close()
		t.process.Wait()
		os.RemoveAll(t.folder)
	}
}

func (t *torch) hear(answer any) error {
	line, err := t.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, answer)
}

func (t *torch) ask(question, answer any) error {
	b, err := json.Marshal(question)
	if err != nil {
		return err
	}
	if _, err := t.in.Write(append(b, '\n')); err != nil {
		return err
	}
	return t.hear(answer)
}

// again is a run of PyTorch's.
func (t *torch) again(mode string) func(n int) {
	return func(n int) {
		var took struct{ NS int64 }
		if err := t.ask(map[string]any{"mode": mode, "times": n}, &took); err != nil {
			panic(fmt.Sprintf("PyTorch has gone: %v", err))
		}
	}
}

const (
	cellFrames    = 1000
	cellTolerance = 1e-5
	// turn is long enough for the way to another process to be nothing.
	turn = 20 * time.Millisecond
)

// cellsReport has a table for each size: every recurrent cell, a frame at a
// time and many at once.
func cellsReport(s *setup) (string, error) {
	var tables []string
	long := *s
	long.block = max(s.block, turn)
	for _, size := range sizes[:2] {
		table, err := cellsTable(&long, size[0], size[1])
		if err != nil {
			return "", err
		}
		tables = append(tables, table)
	}
	text := strings.Join(tables, "\n")
	if s.torch.absent != "" {
		return text + "\nNot measured: PyTorch (" + s.torch.absent + ").\n", nil
	}
	return "PyTorch " + s.torch.version + ". With *: written with its operations, for it has no such cell.\n\n" + text, nil
}

func cellsTable(s *setup, input, hidden int) (string, error) {
	rows := [][]string{{fmt.Sprintf("%d in, %d hidden", input, hidden), "a frame: ours ns", "PyTorch ns", "ours / it",
		"a frame of 1000: ours ns", "PyTorch ns", "ours / it", "difference"}}
	for _, name := range models.CellNames() {
		if models.CellNamed(name).Memory == 0 {
			continue
		}
		row, err := cellRow(s, name, input, hidden)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, row)
	}
	return table(rows), nil
}

// cellRow measures one cell in both ways.
func cellRow(s *setup, name string, input, hidden int) ([]string, error) {
	arch := models.Arch{Input: input, Outputs: 1, Head: models.SigmoidHead, Layers: []models.Layer{{Cell: name, Hidden: hidden}}}
	tensors := randomWeights(arch)
	frames := normal(cellFrames*input, 4)
	o := &ours{model: modelOf(arch, tensors), out: make([]float32, 1)}
	o.state = o.model.NewState()
	answers := make([]float32, cellFrames)
	step := &contest{works: []work{{name: oursName, run: around(o, frames, input)}}}
	whole := &contest{per: cellFrames, works: []work{{name: oursName, run: repeat(func() { o.sequence(answers, frames) })}}}
	gap := "-"
	if s.torch.absent == "" {
		worst, err := s.torch.build(arch, tensors, frames)
		if err != nil {
			return nil, err
		}
		gap = fmt.Sprintf("%.0e", worst)
		step.works = append(step.works, work{name: "PyTorch", run: s.torch.again("step")})
		whole.works = append(whole.works, work{name: "PyTorch", run: s.torch.again("sequence")})
	}
	label := name
	if !slices.Contains([]string{models.RNN, models.RNNReLU, models.GRU, models.LSTM}, name) {
		label += " *"
	}
	row := append([]string{label}, pair(step.measure(s))...)
	return append(append(row, pair(whole.measure(s))...), gap), nil
}

// pair is the medians of both and their ratio.
func pair(all []times) []string {
	if len(all) < 2 {
		return []string{fmt.Sprintf("%.0f", all[0].median), "-", "-"}
	}
	return []string{fmt.Sprintf("%.0f", all[0].median), fmt.Sprintf("%.0f", all[1].median),
		fmt.Sprintf("%.2f", all[0].median/all[1].median)}
}

// randomWeights are drawn as PyTorch would; frames go in as they are.
func randomWeights(arch models.Arch) map[string][]float32 {
	data := map[string][]float32{}
	reach := float32(1 / math.Sqrt(float64(arch.Layers[0].Hidden)))
	for i, t := range arch.Shapes() {
		random := rand.New(rand.NewPCG(uint64(20+i), 0))
		for range t.Len() {
			data[t.Name] = append(data[t.Name], (2*random.Float32()-1)*reach)
		}
	}
	clear(data["input.mean"])
	data["input.scale"] = ones(arch.Input)
	return data
}

// modelOf is the model of these weights.
func modelOf(arch models.Arch, data map[string][]float32) *models.Model {
	tensors := arch.Shapes()
	for i := range tensors {
		tensors[i].Data = data[tensors[i].Name]
	}
	m, err := models.New(arch, models.Info{Name: "peers", Task: "none"}, tensors)
	if err != nil {
		panic(fmt.Sprintf("the model of the measurement is wrong: %v", err)) // no input leads here
	}
	return m
}

// hiddenOf is what the layer hands on, through a head that changes nothing.
func hiddenOf(arch models.Arch, data map[string][]float32, frames []float32) []float32 {
	hidden := arch.Layers[0].Hidden
	arch.Outputs, arch.Head = hidden, models.LinearHead
	with := map[string][]float32{"head.weight": make([]float32, hidden*hidden), "head.bias": make([]float32, hidden)}
	for i := range hidden {
		with["head.weight"][i*hidden+i] = 1
	}
	for name, values := range data {
		if !strings.HasPrefix(name, "head.") {
			with[name] = values
		}
	}
	s := modelOf(arch, with).NewState()
	s.PushAll(frames)
	all := make([]float32, len(frames)/arch.Input*hidden)
	for at := 0; s.Next(all[at : at+hidden]); {
		if at += hidden; at == len(all) {
			break
		}
	}
	return all
}

// build gives PyTorch the layer, and returns the largest difference between its
// hidden values and ours; one that is too large is an error.
func (t *torch) build(arch models.Arch, data map[string][]float32, frames []float32) (float64, error) {
	tensors := map[string][]float32{}
	for name, values := range data {
		if _, what, ok := strings.Cut(name, "."); ok && strings.HasSuffix(what, "_l0") {
			tensors[strings.TrimSuffix(what, "_l0")] = values
		}
	}
	var values struct{ Step, Sequence []float64 }
	err := t.ask(map[string]any{"cell": arch.Layers[0].Cell, "input": arch.Input, "hidden": arch.Layers[0].Hidden,
		"tensors": tensors, "frames": frames}, &values)
	if err != nil {
		return 0, err
	}
	got := hiddenOf(arch, data, frames)
	gap := max(worst(got, values.Step), worst(got, values.Sequence))
	if !(gap <= cellTolerance) {
		return gap, fmt.Errorf("PyTorch's hidden values differ from ours by %.2g, more than %.2g", gap, cellTolerance)
	}
	return gap, nil
}
