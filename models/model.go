// Package models is the recurrent engine: frames in, answers out, one at a
// time, with the past kept in a small State.
//
//	m, _ := models.Load("vad.safetensors")
//	s := m.NewState()
//	for each frame {
//		s.Push(frame)
//		for s.Next(out) { ... }
//	}
//	s.Flush() // the recording is over: the answers that waited for it
//
// A Model is immutable and shared by all streams; a State belongs to one
// stream and one goroutine. A causal model answers each frame at once. A
// bidirectional one keeps its answers back until Flush; that is the whole
// difference between live and offline.
package models

import (
	"fmt"
	"math"
	"slices"

	"github.com/streamer-audio/streamer/internal/kernel"
)

// Model holds weights. It is safe for use by many goroutines.
type Model struct {
	arch    Arch
	info    Info
	tensors []Tensor
	hash    string

	mean, scale []float32
	layers      []layer
	head        []float32 // [width × outputs]
	bias        []float32
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
	m.mean, m.scale, t = t[0].Data, t[1].Data, t[2:]
	in := m.arch.Input
	for _, spec := range m.arch.Layers {
		l := layer{in: in, width: spec.Width(), fwd: newGRU(in, spec.Hidden, t)}
		t = t[4:]
		if spec.Bidirectional {
			l.bwd, t = newGRU(in, spec.Hidden, t), t[4:]
		}
		m.layers, in = append(m.layers, l), l.width
	}
	m.head, m.bias = transpose(t[0].Data, m.arch.Outputs, in), t[1].Data
}

// Arch returns the architecture.
func (m *Model) Arch() Arch { return m.arch }

// Info returns what the model is for. It must not be changed.
func (m *Model) Info() Info { return m.info }

// Tensors returns the weights. They must not be changed.
func (m *Model) Tensors() []Tensor { return m.tensors }

// Hash names the model: equal for equal weights, architecture and metadata.
func (m *Model) Hash() string { return m.hash }

// Lookahead is the number of frames after its own that an answer waits for:
// 0 for a causal model, Unbounded for one that needs the whole recording.
func (m *Model) Lookahead() int {
	if m.arch.Causal() {
		return 0
	}
	return Unbounded
}

// normalise writes (frame-mean)*scale of each of the frames [n × input] to x.
func (m *Model) normalise(x, frames []float32) {
	for n := len(m.mean); len(frames) > 0; x, frames = x[n:], frames[n:] {
		kernel.Centre(x[:n], frames[:n], m.mean, m.scale)
	}
}

// answer writes sigmoid(W y + b) of so many rows to out [rows × outputs].
func (m *Model) answer(out, y []float32, rows int) {
	width := len(y) / rows
	if len(m.bias) == 1 {
		for i := range out {
			out[i] = kernel.Dot(y[i*width:(i+1)*width], m.head) + m.bias[0]
		}
	} else {
		kernel.MulBias(out, m.bias, y, m.head, rows, m.arch.Outputs, width)
	}
	for i, v := range out {
		out[i] = kernel.Sigmoid(v)
	}
}
