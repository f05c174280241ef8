package lab

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"

	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
	"github.com/streamer-audio/streamer/training"
)

// lstm opens an LSTM that listens to a recording, that of the demonstration.
// At each frame it is asked whether there was speech within the last 300 ms,
// which is when a program would not yet call a sentence finished. So it must
// hold on to what it heard, and let go of it in time.
//
// Words and pauses of the first part of the recording are put together anew
// for each update, those of the second part for the test: other words, and one
// voice that was not heard before. Gates are looked at in two ways. What they
// do, frame by frame, is one; what for is another: a gate is held at its mean,
// whatever is heard, and the answers are judged again.
var lstm = Experiment{Name: "lstm", Section: "Long short-term memory: its gates on speech",
	Question: "What do the gates of an LSTM do while it listens, and which of them matter?", run: runLSTM}

const (
	lstmUnits   = 8
	lstmCut     = 690 // frames of the recording that are for training
	memoryWidth = 30  // frames for which speech is to be remembered
	onsetWidth  = 10  // frames that count as the onset of speech
)

// Phases of what is heard.
const (
	inSilence = iota
	inOnset
	inSpeech
	justAfter
)

// openedGates are those that there are.
var openedGates = []struct {
	name string
	gate int
}{{"update", inputGate}, {"forget", forgetGate}, {"output", outputGate}}

func runLSTM(ctx context.Context, o Options) (*Result, error) {
	recording, err := demo.Load()
	if err != nil {
		return nil, err
	}
	whole, err := hear(recording, recording.Samples, features.DefaultConfig())
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 30))
	var sources []*splicer
	for range either(o, 24, 4) {
		h, err := hear(recording, varied(rng, recording.Samples), features.DefaultConfig())
		if err != nil {
			return nil, err
		}
		sources = append(sources, newSplicer(recording, h, 0, lstmCut))
	}
	test := newSplicer(recording, whole, lstmCut, len(whole.speech)).splice(rng, either(o, 6000, 1500))
	var list listeners
	var drawn *gateTrace
	for i := range either(o, 5, 2) {
		own := o
		own.Seed += uint64(i)
		m, err := own.listen(ctx, whole.part(0, lstmCut), sources)
		if err != nil {
			return nil, err
		}
		list = append(list, observe(m, test))
		if i == 0 {
			drawn = traceLSTM(m, whole.frames, nil)
		}
	}
	text, holds := list.sentence()
	return &Result{Tables: []Table{list.byPhase(), list.heldStill()}, Outcome: list.outcome(), Holds: holds, Sentence: text,
		Picture: gatePicture(recording, whole, drawn)}, nil
}

// recent tells of each frame whether there was speech at most so many frames
// before.
func recent(speech []bool) []bool {
	list, quiet := make([]bool, len(speech)), memoryWidth+1
	for i, s := range speech {
		if quiet++; s {
			quiet = 0
		}
		list[i] = quiet <= memoryWidth
	}
	return list
}

// listen trains a net.
func (o Options) listen(ctx context.Context, heard *heard, sources []*splicer) (*models.Model, error) {
	net, err := train.NewNet(models.Arch{Input: heard.width, Outputs: 1, Head: models.SigmoidHead,
		Layers: []models.Layer{{Cell: models.LSTM, Hidden: lstmUnits}}}, o.Seed)
	if err != nil {
		return nil, err
	}
	if err := net.SetInput(heard.standard()); err != nil {
		return nil, err
	}
	const lanes, steps = 16, 200
	rng := rand.New(rand.NewPCG(o.Seed, 31))
	what := plan{fmt.Sprintf("LSTM of seed %d: update", o.Seed), either(o, 400, 100), 1e-2}
	return o.fit(ctx, what, net, o.config(lanes), func() *train.Batch {
		b := &train.Batch{Steps: steps, X: make([]float32, steps*lanes*heard.width), Y: make([]float32, steps*lanes), Reset: anew(lanes)}
		for lane := range lanes {
			h := sources[rng.IntN(len(sources))].splice(rng, steps)
			for t, yes := range recent(h.speech) {
				at := t*lanes + lane
				copy(b.X[at*h.width:], h.frames[t*h.width:(t+1)*h.width])
				if yes {
					b.Y[at] = 1
				}
			}
		}
		return b
	})
}

var phaseNames = [...]string{"silence", "onset", "speech", "after it"}

// phase tells which one each frame is in: nothing to remember, the first 100 ms
// of speech, the rest of it, and the 300 ms after it.
func phase(speech []bool) []int {
	list, since, asked := make([]int, len(speech)), 0, recent(speech)
	for i, s := range speech {
		if since++; !s {
			since = 0
		}
		switch {
		case s && since <= onsetWidth:
			list[i] = inOnset
		case s:
			list[i] = inSpeech
		case asked[i]:
			list[i] = justAfter
		}
	}
	return list
}

// phaseOf gives the values of the frames in one phase.
func phaseOf(values [][]float64, phases []int, p int) (list [][]float64) {
	for t, v := range values {
		if phases[t] == p {
			list = append(list, v)
		}
	}
	return list
}

// listener is what was seen of a net, for each of openedGates.
type listener struct {
	area   float64     // under the ROC curve
	mean   [][]float64 // of the gate over all units, in each phase
	speech [][]float64 // correlation of each unit's gate with speech
	held   []float64   // area with the gate held at its mean; one more for all gates
}

// observe looks at a net while it hears a test.
func observe(m *models.Model, test *heard) *listener {
	asked, phases := recent(test.speech), phase(test.speech)
	area := func(held map[int][]float64) float64 {
		return training.NewRanking([][]float64{traceLSTM(m, test.frames, held).answers}, [][]bool{asked}).AUC(nil)
	}
	l, all, r := &listener{area: area(nil)}, map[int][]float64{}, traceLSTM(m, test.frames, nil)
	for _, g := range openedGates {
		values := r.gates[g.gate]
		var inPhase, withSpeech []float64
		for p := range phaseNames {
			inPhase = append(inPhase, mean(means(phaseOf(values, phases, p))))
		}
		for i := range lstmUnits {
			withSpeech = append(withSpeech, stat.Correlation(unit(values, i), zeroOne(test.speech), nil))
		}
		all[g.gate] = means(values)
		l.mean, l.speech = append(l.mean, inPhase), append(l.speech, withSpeech)
		l.held = append(l.held, area(map[int][]float64{g.gate: all[g.gate]}))
	}
	l.held = append(l.held, area(all))
	return l
}

func zeroOne(yes []bool) []float64 {
	list := make([]float64, len(yes))
	for i, y := range yes {
		if y {
			list[i] = 1
		}
	}
	return list
}
