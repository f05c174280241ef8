package models

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A vocabulary comes back, and a file without one says nothing of it, so that
// the names of earlier models stay what they are.
func TestVocabularyIsKept(t *testing.T) {
	m := randomModel(t, archs["embedding"], 1)
	plain, _ := m.AppendBinary(nil)
	info := m.Info()
	info.Vocabulary = []byte(`["<a>","\u00e9"]`)
	m, err := New(m.Arch(), info, m.Tensors())
	if err != nil {
		t.Fatal(err)
	}
	b, _ := m.AppendBinary(nil)
	back, err := Parse(b)
	if err != nil || string(back.Info().Vocabulary) != string(info.Vocabulary) {
		t.Errorf("vocabulary %s, error %v", back.Info().Vocabulary, err)
	}
	if bytes.Contains(plain, []byte("vocabulary")) {
		t.Error("a model without a vocabulary speaks of one")
	}
	if _, err := Parse(bytes.Replace(b, []byte("[\\\""), []byte("{\\\""), 1)); !errors.Is(err, ErrFormat) {
		t.Errorf("a vocabulary that is no JSON was taken: %v", err)
	}
}

func TestFileRoundTrip(t *testing.T) {
	for name, arch := range archs {
		m := randomModel(t, arch, 1)
		b, err := m.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		back, err := Load(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, _ := back.AppendBinary(nil)
		if !bytes.Equal(b, again) || back.Hash() != m.Hash() {
			t.Fatalf("%s: written again it differs", name)
		}
		frames := randomFrames(rand.New(rand.NewPCG(1, 1)), arch, 10)
		if !equalBits(whole(m, frames), whole(back, frames)) {
			t.Fatalf("%s: the loaded model answers differently", name)
		}
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	m := randomModel(t, archs["gru"], 1)
	good, _ := m.AppendBinary(nil)
	n := 8 + binary.LittleEndian.Uint64(good)
	edit := func(old, new string) []byte {
		header := strings.Replace(string(good[8:n]), old, new, 1)
		if header == string(good[8:n]) {
			t.Fatalf("%q is not in the header", old)
		}
		b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		return append(append(b, header...), good[n:]...)
	}
	nan := bytes.Clone(good)
	binary.LittleEndian.PutUint32(nan[n+40:], math.Float32bits(float32(math.NaN())))
	for name, b := range map[string][]byte{
		"empty": nil, "short": good[:7], "header cut": good[:n-1], "values cut": good[:len(good)-1],
		"values too many":  append(bytes.Clone(good), 0),
		"lying length":     append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, good[8:]...),
		"not json":         edit(`{"`, `["`),
		"no format":        edit(fileFormat, "other"),
		"type":             edit("F32", "F16"),
		"shape":            edit(`"shape":[5]`, `"shape":[6]`),
		"negative shape":   edit(`"shape":[5]`, `"shape":[-5]`),
		"overflowing":      edit(`"shape":[5]`, `"shape":[4611686018427387904,8]`),
		"offsets":          edit(`"data_offsets":[0,20]`, `"data_offsets":[4,20]`),
		"unknown cell":     edit(`\"cell\":\"gru\"`, `\"cell\":\"xyz\"`),
		"unknown member":   edit(`\"cell\":\"gru\"`, `\"cell\":\"gru\",\"zap\":1`),
		"hidden too large": edit(`\"hidden\":7`, `\"hidden\":7000000`),
		"other hidden":     edit(`\"hidden\":7`, `\"hidden\":8`),
		"missing tensor":   edit("head.bias", "head.base"),
		"not finite":       nan,
	} {
		if _, err := Parse(b); err == nil {
			t.Errorf("%s: taken", name)
		} else if !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v does not wrap ErrFormat", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "weights.bin")
	if err := os.WriteFile(path, []byte("RIFF....WAVE"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error does not name the file: %v", err)
	}
}

func TestNewChecksTensors(t *testing.T) {
	arch := archs["gru bidirectional"]
	good := randomTensors(arch, rand.New(rand.NewPCG(1, 0)))
	if _, err := New(arch, Info{}, good[1:]); err == nil {
		t.Error("a missing tensor was not noticed")
	}
	if _, err := New(arch, Info{}, append(good[1:len(good):len(good)], good[1])); err == nil {
		t.Error("a doubled tensor was not noticed")
	}
	arch.Head = "hardmax"
	if _, err := New(arch, Info{}, good); err == nil {
		t.Error("an unknown head was taken")
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"gru", "mixed", "mixed causal", "one-hot", "embedding", "no head"} {
		b, _ := randomModel(f, archs[name], 1).AppendBinary(nil)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		s := m.NewState()
		s.Push(make([]float32, m.Arch().FrameLen()))
		s.Flush()
		drain(s, nil)
	})
}
