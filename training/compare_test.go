package training

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
	"github.com/streamer-audio/streamer/pipeline"
)

// graded finds a share of each second's speech and is deaf to the rest: its area under the curve is (1+share)/2.
type graded struct {
	share  float64
	timing Timing
}

func (g graded) Name() string   { return "graded" }
func (g graded) Timing() Timing { return g.timing }

func (g graded) Scores(item *Item) ([]float64, error) {
	scores := make([]float64, item.Frames())
	for i, speech := range item.Labels() {
		if speech && float64(i%100) < 100*g.share {
			scores[i] = 0.9
		}
	}
	return scores, nil
}

// waiting is an entrant that has as many trainings as shares.
func waiting(name string, ms float64, shares ...float64) *entrant {
	e := &entrant{point: &ComparedPoint{Model: name, Latency: Figure(ms), LatencyMean: Figure(ms)},
		timing: Timing{Bounded: !math.IsNaN(ms), Latency: ms / 1000}}
	for seed, share := range shares {
		if !math.IsNaN(share) {
			e.members = append(e.members, member{Detector: graded{share, e.timing}, seed: seed})
		}
	}
	return e
}

// talk is recordings in which every other second is speech.
func talk(recordings, seconds int) (set list) {
	for i := range recordings {
		item := &Item{ID: string(rune('a' + i)), Condition: "files", Samples: make([]float32, seconds*Rate)}
		for s := 1; s < seconds; s += 2 {
			item.Speech = append(item.Speech, Span{s * Rate, (s + 1) * Rate})
		}
		set = append(set, item)
	}
	return set
}

func ranked(t *testing.T, set ItemSet, o CompareOptions, entrants ...*entrant) *Comparison {
	t.Helper()
	o.Resamples = 200
	c, err := newComparison(set, entrants, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.judge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.rank(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.entrants {
		c.Points = append(c.Points, *e.point)
	}
	return c
}

var whole = math.NaN() // the latency of what hears everything

func TestComparisonRecovers(t *testing.T) {
	c := ranked(t, talk(6, 4), CompareOptions{Seed: 1}, waiting("full", whole, 1), waiting("middle", 80, 0.5), waiting("causal", 0, 0), waiting("late", 500, 0.75))
	if c.Causal != "causal" || c.Full != "full" || c.Resampled != "files" || c.Units != 6 || c.Seconds != 24 || !c.Labelled {
		t.Errorf("%+v", c)
	}
	for i, want := range []struct {
		name                 string
		auc, gain, recovered Figure
	}{{"causal", 0.5, 0, 0}, {"middle", 0.75, 0.25, 0.5}, {"late", 0.875, 0.375, 0.75}, {"full", 1, 0.5, 1}} {
		p := c.Points[i]
		if p.Model != want.name || p.AUC != want.auc || p.Gain != want.gain || p.Recovered != want.recovered || p.Seeds != nil {
			t.Errorf("point %d, %s: %+v", i, want.name, p)
		}
		// All recordings are alike, so that no resample differs.
		if p.Lo != p.AUC || p.Hi != p.AUC || p.GainLo != p.Gain || p.GainHi != p.Gain {
			t.Errorf("%s: interval %g..%g, of the gain %g..%g", p.Model, p.Lo, p.Hi, p.GainLo, p.GainHi)
		}
	}
	least := pipeline.DefaultDecider(false)
	announced := Figure(math.Ceil(least.Evidence/(math.Log(9)))) * 10 // 0.9 says log 9 nats
	middle, full := c.Points[1], c.Points[3]
	if middle.Onset != announced+80 || math.IsNaN(float64(middle.Offset)) || !math.IsNaN(float64(full.Onset)) || !math.IsNaN(float64(full.Offset)) {
		t.Errorf("onsets after %g and %g, offsets after %g and %g", middle.Onset, full.Onset, middle.Offset, full.Offset)
	}
	if d := middle.Disagreement; d != 0.25 || full.Disagreement != 0 {
		t.Errorf("%g of the frames differ from the full answer", d)
	}
}

// Where hearing everything gains nothing for sure, there is nothing to recover a share of.
func TestComparisonWithoutGain(t *testing.T) {
	c := ranked(t, talk(6, 4), CompareOptions{}, waiting("causal", 0, 0.5), waiting("middle", 80, 0.6), waiting("full", whole, 0.5))
	if r := c.Points[1].Recovered; !math.IsNaN(float64(r)) {
		t.Errorf("recovers %g of nothing", r)
	}
	c = ranked(t, talk(6, 4), CompareOptions{}, waiting("causal", 0, 0.5), waiting("full", whole, 0.4))
	if p := c.Points[1]; p.Gain >= 0 || !math.IsNaN(float64(p.Recovered)) {
		t.Errorf("recovers %g of a loss", p.Recovered)
	}
	c = ranked(t, talk(6, 4), CompareOptions{}, waiting("causal", 0, 0.5), waiting("middle", 80, 0.6))
	if p := c.Points[1]; c.Full != "" || !math.IsNaN(float64(p.Recovered)) || !math.IsNaN(float64(p.Disagreement)) || p.Gain == 0 {
		t.Errorf("without a full point: %+v", p)
	}
}

func TestComparisonOverSeeds(t *testing.T) {
	c := ranked(t, talk(6, 4), CompareOptions{Seed: 3}, waiting("causal", 0, 0, 0.1, 0.2), waiting("fewer", 80, 0.6, math.NaN(), 0.8),
		waiting("full", whole, 0.9, 0.95, 1))
	for i, seeds := range [][]Figure{{0.5, 0.55, 0.6}, {0.8, 0.9}, {0.95, 0.975, 1}} {
		p := c.Points[i]
		if diff := cmp.Diff(seeds, p.Seeds, nearly); diff != "" {
			t.Errorf("%s: %s", p.Model, diff)
		}
		mean := Figure(0)
		for _, a := range seeds {
			mean += a / Figure(len(seeds))
		}
		// Recordings are alike: what varies is the seeds, between the lowest and the highest of them.
		if !nearlyEqual(p.AUC, mean) || !(p.Lo < mean && mean < p.Hi && p.Lo >= seeds[0]-1e-9 && p.Hi <= seeds[len(seeds)-1]+1e-9) {
			t.Errorf("%s: %g, %g..%g", p.Model, p.AUC, p.Lo, p.Hi)
		}
	}
	// Seeds are paired: the full variant is better by 0.4 to 0.45 with any one of them.
	if p := c.Points[2]; p.GainLo < 0.4-1e-9 || p.GainHi > 0.45+1e-9 {
		t.Errorf("gain %g..%g", p.GainLo, p.GainHi)
	}
}

func nearlyEqual(a, b Figure) bool { return math.Abs(float64(a-b)) < 1e-9 }

func TestComparisonUnlabelled(t *testing.T) {
	c := ranked(t, talk(6, 4), CompareOptions{Unlabelled: true}, waiting("causal", 0, 0), waiting("middle", 80, 0.5), waiting("full", whole, 1))
	for i, want := range []struct{ disagreement, auc Figure }{{0.5, 0.5}, {0.25, 0.75}, {0, 1}} {
		p := c.Points[i]
		if p.Disagreement != want.disagreement || p.VsFull != want.auc || p.VsFullLo != want.auc {
			t.Errorf("%s: %+v", p.Model, p)
		}
		for name, f := range map[string]Figure{"auc": p.AUC, "lo": p.Lo, "tpr5": p.TPR5, "eer": p.EER, "gain": p.Gain, "recovered": p.Recovered, "onset": p.Onset} {
			if !math.IsNaN(float64(f)) {
				t.Errorf("%s: %s is %g without labels", p.Model, name, f)
			}
		}
	}
	if _, err := newComparison(talk(1, 1), []*entrant{waiting("causal", 0, 1)}, CompareOptions{Unlabelled: true}); err == nil ||
		!strings.Contains(err.Error(), "bidirectional") {
		t.Errorf("nothing to stand in for the truth: %v", err)
	}
}

func TestComparisonIsDeterministic(t *testing.T) {
	set := talk(7, 6)
	for i, item := range set {
		item.Speech = item.Speech[:1+i%3]
	}
	printed := func(jobs int, seed uint64) string {
		c := ranked(t, set, CompareOptions{Seed: seed, Jobs: jobs}, waiting("causal", 0, 0.3, 0.1), waiting("full", whole, 0.8, 1))
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if diff := cmp.Diff(printed(1, 1), printed(3, 1)); diff != "" {
		t.Errorf("the number of goroutines changes the figures: %s", diff)
	}
	if printed(1, 1) == printed(1, 2) {
		t.Error("the seed changes nothing")
	}
}

func TestResampling(t *testing.T) {
	for _, c := range []struct {
		recordings, seconds int
		resampled           string
		units               int
	}{{5, 3, "files", 5}, {4, 60, "30 s stretches", 8}, {1, 160, "30 s stretches", 5}, {1, 149, "10 s stretches", 14}, {2, 10, "2 s stretches", 10},
		{1, 1, "2 s stretches", 1}} {
		got := ranked(t, talk(c.recordings, c.seconds), CompareOptions{}, waiting("full", whole, 0.5))
		if got.Resampled != c.resampled || got.Units != c.units {
			t.Errorf("%d recordings of %d s: %d %s", c.recordings, c.seconds, got.Units, got.Resampled)
		}
		if p := got.Points[0]; math.IsNaN(float64(p.Lo)) != (c.units < 2) {
			t.Errorf("%d units, interval %g..%g", c.units, p.Lo, p.Hi)
		}
	}
	pieces := cut([][]int{{1, 2, 3, 4, 5, 6, 7}, nil, {8}}, 3)
	if diff := cmp.Diff([][]int{{1, 2, 3}, {4, 5, 6, 7}, {8}}, pieces); diff != "" {
		t.Error(diff)
	}
}

// What nothing can be told about is null, in JSON and on paper: no sound, no speech, speech alone.
func TestComparisonOfNothing(t *testing.T) {
	alone := &Item{ID: "speech", Samples: make([]float32, 3*Rate), Speech: []Span{{0, 3 * Rate}}}
	for name, set := range map[string]list{"empty": {{ID: "e"}}, "silent": {{ID: "s", Samples: make([]float32, 1000)}}, "speech": {alone}} {
		for _, unlabelled := range []bool{false, true} {
			c := ranked(t, set, CompareOptions{Unlabelled: unlabelled}, waiting("causal", 0, 0.5), waiting("full", whole, 1))
			b, err := json.Marshal(c)
			if err != nil || !bytes.Contains(b, []byte(`"roc_auc":null,"lo":null,"hi":null,"tpr5":null`)) || !bytes.Contains(b, []byte(`"recovered":null`)) {
				t.Errorf("%s: %s, %v", name, b, err)
			}
			var table bytes.Buffer
			if err := c.WriteTable(&table); err != nil || strings.Contains(table.String(), "NaN") || !strings.Contains(table.String(), "nothing can be told") {
				t.Errorf("%s: %v\n%s", name, err, &table)
			}
		}
	}
}

func TestComparisonTable(t *testing.T) {
	c := ranked(t, talk(6, 4), CompareOptions{Seed: 9}, waiting("causal", 0, 0, 0.1), waiting("full", whole, 1, 0.9))
	var table bytes.Buffer
	if err := c.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"recovered", "seeds", "all", "100 %", "+0.4500", "6 recordings, 24 s", "200 resamples of 6 files, seed 9", "over that of causal"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, &table)
		}
	}
}

func TestExcerpt(t *testing.T) {
	set := talk(3, 30)
	set[0].Speech = []Span{{Rate, 2 * Rate}}
	set[2].Speech = []Span{{2 * Rate, 3 * Rate}, {14 * Rate, 25 * Rate}} // the full answer finds more of it
	c := ranked(t, set, CompareOptions{}, waiting("causal", 0, 0.3), waiting("soon", 20, 0.4), waiting("worse", 70, 0.5), waiting("better", 120, 0.6),
		waiting("late", 500, 0.7), waiting("full", whole, 1))
	x, err := c.Excerpt(math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	if x.ID != "c" || x.Start < 13.2 || x.Start > 15.1 || len(x.Samples) != 10*Rate || len(x.Answers[0].Scores) != 1000 {
		t.Errorf("%s from %g s, %d samples", x.ID, x.Start, len(x.Samples))
	}
	var names []string
	for _, a := range x.Answers {
		names = append(names, a.Point.Model)
	}
	if !slices.Equal(names, []string{"causal", "better", "full"}) {
		t.Errorf("shows %v", names)
	}
	x, err = c.Excerpt(1.5)
	if err != nil || x.ID != "a" || x.Start != 1.5 || !slices.Equal(x.Speech, []Span{{0, Rate / 2}}) {
		t.Errorf("%+v, %v", x.Speech, err)
	}
	if x, err = c.Excerpt(1e5); err != nil || x.Start != 20 || len(x.Samples) != 10*Rate {
		t.Errorf("from %g s, %v", x.Start, err)
	}
	short := ranked(t, list{{ID: "e"}, {ID: "s", Samples: make([]float32, 1000)}}, CompareOptions{}, waiting("causal", 0, 0.3))
	for _, at := range []float64{math.NaN(), 0, 3} {
		if x, err := short.Excerpt(at); err != nil || len(x.Answers) != 1 || len(x.Samples) > 1000 {
			t.Errorf("%+v, %v", x, err)
		}
	}
}

// The excerpt is one in which waiting helps, not one in which it misleads.
func TestExcerptIsWhereWaitingHelps(t *testing.T) {
	frames := func(v float64) []float64 { return slices.Repeat([]float64{v}, excerptFrames) }
	speech := slices.Repeat([]bool{true}, excerptFrames)
	items := []heard{
		{labels: make([]bool, excerptFrames), scores: [][]float64{frames(0.1), frames(0.9)}}, // furthest apart, and wrong
		{labels: speech, scores: [][]float64{frames(0.5), frames(0.8)}},
		{labels: make([]bool, excerptFrames), scores: [][]float64{frames(0.6), frames(0.2)}}, // the most of help
	}
	for labelled, want := range map[bool]int{true: 2, false: 0} {
		c := Comparison{Labelled: labelled}
		c.items = items
		if item, first := c.mostHelped(0, 1); item != want || first != 0 {
			t.Errorf("labelled %v: from frame %d of recording %d", labelled, first, item)
		}
	}
}

// waitingModel is an untrained model of an architecture.
func waitingModel(t *testing.T, change func(*models.Arch)) *models.Model {
	t.Helper()
	r := tinyRecipe(false)
	change(&r.Arch)
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

func TestCompareModels(t *testing.T) {
	blocks, err := tinyModel(t, true).InBlocks(20, 10)
	if err != nil {
		t.Fatal(err)
	}
	var candidates []Candidate
	for _, m := range []*models.Model{tinyModel(t, true), tinyModel(t, false), blocks,
		waitingModel(t, func(a *models.Arch) { a.Delays = []int{3} }),
		waitingModel(t, func(a *models.Arch) { a.Delays, a.Outputs = []int{0, 5}, 2 }),
		waitingModel(t, func(a *models.Arch) {
			a.Layers = append(a.Layers, models.Layer{Cell: models.RowConv, Hidden: 6, Context: 4})
		})} {
		list, err := Candidates("x", m)
		if err != nil {
			t.Fatal(err)
		}
		candidates = append(candidates, list...)
	}
	set := list{{ID: "a", Samples: sound(150, 0.2, Span{20, 70}), Speech: []Span{frameSpan(20, 70)}}, {ID: "b", Samples: make([]float32, 100)}, {ID: "c"}}
	steps := 0
	c, err := Compare(t.Context(), set, candidates, CompareOptions{Resamples: 20, Progress: func(string, int, int) { steps++ }})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range c.Points {
		got = append(got, p.Model)
		if !(p.CPU > 0) || p.StateBytes <= 0 || (p.BytesPerSec > 0) != (p.Family == BidirectionalFamily) || math.IsNaN(float64(p.AUC)) {
			t.Errorf("%s: %+v", p.Model, p)
		}
		if p.Family == BlocksFamily && !(nearlyEqual(p.Latency, 290) && nearlyEqual(p.LatencyMean, 195)) {
			t.Errorf("blocks wait for %g ms, %g on average", p.Latency, p.LatencyMean)
		}
	}
	if diff := cmp.Diff([]string{"x causal", "x delay 0 ms", "x delay 30 ms", "x row convolution 40 ms", "x delay 50 ms", "x blocks 20+10", "x bidirectional"}, got); diff != "" {
		t.Error(diff)
	}
	if steps != 3*7+7+7 {
		t.Errorf("%d steps of progress", steps)
	}
	if _, err := Compare(t.Context(), set, nil, CompareOptions{}); err == nil {
		t.Error("compared nothing")
	}
	if _, err := Compare(t.Context(), set, []Candidate{{Name: "none", Models: []*models.Model{nil}}}, CompareOptions{}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a candidate without a model: %v", err)
	}
	if _, err := Compare(t.Context(), Unlabelled([]string{"missing.wav"}), candidates, CompareOptions{Unlabelled: true}); err == nil || !strings.Contains(err.Error(), "missing.wav") {
		t.Errorf("a recording that is not there: %v", err)
	}
}

func TestRecipeCandidates(t *testing.T) {
	dir, r := t.TempDir(), tinyRecipe(false)
	both := tinyModel(t, true).Arch()
	several := r.Arch
	several.Delays, several.Outputs = []int{0, 2}, 2
	r.Variants = []Variant{{"now", r.Arch}, {"delays", several}, {"both", both}, {"never", r.Arch}}
	r.Seeds = []uint64{4, 5}
	if _, _, err := r.Candidates(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("an empty folder: %v", err)
	}
	for name, m := range map[string]*models.Model{"now-seed4": tinyModel(t, false), "now-seed5": tinyModel(t, false), "both-seed5": tinyModel(t, true),
		"delays-seed4": waitingModel(t, func(a *models.Arch) { *a = several })} {
		b, err := m.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		path := MemberPath(dir, name)
		if err := os.MkdirAll(strings.TrimSuffix(path, name+".safetensors"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	list, notes, err := r.Candidates(dir, 5, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		seeds := ""
		for _, m := range c.Models {
			seeds += map[bool]string{true: "-", false: "x"}[m == nil]
		}
		got = append(got, c.Name+" "+seeds+" "+c.Family)
	}
	if diff := cmp.Diff([]string{"now xx causal", "delays@0 x- one model, several delays", "delays@2 x- one model, several delays",
		"both in blocks 5+5 -x blocks", "both in blocks 10+10 -x blocks", "both -x bidirectional"}, got); diff != "" {
		t.Error(diff)
	}
	if len(notes) != 3 || !strings.Contains(notes[0], "delays has 1 of 2 seeds") || !strings.Contains(notes[2], "never is left out") {
		t.Errorf("notes %q", notes)
	}
	if err := os.WriteFile(MemberPath(dir, "now-seed4"), []byte("no model"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Candidates(dir); err == nil || !strings.Contains(err.Error(), "now-seed4.safetensors") {
		t.Errorf("a broken file: %v", err)
	}
}
