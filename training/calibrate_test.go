package training

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Labels drawn with the odds that the logits would have after a known correction give that correction back.
func TestFitCalibrationFindsTheCorrection(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, want := range []Calibration{{1, 0}, {0.6, -0.7}, {1.8, 1.1}} {
		logits, labels := make([][]float64, 4), make([][]bool, 4)
		for i := range logits {
			for range 50000 {
				x := 3 * rng.NormFloat64()
				logits[i] = append(logits[i], x)
				labels[i] = append(labels[i], rng.Float64() < 1/(1+math.Exp(-want.Slope*x-want.Offset)))
			}
		}
		got, err := fitCalibration(logits, labels)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.Slope-want.Slope) > 0.02 || math.Abs(got.Offset-want.Offset) > 0.02 {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestFitCalibrationRefusesWhatHasNone(t *testing.T) {
	for name, labels := range map[string][]bool{
		"divided":  {false, false, true, true},
		"reversed": {true, true, false, false},
		"one kind": {true, true, true, true},
	} {
		if c, err := fitCalibration([][]float64{{-2, -1, 1, 2}}, [][]bool{labels}); err == nil {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// Scores of a calibrated model are those of the model, corrected, in the same order and of the same bits every time.
func TestCalibrateCorrectsTheHead(t *testing.T) {
	r, m := tinyRecipe(false), testMaterial(1)
	snr := 10.0
	r.Eval = EvalConfig{Seed: 4, Seconds: 3, Conditions: []Condition{{Name: "10dB", Mixes: 6, SNR: &snr}}}
	r.Calibration = &CalibrationConfig{Seed: 5}
	r.Optimiser.Steps = 60
	trained, err := Train(t.Context(), r, m, RunConfig{})
	if err != nil {
		t.Fatal(err)
	}
	model, fit, err := r.Calibrate(t.Context(), trained.Model, m, 2)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := r.Calibrate(t.Context(), trained.Model, m, 0)
	if err != nil || again.Hash() != model.Hash() {
		t.Fatalf("another number of processors gives another model (%v)", err)
	}
	if !strings.Contains(model.Info().Provenance["calibration"], m.Digest()) || trained.Model.Info().Provenance["calibration"] != "" {
		t.Errorf("provenance %q", model.Info().Provenance)
	}
	before, err := NewModelDetector("before", trained.Model)
	if err != nil {
		t.Fatal(err)
	}
	after, err := NewModelDetector("after", model)
	if err != nil {
		t.Fatal(err)
	}
	set, err := r.Eval.Mixes(m)
	if err != nil {
		t.Fatal(err)
	}
	var errors [2]float64 // of calibration
	for i := range set.Len() {
		item, err := set.Item(i)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := before.Scores(item)
		q, _ := after.Scores(item)
		for k := range p {
			want := 1 / (1 + math.Exp(-fit.Slope*math.Log(p[k]/(1-p[k]))-fit.Offset))
			if math.Abs(q[k]-want) > 1e-5 {
				t.Fatalf("score %g became %g, want %g", p[k], q[k], want)
			}
		}
		labels := [][]bool{item.Labels()}
		errors[0] += float64(NewReliability("", [][]float64{p}, labels).ECE)
		errors[1] += float64(NewReliability("", [][]float64{q}, labels).ECE)
	}
	if !(errors[1] < errors[0]) {
		t.Errorf("expected calibration error %.3f, %.3f before", errors[1], errors[0])
	}
}

func TestRecipesSayWhereTheyCalibrate(t *testing.T) {
	r := tinyRecipe(false)
	r.Calibration = &CalibrationConfig{Seed: 6}
	if err := r.Validate(); err == nil || !strings.Contains(err.Error(), "needs eval.conditions") {
		t.Errorf("%v", err)
	}
	r.Eval = testEval()
	r.Eval.Sources.Speech = []Selection{{Manifest: "a.csv"}}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
	r.Calibration.Seed = r.Eval.Seed
	if err := r.Validate(); err == nil || !strings.Contains(err.Error(), "calibration.seed") {
		t.Errorf("%v", err)
	}
}
