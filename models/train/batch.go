package train

import (
	"errors"
	"fmt"

	"github.com/streamer-audio/streamer/models"
)

// Batch is one window of all lanes, time-major. Its targets are one of Y, for
// heads of sigmoid or linear outputs, Classes or Labels, for softmax:
//
//	Y with sigmoid  binary cross-entropy with each value
//	Y with linear   half the squared difference
//	Classes         cross-entropy with one class a frame (see LastStep for one a sequence)
//	Labels          connectionist temporal classification: labels without their times; output 0 is the blank
//
// The loss is the mean over all targets by their weights, of Labels over the
// lanes. What lies beyond the end of a lane counts for nothing.
type Batch struct {
	Steps   int
	X       []float32 // [Steps × Lanes × FrameLen] frames, not normalised; of tokens their numbers or models.NoToken
	Y       []float32 // [Steps × Lanes × Outputs] targets
	Classes []int     // [Steps × Lanes] targets; negative: none
	Labels  [][]int   // [Lanes] targets, each of 1..Outputs-1
	Mask    []float32 // weight of each target of Y or Classes; nil: all 1
	Lengths []int     // [Lanes] frames of each lane; nil: all Steps
	Reset   []bool    // [Lanes] lanes that begin anew; nil: none
}

// LastStep returns Classes for one class a lane, asked for at the last of the
// lane's frames: a sequence in, one answer out.
func LastStep(classes, lengths []int, steps int) []int {
	list := make([]int, steps*len(classes))
	for i := range list {
		list[i] = -1
	}
	for lane, class := range classes {
		end := steps
		if lengths != nil {
			end = lengths[lane]
		}
		if end > 0 {
			list[(end-1)*len(classes)+lane] = class
		}
	}
	return list
}

// checkValues names the first length, token or class that is out of range.
func (b *Batch) checkValues(a models.Arch, lanes int) error {
	for lane, n := range b.Lengths {
		if n < 0 || n > b.Steps {
			return fmt.Errorf("train: lane %d of %d frames does not fit into %d steps", lane, n, b.Steps)
		}
	}
	for row := range b.Steps * lanes {
		lane, step := row%lanes, row/lanes
		if ended(b.Lengths, lane, step) {
			continue
		}
		if a.Encoding != models.Frames {
			if v := b.X[row]; !isToken(v, a.Tokens) {
				return fmt.Errorf("train: lane %d, step %d: %g is not a token of 0..%d", lane, step, v, a.Tokens-1)
			}
		}
		if b.Classes != nil && b.Classes[row] >= a.Outputs {
			return fmt.Errorf("train: lane %d, step %d: class %d is not below %d", lane, step, b.Classes[row], a.Outputs)
		}
	}
	return nil
}

func isToken(v float32, tokens int) bool {
	token := int(v)
	return float32(token) == v && token >= models.NoToken && token < tokens
}

var errNothing = errors.New("train: mask and lengths of the batch leave nothing to learn from")

// count is the sum of the weights of all targets, a row of so many each.
func (b *Batch) count(lanes, each int) (count float64, err error) {
	for row := range b.Steps * lanes {
		if ended(b.Lengths, row%lanes, row/lanes) || b.Classes != nil && b.Classes[row] < 0 {
			continue
		}
		for i := range each {
			if b.Mask == nil {
				count++
			} else {
				count += float64(b.Mask[row*each+i])
			}
		}
	}
	if count <= 0 {
		return 0, errNothing
	}
	return count, nil
}

// cut clears what lies beyond the end of a lane in an array of rows: zeros are
// a token, a frame and no weight, whatever the padding was.
func (b *Batch) cut(rows []float32, lanes int) {
	each := len(rows) / (b.Steps * lanes)
	for lane, n := range b.Lengths {
		for step := n; step < b.Steps; step++ {
			row := step*lanes + lane
			clear(rows[row*each : (row+1)*each])
		}
	}
}

// take copies some lanes of a time-major array.
func take[T any](dst, src []T, steps, lanes, first, count int) []T {
	width := len(src) / (steps * lanes)
	dst = dst[:0]
	for s := range steps {
		from := (s*lanes + first) * width
		dst = append(dst, src[from:from+count*width]...)
	}
	return dst
}
