package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/internal/report"
	"github.com/streamer-audio/streamer/pipeline"
)

// listeners are nets of several seeds.
type listeners []*listener

// ordered are values of all seeds, from the least to the most.
func (l listeners) ordered(value func(*listener) float64) (list []float64) {
	for _, one := range l {
		list = append(list, value(one))
	}
	slices.Sort(list)
	return list
}

func (l listeners) median(value func(*listener) float64) float64 { return l.ordered(value)[len(l)/2] }

// gate is how far a gate is open in a phase.
func (l listeners) gate(gate, phase int) float64 {
	return l.median(func(one *listener) float64 { return one.mean[gate][phase] })
}

// speaking counts the units, of all seeds, whose gate opens with speech, and
// those whose gate closes.
func (l listeners) speaking(gate int) (open, closed int) {
	const much = 0.5
	for _, one := range l {
		for _, c := range one.speech[gate] {
			if c > much {
				open++
			} else if c < -much {
				closed++
			}
		}
	}
	return open, closed
}

// cost is by how much an area falls when a gate is held, and in how many seeds
// it falls.
func (l listeners) cost(gate int) (median float64, seeds int) {
	costs := l.ordered(func(one *listener) float64 { return one.area - one.held[gate] })
	for _, c := range costs {
		if c > 0 {
			seeds++
		}
	}
	return costs[len(costs)/2], seeds
}

func (l listeners) byPhase() Table {
	t := Table{Title: fmt.Sprintf("How far gates are open, mean of %d units, median of %d seeds; of all units, those whose gate correlates with speech by more than 0.5 or less than -0.5",
		lstmUnits, len(l)), Columns: []Column{{Name: "gate"}}}
	for _, p := range phaseNames {
		t.Columns = append(t.Columns, Column{p, "%.2f"})
	}
	t.Columns = append(t.Columns, Column{Name: "units"}, Column{Name: "open with speech"}, Column{Name: "close"})
	for i, g := range openedGates {
		row := []any{g.name}
		for p := range phaseNames {
			row = append(row, l.gate(i, p))
		}
		open, closed := l.speaking(i)
		t.Add(append(row, lstmUnits*len(l), open, closed)...)
	}
	return t
}

func (l listeners) heldStill() Table {
	t := Table{Title: "Area under the ROC curve of the answers to \"was there speech in the last 300 ms?\", on words that were not trained on",
		Columns: []Column{{Name: "held at the mean"}, {"area, median", "%.4f"}, {"least", "%.4f"}, {"most", "%.4f"}, {"lost, median", "%.4f"}, {Name: "seeds that lose"}}}
	areas := l.ordered(func(one *listener) float64 { return one.area })
	t.Add("nothing", areas[len(areas)/2], areas[0], areas[len(areas)-1], 0.0, 0)
	for i := range len(openedGates) + 1 {
		name := "all gates"
		if i < len(openedGates) {
			name = openedGates[i].name + " gate"
		}
		areas := l.ordered(func(one *listener) float64 { return one.held[i] })
		lost, seeds := l.cost(i)
		t.Add(name, areas[len(areas)/2], areas[0], areas[len(areas)-1], lost, seeds)
	}
	return t
}

func (l listeners) outcome() Outcome {
	o := Outcome{"area": l.median(func(one *listener) float64 { return one.area })}
	for i, g := range openedGates {
		for p, name := range phaseNames {
			o[g.name+" gate, "+name] = l.gate(i, p)
		}
		open, closed := l.speaking(i)
		o[g.name+" gate, units that open"], o[g.name+" gate, units that close"] = float64(open), float64(closed)
		lost, seeds := l.cost(i)
		o["lost without "+g.name+" gate"], o["seeds that lose without "+g.name+" gate"] = lost, float64(seeds)
	}
	o["lost without all gates"], _ = l.cost(len(openedGates))
	return o
}

// sentence says what the forget gate does, and which gates matter.
func (l listeners) sentence() (text string, holds bool) {
	const update, forget = 0, 1
	silence, after := l.gate(forget, inSilence), l.gate(forget, justAfter)
	open, closed := l.speaking(forget)
	lost, losing := l.cost(forget)
	holds = after > silence && 2*losing > len(l) && lost > 0
	text = "The forget gate is what remembers"
	if !holds {
		text = "That the forget gate is what remembers is not shown here"
	}
	text += fmt.Sprintf(": it is open by %.2f in silence, %.2f at an onset, %.2f in speech and %.2f in the 300 ms after it, so that a memory halves in %.1f, %.1f, %.1f and %.1f frames. ",
		silence, l.gate(forget, inOnset), l.gate(forget, inSpeech), after,
		halfLife(silence), halfLife(l.gate(forget, inOnset)), halfLife(l.gate(forget, inSpeech)), halfLife(after))
	text += fmt.Sprintf("In %d of %d units it opens with speech, in %d it closes; the update gate does so in %s, the output gate in %s. ",
		open, lstmUnits*len(l), closed, pair(l.speaking(update)), pair(l.speaking(2)))
	var costs []string
	for i, g := range openedGates {
		lost, losing := l.cost(i)
		costs = append(costs, fmt.Sprintf("the %s gate costs %.4f (%d of %d seeds lose)", g.name, lost, losing, len(l)))
	}
	all, _ := l.cost(len(openedGates))
	return text + fmt.Sprintf("Held at its mean, of an area under the ROC curve of %.4f, %s, all of them %.4f.",
		l.median(func(one *listener) float64 { return one.area }), strings.Join(costs, ", "), all), holds
}

func pair(open, closed int) string { return fmt.Sprintf("%d and %d", open, closed) }

// gatePicture shows the whole recording as a net hears it.
func gatePicture(r *demo.Recording, h *heard, g *gateTrace) *report.Picture {
	bands := make([][]float64, len(h.speech))
	for t := range bands {
		bands[t] = wide(h.frames[t*h.width : (t+1)*h.width])
	}
	p := &report.Picture{Title: "An LSTM hears the recording of the demonstration; each row is a unit", Shade: segments(r),
		Maps: []report.Map{{Name: "mel bands", Hop: h.hop, Columns: bands, Min: -9, Max: 4}}}
	for _, gate := range openedGates {
		p.Maps = append(p.Maps, report.Map{Name: gate.name, Hop: h.hop, Columns: g.gates[gate.gate], Max: 1})
	}
	p.Maps = append(p.Maps, report.Map{Name: "memory", Hop: h.hop, Columns: g.memory, Min: -2, Max: 2, Signed: true})
	p.Lines = []report.Line{{Name: "answer", Hop: h.hop, Prob: g.answers}}
	p.Tracks = []report.Track{{Name: "speech", Segments: segments(r)}, {Name: "trained on", Segments: []pipeline.Segment{{End: lstmCut * h.hop}}}}
	return p
}
