// Package train fits the weights of a model: losses, backpropagation through
// time and an optimiser, on plain tensors. It knows nothing of audio or files.
//
// A [Net] is the trainable twin of a models.Model: the same tensors, the same
// arithmetic, but many sequences (lanes) side by side and everything kept that
// the way back needs. A [Trainer] takes it one step on per [Batch].
//
// Batches are time-major: row t*Lanes+lane. A causal net carries its hidden
// state from one batch to the next, which is truncated backpropagation through
// time (Williams and Peng 1990): gradients stop at the batch's beginning, the
// state does not. A net with a bidirectional layer sees whole sequences, and
// begins each batch with nothing heard.
package train

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/streamer-audio/streamer/models"
)

// Net holds trainable weights in float32.
type Net struct {
	arch    models.Arch
	tensors []models.Tensor // in the order of Arch.Shapes
	grads   []models.Tensor // the same for the gradient that Trainer gathers
}

// NewNet returns a net with weights drawn from the seed: uniform within
// ±1/sqrt(hidden) for recurrent layers, ±1/sqrt(in) for dense ones and the
// head, as PyTorch initialises them, ±1 for an embedding; the identity for the
// normalisation of the input.
func NewNet(arch models.Arch, seed uint64) (*Net, error) {
	if err := arch.Validate(); err != nil {
		return nil, err
	}
	n := &Net{arch: arch, tensors: alloc(arch), grads: alloc(arch)}
	rng := rand.New(rand.NewPCG(seed, 0x6e6574)) // "net"
	bounds := n.bounds()
	for i, t := range n.tensors {
		for j := range t.Data {
			t.Data[j] = float32((2*rng.Float64() - 1) * bounds[i])
		}
	}
	if arch.Encoding == models.Frames {
		clear(n.tensors[0].Data)
		for i := range n.tensors[1].Data {
			n.tensors[1].Data[i] = 1
		}
	}
	return n, nil
}

// bounds are the half widths of the tensors' initial distributions.
func (n *Net) bounds() (list []float64) {
	before, cells := n.parts()
	for range before {
		list = append(list, 1)
	}
	for _, l := range n.arch.Layers {
		if l.Cell == models.RowConv {
			list, cells = append(list, 1/math.Sqrt(float64(l.Context+1))), cells[1:]
			continue
		}
		for range directions(l) {
			w, rest := models.CellWeights(cells)
			fan := w.Hidden
			if w.Cell.Memory == 0 {
				fan = w.In
			}
			for range len(cells) - len(rest) {
				list = append(list, 1/math.Sqrt(float64(fan)))
			}
			cells = rest
		}
	}
	for range cells { // the head
		list = append(list, 1/math.Sqrt(float64(n.arch.Layers[len(n.arch.Layers)-1].Width())))
	}
	return list
}

// parts splits the tensors into those of the input, and those of the cells
// and the head.
func (n *Net) parts() (input, cells []models.Tensor) {
	i := map[string]int{models.Frames: 2, models.OneHot: 0, models.Embedding: 1}[n.arch.Encoding]
	return n.tensors[:i], n.tensors[i:]
}

func directions(l models.Layer) int {
	if l.Bidirectional {
		return 2
	}
	return 1
}

// frozen is how many tensors, the first ones, are not trained: the
// normalisation of the input.
func (n *Net) frozen() int {
	if n.arch.Encoding == models.Frames {
		return 2
	}
	return 0
}

func alloc(arch models.Arch) []models.Tensor {
	list := arch.Shapes()
	for i := range list {
		list[i].Data = make([]float32, list[i].Len())
	}
	return list
}

// Arch returns the architecture.
func (n *Net) Arch() models.Arch { return n.arch }

// Tensors returns the weights themselves, in the order of models.Arch.Shapes.
// Writing to them changes the net.
func (n *Net) Tensors() []models.Tensor { return n.tensors }

// Gradients returns, in the same order, the gradient of the last step before
// clipping. The normalisation of the input is not trained: its gradient is 0.
func (n *Net) Gradients() []models.Tensor { return n.grads }

// SetInput fixes the normalisation of the input, x = (frame-mean)*scale.
func (n *Net) SetInput(mean, scale []float32) error {
	if n.arch.Encoding != models.Frames {
		return fmt.Errorf("train: an input of tokens has no normalisation")
	}
	if len(mean) != n.arch.Input || len(scale) != n.arch.Input {
		return fmt.Errorf("train: normalisation of %d and %d values for an input of %d", len(mean), len(scale), n.arch.Input)
	}
	copy(n.tensors[0].Data, mean)
	copy(n.tensors[1].Data, scale)
	return nil
}

// Model returns a copy of the weights as an immutable model.
func (n *Net) Model(info models.Info) (*models.Model, error) {
	list := alloc(n.arch)
	for i, t := range n.tensors {
		copy(list[i].Data, t.Data)
	}
	return models.New(n.arch, info, list)
}
