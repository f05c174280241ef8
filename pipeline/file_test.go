package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/audio"
)

func writeWAV(t *testing.T, dir, name string, rate int, samples []float32) string {
	t.Helper()
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := audio.WriteWAV(f, rate, samples); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileEqualsSession(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, both := range []bool{false, true} {
		p := newPipeline(t, both, withFrames)
		for _, rate := range rates {
			path := writeWAV(t, t.TempDir(), "a.wav", rate, bursts(rng, rate, 5))
			f, err := audio.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			samples, err := audio.ReadAll(f) // as the file holds them: 16 bits
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
			r := p.File(t.Context(), path)
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			want := inOnePush(t, p, rate, samples)
			if got := lines(r.Events, r.Prob); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("both=%v rate %d: %v\nwant %v", both, rate, got, want)
			}
			if len(r.Prob) != 500 || r.Duration != 5 || (r.LatencyS == nil) != both || r.HopS != 0.01 {
				t.Fatalf("%d values, %g s, latency %v, hop %g", len(r.Prob), r.Duration, r.LatencyS, r.HopS)
			}
			for i, s := range r.Segments {
				if s.End <= s.Start || s.Prob < 0.3 || s.Prob > 1 || i > 0 && s.Start < r.Segments[i-1].End {
					t.Errorf("segment %d: %+v", i, s)
				}
			}
			if len(r.Segments) < 4 {
				t.Errorf("only %d segments", len(r.Segments))
			}
		}
	}
}

func TestEmptyFileHasNoFrames(t *testing.T) {
	for _, both := range []bool{false, true} {
		p := newPipeline(t, both, withFrames)
		r := p.File(t.Context(), writeWAV(t, t.TempDir(), "empty.wav", 16000, nil))
		if r.Err != nil || len(r.Prob) != 0 || len(r.Segments) != 0 || r.Duration != 0 {
			t.Errorf("both=%v: %+v", both, r)
		}
	}
}

func TestFilesKeepTheirOrderWhateverTheJobs(t *testing.T) {
	dir, rng := t.TempDir(), rand.New(rand.NewPCG(2, 0))
	var paths []string
	for i := range 12 {
		paths = append(paths, writeWAV(t, dir, fmt.Sprintf("%d.wav", i), 16000, bursts(rng, 16000, rng.Float64()*3)))
	}
	paths[3], paths[7] = filepath.Join(dir, "missing.wav"), filepath.Join(dir, "broken.wav")
	if err := os.WriteFile(paths[7], []byte("RIFF\x00\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPipeline(t, false, withFrames)
	collect := func(jobs int) string {
		var out strings.Builder
		i := 0
		err := p.Files(t.Context(), paths, jobs, func(r *Result) error {
			if r.File != paths[i] {
				t.Errorf("result %d is of %s", i, r.File)
			}
			if bad := i == 3 || i == 7; (r.Err != nil) != bad || bad && !strings.Contains(r.Err.Error(), paths[i]) {
				t.Errorf("%s: %v", r.File, r.Err)
			}
			i++
			fmt.Fprint(&out, lines(r.Events, r.Prob))
			return nil
		})
		if err != nil || i != len(paths) {
			t.Fatalf("%d results, %v", i, err)
		}
		return out.String()
	}
	want := collect(1)
	for _, jobs := range []int{0, 2, 5, 100} {
		if collect(jobs) != want {
			t.Errorf("%d jobs give another result", jobs)
		}
	}
}

func TestFilesStopWhenTold(t *testing.T) {
	dir := t.TempDir()
	path := writeWAV(t, dir, "a.wav", 16000, make([]float32, 16000))
	paths := make([]string, 40)
	for i := range paths {
		paths[i] = path
	}
	p := newPipeline(t, false, nil)
	stop := errors.New("enough")
	n := 0
	err := p.Files(t.Context(), paths, 3, func(*Result) error {
		if n++; n == 5 {
			return stop
		}
		return nil
	})
	if err != stop || n != 5 {
		t.Errorf("%d results, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Files(ctx, paths, 3, func(*Result) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if r := p.File(ctx, path); !errors.Is(r.Err, context.Canceled) {
		t.Errorf("canceled: %v", r.Err)
	}
	if err := p.Files(t.Context(), nil, 3, func(*Result) error { return nil }); err != nil {
		t.Errorf("no files: %v", err)
	}
}
