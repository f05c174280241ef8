package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/internal/lab"
)

// All is every experiment, in the order of the list; each has a picture and a file of its own, and JSON is an object a line.
func TestLabAll(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	c := labCmd{Name: "all", Out: t.TempDir(), JSON: true}
	list, err := c.experiments()
	if err != nil || len(list) != len(lab.All()) {
		t.Fatalf("%d experiments, error %v", len(list), err)
	}
	var out bytes.Buffer
	for _, e := range list[:2] {
		r, err := e.Run(t.Context(), lab.Options{Seed: 1, Quick: true, Each: sideBySide})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.write(&out, r); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(c.Out, e.Name+".png")); err != nil {
			t.Error(err)
		}
		kept, err := os.ReadFile(filepath.Join(c.Out, e.Name+".json"))
		if want, _ := json.Marshal(r); err != nil || string(kept) != string(want)+"\n" {
			t.Errorf("%.80s is kept, error %v", kept, err)
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines for two experiments", n)
	}
}
