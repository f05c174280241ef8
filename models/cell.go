package models

import (
	"slices"
	"strconv"
	"strings"
)

// Cell is one kind of recurrent unit. Its equations know nothing of batches,
// blocks, files or optimisers: before a step they are handed the products of
// the weights with input and state, after it they have written the new state.
//
// All matrices of a cell lie on each other: W_x [Gates*hidden × in] and W_h
// [Gates*hidden × hidden], a bias for each, in blocks of hidden rows, one
// block a gate.
type Cell struct {
	Name   string
	Gates  int // products that a unit takes of the input, and of the state
	Memory int // vectors carried on: 0 nothing, 1 the output h, 2 h and a memory c
	Peeps  int // vectors of weights from the memory to the gates

	// Late is how many gates, the last ones, multiply what Reset makes of the
	// state instead of the state.
	Late int

	// Forward computes H, and C, from the rest, and leaves the gates in X.
	Forward func(s *Step)
	// Backward turns the gates in X into d loss / d X, R and Late into d loss
	// / d R and d Late, and DH and DC from d loss / d h<t> and c<t> into that
	// part of d loss / d h<t-1> and c<t-1> which goes through no product.
	Backward func(s *Step)
	// Reset writes V for a cell with late gates. It may leave early gates in X
	// where Forward then finds them.
	Reset func(s *Step)
	// ResetBack follows Backward once DV is known, and completes X, R and DH.
	ResetBack func(s *Step)

	// fused is Forward with its products in it, bit for bit, as
	// kernel.GRUStep; it need not leave the gates. nil: there is none.
	fused func(next, prev, x, h, wx, wh, bx, bh []float32)
}

// Step is one step of n neighbouring units of a cell. What a cell does not
// have is empty. H overlaps nothing; C may be PrevC.
type Step struct {
	H, C         []float32 // [n] state after the step
	PrevH, PrevC []float32 // [n] state before it
	X            []float32 // [Gates*n] W_x x + b_x
	R            []float32 // [(Gates-Late)*n] W_h h + b_h, zeros without a state
	V            []float32 // [n] what the late gates multiply
	Late         []float32 // [Late*n] W_h V + b_h
	Peep         []float32 // [Peeps*n]

	// The way back only.
	DH, DC []float32 // [n] d loss / d h<t>, c<t> through all later steps
	DY     []float32 // [n] d loss / d h<t> through the output of this step
	DV     []float32 // [n] d loss / d V
	DPeep  []float32 // [Peeps*n] added to
}

// Cells that models know, by the names that Layer.Cell takes. A cell is one
// file with its equations, and one line here.
var cells = []*Cell{
	&rnnTanh, &rnnReLU,
	&gruSimple, &gruBefore, &gruAfter,
	&lstm, &lstmPeephole,
	&denseTanh, &denseReLU,
}

// CellNamed returns the cell of that name, nil if there is none.
func CellNamed(name string) *Cell {
	if i := slices.IndexFunc(cells, func(c *Cell) bool { return c.Name == name }); i >= 0 {
		return cells[i]
	}
	return nil
}

// CellNames lists all cells.
func CellNames() (names []string) {
	for _, c := range cells {
		names = append(names, c.Name)
	}
	return names
}

// Directions of a cell, as suffixes of its tensors' names.
const (
	forwardSuffix = ""
	reverseSuffix = "_reverse"
)

// shapes lists the tensors of one cell of a layer; see [Arch.Shapes].
func (c *Cell) shapes(layer int, suffix string, in, hidden int) []Tensor {
	name := func(what string) string { return c.Name + "." + what + "_l" + strconv.Itoa(layer) + suffix }
	rows := c.Gates * hidden
	list := []Tensor{{Name: name("weight_ih"), Shape: []int{rows, in}}}
	if c.Memory > 0 {
		list = append(list, Tensor{Name: name("weight_hh"), Shape: []int{rows, hidden}})
	}
	list = append(list, Tensor{Name: name("bias_ih"), Shape: []int{rows}})
	if c.Memory > 0 {
		list = append(list, Tensor{Name: name("bias_hh"), Shape: []int{rows}})
	}
	if c.Peeps > 0 {
		list = append(list, Tensor{Name: name("weight_peep"), Shape: []int{c.Peeps * hidden}})
	}
	return list
}

// Weights are the tensors of one cell of one layer: matrices by rows, gate by
// gate. What the cell does not have is nil.
type Weights struct {
	Cell       *Cell
	In, Hidden int
	X, H       []float32 // [Gates*Hidden × In], [Gates*Hidden × Hidden]
	BX, BH     []float32 // [Gates*Hidden]
	Peep       []float32 // [Peeps*Hidden]
}

// CellWeights takes the tensors of the next cell from the front of a list in
// the order of [Arch.Shapes] that begins with a cell, and returns the rest.
// Other than that it copies nothing.
func CellWeights(t []Tensor) (Weights, []Tensor) {
	name, _, _ := strings.Cut(t[0].Name, ".")
	c := CellNamed(name)
	w := Weights{Cell: c, In: t[0].Shape[1], Hidden: t[0].Shape[0] / c.Gates}
	next := func() (data []float32) {
		data, t = t[0].Data, t[1:]
		return data
	}
	w.X = next()
	if c.Memory > 0 {
		w.H = next()
	}
	w.BX = next()
	if c.Memory > 0 {
		w.BH = next()
	}
	if c.Peeps > 0 {
		w.Peep = next()
	}
	return w, t
}
