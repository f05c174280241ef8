package training

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shortDrift is two mixes of each condition with speech, at both ends of 70 pieces.
func shortDrift() DriftConfig {
	return DriftConfig{Minutes: 70 * 0.6 / 60, Quiet: 2, Mixes: 4, Resamples: 50, Seed: 3, Jobs: 2}
}

func driftEval() EvalConfig {
	e := testEval()
	e.Seconds = 0.6
	return e
}

func drifting(t *testing.T, c DriftConfig, listeners ...Listener) *DriftReport {
	t.Helper()
	report, err := Drift(t.Context(), driftEval(), testMaterial(2), listeners, c)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func tinyListener(t *testing.T) Listener {
	t.Helper()
	l, err := NewListener("tiny", tinyModel(t, false))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// made is a listener from a function that opens streams.
type made struct {
	name string
	open func() func([]float32) []float64
}

func (m made) Name() string                    { return m.name }
func (m made) Open() func([]float32) []float64 { return m.open() }

// loudness scores a frame by its level, as a listener without a memory would, from 0 at -100 dB to 1 at full scale.
func loudness(samples []float32) []float64 {
	scores := make([]float64, len(samples)/labelHop)
	for i := range scores {
		scores[i] = 1 + powerLevel(sumSquares(samples[i*labelHop:(i+1)*labelHop])/labelHop)/100
	}
	return scores
}

// A model whose state is reset before each piece hears the same thing everywhere, and every difference is exactly zero. The
// same model with its state carried does not: the measurement sees a past where there is one.
func TestDriftOfTheSameThingTwice(t *testing.T) {
	carried := tinyListener(t)
	reset := made{"reset", func() func([]float32) []float64 {
		return func(samples []float32) []float64 { return carried.Open()(samples) }
	}}
	report := drifting(t, shortDrift(), reset, carried)
	if len(report.Rows) != 8 || len(report.Differences) != 6 {
		t.Fatalf("%d rows, %d differences", len(report.Rows), len(report.Differences))
	}
	for _, d := range report.Differences {
		if d.Detector == "reset" && (d.AUC != 0 || d.Lo != 0 || d.Hi != 0 || d.Moved != 0 || d.Flipped != 0) {
			t.Errorf("a model that is reset differs: %+v", d)
		}
		if d.Detector == "tiny" && d.A == "quiet" && d.Moved == 0 {
			t.Errorf("a state that is carried over quiet changes nothing: %+v", d)
		}
	}
	for _, row := range report.Rows {
		if math.IsNaN(float64(row.AUC)) || !(row.Lo <= row.AUC && row.AUC <= row.Hi) {
			t.Errorf("%+v", row)
		}
	}
}

func TestDriftIsTheSameWhateverJobs(t *testing.T) {
	var first string
	for _, jobs := range []int{1, 5} {
		c := shortDrift()
		c.Jobs = jobs
		b, err := json.Marshal(drifting(t, c, tinyListener(t)))
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(b)
		}
		if diff := cmp.Diff(first, string(b)); diff != "" {
			t.Errorf("%d jobs: %s", jobs, diff)
		}
	}
}

// Listeners that get worse with time are caught: one that loses its hearing by the area under the curve, one whose scores
// only fade by the frames that cross 0.5, which that area does not see.
func TestDriftIsSeen(t *testing.T) {
	const life = 15 * Rate // samples after which little is left
	aging := func(score func(s, age float64, r *random) float64) func() func([]float32) []float64 {
		return func() func([]float32) []float64 {
			heard, r := 0, newRandom(17)
			return func(samples []float32) []float64 {
				scores := loudness(samples)
				loudest := slices.Max(append(scores, 0))
				for i, s := range scores {
					scores[i] = score(0.8+2*(s-loudest), float64(heard)/life, r)
				}
				heard += len(samples)
				return scores
			}
		}
	}
	deaf := made{"deaf", aging(func(s, age float64, r *random) float64 { return s + age*r.unit() })}
	faint := made{"faint", aging(func(s, age float64, _ *random) float64 { return s - 0.2*math.Floor(age) })}
	c := shortDrift()
	c.Mixes = 20
	report := drifting(t, c, deaf, faint)
	for _, d := range report.Differences {
		if d.A != "end" {
			continue
		}
		if d.Detector == "deaf" && !(d.AUC < -0.05 && d.Hi < 0) {
			t.Errorf("a listener that goes deaf: %+v", d)
		}
		if d.Detector == "faint" && !(d.Moved > 0.05 && d.Flipped > 0.05 && math.Abs(float64(d.AUC)) < 0.01) {
			t.Errorf("a listener that fades: %+v", d)
		}
	}
}

// The stream is as long as it should be, begins and ends with the same mixes, and holds other mixes, quiet and silence.
func TestDriftStream(t *testing.T) {
	c := shortDrift()
	var streams [][][]float32
	c.Jobs = 1
	minutes := 0.0
	c.Progress = func(minute float64) { minutes = minute }
	report := drifting(t, c, made{"recorder", func() func([]float32) []float64 {
		n := len(streams)
		streams = append(streams, nil)
		return func(samples []float32) []float64 {
			streams[n] = append(streams[n], samples)
			return loudness(samples)
		}
	}})
	long := streams[len(streams)-1]
	if len(long) != 70 || len(streams) != 1+2*c.Mixes {
		t.Fatalf("%d pieces, %d streams", len(long), len(streams))
	}
	if got := float64(report.Minutes); math.Abs(got-c.Minutes) > 1e-9 || minutes != got {
		t.Errorf("a stream of %g min, heard to minute %g", got, minutes)
	}
	seen := map[string]int{}
	for i, piece := range long {
		if len(piece) != 0.6*Rate {
			t.Errorf("piece %d has %d samples", i, len(piece))
		}
		same := slices.ContainsFunc(long[:c.Mixes], func(mix []float32) bool { return slices.Equal(mix, piece) })
		db := powerLevel(sumSquares(piece) / float64(len(piece)))
		switch {
		case i < c.Mixes || i >= len(long)-c.Mixes:
			if !slices.Equal(piece, long[i%(len(long)-c.Mixes)]) {
				t.Errorf("mix %d is another at the end", i)
			}
		case same:
			t.Errorf("piece %d of the filler is a compared mix", i)
		case db <= -119:
			seen["silence"]++
		case db < -53:
			seen["quiet"]++
		default:
			seen["mix"]++
		}
	}
	if seen["silence"] < sceneLength || seen["quiet"] < sceneLength || seen["mix"] < 20 {
		t.Errorf("filler %v", seen)
	}
	for i := range c.Mixes { // alone, and after two seconds of quiet
		fresh, quiet := streams[2*i], streams[1+2*i]
		if len(fresh) != 1 || len(quiet) != 2 || !slices.Equal(fresh[0], long[i]) || !slices.Equal(quiet[1], long[i]) {
			t.Fatalf("mix %d: heard alone as something else", i)
		}
		if db := powerLevel(sumSquares(quiet[0]) / float64(len(quiet[0]))); len(quiet[0]) != 2*Rate || math.Abs(db-quietLevel) > 0.5 {
			t.Errorf("mix %d: %d samples of quiet at %.1f dB", i, len(quiet[0]), db)
		}
	}
}

// Piece by piece is one stream: the same bits as all at once.
func TestListenersCarryTheirState(t *testing.T) {
	samples := sound(300, 0.2, Span{50, 120}, Span{200, 230})
	whole := tinyListener(t).Open()(samples)
	hear := tinyListener(t).Open()
	var parts []float64
	for _, n := range []int{1, 70, 100, 129} {
		parts = append(parts, hear(samples[:n*labelHop])...)
		samples = samples[n*labelHop:]
	}
	if diff := cmp.Diff(whole, parts); diff != "" {
		t.Error(diff)
	}
}

func TestDriftErrors(t *testing.T) {
	if _, err := NewListener("both", tinyModel(t, true)); err == nil || !strings.Contains(err.Error(), "give a causal model") {
		t.Errorf("a bidirectional model: %v", err)
	}
	late := made{"late", func() func([]float32) []float64 { return func(s []float32) []float64 { return loudness(s)[1:] } }}
	for want, change := range map[string]func(*DriftConfig, *EvalConfig) Listener{
		"at least 0.1 min long": func(c *DriftConfig, _ *EvalConfig) Listener { c.Minutes = 0.07; return nil },
		"at most 1e6":           func(c *DriftConfig, _ *EvalConfig) Listener { c.Minutes = math.Inf(1); return nil },
		"2 mixes or more":       func(c *DriftConfig, _ *EvalConfig) Listener { c.Mixes = 1; return nil },
		"0 to 3600 s":           func(c *DriftConfig, _ *EvalConfig) Listener { c.Quiet = math.NaN(); return nil },
		"holds speech":          func(_ *DriftConfig, e *EvalConfig) Listener { e.Conditions = e.Conditions[2:]; return nil },
		"no eval.conditions":    func(_ *DriftConfig, e *EvalConfig) Listener { e.Conditions = nil; return nil },
		"late: 59 scores":       func(*DriftConfig, *EvalConfig) Listener { return late },
	} {
		c, e := shortDrift(), driftEval()
		listener := change(&c, &e)
		if listener == nil {
			listener = tinyListener(t)
		}
		if _, err := Drift(t.Context(), e, testMaterial(2), []Listener{listener}, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestDriftTable(t *testing.T) {
	report := drifting(t, shortDrift(), tinyListener(t))
	var table bytes.Buffer
	if err := report.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"4 mixes of 0.6 s", "2 s of quiet", "ROC-AUC", "quiet - fresh", "50 resamples, seed 3"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, &table)
		}
	}
}
