package training

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"github.com/streamer-audio/streamer/internal/oracle"
)

func TestFiguresAgainstScikitLearn(t *testing.T) {
	golden := oracle.Load(t, "sklearn/metrics")
	for _, name := range []string{"plain", "ties", "rare", "worse_than_chance", "constant", "perfect", "on_the_point", "weighted"} {
		scores, labels := golden[name+".score"].Data, golden[name+".label"].Data
		if len(scores) == 0 {
			t.Fatalf("the golden has no case %q", name)
		}
		// Each frame is a recording of its own, so that a weight can be given to each.
		var s [][]float64
		var l [][]bool
		for i, v := range scores {
			s, l = append(s, []float64{v}), append(l, []bool{labels[i] > 0})
		}
		r := NewRanking(s, l)
		f := r.Figures(golden[name+".weight"].Data)
		if want := golden[name+".roc_auc"].Data[0]; math.Abs(f.AUC-want) > 1e-12 {
			t.Errorf("%s: ROC-AUC %.15f, want %.15f", name, f.AUC, want)
		}
		if want := golden[name+".tpr5"].Data[0]; math.Abs(f.TPR5-want) > 1e-12 {
			t.Errorf("%s: TPR at 5 %% is %.15f, want %.15f", name, f.TPR5, want)
		}
		if a := r.AUC(golden[name+".weight"].Data); a != f.AUC {
			t.Errorf("%s: AUC %g, Figures %g", name, a, f.AUC)
		}
		step, reached := golden[name+".tpr5_step"].Data[0], shareOver(scores, labels, golden[name+".weight"].Data, f.Threshold, 1)
		if math.Abs(reached-step) > 1e-12 {
			t.Errorf("%s: the threshold %g reaches %g, want %g", name, f.Threshold, reached, step)
		}
		if fp := shareOver(scores, labels, golden[name+".weight"].Data, f.Threshold, 0); fp > 0.05+1e-12 {
			t.Errorf("%s: the threshold %g lets %g pass", name, f.Threshold, fp)
		}
	}
}

// shareOver returns the share of frames with the label whose score reaches the threshold.
func shareOver(scores, labels, weights []float64, threshold, label float64) float64 {
	var over, all float64
	for i, s := range scores {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if labels[i] != label {
			continue
		}
		all += w
		if s >= threshold {
			over += w
		}
	}
	return over / all
}

// Many small sets with many ties, against gonum's curve and against counting pairs.
func TestFiguresAgainstPairsAndGonum(t *testing.T) {
	r := newRandom(14)
	for range 300 {
		n, levels := 2+r.below(40), 1+r.below(12)
		scores, labels := make([]float64, n), make([]bool, n)
		for i := range scores {
			scores[i], labels[i] = float64(r.below(levels)), r.chance(0.4)
		}
		cut := r.below(n)
		ranking := NewRanking([][]float64{scores[:cut], scores[cut:]}, [][]bool{labels[:cut], labels[cut:]})
		f := ranking.Figures(nil)
		var pairs, wins float64
		for i := range scores {
			for j := range scores {
				if labels[i] && !labels[j] {
					pairs++
					switch {
					case scores[i] > scores[j]:
						wins++
					case scores[i] == scores[j]:
						wins += 0.5
					}
				}
			}
		}
		if pairs == 0 {
			if !math.IsNaN(f.AUC) || !math.IsNaN(f.TPR5) || !math.IsNaN(f.EER) {
				t.Fatalf("figures %+v without one of the classes", f)
			}
			continue
		}
		if math.Abs(f.AUC-wins/pairs) > 1e-12 {
			t.Fatalf("%v %v: AUC %g, pairs say %g", scores, labels, f.AUC, wins/pairs)
		}
		sorted, classes := slices.Clone(scores), slices.Clone(labels)
		stat.SortWeightedLabeled(sorted, classes, nil)
		tpr, fpr, _ := stat.ROC(nil, sorted, classes, nil)
		if area := integrate.Trapezoidal(fpr, tpr); math.Abs(f.AUC-area) > 1e-12 {
			t.Fatalf("AUC %g, gonum says %g", f.AUC, area)
		}
		if want := equalError(fpr, tpr); math.Abs(f.EER-want) > 1e-9 {
			t.Fatalf("%v %v: EER %g, the curve says %g", scores, labels, f.EER, want)
		}
	}
}

// equalError finds by bisection where the curve of straight lines meets the line from (0, 1) to (1, 0).
func equalError(fpr, tpr []float64) float64 {
	for i := 1; i < len(fpr); i++ {
		if fpr[i] < 1-tpr[i] {
			continue
		}
		lo, hi := 0.0, 1.0
		for range 80 {
			x := (lo + hi) / 2
			if q, m := fpr[i-1]+x*(fpr[i]-fpr[i-1]), 1-tpr[i-1]-x*(tpr[i]-tpr[i-1]); q < m {
				lo = x
			} else {
				hi = x
			}
		}
		return fpr[i-1] + lo*(fpr[i]-fpr[i-1])
	}
	return math.NaN()
}

// Weights are multiplicities: a recording that is drawn twice counts like two copies.
func TestWeightsAreMultiplicities(t *testing.T) {
	r := newRandom(15)
	var scores, copies [][]float64
	var labels, copiedLabels [][]bool
	var weights []float64
	for range 12 {
		s, l := make([]float64, 30), make([]bool, 30)
		for i := range s {
			l[i] = r.chance(0.5)
			s[i] = math.Round(4*r.unit()) / 4
		}
		w := r.below(4)
		weights = append(weights, float64(w))
		scores, labels = append(scores, s), append(labels, l)
		for range w {
			copies, copiedLabels = append(copies, s), append(copiedLabels, l)
		}
	}
	got, want := NewRanking(scores, labels).Figures(weights), NewRanking(copies, copiedLabels).Figures(nil)
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
}

func TestOnsets(t *testing.T) {
	scores := make([]float64, 300)
	for i := 55; i < 80; i++ {
		scores[i] = 0.9
	}
	for i := 195; i < 210; i++ {
		scores[i] = 0.7
	}
	frame := func(a, b int) Span { return Span{a * labelHop, b * labelHop} }
	var o Onsets
	// Answered after 5 frames; too close to the one before; missed; on already; too short to count.
	speech := []Span{frame(50, 80), frame(90, 110), frame(140, 160), frame(200, 220), frame(260, 265)}
	o.MeasureOnsets(scores, speech, 0.7, Timing{Latency: 0.02})
	if diff := cmp.Diff(Onsets{Delays: []float64{0.08, 0.03}, Missed: 1}, o, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	if m := o.Quantile(0.5); math.Abs(m-0.055) > 1e-12 {
		t.Errorf("median %g", m)
	}
	if !math.IsNaN((&Onsets{}).Quantile(0.5)) {
		t.Error("a median of nothing")
	}
}

func TestFalseAlarms(t *testing.T) {
	scores, labels := make([]float64, 100), make([]bool, 100)
	set := func(a, b int) {
		for i := a; i < b; i++ {
			scores[i] = 0.5
		}
	}
	set(5, 15)  // 100 ms
	set(20, 29) // 90 ms
	set(40, 60) // 200 ms, of which speech leaves 90 ms and 100 ms
	labels[49] = true
	if got := FalseAlarms(scores, labels, 0.5); got != 2 {
		t.Errorf("%d false alarms, want 2", got)
	}
	if got := FalseAlarms(scores, labels, 0.51); got != 0 {
		t.Errorf("%d false alarms over the scores", got)
	}
}

func TestBootstrap(t *testing.T) {
	r := newRandom(16)
	var good, same, bad [][]float64
	var labels [][]bool
	for range 40 {
		l, g, b := make([]bool, 50), make([]float64, 50), make([]float64, 50)
		for i := range l {
			l[i] = r.chance(0.5)
			g[i], b[i] = r.unit(), r.unit()
			if l[i] {
				g[i] += 0.6
				b[i] += 0.3
			}
		}
		labels, good, bad, same = append(labels, l), append(good, g), append(bad, b), append(same, g)
	}
	rankings := []*Ranking{NewRanking(good, labels), NewRanking(bad, labels), NewRanking(same, labels)}
	one, err := Bootstrap(t.Context(), rankings, 200, 7, 1)
	if err != nil {
		t.Fatal(err)
	}
	four, _ := Bootstrap(t.Context(), rankings, 200, 7, 4)
	if diff := cmp.Diff(one, four); diff != "" {
		t.Error("the number of goroutines changes the result")
	}
	if other, _ := Bootstrap(t.Context(), rankings, 200, 8, 1); slices.Equal(other[0], one[0]) {
		t.Error("the seed does not change the result")
	}
	i := Percentiles(one[0])
	if auc := rankings[0].AUC(nil); !(i.Lo < auc && auc < i.Hi) || i.Hi-i.Lo > 0.1 {
		t.Errorf("interval %v around %g", i, auc)
	}
	if d := Percentiles(Differences(one[0], one[1])); d.Lo <= 0 {
		t.Errorf("the better detector is better by %v", d)
	}
	if d := Percentiles(Differences(one[0], one[2])); d.Lo != 0 || d.Hi != 0 {
		t.Errorf("a detector differs from itself by %v: the resampled sets are not shared", d)
	}
	if i := Percentiles([]float64{math.NaN(), 1, 2, 3}); i.Lo < 1 || i.Hi > 3 {
		t.Errorf("NaN is not left out: %v", i)
	}
}
