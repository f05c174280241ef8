package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/streamer-audio/streamer/pipeline"
)

// A Sink takes results one after the other and writes them in one format: all to one writer, or each to
// <Dir>/<stem>.<extension>.
type Sink struct {
	Format Format
	Frames bool      // per-frame values too; needs Format.Frames
	Out    io.Writer // used when Dir is empty
	Dir    string    // made when missing

	begun bool
	buf   []byte
}

// Check says whether the files at paths can be told apart in what this sink would write: their names in Dir
// and their ids in RTTM must differ, and some formats hold one recording only. Its error names the remedy.
func (s *Sink) Check(paths []string) error {
	switch {
	case s.Frames && !s.Format.Frames():
		return fmt.Errorf("--frames: format %s has no place for per-frame values; use json or csv", s.Format)
	case s.Dir == "" && s.Format.OneRecording() && len(paths) > 1:
		return fmt.Errorf("format %s holds one recording, got %d files: add --out DIR to write one document each", s.Format, len(paths))
	case s.Dir != "":
		return CheckStems(paths, s.Dir, s.Format.Extension())
	case s.Format == RTTM:
		return distinct(paths, FileID, "have the same RTTM file id %[3]q; rename one or process them in two runs")
	}
	return nil
}

// CheckStems returns an error when two inputs would both become dir/<stem>.<extension>.
func CheckStems(inputs []string, dir, extension string) error {
	return distinct(inputs, func(p string) string { return strings.ToLower(stemPath(p, dir, extension)) },
		"would both write %[3]s; process them in two runs with different folders")
}

// CheckLabels returns an error when two inputs would have the same labels, dir/<stem>.
func CheckLabels(inputs []string, dir string) error {
	return distinct(inputs, func(p string) string { return filepath.Join(dir, Stem(p)) },
		"would both have their labels in %[3]s; rename one, or compare them in two runs")
}

// CheckTwice returns an error when an input is given twice.
func CheckTwice(inputs []string) error {
	return distinct(inputs, filepath.Clean, "are the same recording: give it once")
}

func stemPath(input, dir, extension string) string {
	return filepath.Join(dir, Stem(input)+"."+extension)
}

// distinct returns an error naming the first two paths with the same key.
func distinct(paths []string, key func(string) string, clash string) error {
	seen := make(map[string]string, len(paths))
	for _, p := range paths {
		k := key(p)
		if other, ok := seen[k]; ok {
			return fmt.Errorf("%[1]s and %[2]s "+clash, other, p, k)
		}
		seen[k] = p
	}
	return nil
}

// Write writes one result. Files of Dir appear whole: they are written aside and renamed.
func (s *Sink) Write(r *pipeline.Result) error {
	s.buf = s.buf[:0]
	if s.Dir != "" || !s.begun {
		s.buf = append(s.buf, s.Format.Header(s.Frames)...)
	}
	s.begun = true
	s.buf = Append(s.buf, s.Format, r, s.Frames)
	if s.Dir == "" {
		_, err := s.Out.Write(s.buf)
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o777); err != nil {
		return err
	}
	return WriteFile(stemPath(r.File, s.Dir, s.Format.Extension()), func(w io.Writer) error {
		_, err := w.Write(s.buf)
		return err
	})
}

// WriteFile makes the file at path from what write writes; it appears whole or not at all.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".streamer-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		_ = f.Close()
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		_ = f.Close()
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
