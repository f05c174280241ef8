package lab

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

func TestLSTM(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	r := quick(t, "lstm", false)
	o := r.Outcome
	if !r.Holds || o["area"] < 0.94 {
		t.Errorf("holds: %v, area under the ROC curve %g", r.Holds, o["area"])
	}
	if before, after := o["forget gate, silence"], o["forget gate, after it"]; !(after > before+0.05) {
		t.Errorf("the forget gate is open by %g in silence, and by %g when there is something to keep", before, after)
	}
	if lost, seeds := o["lost without forget gate"], o["seeds that lose without forget gate"]; lost <= 0 || seeds != 2 {
		t.Errorf("a forget gate that stays as it is costs %g, in %g seeds of 2", lost, seeds)
	}
}

func randomLSTM(t *testing.T, seed uint64) (*models.Model, []float32) {
	t.Helper()
	const width, units, frames = 3, 5, 80
	net, err := train.NewNet(models.Arch{Input: width, Outputs: 1, Head: models.SigmoidHead,
		Layers: []models.Layer{{Cell: models.LSTM, Hidden: units}}}, seed)
	if err != nil {
		t.Fatal(err)
	}
	if err := net.SetInput([]float32{1, 0, -1}, []float32{1, 2, 0.5}); err != nil {
		t.Fatal(err)
	}
	m, err := net.Model(models.Info{})
	if err != nil {
		t.Fatal(err)
	}
	rng, x := rand.New(rand.NewPCG(seed, 1)), make([]float32, frames*width)
	for i := range x {
		x[i] = float32(2 * rng.NormFloat64())
	}
	return m, x
}

// What is seen of the gates is what the engine computes with: its answers, its
// state and its memory come out.
func TestGatesAreThoseOfTheEngine(t *testing.T) {
	for seed := range uint64(5) {
		m, x := randomLSTM(t, seed)
		r, s, out := traceLSTM(m, x, nil), m.NewState(), make([]float32, 1)
		for i := range r.answers {
			s.Push(x[3*i : 3*i+3])
			s.Next(out)
			got := append(wide(s.AppendMemory(nil)), float64(out[0]))
			for k, want := range slices.Concat(r.state[i], r.memory[i], r.answers[i:i+1]) {
				if math.Abs(got[k]-want) > 2e-6 {
					t.Fatalf("seed %d, frame %d, value %d: %g, by the engine %g", seed, i, k, want, got[k])
				}
			}
		}
	}
}

// A forget gate that is held at 1 while nothing is let in keeps the memory, one
// that is held at 0 makes it what comes in.
func TestHeldGates(t *testing.T) {
	m, x := randomLSTM(t, 1)
	no, yes := make([]float64, 5), []float64{1, 1, 1, 1, 1}
	for _, c := range traceLSTM(m, x, map[int][]float64{forgetGate: yes, inputGate: no}).memory {
		if !slices.Equal(c, no) {
			t.Fatalf("memory %v of nothing", c)
		}
	}
	r := traceLSTM(m, x, map[int][]float64{forgetGate: no, inputGate: yes})
	for i, c := range r.memory {
		if !slices.Equal(c, r.gates[candidate][i]) {
			t.Fatalf("frame %d: memory %v of candidates %v", i, c, r.gates[candidate][i])
		}
	}
}

func TestPhases(t *testing.T) {
	speech := make([]bool, 80)
	for i := 5; i < 25; i++ {
		speech[i] = true
	}
	asked, phases := recent(speech), phase(speech)
	for i := range speech {
		want := inSilence
		switch {
		case i >= 5 && i < 15:
			want = inOnset
		case i >= 15 && i < 25:
			want = inSpeech
		case i >= 25 && i < 25+memoryWidth:
			want = justAfter
		}
		if phases[i] != want || asked[i] != (want != inSilence) {
			t.Errorf("frame %d: phase %d, asked for %v", i, phases[i], asked[i])
		}
	}
}

// What is put together for training holds nothing of the part that is kept for
// the test, and is speech where words are.
func TestSplicesKeepTheirPart(t *testing.T) {
	r, err := demo.Load()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := hear(r, r.Samples, features.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	at := map[float32]int{} // frames by their first value
	for i := range whole.speech {
		at[whole.frames[i*whole.width]] = i
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, part := range [][2]int{{0, lstmCut}, {lstmCut, len(whole.speech)}} {
		h, spoken := newSplicer(r, whole, part[0], part[1]).splice(rng, 3000), 0
		for i, speech := range h.speech {
			from := at[h.frames[i*h.width]]
			if from < part[0] || from >= part[1] || speech != whole.speech[from] {
				t.Fatalf("frame %d is frame %d of the recording, where speech is %v", i, from, whole.speech[from])
			}
			if speech {
				spoken++
			}
		}
		if len(h.speech) != 3000 || spoken < 900 || spoken > 2400 {
			t.Errorf("%d of %d frames are speech", spoken, len(h.speech))
		}
	}
}
