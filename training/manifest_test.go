package training

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const csvHeader = "path,seconds,sample_rate,speaker,label_or_transcript,split\n"

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadCSV(t *testing.T) {
	path := writeFile(t, "m.csv", csvHeader+"a/b.flac,1.25,16000,ann,\"hello, you\",train\na/c.wav,,,,,dev\n")
	got, err := ReadManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	want := []Entry{
		{Path: filepath.Join(dir, "a", "b.flac"), Name: "a/b.flac", Seconds: 1.25, Rate: 16000, Speaker: "ann", Label: "hello, you", Split: "train"},
		{Path: filepath.Join(dir, "a", "c.wav"), Name: "a/c.wav", Split: "dev"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got[0].Corpus() != "a" {
		t.Errorf("corpus %q", got[0].Corpus())
	}
}

func TestReadNeMo(t *testing.T) {
	path := writeFile(t, "m.jsonl", `{"audio_filepath": "x/a.wav", "duration": 2, "text": "hi", "lang": "en"}

{"audio_filepath": "/abs/b.flac", "offset": 1.5, "duration": 0.5, "label": "dog", "text": "no", "speaker": "s1", "split": "dev"}
`)
	got, err := ReadManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{Path: filepath.Join(filepath.Dir(path), "x", "a.wav"), Name: "x/a.wav", Seconds: 2, Label: "hi"},
		{Path: "/abs/b.flac", Name: "/abs/b.flac", Offset: 1.5, Seconds: 0.5, Label: "dog", Speaker: "s1", Split: "dev"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestManifestErrorsNameFileLineAndRemedy(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a.csv", "", "line 1: no header"},
		{"b.csv", "path,seconds\n", `line 1: no column "sample_rate"`},
		{"c.csv", csvHeader + "a.wav,1,16000,,,train\nb.wav,long,16000,,,train\n", `line 3: seconds is "long": write`},
		{"d.csv", csvHeader + ",1,16000,,,train\n", "line 2: path is empty: name"},
		{"e.csv", csvHeader + "a.wav,1,17,,,train\n", `line 2: sample_rate is "17": write`},
		{"f.csv", csvHeader + "a.wav,1\n", "line 2"},
		{"g.csv", csvHeader + "a.wav,NaN,,,,\n", `line 2: seconds is "NaN"`},
		{"h.jsonl", "{\"audio_filepath\": \"a\"}\nnope\n", "line 2: "},
		{"i.jsonl", "{\"duration\": 1}\n", `line 1: no "audio_filepath": name`},
		{"j.jsonl", "{\"audio_filepath\": \"a\", \"duration\": -1}\n", "line 1: duration -1"},
		{"k.jsonl", "{\"audio_filepath\": \"" + strings.Repeat("x", maxManifestLine) + "\"}", "line 1: "},
		{"l.txt", "", "name it .csv or .jsonl"},
	} {
		path := writeFile(t, c.name, c.content)
		_, err := ReadManifest(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v does not name the file and %q", c.name, err, c.want)
		}
	}
}

func TestSelection(t *testing.T) {
	e := Entry{Name: "esc10/dog/5-1.flac", Split: "train", Label: "dog_bark"}
	for _, c := range []struct {
		s    Selection
		want bool
	}{
		{Selection{}, true},
		{Selection{Split: "dev"}, false},
		{Selection{Include: []string{"esc10"}}, true},
		{Selection{Include: []string{"esc"}}, false},
		{Selection{Include: []string{"other", "*10"}}, true},
		{Selection{Include: []string{"esc10/dog"}, Exclude: []string{"esc10/*/5-*"}}, false},
		{Selection{Include: []string{"esc10/*/*.wav"}}, false},
		{Selection{Labels: []string{"dog_bark"}}, true},
		{Selection{Labels: []string{"music"}}, false},
		{Selection{Exclude: []string{"*_music"}}, true},
	} {
		if got := c.s.Matches(e); got != c.want {
			t.Errorf("%+v takes %s: %v", c.s, e.Name, got)
		}
	}
}

func TestSelectionThatTakesNothingIsAnError(t *testing.T) {
	path := writeFile(t, "m.csv", csvHeader+"a/b.flac,1,16000,,,train\n")
	root := filepath.Dir(path)
	if got, err := (Selection{Manifest: "m.csv", Split: "train"}).Entries(root); err != nil || len(got) != 1 {
		t.Errorf("%d entries, %v", len(got), err)
	}
	if _, err := (Selection{Manifest: "m.csv", Split: "dev"}).Entries(root); err == nil || !strings.Contains(err.Error(), "takes nothing") {
		t.Errorf("error %v", err)
	}
	if _, err := (Selection{Manifest: "none.csv"}).Entries(root); err == nil || !strings.Contains(err.Error(), "STREAMER_DATA") {
		t.Errorf("error %v does not name the remedy", err)
	}
	for _, bad := range []Selection{{}, {Manifest: "m.csv", Include: []string{"[a"}}, {Manifest: "m.csv", Weight: -1}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

// Of several data roots the first that has the manifest counts; one without a name is the working directory, as in PATH.
func TestSeveralDataRoots(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	for file, content := range map[string]string{
		filepath.Join(first, "a.csv"): csvHeader + "first.wav,,,,,\n", filepath.Join(second, "a.csv"): csvHeader + "second.wav,,,,,\n",
		filepath.Join(second, "b.csv"): csvHeader + "b.wav,,,,,\n",
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	join := func(roots ...string) string { return strings.Join(roots, string(filepath.ListSeparator)) }
	for _, c := range []struct{ root, manifest, want string }{
		{join(first, second), "a.csv", filepath.Join(first, "first.wav")}, {join(second, first), "a.csv", filepath.Join(second, "second.wav")},
		{join(first, second), "b.csv", filepath.Join(second, "b.wav")}, {join("", second), "b.csv", filepath.Join(second, "b.wav")},
	} {
		got, err := Selection{Manifest: c.manifest}.Entries(c.root)
		if err != nil || len(got) != 1 || got[0].Path != c.want {
			t.Errorf("%s under %s: %v, %v", c.manifest, c.root, got, err)
		}
	}
	root := join(first, second)
	if _, err := (Selection{Manifest: "c.csv"}).Entries(root); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("data root %q", root)) {
		t.Errorf("a manifest that none has: %v", err)
	}
}
