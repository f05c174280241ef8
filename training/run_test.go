package training

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
)

// tinyRecipe trains a model of a few hundred weights in a blink.
func tinyRecipe(bidirectional bool) *Recipe {
	f := features.DefaultConfig()
	f.Mels = 8
	mix := everything()
	mix.Seconds, mix.SNR, mix.Speechless, mix.Room, mix.NoiseRoom = 0.6, Range{10, 30}, 0.1, 0.1, 0 // rooms take time
	return &Recipe{Name: "tiny", Task: "vad", Seed: 3,
		Arch: models.Arch{Input: 8, Layers: []models.Layer{{Cell: models.GRU, Hidden: 6, Bidirectional: bidirectional}},
			Outputs: 1, Head: models.SigmoidHead},
		Features: f, Mix: mix,
		Batch:      BatchConfig{Lanes: 4, Steps: 20, Shards: 2, Restart: 0.5, Normalise: 3},
		Optimiser:  OptimiserConfig{Steps: 12, LR: 0.02, Warmup: 2, Beta1: 0.9, Beta2: 0.999, Clip: 1},
		Provenance: map[string]string{"licences": "none", "seed": "may not be overwritten"}}
}

func TestSameWeightsWhateverTheProcessors(t *testing.T) {
	m := testMaterial(1)
	for _, bidirectional := range []bool{false, true} {
		r := tinyRecipe(bidirectional)
		var first *Result
		for _, procs := range []int{1, 4} {
			before := runtime.GOMAXPROCS(procs)
			got, err := Train(t.Context(), r, m, RunConfig{})
			runtime.GOMAXPROCS(before)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			} else if got.Model.Hash() != first.Model.Hash() || !slices.Equal(got.Curve, first.Curve) {
				t.Errorf("bidirectional %v: %d processors give other weights", bidirectional, procs)
			}
		}
		r.Seed++
		other, err := Train(t.Context(), r, m, RunConfig{})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(other.Curve, first.Curve) {
			t.Error("another seed gives the same curve")
		}
	}
}

// A run that is interrupted and resumed, twice, ends with the bits of an undisturbed one, and leaves the same curve.
func TestInterruptedRunResumesBitForBit(t *testing.T) {
	r, m := tinyRecipe(false), testMaterial(1)
	undisturbed, dir := t.TempDir(), t.TempDir()
	want, err := Train(t.Context(), r, m, RunConfig{Dir: undisturbed})
	if err != nil {
		t.Fatal(err)
	}
	for _, stop := range []int{3, 7} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Train(ctx, r, m, RunConfig{Dir: dir, Resume: true, Every: 2, Progress: func(p ProgressReport) {
			if p.Step == stop {
				cancel()
			}
		}})
		if !errors.Is(err, ErrInterrupted) || !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
	}
	steps := 0
	got, err := Train(t.Context(), r, m, RunConfig{Dir: dir, Resume: true, Progress: func(ProgressReport) { steps++ }})
	if err != nil {
		t.Fatal(err)
	}
	if steps != 12-7 {
		t.Errorf("the last part took %d steps", steps)
	}
	if got.Model.Hash() != want.Model.Hash() {
		t.Error("the resumed run has other weights")
	}
	for _, name := range []string{CurveFile, CheckpointFile} {
		a, errA := os.ReadFile(filepath.Join(undisturbed, name))
		b, errB := os.ReadFile(filepath.Join(dir, name))
		if err := errors.Join(errA, errB); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs (%v)", name, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("files left behind: %q", left)
	}
}

func TestTrainingLearns(t *testing.T) {
	r, m := tinyRecipe(false), testMaterial(1)
	r.Optimiser.Steps = 60
	var last ProgressReport
	got, err := Train(t.Context(), r, m, RunConfig{Progress: func(p ProgressReport) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	begin, end := Smooth(got.Curve[:10], 10), Smooth(got.Curve, 20)
	if end > 0.8*begin {
		t.Errorf("loss goes from %.3f to %.3f", begin, end)
	}
	if last.Step != 60 || last.Steps != 60 || last.Left != 0 || last.FramesPerS <= 0 {
		t.Errorf("last report %+v", last)
	}
	info := got.Model.Info()
	if info.Provenance["seed"] != "3" || info.Provenance["licences"] != "none" || info.Provenance["recipe"] != r.Hash() ||
		info.Provenance["recordings"] != m.Digest() || info.Provenance["kernel"] == "" {
		t.Errorf("provenance %v", info.Provenance)
	}
	if c, err := features.Parse(info.Features); err != nil || c != r.Features {
		t.Errorf("features %s: %v", info.Features, err)
	}
}

func TestCheckpointOfSomethingElseIsRefused(t *testing.T) {
	r, m := tinyRecipe(false), testMaterial(1)
	r.Optimiser.Steps = 3
	dir := t.TempDir()
	if _, err := Train(t.Context(), r, m, RunConfig{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	other := *r
	other.Optimiser.LR = 0.01
	refused := func(name, want string, r *Recipe, m *Material) {
		t.Helper()
		_, err := Train(t.Context(), r, m, RunConfig{Dir: dir, Resume: true})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Join(dir, CheckpointFile)) {
			t.Errorf("%s: error %v does not name the file and %q", name, err, want)
		}
	}
	refused("another recipe", "its recipe is", &other, m)
	refused("other recordings", "its recordings is", r, testMaterial(2))
	path := filepath.Join(dir, CheckpointFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 4, 60, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		refused("cut off", "remove it", r, m)
	}
	if _, err := Train(t.Context(), r, m, RunConfig{Dir: dir}); err != nil { // without Resume it begins anew
		t.Errorf("anew: %v", err)
	}
}

// Each lane hears its sequences one after the other: those of the mixer, or, when these are limited, each of them once a
// round.
func TestLoaderLanesHearTheirSequences(t *testing.T) {
	for _, distinct := range []int{0, 2} {
		r := tinyRecipe(false)
		r.Batch.Steps, r.Batch.Distinct = 7, distinct // windows and sequences do not coincide, so that nothing restarts
		mixer, err := NewMixer(testMaterial(1), r.Mix, r.Seed)
		if err != nil {
			t.Fatal(err)
		}
		l, err := NewLoader(t.Context(), r, mixer, NewExamples(r.Seed), nil, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		begin := slices.Clone(l.Position())
		x, y := gather(t, l, r, 53)
		heard := map[string]int{}
		for lane := range x {
			for number := uint64(0); number < 6; number++ {
				from := int(number)*60 - begin[lane].Used
				if from < 0 {
					continue
				}
				gotX, gotY := x[lane][from*8:(from+60)*8], y[lane][from:from+60]
				source := which(t, mixer, r, gotX, gotY)
				if distinct == 0 && source != [2]uint64{uint64(lane), number} {
					t.Errorf("lane %d hears sequence %v as its number %d", lane, source, number)
				}
				if distinct > 0 && (source[1] != number%2 || number < 2 && source[0] != uint64(lane)) {
					t.Errorf("lane %d, round %d: hears sequence %v as its number %d", lane, number/2, source, number)
				}
				heard[fmt.Sprint(number, source)]++
			}
		}
		for key, n := range heard {
			if n > 1 {
				t.Errorf("sequence %s is heard by %d lanes in one round", key, n)
			}
		}
	}
}

// gather returns features and targets of each lane over some batches.
func gather(t *testing.T, l *Loader, r *Recipe, batches int) (x, y [][]float32) {
	t.Helper()
	x, y = make([][]float32, r.Batch.Lanes), make([][]float32, r.Batch.Lanes)
	for n := range batches {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		for lane := range x {
			if b.Reset[lane] != (n == 0) {
				t.Errorf("batch %d, lane %d: reset %v", n, lane, b.Reset[lane])
			}
			for s := range b.Steps {
				row := s*r.Batch.Lanes + lane
				x[lane] = append(x[lane], b.X[row*8:(row+1)*8]...)
				y[lane] = append(y[lane], b.Y[row])
			}
		}
	}
	return x, y
}

// which finds the sequence of the mixer, by lane and number, that has these features and targets.
func which(t *testing.T, m *Mixer, r *Recipe, x, y []float32) [2]uint64 {
	t.Helper()
	w := m.NewWorker()
	for lane := range uint64(4) {
		for number := range uint64(6) {
			stream, _ := features.New(r.Features)
			mix := w.Sequence(lane, number)
			marks := make([]float32, len(mix.Samples)/r.Features.Hop)
			spanFrames(marks, mix.Speech, r.Features.Hop)
			if slices.Equal(Frames(nil, stream, mix.Samples), x) && slices.Equal(marks, y) {
				return [2]uint64{lane, number}
			}
		}
	}
	t.Fatal("a lane hears what no sequence is")
	return [2]uint64{}
}

// A loader that is opened in a later round mixes again what the first one has kept, and gives the same batches.
func TestLoaderResumesInALaterRound(t *testing.T) {
	r := tinyRecipe(false)
	r.Batch.Distinct = 2
	mixer, err := NewMixer(testMaterial(1), r.Mix, r.Seed)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := NewLoader(t.Context(), r, mixer, NewExamples(r.Seed), nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	for n := range 25 {
		from := slices.Clone(whole.Position())
		b, err := whole.Next()
		if err != nil {
			t.Fatal(err)
		}
		if n%8 != 0 {
			continue
		}
		resumed, err := NewLoader(t.Context(), r, mixer, NewExamples(r.Seed), from, 3)
		if err != nil {
			t.Fatal(err)
		}
		again, err := resumed.Next()
		resumed.Close()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b, again); diff != "" {
			t.Errorf("resumed at %v: %s", from, diff)
		}
	}
	if whole.Position()[0].Number < 6 {
		t.Errorf("no third round: %v", whole.Position())
	}
}

func TestLoaderRestartsAndResumes(t *testing.T) {
	r := tinyRecipe(false)
	mixer, err := NewMixer(testMaterial(1), r.Mix, r.Seed)
	if err != nil {
		t.Fatal(err)
	}
	open := func(from []LanePosition, jobs int) *Loader {
		l, err := NewLoader(t.Context(), r, mixer, NewExamples(r.Seed), from, jobs)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.Close)
		return l
	}
	whole, resets := open(nil, 1), 0
	for range 12 {
		from := slices.Clone(whole.Position())
		b, err := whole.Next()
		if err != nil {
			t.Fatal(err)
		}
		resumed := open(from, 3)
		again, err := resumed.Next()
		resumed.Close()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b, again); diff != "" {
			t.Fatalf("resumed at %v: %s", from, diff)
		}
		for _, reset := range b.Reset {
			if reset {
				resets++
			}
		}
	}
	// 4 lanes begin, and about half of the sequences that follow do so afresh: 4 lanes, 12 batches of 20 frames, 60 frames each.
	if resets < 4+3 || resets > 4+13 {
		t.Errorf("%d resets", resets)
	}
	if _, err := NewLoader(t.Context(), r, mixer, NewExamples(r.Seed), make([]LanePosition, 3), 1); err == nil {
		t.Error("a position of three lanes is accepted for four")
	}
	bad := make([]LanePosition, 4)
	bad[2].Used = 1 << 20
	if _, err := open(bad, 1).Next(); err == nil || !strings.Contains(err.Error(), "lane 2") {
		t.Errorf("error %v", err)
	}
}
