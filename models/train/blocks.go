package train

import (
	"github.com/streamer-audio/streamer/internal/kernel"
)

// blocks lays the window of a bidirectional net out as the net hears it when it
// runs in blocks ([models.Arch.Block]): each block, with the frames to its
// right, is a lane of its own, block*lanes + lane. So backward cells run
// through all blocks side by side. Forward cells run through the frames in
// their order (core), and go on from the end of each block into the frames to
// its right (ahead), which they will hear again.
//
// At the end of a window, blocks hear as little to their right as at the end of
// a recording.
type blocks struct {
	frames, right int // of a block, and of what it hears beyond
	lanes         int
	count         int   // blocks in the window
	lengths       []int // [count × lanes] frames of each block and its right
	beyond        []int // [count × lanes] those that are to its right
	x             []float32
	top           []float32 // [steps × lanes × width] what the top layer says
	dy            []float32
}

// layOut fits the blocks to a window.
func (k *blocks) layOut(b *Batch) {
	k.count = (b.Steps + k.frames - 1) / k.frames
	k.lengths, k.beyond = k.lengths[:0], k.beyond[:0]
	for i := range k.count * k.lanes {
		end := b.Steps
		if b.Lengths != nil {
			end = b.Lengths[i%k.lanes]
		}
		n := max(0, min(k.frames+k.right, end-i/k.lanes*k.frames))
		k.lengths, k.beyond = append(k.lengths, n), append(k.beyond, max(0, n-k.frames))
	}
}

// all is how many lanes there are, rows how many rows of all steps.
func (k *blocks) all() int  { return k.count * k.lanes }
func (k *blocks) rows() int { return (k.frames + k.right) * k.all() }

// row is the row of step i of a block in which lane 0 has it.
func (k *blocks) row(block, i int) int { return i*k.all() + block*k.lanes }

// each calls f for every step of every block with the row of the window that
// it stands for. Of those to the right of a block only if right is set.
func (k *blocks) each(steps int, right bool, f func(window, row int)) {
	for block := range k.count {
		most := k.frames
		if right {
			most += k.right
		}
		for i := range min(most, steps-block*k.frames) {
			f((block*k.frames+i)*k.lanes, k.row(block, i))
		}
	}
}

// spread copies the rows of a window to all places where blocks hear them, or
// to the blocks' own alone, and clears the others.
func (k *blocks) spread(dst, window []float32, steps, width int, right bool) []float32 {
	n := k.lanes * width
	dst = resize(dst, k.rows()*width)
	clear(dst)
	k.each(steps, right, func(w, row int) { copy(dst[row*width:][:n], window[w*width:]) })
	return dst
}

// own copies the blocks' own rows back to the order of a window.
func (k *blocks) own(dst, rows []float32, steps, width int) []float32 {
	n := k.lanes * width
	dst = resize(dst, steps*n)
	k.each(steps, false, func(w, row int) { copy(dst[w*width:][:n], rows[row*width:]) })
	return dst
}

// sum adds up, for each row of a window, the rows that stand for it.
func (k *blocks) sum(dst, rows []float32, steps, width int) []float32 {
	n := k.lanes * width
	dst = resize(dst, steps*n)
	clear(dst)
	k.each(steps, true, func(w, row int) { kernel.SumRowsAdd(dst[w*width:][:n], rows[row*width:][:n], 1, n) })
	return dst
}

// blockwise is one direction of a layer that runs in blocks.
type blockwise struct {
	core, ahead *unit
	top         bool // nothing hears what it says of the frames to the right
	x, y        []float32
	dx, dy      []float32
}

// forward returns y [blocks.rows × hidden] for x of as many rows.
func (c *blockwise) forward(x []float32, steps int, k *blocks) []float32 {
	u := c.core
	if u.reverse || u.state == 0 { // nothing is handed from block to block
		if len(u.dh) != k.all()*u.Hidden {
			*u = *newUnit(u.weights, u.reverse, k.all())
		}
		return u.forward(x, k.frames+k.right, k.all(), k.lengths)
	}
	if c.ahead == nil || len(c.ahead.dh) != k.all()*u.Hidden {
		c.ahead = newUnit(u.weights, false, k.all())
	}
	c.x = k.own(c.x, x, steps, u.In)
	y := u.forward(c.x, steps, k.lanes, c.ends(k))
	c.y = k.spread(c.y, y, steps, u.Hidden, false)
	for block := range k.count {
		last := (min((block+1)*k.frames, steps) - 1) * k.lanes
		copy(c.ahead.h0[block*k.lanes*u.Hidden:], part(u.y, last, k.lanes, u.Hidden))
		if u.c != nil {
			copy(c.ahead.c0[block*k.lanes*u.Hidden:], part(u.c, last, k.lanes, u.Hidden))
		}
	}
	if k.right > 0 && !c.top {
		first := k.frames * k.all()
		copy(c.y[first*u.Hidden:], c.ahead.forward(x[first*u.In:], k.right, k.all(), k.beyond))
	}
	return c.y
}

// ends are the frames of each lane of the window.
func (c *blockwise) ends(k *blocks) []int {
	ends := make([]int, k.lanes)
	for i, n := range k.lengths {
		ends[i%k.lanes] += min(n, k.frames)
	}
	return ends
}

// backward adds d loss / d x to dx, unless that is nil, given dy, both
// [blocks.rows × ...].
func (c *blockwise) backward(dx, dy []float32, steps int, k *blocks) {
	u := c.core
	clear(u.dh)
	clear(u.dc)
	if u.reverse || u.state == 0 {
		u.backward(dx, dy, k.frames+k.right, k.all(), k.lengths)
		return
	}
	clear(c.ahead.dh)
	clear(c.ahead.dc)
	if k.right > 0 && !c.top {
		first := k.frames * k.all()
		var to []float32
		if dx != nil {
			to = dx[first*u.In:]
		}
		c.ahead.backward(to, dy[first*u.Hidden:], k.right, k.all(), k.beyond)
	}
	u.join = func(step int) { c.join(step, k) }
	c.dy = k.own(c.dy, dy, steps, u.Hidden)
	var to []float32
	if dx != nil {
		c.dx = resize(c.dx, steps*k.lanes*u.In)
		clear(c.dx)
		to = c.dx
	}
	u.backward(to, c.dy, steps, k.lanes, c.ends(k))
	if dx != nil {
		n := k.lanes * u.In
		k.each(steps, false, func(w, row int) { kernel.SumRowsAdd(dx[row*u.In:][:n], c.dx[w*u.In:][:n], 1, n) })
	}
	if k.right > 0 && !c.top {
		for i, g := range c.ahead.grad {
			kernel.SumRowsAdd(u.grad[i], g, 1, len(g))
		}
	}
}

// join adds what comes from the right of a block to the gradient by its last
// state.
func (c *blockwise) join(step int, k *blocks) {
	if (step+1)%k.frames != 0 {
		return
	}
	n := k.lanes * c.core.Hidden
	at := ((step+1)/k.frames - 1) * n
	kernel.SumRowsAdd(c.core.dh, c.ahead.dh[at:at+n], 1, n)
	if c.core.dc != nil {
		kernel.SumRowsAdd(c.core.dc, c.ahead.dc[at:at+n], 1, n)
	}
}
