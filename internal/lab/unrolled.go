package lab

import (
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// unrolled is a net of one recurrent layer and a softmax head, written out over
// all steps of one sequence. Its loss is the mean surprise at the classes.
type unrolled struct {
	cell    string
	hidden  int
	weights [][]float64 // the tensors of the layer and the head, in the order of models.Arch.Shapes
	x       [][]float64 // a frame for each step
	classes []int       // the right answer to each

	tape  tape
	leafs [][]num // weights on the tape
	in    []num   // the input of the current step
	h, c  []num   // its state
}

// unroll takes the weights of a net of the engine, whose frames are not
// normalised.
func unroll(net *train.Net, x [][]float64, classes []int) *unrolled {
	layer := net.Arch().Layers[0]
	u := &unrolled{cell: layer.Cell, hidden: layer.Hidden, x: x, classes: classes}
	for _, t := range net.Tensors()[2:] { // after the mean and scale of the frames
		u.weights = append(u.weights, wide(t.Data))
	}
	return u
}

// loss goes forward through all steps.
func (u *unrolled) loss() num {
	t := &u.tape
	t.nodes, u.leafs = t.nodes[:0], nil
	for _, w := range u.weights {
		u.leafs = append(u.leafs, u.constants(w))
	}
	u.h, u.c = u.constants(make([]float64, u.hidden)), u.constants(make([]float64, u.hidden))
	head := u.leafs[len(u.leafs)-2:]
	total := t.constant(0)
	for step, x := range u.x {
		u.in = u.constants(x)
		cellsByHand[u.cell](u)
		total = t.add(total, t.surprise(t.affine(head[0], head[1], u.h), u.classes[step]))
	}
	return t.mul(total, t.constant(1/float64(len(u.x))))
}

func (u *unrolled) constants(v []float64) []num {
	list := make([]num, len(v))
	for i, x := range v {
		list[i] = u.tape.constant(x)
	}
	return list
}

// gradient is d loss / d each weight, by backpropagation through time.
func (u *unrolled) gradient() (all []float64) {
	u.tape.back(u.loss())
	for _, w := range u.leafs {
		for _, v := range w {
			all = append(all, u.tape.grad(v))
		}
	}
	return all
}

// differences is the same by finite differences,
// (loss(w+h) - loss(w-h)) / 2h for each weight in turn.
func (u *unrolled) differences(h float64) (all []float64) {
	for _, w := range u.weights {
		for i, v := range w {
			w[i] = v + h
			up := u.tape.value(u.loss())
			w[i] = v - h
			down := u.tape.value(u.loss())
			w[i] = v
			all = append(all, (up-down)/(2*h))
		}
	}
	return all
}

// fromInput and fromState are the products of gate g with x and with the state
// v, biases included.
func (u *unrolled) fromInput(g int) []num { return u.gate(0, 2, g, u.in) }

func (u *unrolled) fromState(g int, v []num) []num { return u.gate(1, 3, g, v) }

func (u *unrolled) gate(w, b, g int, x []num) []num {
	n := u.hidden * len(x)
	return u.tape.affine(u.leafs[w][g*n:(g+1)*n], u.leafs[b][g*u.hidden:(g+1)*u.hidden], x)
}

// sums is what gate g goes through its function.
func (u *unrolled) sums(g int) []num { return u.tape.sum(u.fromInput(g), u.fromState(g, u.h)) }

// cellsByHand are the equations of a step, as the comments of models/rnn.go,
// gru.go and lstm.go have them.
var cellsByHand = map[string]func(u *unrolled){
	models.RNN:          func(u *unrolled) { u.h = u.tape.each(u.tape.tanh, u.sums(0)) },
	models.RNNReLU:      func(u *unrolled) { u.h = u.tape.each(u.tape.relu, u.sums(0)) },
	models.GRUSimple:    gruSimpleByHand,
	models.GRUBefore:    gruBeforeByHand,
	models.GRU:          gruByHand,
	models.LSTM:         func(u *unrolled) { lstmByHand(u, false) },
	models.LSTMPeephole: func(u *unrolled) { lstmByHand(u, true) },
}

// blend is h' = (1-z)*n + z*h.
func (u *unrolled) blend(z, n []num) {
	t := &u.tape
	u.h = t.sum(t.prod(t.each(t.oneMinus, z), n), t.prod(z, u.h))
}

func gruSimpleByHand(u *unrolled) {
	t := &u.tape
	u.blend(t.each(t.sigmoid, u.sums(0)), t.each(t.tanh, u.sums(1)))
}

func gruBeforeByHand(u *unrolled) {
	t := &u.tape
	r, z := t.each(t.sigmoid, u.sums(0)), t.each(t.sigmoid, u.sums(1))
	u.blend(z, t.each(t.tanh, t.sum(u.fromInput(2), u.fromState(2, t.prod(r, u.h)))))
}

func gruByHand(u *unrolled) {
	t := &u.tape
	r, z := t.each(t.sigmoid, u.sums(0)), t.each(t.sigmoid, u.sums(1))
	u.blend(z, t.each(t.tanh, t.sum(u.fromInput(2), t.prod(r, u.fromState(2, u.h)))))
}

func lstmByHand(u *unrolled, peepholes bool) {
	t := &u.tape
	sees := func(sums []num, gate int, c []num) []num {
		if !peepholes {
			return sums
		}
		return t.sum(sums, t.prod(u.leafs[4][gate*u.hidden:(gate+1)*u.hidden], c))
	}
	i := t.each(t.sigmoid, sees(u.sums(0), 0, u.c))
	f := t.each(t.sigmoid, sees(u.sums(1), 1, u.c))
	g, o := t.each(t.tanh, u.sums(2)), u.sums(3)
	u.c = t.sum(t.prod(f, u.c), t.prod(i, g))
	u.h = t.prod(t.each(t.sigmoid, sees(o, 2, u.c)), t.each(t.tanh, u.c))
}
