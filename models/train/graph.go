package train

import (
	"math/rand/v2"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/models"
)

// graph is a net unrolled over the lanes of one shard: forward, loss and
// backward, with everything in between. The shards of a step share the
// weights and run side by side; each gathers its own gradient.
type graph struct {
	n      *shared
	lanes  int
	layers []graphLayer
	blocks *blocks // nil for a net that does not run in blocks

	frames []float32 // input of the window, not owned
	x      []float32 // what the first layer gets
	logits []float32 // [rows × outputs]; on the way back d loss / d logits
	dy, dx []float32
	grad   [2][]float32 // of head.weight, head.bias
	table  []float32    // of the embedding, nil without one
	loss   float64      // of the last step, not divided by its count
	ctc    ctc
}

// graphLayer is one layer: a cell in each direction.
type graphLayer struct {
	cells []*unit
	conv  *conv       // instead of cells, if it is one
	sum   bool        // of both directions
	y     []float32   // [rows × width] both outputs side by side or added; nil if there is one
	dcell []float32   // [rows × hidden] one cell's part of d loss / d y
	block []blockwise // of each cell, if the net runs in blocks
	drop  []float32   // [rows × width] factors of dropout, empty if there is none
	kept  []float32   // [rows × width] y times drop
}

// shared is what all graphs read: the weights of the net, prepared.
type shared struct {
	net   *Net
	cells [][]*weights
	convs []*taps // of each layer, nil if it is no row convolution
	headT []float32
}

func newShared(net *Net) *shared {
	s := &shared{net: net}
	_, t := net.parts()
	for _, l := range net.arch.Layers {
		var cells []*weights
		var conv *taps
		if l.Cell == models.RowConv {
			conv, t = newTaps(t[0]), t[1:]
		} else {
			for range directions(l) {
				var w *weights
				w, t = newWeights(t)
				cells = append(cells, w)
			}
		}
		s.cells, s.convs = append(s.cells, cells), append(s.convs, conv)
	}
	if len(t) > 0 {
		s.headT = make([]float32, len(t[0].Data))
	}
	return s
}

// head returns the tensors of the head, nil if the net has none.
func (s *shared) head() (weight, bias []float32) {
	if s.net.arch.Head == models.NoHead {
		return nil, nil
	}
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
	for _, w := range s.convs {
		if w != nil {
			w.refresh()
		}
	}
	if weight, bias := s.head(); weight != nil {
		transpose(s.headT, weight, len(bias), len(weight)/len(bias))
	}
}

func newGraph(s *shared, lanes int) *graph {
	g := &graph{n: s, lanes: lanes}
	for i, cells := range s.cells {
		l := graphLayer{sum: s.net.arch.Layers[i].Sum}
		for i, w := range cells {
			l.cells = append(l.cells, newUnit(w, i == 1, lanes))
		}
		if w := s.convs[i]; w != nil {
			l.conv = newConv(w, lanes)
		}
		if a := s.net.arch; a.Block > 0 {
			g.blocks = &blocks{frames: a.Block, right: a.Right, lanes: lanes}
			for _, c := range l.cells {
				l.block = append(l.block, blockwise{core: c, top: i == len(s.cells)-1})
			}
		}
		g.layers = append(g.layers, l)
	}
	weight, bias := s.head()
	g.grad = [2][]float32{make([]float32, len(weight)), make([]float32, len(bias))}
	if s.net.arch.Encoding == models.Embedding {
		g.table = make([]float32, len(s.net.tensors[0].Data))
	}
	return g
}

// run takes the graph's lanes of a batch forward and back. count is what the
// loss is divided by.
func (g *graph) run(b *Batch, count float64) {
	out := g.forward(b)
	g.criticise(out, b, count)
	g.clearEnd()
	g.backward(b)
}

// forward returns the outputs of the top layer [rows × width].
func (g *graph) forward(b *Batch) []float32 {
	g.frames = b.X
	g.encode()
	out, w, k := g.x, g.window(b), g.blocks
	if k != nil {
		k.x = k.spread(k.x, out, b.Steps, g.n.net.arch.Input, true)
		out = k.x
	}
	for i := range g.layers {
		out = g.layers[i].forward(out, w)
	}
	if k != nil {
		k.top = k.own(k.top, out, b.Steps, g.n.net.arch.Layers[len(g.layers)-1].Width())
		return k.top
	}
	return out
}

// window is what a layer needs to know of a batch.
type window struct {
	steps, lanes int
	lengths      []int
	blocks       *blocks
}

func (g *graph) window(b *Batch) window {
	if g.blocks != nil {
		g.blocks.layOut(b)
	}
	return window{b.Steps, g.lanes, b.Lengths, g.blocks}
}

// rows is how many rows the layers compute.
func (w window) rows() int {
	if w.blocks != nil {
		return w.blocks.rows()
	}
	return w.steps * w.lanes
}

// criticise computes the loss of the head's answers, its gradient by the head
// and, in dy, by the outputs of the top layer.
func (g *graph) criticise(out []float32, b *Batch, count float64) {
	weight, bias := g.n.head()
	rows, outputs := b.Steps*g.lanes, len(bias)
	width := len(weight) / outputs
	g.logits = resize(g.logits, rows*outputs)
	kernel.MulBias(g.logits, bias, out, g.n.headT, rows, outputs, width)
	g.loss = g.lossOf(b, count)
	for i := range g.grad {
		clear(g.grad[i])
	}
	kernel.MulTransAdd(g.grad[0], g.logits, out, outputs, width, rows)
	kernel.SumRowsAdd(g.grad[1], g.logits, rows, outputs)
	g.dy = resize(g.dy, rows*width)
	clear(g.dy)
	kernel.MulAdd(g.dy, g.logits, weight, rows, width, outputs)
}

// clearEnd says that nothing depends on the last state but what it has put out.
func (g *graph) clearEnd() {
	for _, l := range g.layers {
		for _, c := range l.cells {
			clear(c.dh)
			clear(c.dc)
		}
	}
}

// backward goes from dy, the gradient by the outputs of the top layer, to the
// weights of all layers.
func (g *graph) backward(b *Batch) {
	w, k := g.window(b), g.blocks
	if k != nil {
		k.dy = k.spread(k.dy, g.dy, b.Steps, g.n.net.arch.Layers[len(g.layers)-1].Width(), false)
		g.dy, k.dy = k.dy, g.dy
	}
	for i := len(g.layers) - 1; i >= 0; i-- {
		var dx []float32
		if i > 0 || g.table != nil { // nobody asks for the gradient of frames
			g.dx = resize(g.dx, w.rows()*g.layers[i].in())
			clear(g.dx)
			dx = g.dx
		}
		g.layers[i].backward(dx, g.dy, w)
		g.dy, g.dx = g.dx, g.dy
	}
	if g.table != nil {
		if k != nil {
			k.dy = k.sum(k.dy, g.dy, b.Steps, g.n.net.arch.Input)
			g.dy, k.dy = k.dy, g.dy
		}
		clear(g.table)
		for i, v := range g.frames {
			if v == models.NoToken {
				continue
			}
			in := g.n.net.arch.Input
			kernel.SumRowsAdd(g.table[int(v)*in:][:in], g.dy[i*in:(i+1)*in], 1, in)
		}
	}
}

// encode is models.Model's way from a frame to the first layer.
func (g *graph) encode() {
	net, in := g.n.net, g.n.net.arch.Input
	if net.arch.Encoding == models.Frames {
		mean, scale := net.tensors[0].Data, net.tensors[1].Data
		g.x = resize(g.x, len(g.frames))
		for i, v := range g.frames {
			j := i % len(mean)
			g.x[i] = float32(v-mean[j]) * scale[j]
		}
		return
	}
	g.x = resize(g.x, len(g.frames)*in)
	clear(g.x)
	for i, v := range g.frames {
		switch {
		case v == models.NoToken:
		case net.arch.Encoding == models.OneHot:
			g.x[i*in+int(v)] = 1
		default:
			copy(g.x[i*in:(i+1)*in], net.tensors[0].Data[int(v)*in:])
		}
	}
}

// carry hands the state of causal layers on to the next batch.
func (g *graph) carry(steps int) {
	for i := range g.layers {
		for _, c := range g.layers[i].cells {
			if !c.reverse && c.state > 0 {
				c.carry(steps, g.lanes)
			}
		}
		if c := g.layers[i].conv; c != nil {
			c.carry()
		}
	}
}

// reset makes a lane forget what it has heard.
func (g *graph) reset(lane int) {
	for i := range g.layers {
		for _, c := range g.layers[i].cells {
			clear(part(c.h0, lane, 1, c.state))
			clear(part(c.c0, lane, 1, c.Hidden))
		}
		if c := g.layers[i].conv; c != nil {
			c.reset(lane, g.lanes)
		}
	}
}

// setDrop draws the factors of dropout (Srivastava et al. 2014) for every
// layer but the last: 0 with probability p, else 1/(1-p), so that nothing is
// to be done when the net is used.
func (g *graph) setDrop(rng *rand.Rand, p float64, rows int) {
	for i := range g.layers[:len(g.layers)-1] {
		l := &g.layers[i]
		l.drop = resize(l.drop, rows*g.n.net.arch.Layers[i].Width())
		for j := range l.drop {
			l.drop[j] = 0
			if rng.Float64() >= p {
				l.drop[j] = float32(1 / (1 - p))
			}
		}
	}
}

// in is the width of what the layer gets.
func (l *graphLayer) in() int {
	if l.conv != nil {
		return l.conv.width
	}
	return l.cells[0].In
}

// grads are the gradients of the layer's tensors, in their order.
func (l *graphLayer) grads() (list [][]float32) {
	if l.conv != nil {
		return l.conv.grads
	}
	for _, c := range l.cells {
		list = append(list, c.grad...)
	}
	return list
}

// carried is all that goes on from batch to batch.
func (l *graphLayer) carried() (list [][]float32) {
	if l.conv != nil {
		return [][]float32{l.conv.past}
	}
	for i, c := range l.cells {
		if l.block != nil && i > 0 { // begins with nothing in each block
			break
		}
		list = append(list, c.h0)
		if c.c0 != nil {
			list = append(list, c.c0)
		}
	}
	return list
}

func (l *graphLayer) forward(x []float32, w window) []float32 {
	y := l.join(x, w)
	if len(l.drop) == 0 {
		return y
	}
	l.kept = resize(l.kept, len(y))
	kernel.Mul(l.kept, y, l.drop)
	return l.kept
}

// join is what both directions hand on.
func (l *graphLayer) join(x []float32, w window) []float32 {
	if l.conv != nil {
		return l.conv.forward(x, w.steps, w.lanes)
	}
	if len(l.cells) == 1 {
		return l.through(0, x, w)
	}
	rows, h := w.rows(), l.cells[0].Hidden
	if l.sum {
		l.y = resize(l.y, rows*h)
		copy(l.y, l.through(0, x, w))
		kernel.SumRowsAdd(l.y, l.through(1, x, w), 1, rows*h)
		return l.y
	}
	l.y = resize(l.y, rows*2*h)
	for i := range l.cells {
		for row, y := 0, l.through(i, x, w); row < rows; row++ {
			copy(l.y[row*2*h+i*h:row*2*h+(i+1)*h], y[row*h:])
		}
	}
	return l.y
}

// through takes x through one cell.
func (l *graphLayer) through(i int, x []float32, w window) []float32 {
	if w.blocks != nil {
		return l.block[i].forward(x, w.steps, w.blocks)
	}
	return l.cells[i].forward(x, w.steps, w.lanes, w.lengths)
}

// back goes back through one cell.
func (l *graphLayer) back(i int, dx, dy []float32, w window) {
	if w.blocks != nil {
		l.block[i].backward(dx, dy, w.steps, w.blocks)
		return
	}
	l.cells[i].backward(dx, dy, w.steps, w.lanes, w.lengths)
}

// backward adds to dx, which is nil where nobody asks for it. It spoils dy.
func (l *graphLayer) backward(dx, dy []float32, w window) {
	if len(l.drop) > 0 {
		kernel.Mul(dy, dy, l.drop)
	}
	if l.conv != nil {
		l.conv.backward(dx, dy, w.steps, w.lanes)
		return
	}
	if len(l.cells) == 1 || l.sum {
		for i := range l.cells {
			l.back(i, dx, dy, w)
		}
		return
	}
	rows, h := w.rows(), l.cells[0].Hidden
	l.dcell = resize(l.dcell, rows*h)
	for i := range l.cells {
		for row := range rows {
			copy(l.dcell[row*h:(row+1)*h], dy[row*2*h+i*h:])
		}
		l.back(i, dx, l.dcell, w)
	}
}
