package training

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecipeWithoutACorpus(t *testing.T) {
	r := tinyRecipe(false)
	r.Train.Speech = []Selection{{Manifest: "a.csv", Include: []string{"one"}}, {Manifest: "a.csv", Include: []string{"two", "one"}}}
	r.Train.Noise = []Selection{{Manifest: "n.csv"}}
	root := t.TempDir()
	for name, paths := range map[string]string{"a.csv": "one/x.wav,,,,,\ntwo/x.wav,,,,,\n", "n.csv": "one/n.wav,,,,,\nnoises/n.wav,,,,,\n"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(csvHeader+paths), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.Eval = testEval()
	r.Eval.Sources.Speech = []Selection{{Manifest: "a.csv", Include: []string{"one"}, Split: "dev"}, {Manifest: "a.csv", Include: []string{"two"}, Split: "dev"}}
	out, err := r.Without("one", root)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Train.Speech) != 1 || out.Train.Speech[0].Matches(Entry{Name: "one/x.wav"}) || !out.Train.Speech[0].Matches(Entry{Name: "two/x.wav"}) {
		t.Errorf("speech %+v", out.Train.Speech)
	}
	if len(out.Train.Noise) != 1 || out.Train.Noise[0].Matches(Entry{Name: "one/n.wav"}) {
		t.Errorf("noise %+v", out.Train.Noise)
	}
	if len(out.Eval.Sources.Speech) != 2 || out.Calibration != nil {
		t.Errorf("the development set changed, and nothing is calibrated on it: %+v", out.Eval.Sources.Speech)
	}
	r.Calibration = &CalibrationConfig{Seed: 99}
	r.Eval.Sources.Speech[0].Split, r.Eval.Sources.Speech[1].Split = "", ""
	if out, err := r.Without("one", root); err != nil {
		t.Error(err)
	} else if speech := out.Eval.Sources.Speech; len(speech) != 1 || speech[0].Matches(Entry{Name: "one/x.wav"}) {
		t.Errorf("calibration hears %+v", speech)
	}
	r.Calibration = nil
	if out.Hash() == r.Hash() || len(r.Train.Speech) != 2 || len(r.Train.Speech[1].Exclude) != 0 {
		t.Error("the recipe itself was changed, or its hash was not")
	}
	r.Train.Speech = r.Train.Speech[:1]
	if _, err := r.Without("one", root); err == nil || !strings.Contains(err.Error(), "no speech is left") {
		t.Errorf("nothing left: %v", err)
	}
	r.Train.Speech = []Selection{{Manifest: "a.csv"}}
	if _, err := r.Without("ones", root); err == nil || !strings.Contains(err.Error(), `no corpus "ones": it has noises, one, two`) {
		t.Errorf("a corpus that nothing is of: %v", err)
	}
	if _, err := r.Without("one", filepath.Join(root, "elsewhere")); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("no manifests: %v", err)
	}
	only, err := r.Only("two")
	if err != nil {
		t.Fatal(err)
	}
	if s := only.Eval.Sources.Speech; len(s) != 1 || s[0].Split != "" || !s[0].Matches(Entry{Name: "two/x.wav", Split: "train"}) {
		t.Errorf("speech of the mixes %+v", s)
	}
	if _, err := r.Only("three"); err == nil || !strings.Contains(err.Error(), `"three" alone, but of one, two`) {
		t.Errorf("unknown corpus: %v", err)
	}
}
