package training

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// cheat knows the truth, late by some frames, and with errors where the noise of a seed says so.
type cheat struct {
	name   string
	late   int
	errors float64
}

func (c cheat) Name() string   { return c.name }
func (c cheat) Timing() Timing { return Timing{Bounded: c.name != "offline", Latency: 0.03} }

func (c cheat) Scores(item *Item) ([]float64, error) {
	r := newRandom(uint64(len(item.ID)), uint64(c.late), math.Float64bits(sumSquares(item.Samples)))
	labels := item.Labels()
	scores := make([]float64, len(labels))
	for i := range scores {
		scores[i] = 0.1 + 0.1*r.unit()
		if i >= c.late && labels[i-c.late] {
			scores[i] += 0.7
		}
		if r.chance(c.errors) {
			scores[i] = r.unit()
		}
	}
	return scores, nil
}

func testEval() EvalConfig {
	ten := 10.0
	return EvalConfig{Seed: 5, Seconds: 3, Conditions: []Condition{{Name: "clean", Mixes: 5}, {Name: "10dB", Mixes: 5, SNR: &ten},
		{Name: "noise", Mixes: 2, Speechless: true}}}
}

func evaluate(t *testing.T, jobs int, detectors ...Detector) *Report {
	t.Helper()
	set, err := testEval().Mixes(testMaterial(2))
	if err != nil {
		t.Fatal(err)
	}
	report, err := Evaluate(t.Context(), set, detectors, EvalOptions{Resamples: 100, Seed: 1, Jobs: jobs})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (r *Report) find(group, detector string) Row {
	i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Group == group && row.Detector == detector })
	if i < 0 {
		return Row{AUC: Figure(math.NaN())}
	}
	return r.Rows[i]
}

func TestEvaluate(t *testing.T) {
	detectors := []Detector{cheat{"bad", 0, 0.5}, cheat{"good", 0, 0}, cheat{"offline", 3, 0}, NewEnergyDetector()}
	report := evaluate(t, 1, detectors...)
	b, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(evaluate(t, 3, detectors...))
	if diff := cmp.Diff(string(b), string(again)); diff != "" {
		t.Errorf("the number of goroutines changes the report: %s", diff)
	}
	for _, group := range []string{AllSpeech, "clean", "10dB", "corpus one", "corpus two"} {
		good, bad := report.find(group, "good"), report.find(group, "bad")
		if good.AUC != 1 || good.TPR5 != 1 || good.EER != 0 || good.Missed != 0 {
			t.Errorf("%s: the truth scores %+v", group, good)
		}
		if !(bad.AUC > 0.6 && bad.AUC < 0.95) || !(bad.Lo < bad.AUC && bad.AUC < bad.Hi) {
			t.Errorf("%s: half random scores %+v", group, bad)
		}
		// The first frame with its middle in speech ends 5 to 15 ms after the onset, and is known 30 ms later.
		if good.OnsetMS < 35 || good.OnsetMS > 45 {
			t.Errorf("%s: onset after %g ms", group, float64(good.OnsetMS))
		}
	}
	if late := report.find("clean", "offline"); late.Bounded || late.OnsetMS < 50 || late.AUC >= 1 {
		t.Errorf("three frames late: %+v", late)
	}
	if e := report.find("clean", "energy"); e.AUC < 0.8 {
		t.Errorf("energy on clean sound: %g", float64(e.AUC))
	}
	quiet, loud := report.find("noise", "good"), report.find("noise", "bad")
	if !math.IsNaN(float64(quiet.AUC)) || quiet.FalseHalf != 0 || quiet.Speech != 0 || quiet.Seconds != 6 || quiet.Items != 2 {
		t.Errorf("noise, good: %+v", quiet)
	}
	if loud.FalseHalf != 0 { // single frames are no alarms
		t.Errorf("noise, bad: %+v", loud)
	}
}

func TestDifferencesArePaired(t *testing.T) {
	report := evaluate(t, 2, cheat{"a", 0, 0.3}, cheat{"b", 0, 0.1}, cheat{"twin", 0, 0.1})
	for _, d := range report.Differences {
		switch {
		case d.Group != AllSpeech:
		case d.A == "b" && d.B == "a" && !(d.Lo > 0 && d.Lo <= d.AUC && d.AUC <= d.Hi):
			t.Errorf("b - a: %+v", d)
		case d.A == "twin" && d.B == "b" && (d.AUC != 0 || d.Lo != 0 || d.Hi != 0):
			t.Errorf("twins differ: %+v", d)
		}
	}
	if n := len(report.Differences); n != 3*6 { // pairs in all, clean, 10dB, noise, two corpora
		t.Errorf("%d differences", n)
	}
}

func TestTableAndJSON(t *testing.T) {
	report := evaluate(t, 2, NewEnergyDetector(), cheat{"offline", 0, 0})
	var table bytes.Buffer
	if err := report.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"group", "ROC-AUC", "10dB", "corpus one", "offline", "offline - energy", "*", "100 resamples, seed 1",
		"sensitivity 0.5", "announced ms", "ECE"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, &table)
		}
	}
	b, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "NaN") || !strings.Contains(string(b), `"roc_auc":null`) || !strings.Contains(string(b), `"reliability":[{`) {
		t.Errorf("a figure that does not exist is not null: %s", b)
	}
}

func tinyModel(t *testing.T, bidirectional bool) *models.Model {
	t.Helper()
	r := tinyRecipe(bidirectional)
	net, err := train.NewNet(r.Arch, 1)
	if err != nil {
		t.Fatal(err)
	}
	recipe, _ := json.Marshal(r.Features)
	m, err := net.Model(models.Info{Name: "tiny", Task: "vad", Features: recipe})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestModelDetector(t *testing.T) {
	item := &Item{ID: "x", Samples: sound(57, 0.2, Span{20, 40})[:57*labelHop-33]}
	for _, bidirectional := range []bool{false, true} {
		m := tinyModel(t, bidirectional)
		d, err := NewModelDetector("m", m)
		if err != nil {
			t.Fatal(err)
		}
		if at := d.Timing(); at.Bounded == bidirectional || at.Latency != 0 {
			t.Errorf("timing %+v", at)
		}
		got, err := d.Scores(item)
		if err != nil {
			t.Fatal(err)
		}
		stream, _ := features.New(tinyRecipe(bidirectional).Features)
		state, frame, out := m.NewState(), make([]float32, 8), make([]float32, 1)
		stream.Push(item.Samples)
		stream.Flush()
		for stream.Next(frame) {
			state.Push(frame)
		}
		state.Flush()
		var want []float64
		for state.Next(out) {
			want = append(want, float64(out[0]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("bidirectional %v: %s", bidirectional, diff)
		}
		again, _ := d.Scores(item) // the state begins anew
		if !slices.Equal(again, got) {
			t.Error("a second call hears the first")
		}
	}
	bad := tinyModel(t, false)
	bare, _ := models.New(bad.Arch(), models.Info{Name: "bare"}, bad.Tensors())
	if _, err := NewModelDetector("bare", bare); err == nil || !strings.Contains(err.Error(), "bare") {
		t.Errorf("a model without a feature recipe: %v", err)
	}
}

func TestEnergyDetectorIsCausal(t *testing.T) {
	r := newRandom(31)
	item := &Item{Samples: make([]float32, 8*Rate)}
	for i := range item.Samples {
		item.Samples[i] = 0.1 * r.white() * float32(1+i/(3*Rate))
	}
	d := NewEnergyDetector()
	whole, _ := d.Scores(item)
	for _, frames := range []int{1, 100, 555, 799} {
		part, _ := d.Scores(&Item{Samples: item.Samples[:frames*labelHop]})
		if !slices.Equal(part, whole[:frames]) {
			t.Errorf("the first %d frames depend on what follows", frames)
		}
	}
}

func TestReadProbabilities(t *testing.T) {
	path := writeFile(t, "silero.jsonl", `{"file": "mixes/a.wav", "model": "silero-6", "hop_s": 0.032, "latency_s": 0, "prob": [0.25, 0.5, 1]}

{"file": "b.wav", "hop_s": 0.01, "prob": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]}
`)
	d, err := ReadProbabilities(path)
	if err != nil {
		t.Fatal(err)
	}
	if at := d.Timing(); d.Name() != "silero-6" || at != (Timing{true, 0.032, 0}) || math.Abs(at.known(0)-0.032) > 1e-9 || math.Abs(at.known(5)-0.064) > 1e-9 {
		t.Errorf("%s, %+v", d.Name(), at)
	}
	got, err := d.Scores(&Item{ID: "a", Samples: make([]float32, 11*labelHop-5)})
	if err != nil {
		t.Fatal(err)
	}
	// Middles at 5, 15, 25 ms lie in the first 32 ms; 35, 45, 55 in the second; 65 and later in the third.
	if diff := cmp.Diff([]float64{.25, .25, .25, .5, .5, .5, 1, 1, 1, 1, 1}, got); diff != "" {
		t.Error(diff)
	}
	if got, err := d.Scores(&Item{ID: "dir/b.flac", Samples: make([]float32, 9*labelHop)}); err != nil || got[8] != 0.9 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := d.Scores(&Item{ID: "c"}); err == nil || !strings.Contains(err.Error(), `no line for "c"`) {
		t.Errorf("error %v", err)
	}
	for content, want := range map[string]string{
		"{\"file\": \"a\", \"hop_s\": 0.01, \"prob\": [1]}\n{": ":2:", `{"file": "a", "prob": [1]}`: "hop_s 0", `{"file": "a", "hop_s": 1}`: "0 values",
		`{"file": "a", "hop_s": 1, "latency_s": -0.1, "prob": [1]}`:                                                        "latency_s -0.1",
		"{\"file\": \"x/a.wav\", \"hop_s\": 0.01, \"prob\": [1]}\n{\"file\": \"y/a.wav\", \"hop_s\": 0.01, \"prob\": [1]}": "twice",
	} {
		if _, err := ReadProbabilities(writeFile(t, "p.jsonl", content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", content, err, want)
		}
	}
}

// What WriteItems writes is judged exactly like the mixes themselves.
func TestWrittenMixesAreTheMixes(t *testing.T) {
	set, err := testEval().Mixes(testMaterial(2))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := WriteItems(t.Context(), set, dir); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i := range set.Len() {
		item, err := set.Item(i)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Join(dir, item.ID+".wav"))
	}
	files := Files(paths, dir)
	for i := range set.Len() {
		a, _ := set.Item(i)
		b, err := files.Item(i)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Samples, b.Samples) || !slices.Equal(a.Speech, b.Speech) {
			t.Errorf("%s comes back as something else", a.ID)
		}
	}
	if err := os.Remove(filepath.Join(dir, "clean-0000.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := Evaluate(t.Context(), files, []Detector{NewEnergyDetector()}, EvalOptions{Resamples: 10, Seed: 1, Jobs: 2}); err == nil || !strings.Contains(err.Error(), "clean-0000") {
		t.Errorf("a recording without labels: %v", err)
	}
}

func TestConditionsChooseTheirNoise(t *testing.T) {
	m := testMaterial(2)
	zero := 0.0
	c := EvalConfig{Seconds: 1, Conditions: []Condition{{Name: "a", Mixes: 1, SNR: &zero, Noise: []string{"n"}}}}
	if _, err := c.Mixes(m); err != nil {
		t.Error(err)
	}
	c.Conditions[0].Noise = []string{"music"}
	if _, err := c.Mixes(m); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("no noise of that name: %v", err)
	}
	if _, err := (EvalConfig{}).Mixes(m); err == nil {
		t.Error("no conditions are accepted")
	}
}

// broken gives what a detector must not.
type broken struct{ scores []float64 }

func (b broken) Name() string                    { return "broken" }
func (b broken) Timing() Timing                  { return Timing{Bounded: true} }
func (b broken) Scores(*Item) ([]float64, error) { return b.scores, nil }

func TestEvaluateRefusesASensitivity(t *testing.T) {
	set, _ := testEval().Mixes(testMaterial(2))
	for _, s := range []float64{-0.1, 1, math.NaN()} {
		if _, err := Evaluate(t.Context(), set, nil, EvalOptions{Sensitivity: s}); err == nil || !strings.Contains(err.Error(), "Sensitivity") {
			t.Errorf("sensitivity %g: %v", s, err)
		}
	}
}

func TestBrokenDetectorsAreNamed(t *testing.T) {
	set, _ := testEval().Mixes(testMaterial(2))
	nan := make([]float64, 300)
	nan[7] = math.NaN()
	for _, scores := range [][]float64{nil, make([]float64, 299), nan} {
		_, err := Evaluate(t.Context(), set, []Detector{broken{scores}}, EvalOptions{Resamples: 10, Seed: 1})
		if err == nil || !strings.Contains(err.Error(), "clean-0000: broken") {
			t.Errorf("%d scores: %v", len(scores), err)
		}
	}
}

// On recordings of people, where there are some, the rule for labels and the baseline must do what they do on made sound.
func TestRealRecordings(t *testing.T) {
	item := func() *Item { return &Item{Samples: sound(400, 0.2, Span{50, 120}, Span{200, 330})} }
	items := []*Item{item()}
	if root := os.Getenv("STREAMER_DATA"); root == "" {
		t.Log("STREAMER_DATA is not set: made sound only")
	} else {
		entries, err := (Selection{Manifest: "speech/manifest.csv", Split: "dev", Include: []string{"librispeech"}}).Entries(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries[:min(10, len(entries))] {
			samples, err := ReadEntry(e)
			if err != nil {
				t.Fatal(err)
			}
			items = append(items, &Item{ID: e.Name, Samples: samples})
		}
	}
	for _, it := range items {
		it.Speech = LabelSpeech(it.Samples)
		speech := 0
		for _, l := range it.Labels() {
			if l {
				speech++
			}
		}
		if share := float64(speech) / float64(it.Frames()); share < 0.3 || share > 0.97 {
			t.Errorf("%s: %.2f of it is speech", it.ID, share)
		}
		scores, err := NewEnergyDetector().Scores(it)
		if err != nil {
			t.Fatal(err)
		}
		f := NewRanking([][]float64{scores}, [][]bool{it.Labels()}).Figures(nil)
		if f.AUC < 0.8 {
			t.Errorf("%s: energy over floor on a clean recording: %.3f", it.ID, f.AUC)
		}
	}
}
