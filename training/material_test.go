package training

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamer-audio/streamer/audio"
)

// writeWAV writes tone bursts between 0.3 and 0.7 of the length to dir/name.
func writeWAV(t *testing.T, dir, name string, rate int, seconds, amplitude float64) {
	t.Helper()
	x := make([]float32, int(seconds*float64(rate)))
	for i := range x {
		if p := float64(i) / float64(len(x)); p >= 0.3 && p < 0.7 {
			x[i] = float32(amplitude * math.Sin(2*math.Pi*700*float64(i)/float64(rate)))
		}
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := audio.WriteWAV(f, rate, x); err != nil {
		t.Fatal(err)
	}
}

// testData is a data root with a corpus of speech at two rates, a silent file, a noise and a room.
func testData(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	writeWAV(t, root, "s/a/1.wav", 16000, 2, 0.3)
	writeWAV(t, root, "s/b/2.wav", 8000, 3, 0.1)
	writeWAV(t, root, "s/b/3.wav", 16000, 1, 0)
	writeWAV(t, root, "n/4.wav", 16000, 1, 0.5)
	manifest := csvHeader + "s/a/1.wav,2,16000,ann,,train\ns/b/2.wav,3,8000,bob,,train\ns/b/3.wav,1,16000,bob,,train\nn/4.wav,1,,,dog,dev\n"
	if err := os.WriteFile(filepath.Join(root, "m.csv"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

func testSources() Sources {
	return Sources{Speech: []Selection{{Manifest: "m.csv", Split: "train", Weight: 2}},
		Noise: []Selection{{Manifest: "m.csv", Labels: []string{"dog"}}}, Rooms: []Selection{{Manifest: "m.csv", Include: []string{"n"}}}}
}

func TestLoadMaterial(t *testing.T) {
	root := testData(t)
	var first *Material
	for _, jobs := range []int{1, 3} {
		m, err := testSources().Load(t.Context(), root, jobs)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = m
		} else if m.Digest() != first.Digest() {
			t.Errorf("%d goroutines load something else", jobs)
		}
	}
	if len(first.Speech) != 1 || len(first.Speech[0].Clips) != 2 || first.Speech[0].Weight != 2 || len(first.Noise[0].Clips) != 1 ||
		first.Noise[0].Weight != 1 || len(first.Rooms) != 1 {
		t.Fatalf("material %+v", first)
	}
	for i, want := range []struct {
		samples int
		span    Span
		level   float64
	}{{32000, Span{9600, 22400}, 0.3}, {48000, Span{14400, 33600}, 0.1}} {
		c := first.Speech[0].Clips[i]
		if len(c.Samples) != want.samples || len(c.Speech) != 1 {
			t.Fatalf("%s: %d samples, speech %v", c.Name, len(c.Samples), c.Speech)
		}
		if got := c.Speech[0]; got.Start < want.span.Start-labelHop || got.Start > want.span.Start || got.End < want.span.End ||
			got.End > want.span.End+2*labelHop {
			t.Errorf("%s: speech %v, want %v", c.Name, got, want.span)
		}
		if want := want.level / math.Sqrt2; math.Abs(float64(c.Level)/want-1) > 0.03 {
			t.Errorf("%s: level %g, want %g", c.Name, c.Level, want)
		}
	}
	if s, n := first.Seconds(); s != 5 || n != 1 {
		t.Errorf("%g s of speech, %g s of noise", s, n)
	}
	other, err := Sources{Speech: testSources().Speech[:1]}.Load(t.Context(), root, 1)
	if err != nil || other.Digest() == first.Digest() {
		t.Errorf("material without noise has the same digest (%v)", err)
	}
}

func TestLoadErrors(t *testing.T) {
	root := testData(t)
	lines := func(s string) Sources {
		path := filepath.Join(root, "x.csv")
		if err := os.WriteFile(path, []byte(csvHeader+s), 0o600); err != nil {
			t.Fatal(err)
		}
		return Sources{Speech: []Selection{{Manifest: "x.csv"}}}
	}
	short := testSources()
	short.MaxMinutes = 0.05
	if err := os.WriteFile(filepath.Join(root, "bad.wav"), []byte("no audio"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sources func() Sources
		want    string
	}{
		"missing file": {func() Sources { return lines("s/none.wav,1,16000,,,\n") }, filepath.Join("s", "none.wav")},
		"not audio":    {func() Sources { return lines("bad.wav,1,16000,,,\n") }, "bad.wav"},
		"wrong rate":   {func() Sources { return lines("s/a/1.wav,2,8000,,,\n") }, "has 16000 Hz, the manifest says 8000"},
		"no speech":    {func() Sources { return lines("s/b/3.wav,1,16000,,,\n") }, "none of the 1 selected files is usable"},
		"too much":     {func() Sources { return short }, "max_minutes"},
	} {
		if _, err := c.sources().Load(t.Context(), root, 2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", name, err, c.want)
		}
	}
}

func TestReadEntryCutsByOffset(t *testing.T) {
	root := testData(t)
	path := filepath.Join(root, "s", "b", "2.wav") // 8 kHz, 3 s, tone from 0.9 to 2.1 s
	whole, err := ReadEntry(Entry{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	part, err := ReadEntry(Entry{Path: path, Offset: 1.2, Seconds: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(part); n < Rate/2 || n > Rate/2+Rate/250 {
		t.Fatalf("%d samples", n)
	}
	for i := 1000; i < 7000; i++ { // away from the edges, which the resampler sees as silence
		if d := math.Abs(float64(part[i] - whole[i+19200])); d > 1e-3 {
			t.Fatalf("sample %d is off by %g", i, d)
		}
	}
	if none, err := ReadEntry(Entry{Path: path, Offset: 10, Seconds: 1}); err != nil || len(none) != 0 {
		t.Errorf("beyond the end: %d samples, %v", len(none), err)
	}
}

func TestReadLabels(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.txt", "1.5\t2.25\tspeech\r\n\\\t100\t200\n0.5\t1.0\t\n3\t4\tmusic\n2.0\t2.5\tSpeech\n")
	write("b.rttm", "SPKR-INFO b 1 <NA>\nSPEAKER b 1 0.25 0.5 <NA> <NA> ann <NA> <NA>\nSPEAKER b 1 0.5 1.5 <NA> <NA> bob <NA> <NA>\n")
	write("empty.txt", "")
	write("bad.txt", "0\t1\tspeech\n2\tx\tspeech\n")
	write("turned.txt", "2\t1\tspeech\n")
	write("spaces.txt", "0 1 speech\n")
	write("short.rttm", "SPEAKER b 1 0.25\n")
	for stem, want := range map[string][]Span{"a": {{8000, 16000}, {24000, 40000}}, "b": {{4000, 32000}}, "empty": nil} {
		got, err := ReadLabels(dir, stem)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", stem, diff)
		}
	}
	for stem, want := range map[string]string{"bad": "bad.txt:2:", "turned": "turned.txt:1:", "spaces": "spaces.txt:1:",
		"short": "short.rttm:1:", "none": "neither none.txt nor none.rttm"} {
		if _, err := ReadLabels(dir, stem); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not say %q", stem, err, want)
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(csvHeader+"a/b.flac,1.25,16000,ann,\"x, y\",train\n"), true)
	f.Add([]byte(`{"audio_filepath": "x/a.wav", "duration": 2, "text": "hi"}`), false)
	f.Fuzz(func(t *testing.T, b []byte, table bool) {
		parse := parseNeMo
		if table {
			parse = parseCSV
		}
		entries, err := parse(bytes.NewReader(b))
		for _, e := range entries {
			if e.Name == "" || !validSeconds(e.Seconds) || !validSeconds(e.Offset) {
				t.Errorf("entry %+v (%v)", e, err)
			}
			_ = fmt.Sprint(e.Corpus(), Selection{Include: []string{"a/*"}}.Matches(e))
		}
	})
}
