package train

import (
	"github.com/streamer-audio/streamer/internal/kernel"
)

// graph is a net unrolled over the lanes of one shard: forward, loss and
// backward, with everything in between. The shards of a step share the
// weights and run side by side; each gathers its own gradient.
type graph struct {
	n      *shared
	lanes  int
	layers []graphLayer

	x      []float32 // normalised input
	logits []float32 // [rows × outputs]; on the way back d loss / d logits
	dy, dx []float32
	grad   [2][]float32 // of head.weight, head.bias
	loss   float64      // of the last step, not divided by its mask
}

// graphLayer is one layer: a cell in each direction.
type graphLayer struct {
	cells []*gru
	y     []float32 // [rows × width] both outputs side by side; cells[0].y if there is one
	dcell []float32 // [rows × hidden] one cell's part of d loss / d y
}

// shared is what all graphs read: the weights of the net, prepared.
type shared struct {
	net   *Net
	cells [][]*weights
	headT []float32
}

func newShared(net *Net) *shared {
	s := &shared{net: net, headT: make([]float32, len(net.tensors[len(net.tensors)-2].Data))}
	t := net.tensors[inputTensors:]
	for _, l := range net.arch.Layers {
		cells := []*weights{newWeights(t)}
		t = t[4:]
		if l.Bidirectional {
			cells, t = append(cells, newWeights(t)), t[4:]
		}
		s.cells = append(s.cells, cells)
	}
	return s
}

func (s *shared) head() (weight, bias []float32) {
	t := s.net.tensors[len(s.net.tensors)-2:]
	return t[0].Data, t[1].Data
}

// refresh prepares the weights for a step.
func (s *shared) refresh() {
	for _, cells := range s.cells {
		for _, w := range cells {
			w.refresh()
		}
	}
	weight, bias := s.head()
	transpose(s.headT, weight, len(bias), len(weight)/len(bias))
}

func newGraph(s *shared, lanes int) *graph {
	g := &graph{n: s, lanes: lanes}
	for _, cells := range s.cells {
		var l graphLayer
		for i, w := range cells {
			l.cells = append(l.cells, newGRU(w, i == 1, lanes))
		}
		g.layers = append(g.layers, l)
	}
	weight, bias := s.head()
	g.grad = [2][]float32{make([]float32, len(weight)), make([]float32, len(bias))}
	return g
}

// run takes the graph's lanes of a batch forward and back. count is the sum of
// the mask over the whole batch, by which the loss is divided.
func (g *graph) run(x, y, mask []float32, steps int, count float64) {
	rows := steps * g.lanes
	g.normalise(x)
	out := g.x
	for i := range g.layers {
		out = g.layers[i].forward(out, steps, g.lanes)
	}
	weight, bias := g.n.head()
	outputs := len(bias)
	width := len(weight) / outputs
	g.logits = resize(g.logits, rows*outputs)
	kernel.MulBias(g.logits, bias, out, g.n.headT, rows, outputs, width)

	g.loss = binaryCrossEntropy(g.logits, y, mask, count)
	for i := range g.grad {
		clear(g.grad[i])
	}
	kernel.MulTransAdd(g.grad[0], g.logits, out, outputs, width, rows)
	kernel.SumRowsAdd(g.grad[1], g.logits, rows, outputs)
	g.dy = resize(g.dy, rows*width)
	clear(g.dy)
	kernel.MulAdd(g.dy, g.logits, weight, rows, width, outputs)
	for i := len(g.layers) - 1; i >= 0; i-- {
		var dx []float32
		if i > 0 {
			g.dx = resize(g.dx, rows*g.layers[i].cells[0].in)
			clear(g.dx)
			dx = g.dx
		}
		g.layers[i].backward(dx, g.dy, steps, g.lanes)
		g.dy, g.dx = g.dx, g.dy
	}
}

func (g *graph) normalise(x []float32) {
	mean, scale := g.n.net.tensors[0].Data, g.n.net.tensors[1].Data
	g.x = resize(g.x, len(x))
	for i, v := range x {
		j := i % len(mean)
		g.x[i] = float32(v-mean[j]) * scale[j]
	}
}

// carry hands the state of causal layers on to the next batch.
func (g *graph) carry(steps int) {
	for i := range g.layers {
		for _, c := range g.layers[i].cells {
			c.carry(steps, g.lanes)
		}
	}
}

// reset makes a lane forget what it has heard.
func (g *graph) reset(lane int) {
	for i := range g.layers {
		for _, c := range g.layers[i].cells {
			clear(c.h0[lane*c.hidden : (lane+1)*c.hidden])
		}
	}
}

func (l *graphLayer) forward(x []float32, steps, lanes int) []float32 {
	if len(l.cells) == 1 {
		return l.cells[0].forward(x, steps, lanes)
	}
	rows, h := steps*lanes, l.cells[0].hidden
	l.y = resize(l.y, rows*2*h)
	for i, c := range l.cells {
		for row, y := 0, c.forward(x, steps, lanes); row < rows; row++ {
			copy(l.y[row*2*h+i*h:row*2*h+(i+1)*h], y[row*h:])
		}
	}
	return l.y
}

// backward adds to dx, which is nil for the first layer: nobody asks for the
// gradient of the input.
func (l *graphLayer) backward(dx, dy []float32, steps, lanes int) {
	if len(l.cells) == 1 {
		l.cells[0].backward(dx, dy, steps, lanes)
		return
	}
	rows, h := steps*lanes, l.cells[0].hidden
	l.dcell = resize(l.dcell, rows*h)
	for i, c := range l.cells {
		for row := range rows {
			copy(l.dcell[row*h:(row+1)*h], dy[row*2*h+i*h:])
		}
		c.backward(dx, l.dcell, steps, lanes)
	}
}
