package train

import (
	"slices"

	"github.com/streamer-audio/streamer/models"
)

// late hands each step the targets of the frames that its answers are about,
// where these lie behind ([models.Arch.Delays], row convolutions). Targets of
// the last frames of a batch are kept for the next one, as the state is.
type late struct {
	ahead   []int     // [each] frames that the answers are late
	most    int       // of them
	y, mask []float32 // [most × lanes × each] of the last frames, oldest first; without weight where there are none
	batch   Batch     // with targets moved
}

// newLate returns nil for a net that answers at once, or when all is heard.
func newLate(a models.Arch, lanes int) *late {
	most := a.Lookahead()
	if most == 0 || most == models.Unbounded || a.Block > 0 || a.Outputs == 0 {
		return nil
	}
	each := a.Outputs
	if a.Head == models.SoftmaxHead {
		each = 1
	}
	l := &late{ahead: slices.Repeat([]int{most}, each), most: most}
	for i := range min(each, len(a.Delays)) {
		l.ahead[i] -= slices.Max(a.Delays) - a.Delays[i]
	}
	n := most * lanes * each
	l.y, l.mask = make([]float32, n), make([]float32, n)
	return l
}

// move returns b with the targets moved. It is valid until the next call.
func (l *late) move(b *Batch, lanes int) *Batch {
	if l == nil || b.Labels != nil { // CTC knows no times
		return b
	}
	rows, each := b.Steps*lanes, len(l.ahead)
	to := &l.batch
	*to = Batch{Steps: b.Steps, X: b.X, Lengths: b.Lengths, Reset: b.Reset, Mask: resize(to.Mask, rows*each)}
	values := make([]float32, rows*each)
	for row := range rows {
		lane, step := row%lanes, row/lanes
		for i, ahead := range l.ahead {
			at := row*each + i
			values[at], to.Mask[at] = l.target(b, lanes, step-ahead, lane, i)
		}
	}
	if b.Classes == nil {
		to.Y = values
		return to
	}
	to.Classes = make([]int, rows)
	for i, v := range values {
		to.Classes[i] = int(v)
	}
	return to
}

// target returns the target of a step, which may lie before the batch, and its
// weight.
func (l *late) target(b *Batch, lanes, step, lane, i int) (y, weight float32) {
	if step < 0 {
		if b.Reset != nil && b.Reset[lane] {
			return 0, 0
		}
		at := ((step+l.most)*lanes+lane)*len(l.ahead) + i
		return l.y[at], l.mask[at]
	}
	at := (step*lanes+lane)*len(l.ahead) + i
	if weight = 1; b.Mask != nil {
		weight = b.Mask[at]
	}
	if b.Classes == nil {
		return b.Y[at], weight
	}
	if b.Classes[at] < 0 {
		return 0, 0
	}
	return float32(b.Classes[at]), weight
}

// carry keeps the targets of the last frames of each lane.
func (l *late) carry(b *Batch, lanes int) {
	if l == nil || b.Labels != nil {
		return
	}
	y, mask := make([]float32, len(l.y)), make([]float32, len(l.mask))
	for at := range y {
		i, lane, back := at%len(l.ahead), at/len(l.ahead)%lanes, l.most-at/len(l.ahead)/lanes
		end := b.Steps
		if b.Lengths != nil {
			end = b.Lengths[lane]
		}
		y[at], mask[at] = l.target(b, lanes, end-back, lane, i)
	}
	l.y, l.mask = y, mask
}
