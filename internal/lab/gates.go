package lab

import (
	"math"

	"github.com/streamer-audio/streamer/models"
)

// The gates of an LSTM in the order of its weights. In the note Gamma_u is the
// input gate, Gamma_f the forget gate, c~ the candidate, Gamma_o the output
// gate.
const (
	inputGate = iota
	forgetGate
	candidate
	outputGate
	lstmGates
)

// gateTrace is what goes on in an LSTM of one layer and one sigmoid output:
// gates[g][t], memory[t] and state[t] are of all units, answers[t] of the net.
type gateTrace struct {
	gates         [lstmGates][][]float64
	memory, state [][]float64
	answers       []float64
}

// traceLSTM computes in float64 what the engine computes, and keeps what that
// does not show. A gate for which held has values, one a unit, has those at all
// times, whatever it hears.
func traceLSTM(m *models.Model, frames []float32, held map[int][]float64) *gateTrace {
	tensors := m.Tensors()
	centre, scale, head := tensors[0].Data, tensors[1].Data, tensors[len(tensors)-2:]
	w, _ := models.CellWeights(tensors[2:])
	wx, wh, bias := rows(w.X, w.In), rows(w.H, w.Hidden), sum(wide(w.BX), wide(w.BH))
	out, h, c := rows(head[0].Data, w.Hidden), make([]float64, w.Hidden), make([]float64, w.Hidden)
	r := &gateTrace{}
	for ; len(frames) > 0; frames = frames[w.In:] {
		x := make([]float64, w.In)
		for i := range x {
			x[i] = float64((frames[i] - centre[i]) * scale[i])
		}
		sums := sum(product(wx, x), product(wh, h), bias)
		var gate [lstmGates][]float64
		for g := range gate {
			part := sums[g*w.Hidden : (g+1)*w.Hidden]
			if gate[g] = sigmoid(part); g == candidate {
				gate[g] = tanh(part)
			}
			if held[g] != nil {
				gate[g] = held[g]
			}
			r.gates[g] = append(r.gates[g], gate[g])
		}
		c = sum(each(gate[forgetGate], c), each(gate[inputGate], gate[candidate]))
		h = each(gate[outputGate], tanh(c))
		r.memory, r.state = append(r.memory, c), append(r.state, h)
		r.answers = append(r.answers, sigmoid(sum(product(out, h), wide(head[1].Data)))[0])
	}
	return r
}

// rows are those of a matrix of so many columns.
func rows(w []float32, columns int) (list [][]float64) {
	for ; len(w) > 0; w = w[columns:] {
		list = append(list, wide(w[:columns]))
	}
	return list
}

// means are those of each unit over some frames.
func means(values [][]float64) []float64 {
	m := make([]float64, len(values[0]))
	for i := range m {
		m[i] = mean(unit(values, i))
	}
	return m
}

// unit is one unit over time.
func unit(values [][]float64, i int) []float64 {
	list := make([]float64, len(values))
	for t, v := range values {
		list[t] = v[i]
	}
	return list
}

// halfLife is how many frames a forget gate takes to halve what is in the
// memory, if it stays as it is.
func halfLife(gate float64) float64 { return -1 / math.Log2(gate) }
