package training

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// The committed recipes are valid, and their architecture is what their names say.
func TestCommittedRecipes(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("recipes", "*.json"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("recipes %q: %v", paths, err)
	}
	for _, path := range paths {
		r, err := LoadRecipe(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if causal := strings.Contains(path, "causal"); len(r.Variants) == 0 && r.Arch.Causal() != causal {
			t.Errorf("%s: causal %v", path, r.Arch.Causal())
		}
		if len(r.Eval.Conditions) == 0 || r.Provenance["licences"] == "" {
			t.Errorf("%s: no development set or no licences", path)
		}
		for _, s := range append(append(r.Eval.Sources.Speech, r.Eval.Sources.Noise...), r.Eval.Sources.Rooms...) {
			if s.Split != "dev" {
				t.Errorf("%s: measures on split %q of %s", path, s.Split, s.Manifest)
			}
		}
		for _, s := range append(append(r.Train.Speech, r.Train.Noise...), r.Train.Rooms...) {
			if s.Split != "train" {
				t.Errorf("%s: trains on split %q of %s", path, s.Split, s.Manifest)
			}
		}
	}
}

func TestRecipeHashAndRoundTrip(t *testing.T) {
	r, err := LoadRecipe(filepath.Join("recipes", "vad-causal.json"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseRecipe(b)
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash() != r.Hash() {
		t.Error("layout changes the hash")
	}
	for name, change := range map[string]func(*Recipe){
		"seed": func(r *Recipe) { r.Seed++ }, "mix": func(r *Recipe) { r.Mix.Room += 0.01 }, "lr": func(r *Recipe) { r.Optimiser.LR *= 2 },
		"selection": func(r *Recipe) { r.Train.Speech[0].Exclude = []string{"x"} }, "features": func(r *Recipe) { r.Features.LowHz++ },
	} {
		other, _ := ParseRecipe(b)
		change(other)
		if other.Hash() == r.Hash() {
			t.Errorf("%s does not change the hash", name)
		}
	}
}

func TestRecipeErrors(t *testing.T) {
	r := tinyRecipe(false)
	r.Train, r.Eval = testSources(), testEval()
	b, err := json.MarshalIndent(r, "", "")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, c := range []struct{ name, from, to, want string }{
		{"unknown member", `"seed": 3,`, `"seed": 3, "sede": 2,`, "sede"},
		{"wrong type", `"seed": 3,`, `"seed": "one",`, "line 4"},
		{"syntax", `"seed": 3,`, `"seed": 3;`, "line 4"},
		{"more", text, text + "{}", "something follows"},
		{"nothing", text, "", "line 1"},
		{"task", `"task": "vad"`, `"task": "asr"`, `task "asr"`},
		{"inputs", `"input": 8`, `"input": 9`, "arch.input is 9, features.mels 8"},
		{"outputs", `"outputs": 1`, `"outputs": 2`, "arch.outputs is 2"},
		{"rate", `"rate": 16000`, `"rate": 22050`, "features.rate is 22050"},
		{"hop", `"seconds": 0.6,`, `"seconds": 0.61,`, ""},
		{"hop", `"hop": 160`, `"hop": 170`, "mix.seconds is 0.6"},
		{"share", `"room": 0.1`, `"room": 4`, "mix.room is 4"},
		{"shards", `"shards": 2`, `"shards": 3`, "batch.shards is 3"},
		{"lanes", `"lanes": 4`, `"lanes": 0`, "batch.lanes is 0"},
		{"restart", `"restart": 0.5`, `"restart": -1`, "batch.restart is -1"},
		{"distinct", `"lanes": 4`, `"lanes": 4, "distinct": 1`, "batch.distinct is 1"},
		{"memory", `"lanes": 4`, `"lanes": 4000, "distinct": 1000000`, "GiB of features in memory"},
		{"normalise", `"normalise": 3`, `"normalise": 0`, "batch.normalise is 0"},
		{"steps", `"steps": 12`, `"steps": 0`, "optimiser.steps is 0"},
		{"lr", `"lr": 0.02`, `"lr": 0`, "optimiser.lr is 0"},
		{"beta", `"beta2": 0.999`, `"beta2": 1`, "beta2 1"},
		{"warm-up", `"warmup": 2`, `"warmup": 5000`, "optimiser.warmup is 5000"},
		{"pattern", `"dog"`, `"dog"], "include": ["[a"`, "pattern"},
		{"two conditions", `"name": "noise"`, `"name": "10dB"`, `eval condition "10dB"`},
		{"no mixes", `"mixes": 5`, `"mixes": 0`, `eval condition "clean": 0 mixes`},
		{"length", `"seconds": 3,`, `"seconds": -1,`, "mix.seconds is -1"},
	} {
		if !strings.Contains(text, c.from) {
			t.Errorf("%s: the recipe has no %s", c.name, c.from)
		}
		_, err := ParseRecipe([]byte(strings.Replace(text, c.from, c.to, 1)))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", c.name, err, c.want)
		}
	}
	if _, err := LoadRecipe(filepath.Join("recipes", "none.json")); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("error %v does not name the file", err)
	}
	if _, err := ParseRecipe(make([]byte, maxRecipe+1)); err == nil {
		t.Error("a recipe of a megabyte is accepted")
	}
}

func TestLearningRate(t *testing.T) {
	o := OptimiserConfig{Steps: 1000, LR: 0.004, FinalLR: 0.0001, Warmup: 100}
	for step, want := range map[int]float64{0: 0.00004, 49: 0.002, 99: 0.004, 100: 0.004, 550: 0.00205, 1000: 0.0001} {
		if got := o.Rate(step); math.Abs(got-want) > 1e-9 {
			t.Errorf("step %d: %g, want %g", step, got, want)
		}
	}
	for step := 101; step < 1000; step++ {
		if o.Rate(step) >= o.Rate(step-1) {
			t.Fatalf("the rate rises at step %d", step)
		}
	}
}
