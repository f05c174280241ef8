package models

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/streamer-audio/streamer/internal/kernel"
)

// Model holds weights. It is safe for use by many goroutines.
type Model struct {
	arch    Arch
	info    Info
	tensors []Tensor
	hash    string

	mean, scale []float32 // nil for tokens
	embedding   []float32 // [tokens × input], nil unless the encoding is one
	layers      []layer
	width       int       // of the widest of what goes into and out of a layer
	head        []float32 // [width × outputs]
	bias        []float32

	rooms sync.Pool // of *room
}

// New builds a Model from the tensors that [Arch.Shapes] lists, in any order.
// It copies nothing: the caller must not change their data afterwards.
func New(arch Arch, info Info, tensors []Tensor) (*Model, error) {
	if err := arch.Validate(); err != nil {
		return nil, err
	}
	want := arch.Shapes()
	if len(tensors) != len(want) {
		return nil, fmt.Errorf("models: %d tensors given, the architecture has %d", len(tensors), len(want))
	}
	for i := range want {
		if err := take(&want[i], tensors); err != nil {
			return nil, err
		}
	}
	m := &Model{arch: arch, info: info, tensors: want}
	m.rooms.New = func() any { return &room{} }
	m.build()
	m.hash = hashOf(m.appendFile(nil))
	return m, nil
}

// take fills in the data of the tensor w from the one of the same name.
func take(w *Tensor, from []Tensor) error {
	i := slices.IndexFunc(from, func(t Tensor) bool { return t.Name == w.Name })
	if i < 0 {
		return fmt.Errorf("models: tensor %s is missing", w.Name)
	}
	t := from[i]
	if !slices.Equal(t.Shape, w.Shape) || len(t.Data) != w.Len() {
		return fmt.Errorf("models: tensor %s has shape %v, the architecture needs %v", w.Name, t.Shape, w.Shape)
	}
	for j, v := range t.Data {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("models: tensor %s: value %d is not finite; train or export it again", w.Name, j)
		}
	}
	w.Data = t.Data
	return nil
}

func (m *Model) build() {
	t := m.tensors
	switch m.arch.Encoding {
	case Frames:
		m.mean, m.scale, t = t[0].Data, t[1].Data, t[2:]
	case Embedding:
		m.embedding, t = t[0].Data, t[1:]
	}
	in := m.arch.Input
	m.width = in
	for i, spec := range m.arch.Layers {
		m.width = max(m.width, spec.Width())
		l := layer{in: in, width: spec.Width(), top: i == len(m.arch.Layers)-1, sum: spec.Sum}
		if spec.Cell == RowConv {
			l.conv = newRowConv(t[0])
			m.layers, t = append(m.layers, l), t[1:]
			continue
		}
		var w Weights
		w, t = CellWeights(t)
		l.fwd = newUnits(w)
		if spec.Bidirectional {
			w, t = CellWeights(t)
			l.bwd = newUnits(w)
		}
		m.layers, in = append(m.layers, l), l.width
	}
	if m.arch.Head != NoHead {
		m.head, m.bias = transpose(t[0].Data, m.arch.Outputs, in), t[1].Data
	}
}

// Arch returns the architecture.
func (m *Model) Arch() Arch { return m.arch }

// Info returns what the model is for. It must not be changed.
func (m *Model) Info() Info { return m.info }

// Tensors returns the weights. They must not be changed.
func (m *Model) Tensors() []Tensor { return m.tensors }

// Hash names the model: equal for equal weights, architecture and metadata.
func (m *Model) Hash() string { return m.hash }

// Lookahead is [Arch.Lookahead].
func (m *Model) Lookahead() int { return m.arch.Lookahead() }

// encode writes what the first layer gets of the frames [n × FrameLen] to x
// [n × Input].
func (m *Model) encode(x, frames []float32) {
	in := m.arch.Input
	if m.arch.Encoding == Frames {
		for ; len(frames) > 0; x, frames = x[in:], frames[in:] {
			kernel.Centre(x[:in], frames[:in], m.mean, m.scale)
		}
		return
	}
	for i, v := range frames {
		token := int(v)
		if float32(token) != v || token < NoToken || token >= m.arch.Tokens {
			panic(fmt.Sprintf("models: frame %g is not a token of 0..%d", v, m.arch.Tokens-1))
		}
		row := x[i*in : (i+1)*in]
		switch {
		case token == NoToken:
			clear(row)
		case m.arch.Encoding == Embedding:
			copy(row, m.embedding[token*in:])
		default:
			clear(row)
			row[token] = 1
		}
	}
}

// answer takes so many rows through the head, to out [rows × outputs].
func (m *Model) answer(out, y []float32, rows int, by arithmetic) {
	width := len(y) / rows
	if len(m.bias) == 1 {
		for i := range out {
			out[i] = by.dot(y[i*width:(i+1)*width], m.head) + m.bias[0]
		}
	} else {
		by.mulBias(out, m.bias, y, m.head, rows, m.arch.Outputs, width)
	}
	switch m.arch.Head {
	case SigmoidHead:
		for i, v := range out {
			out[i] = kernel.Sigmoid(v)
		}
	case SoftmaxHead:
		for n := m.arch.Outputs; len(out) > 0; out = out[n:] {
			kernel.Softmax(out[:n])
		}
	}
}
