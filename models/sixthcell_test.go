package models

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The cell of docs/cells is what docs/CELLS.md says it is: one file and one
// line. Here both are laid over the package for a build that nobody keeps, and
// all properties and the finite differences are tested with it.
func TestTheCellOfTheDocsIsOneFileAndOneLine(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the package again")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("cell.go")
	if err != nil {
		t.Fatal(err)
	}
	const list = "var cells = []*Cell{\n"
	if bytes.Count(source, []byte(list)) != 1 {
		t.Fatal("cell.go does not list the cells")
	}
	scratch := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(scratch, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(here, "cell.go"):              write("cell.go", strings.Replace(string(source), list, list+"\t&mgu,\n", 1)),
		filepath.Join(here, "mgu.go"):               filepath.Join(here, "..", "docs", "cells", "mgu.go.txt"),
		filepath.Join(here, "train", "mgu_test.go"): filepath.Join(here, "..", "docs", "cells", "mgu_test.go.txt"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), goTool, "test", "-overlay", write("overlay.json", string(overlay)), "-v",
		"-run", "^(TestProperties|TestForwardEqualsModel|TestMinimalGatedUnit)$", ".", "./train").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestMinimalGatedUnit") || !strings.Contains(string(out), "--- PASS: TestProperties") {
		t.Fatalf("%v\n%s", err, out)
	}
}
