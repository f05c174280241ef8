package lab

import "math"

// tape records a computation in float64, number by number, each with the slope
// by what it was computed of. Going back along it is the chain rule: what comes
// last hands d loss / d itself on to what it came of. On a net that was
// unrolled over time this is backpropagation through time.
//
// Products are rounded before they are added, as in vector.go.
type tape struct{ nodes []node }

// num is a number on the tape.
type num int

type node struct {
	value, grad float64
	from        [2]num     // what it was computed of
	slope       [2]float64 // d value / d those; 0 for what it was not
}

// constant is a number that depends on no other.
func (t *tape) constant(v float64) num { return t.put(node{value: v}) }

func (t *tape) put(n node) num {
	t.nodes = append(t.nodes, n)
	return num(len(t.nodes) - 1)
}

func (t *tape) value(a num) float64 { return t.nodes[a].value }
func (t *tape) grad(a num) float64  { return t.nodes[a].grad }

// back finds d loss / d each number.
func (t *tape) back(loss num) {
	for i := range t.nodes {
		t.nodes[i].grad = 0
	}
	t.nodes[loss].grad = 1
	for i := loss; i >= 0; i-- {
		n := t.nodes[i]
		for k, from := range n.from {
			t.nodes[from].grad += float64(n.slope[k] * n.grad)
		}
	}
}

func (t *tape) add(a, b num) num {
	return t.put(node{value: t.value(a) + t.value(b), from: [2]num{a, b}, slope: [2]float64{1, 1}})
}

func (t *tape) mul(a, b num) num {
	x, y := t.value(a), t.value(b)
	return t.put(node{value: float64(x * y), from: [2]num{a, b}, slope: [2]float64{y, x}})
}

// of is a function of a, of which value and slope are known.
func (t *tape) of(a num, value, slope float64) num {
	return t.put(node{value: value, from: [2]num{a, a}, slope: [2]float64{slope, 0}})
}

func (t *tape) tanh(a num) num {
	y := math.Tanh(t.value(a))
	return t.of(a, y, 1-float64(y*y))
}

func (t *tape) sigmoid(a num) num {
	y := 1 / (1 + math.Exp(-t.value(a)))
	return t.of(a, y, float64(y*(1-y)))
}

// relu has the slope 0 at 0, as in the engine.
func (t *tape) relu(a num) num {
	if v := t.value(a); v > 0 {
		return t.of(a, v, 1)
	}
	return t.of(a, 0, 0)
}

// oneMinus is 1 - a.
func (t *tape) oneMinus(a num) num { return t.of(a, 1-t.value(a), -1) }

// surprise is -ln softmax(scores)[class].
func (t *tape) surprise(scores []num, class int) num {
	most := t.value(scores[0])
	for _, s := range scores {
		most = max(most, t.value(s))
	}
	var total num
	for i, s := range scores {
		e := math.Exp(t.value(s) - most)
		if power := t.of(s, e, e); i == 0 {
			total = power
		} else {
			total = t.add(total, power)
		}
	}
	v := t.value(total)
	return t.add(t.of(total, math.Log(v)+most, 1/v), t.of(scores[class], -t.value(scores[class]), -1))
}

// Vectors, value by value.

func (t *tape) each(f func(num) num, x []num) []num {
	y := make([]num, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

func (t *tape) both(f func(a, b num) num, x, y []num) []num {
	z := make([]num, len(x))
	for i := range x {
		z[i] = f(x[i], y[i])
	}
	return z
}

func (t *tape) sum(x, y []num) []num  { return t.both(t.add, x, y) }
func (t *tape) prod(x, y []num) []num { return t.both(t.mul, x, y) }

// affine is W x + b, with W [len(b) × len(x)] row by row.
func (t *tape) affine(w, b, x []num) []num {
	y := make([]num, len(b))
	for i, bias := range b {
		y[i] = bias
		for j, v := range x {
			y[i] = t.add(y[i], t.mul(w[i*len(x)+j], v))
		}
	}
	return y
}
