package report

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/pipeline"
)

func TestSinkCheck(t *testing.T) {
	for _, c := range []struct {
		sink  Sink
		paths []string
		want  string // part of the error; empty: none
	}{
		{Sink{Format: Text}, []string{"a.wav", "a.wav"}, ""},
		{Sink{Format: VTT}, []string{"a.wav"}, ""},
		{Sink{Format: VTT}, []string{"a.wav", "b.wav"}, "--out DIR"},
		{Sink{Format: VTT, Dir: "o"}, []string{"a.wav", "b.wav"}, ""},
		{Sink{Format: JSON, Dir: "o"}, []string{"x/a.wav", "b.wav", "y/A.flac"}, "x/a.wav and y/A.flac would both write " + filepath.Join("o", "a.json")},
		{Sink{Format: RTTM}, []string{"x/a b.wav", "y/a_b.wav"}, `same RTTM file id "a_b"`},
		{Sink{Format: RTTM}, []string{"x/a.wav", "y/b.wav"}, ""},
		{Sink{Format: SRT, Frames: true}, []string{"a.wav"}, "json or csv"},
		{Sink{Format: CSV, Frames: true}, []string{"a.wav"}, ""},
	} {
		err := c.sink.Check(c.paths)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v %v: got %v, want %q", c.sink, c.paths, err, c.want)
		}
	}
}

func TestSinkStream(t *testing.T) {
	var out strings.Builder
	s := Sink{Format: CSV, Out: &out}
	for _, name := range []string{"a.wav", "b.wav"} {
		if err := s.Write(&pipeline.Result{File: name, Segments: []pipeline.Segment{{Start: 1, End: 2, Prob: 0.5}}}); err != nil {
			t.Fatal(err)
		}
	}
	if want := "file,start,end,prob\na.wav,1,2,0.5\nb.wav,1,2,0.5\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestSinkFiles(t *testing.T) {
	s := Sink{Format: VTT, Dir: filepath.Join(t.TempDir(), "new", "folder")}
	for range 2 { // a second run replaces what the first wrote
		for _, name := range []string{"x/a.wav", "b.wav"} {
			if err := s.Write(&pipeline.Result{File: name}); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := os.ReadDir(s.Dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("folder holds %v, %v: want a.vtt and b.vtt alone", entries, err)
	}
	for _, name := range []string{"a.vtt", "b.vtt"} {
		if got, err := os.ReadFile(filepath.Join(s.Dir, name)); string(got) != "WEBVTT\n" {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
}

func TestWriteFileWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	broken := errors.New("broken")
	err := WriteFile(filepath.Join(dir, "x"), func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return broken
	})
	entries, _ := os.ReadDir(dir)
	if !errors.Is(err, broken) || len(entries) != 0 {
		t.Errorf("got %v, left %v", err, entries)
	}
}
