package lm

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/models"
)

// A model that is saved and loaded is the same file, and gives the same bits.
func TestFileRoundTrip(t *testing.T) {
	for name, c := range cells() {
		m := drawn(t, c)
		b, err := m.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "lm.safetensors")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		back, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := back.AppendBinary(nil)
		if !bytes.Equal(again, b) || back.Net().Hash() != m.Net().Hash() {
			t.Errorf("%s: written again it differs", name)
		}
		want, _ := m.Score(text[5])
		got, err := back.Score(text[5])
		if err != nil || got.LogProb != want.LogProb || !slices.Equal(got.Tokens, want.Tokens) {
			t.Errorf("%s: %v, want %v, error %v", name, got.LogProb, want.LogProb, err)
		}
		x, _ := sampler(t, m, 1, DefaultSampleConfig()).Next()
		y, _ := sampler(t, back, 1, DefaultSampleConfig()).Next()
		if x.Text != y.Text {
			t.Errorf("%s: writes %q, and loaded %q", name, x.Text, y.Text)
		}
	}
}

// The answers of the file are what scores are logarithms of.
func TestFileAnswersWithProbabilities(t *testing.T) {
	m := drawn(t, small())
	state, p := m.Net().NewState(), make([]float32, m.Vocabulary().Len())
	state.Push([]float32{models.NoToken})
	state.Next(p)
	list := m.NewScorer().LogProbs(nil)
	for i, v := range p {
		if d := float64(v) - math.Exp(list[i]); d > 1e-6 || d < -1e-6 {
			t.Errorf("token %d has %v, of its logarithm %v", i, v, math.Exp(list[i]))
		}
	}
}

func TestOtherModelsAreRefused(t *testing.T) {
	vocabulary := []byte(`{"unit":"word","tokens":["<EOS>","<UNK>","a"]}`)
	gru := models.Layer{Cell: models.GRU, Hidden: 3}
	good := models.Arch{Input: 2, Encoding: models.Embedding, Tokens: 3, Outputs: 3, Head: models.SoftmaxHead, Layers: []models.Layer{gru}}
	for name, change := range map[string]func(a *models.Arch, i *models.Info){
		"":              func(*models.Arch, *models.Info) {},
		"frames":        func(a *models.Arch, _ *models.Info) { a.Encoding, a.Tokens = models.Frames, 0 },
		"linear":        func(a *models.Arch, _ *models.Info) { a.Head = models.LinearHead },
		"outputs":       func(a *models.Arch, _ *models.Info) { a.Outputs = 4 },
		"both ways":     func(a *models.Arch, _ *models.Info) { a.Layers[0].Bidirectional = true },
		"late":          func(a *models.Arch, _ *models.Info) { a.Delays = []int{1, 1, 1} },
		"vocabulary":    func(_ *models.Arch, i *models.Info) { i.Vocabulary = nil },
		"other size":    func(a *models.Arch, _ *models.Info) { a.Tokens, a.Outputs = 4, 4 },
		"no vocabulary": func(_ *models.Arch, i *models.Info) { i.Vocabulary = []byte(`["a"]`) },
	} {
		a, info := good, models.Info{Name: "x", Vocabulary: vocabulary}
		a.Layers = slices.Clone(good.Layers)
		change(&a, &info)
		if _, err := New(netOf(t, a, info)); (err == nil) != (name == "") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("nothing was loaded")
	}
	path := filepath.Join(t.TempDir(), "frames.safetensors")
	b, _ := netOf(t, models.Arch{Input: 2, Outputs: 1, Head: models.SigmoidHead, Layers: []models.Layer{gru}}, models.Info{Name: "vad", Task: "vad"}).AppendBinary(nil)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `"vad"`) {
		t.Errorf("error %v names neither file nor task", err)
	}
}

// Whatever the bytes, a model that they are taken for scores and writes.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"words", "characters"} {
		b, _ := drawn(f, cells()[name]).AppendBinary(nil)
		f.Add(b)
		f.Add(b[:len(b)/2])
		f.Add(bytes.Replace(b, []byte("tokens"), []byte("takens"), 1))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		if s, err := m.Score("the cat"); err == nil && len(s.Tokens) < 3 {
			t.Errorf("%d tokens", len(s.Tokens))
		}
		s, err := m.NewSampler(1, SampleConfig{Temperature: 1, TopK: 2, MaxTokens: 3})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = s.Next()
		again, err := m.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(again); err != nil {
			t.Fatalf("what was read and written is refused: %v", err)
		}
	})
}
