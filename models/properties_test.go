package models

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/internal/race"
)

// archs are the shapes that every property is tested on: every cell, deep, in
// both directions and beside others, and every input and head.
var archs = allArchs()

func allArchs() map[string]Arch {
	list := map[string]Arch{
		"mixed": testArch(Layer{Cell: GRU, Hidden: 5}, Layer{Cell: LSTM, Hidden: 6, Bidirectional: true}, Layer{Cell: Dense, Hidden: 4}, Layer{Cell: RNN, Hidden: 3}),
		"mixed causal": testArch(Layer{Cell: DenseReLU, Hidden: 8}, Layer{Cell: LSTMPeephole, Hidden: 7}, Layer{Cell: GRUBefore, Hidden: 6},
			Layer{Cell: GRUSimple, Hidden: 5}),
		"plain net": testArch(Layer{Cell: DenseReLU, Hidden: 9}, Layer{Cell: Dense, Hidden: 4}),
		"wide":      {Input: 40, Outputs: 1, Head: SigmoidHead, Layers: []Layer{{Cell: GRU, Hidden: 129}}},
		"one-hot": {Input: 11, Tokens: 11, Encoding: OneHot, Outputs: 11, Head: SoftmaxHead,
			Layers: []Layer{{Cell: LSTM, Hidden: 8}}},
		"embedding": {Input: 4, Tokens: 9, Encoding: Embedding, Outputs: 3, Head: LinearHead,
			Layers: []Layer{{Cell: GRU, Hidden: 8, Bidirectional: true}}},
		"softmax": {Input: 5, Outputs: 4, Head: SoftmaxHead, Layers: []Layer{{Cell: RNN, Hidden: 8}}},
		"no head": {Input: 5, Head: NoHead, Layers: []Layer{{Cell: GRU, Hidden: 8}}},
	}
	for name, a := range lateArchs() {
		list[name] = a
	}
	for _, cell := range CellNames() {
		for name, a := range archsOf(cell) {
			list[name] = a
		}
	}
	return list
}

// lateArchs are the ways to wait a little.
func lateArchs() map[string]Arch {
	both := func(cell string, hidden int) Layer { return Layer{Cell: cell, Hidden: hidden, Bidirectional: true} }
	conv := func(width, context int) Layer { return Layer{Cell: RowConv, Hidden: width, Context: context} }
	delayed := func(a Arch, delays ...int) Arch {
		a.Outputs, a.Delays = len(delays), delays
		return a
	}
	blocks := func(a Arch, block, right int) Arch {
		a.Block, a.Right = block, right
		return a
	}
	deep := testArch(both(GRU, 5), Layer{Cell: Dense, Hidden: 6}, both(LSTM, 4), Layer{Cell: LSTM, Hidden: 7}, both(GRUBefore, 3))
	tokens := Arch{Input: 4, Tokens: 9, Encoding: Embedding, Outputs: 3, Head: SoftmaxHead, Delays: []int{3, 3, 3}, Layers: []Layer{{Cell: LSTM, Hidden: 8}}}
	return map[string]Arch{
		"delay 0":               delayed(testArch(Layer{Cell: GRU, Hidden: 7}), 0),
		"delay 1":               delayed(testArch(Layer{Cell: GRU, Hidden: 7}), 1),
		"delay 20":              delayed(testArch(Layer{Cell: LSTM, Hidden: 7}, Layer{Cell: GRU, Hidden: 7}), 20),
		"delays":                delayed(testArch(Layer{Cell: GRU, Hidden: 7}), 4, 0, 17, 5),
		"delays from 2":         delayed(testArch(Layer{Cell: GRU, Hidden: 7}), 2, 5),
		"delayed tokens":        tokens,
		"row-conv":              testArch(Layer{Cell: GRU, Hidden: 7}, conv(7, 5)),
		"row-conv of one":       testArch(Layer{Cell: GRU, Hidden: 7}, conv(7, 0)),
		"row-conv first":        testArch(conv(5, 18), Layer{Cell: GRU, Hidden: 7}, conv(7, 2), Layer{Cell: LSTM, Hidden: 3}),
		"row-conv, delays":      delayed(testArch(Layer{Cell: RNN, Hidden: 7}, conv(7, 2)), 1, 3, 6),
		"row-conv without head": {Input: 5, Head: NoHead, Layers: []Layer{{Cell: GRU, Hidden: 8}, conv(8, 2)}},
		"blocks":                blocks(testArch(both(GRU, 5)), 4, 3),
		"blocks of one":         blocks(testArch(both(GRU, 5), both(GRU, 4)), 1, 2),
		"blocks without right":  blocks(deep, 3, 0),
		"blocks, long right":    blocks(deep, 2, 19),
		"long blocks":           blocks(deep, 23, 5),
	}
}

// archsOf are the shapes that one cell has on its own.
func archsOf(cell string) map[string]Arch {
	one := func(hidden int) Layer { return Layer{Cell: cell, Hidden: hidden} }
	both := func(hidden int) Layer { return Layer{Cell: cell, Hidden: hidden, Bidirectional: true} }
	sum := func(hidden int) Layer { return Layer{Cell: cell, Hidden: hidden, Bidirectional: true, Sum: true} }
	list := map[string]Arch{
		cell:           testArch(one(7)),
		cell + " deep": testArch(one(9), one(4), one(35)),
	}
	if CellNamed(cell).Memory > 0 {
		list[cell+" bidirectional"] = testArch(both(5))
		list[cell+" bidirectional deep"] = testArch(both(5), both(34), both(4))
		list[cell+" sum"] = testArch(sum(5), one(6), sum(3))
	}
	return list
}

// properties must hold for every model. Each is given a model and a source of
// chance, and says what is wrong.
var properties = map[string]func(m *Model, rng *rand.Rand) error{
	"chunking":   chunking,
	"snapshot":   restoring,
	"memory":     movingMemory,
	"streams":    keepingApart,
	"causality":  looking,
	"batch":      batching,
	"allocation": allocating,
	"file":       filing,
}

func TestProperties(t *testing.T) {
	// Blocks as they are, and so small that every layer has several.
	for _, columns := range []int{columnsAtOnce, 48} {
		defer func(old int) { columnsAtOnce = old }(columnsAtOnce)
		columnsAtOnce = columns
		for name, arch := range archs {
			for property, holds := range properties {
				if err := holds(randomModel(t, arch, 1), rand.New(rand.NewPCG(2, 0))); err != nil {
					t.Errorf("%s in blocks of %d: %s: %v", name, columns, property, err)
				}
			}
		}
	}
}

// Blocks change no bit, of layers that are several blocks wide as well.
func TestBlocksChangeNoBit(t *testing.T) {
	defer func(old int) { columnsAtOnce = old }(columnsAtOnce)
	for _, cell := range CellNames() {
		arch := testArch(Layer{Cell: cell, Hidden: 401}, Layer{Cell: cell, Hidden: 97})
		frames := randomFrames(rand.New(rand.NewPCG(1, 0)), arch, 20)
		var first []float32
		for _, columns := range []int{1 << 20, 384, 256, 48} {
			columnsAtOnce = columns
			got := whole(randomModel(t, arch, 1), frames)
			if first == nil {
				first = got
			}
			if !equalBits(got, first) {
				t.Errorf("%s: blocks of %d columns give other answers", cell, columns)
			}
		}
	}
}

// What a cell is handed is what its Step is documented to be, whatever the
// layers around it have.
func TestCellsAreHandedWhatTheyHave(t *testing.T) {
	seen := 0
	probe := Cell{Name: "probe", Gates: 2, Late: 1, Memory: 2, Peeps: 1,
		Reset: func(s *Step) {
			for i := range s.V {
				s.V[i] = s.PrevH[i] + s.PrevC[i] + s.Peep[i]
			}
		},
		Forward: func(s *Step) {
			for i := range s.H {
				if want := s.PrevH[i] + s.PrevC[i] + s.Peep[i]; s.V[i] != want {
					t.Fatalf("V is %v, Reset wrote %v", s.V[i], want)
				}
				s.H[i], s.C[i] = float32(seen%3), float32(seen%5)
				seen++
			}
		}}
	bare := Cell{Name: "bare", Gates: 1, Memory: 1, Forward: func(s *Step) {
		if len(s.V)+len(s.Late)+len(s.C)+len(s.PrevC)+len(s.Peep) > 0 {
			t.Fatalf("a cell without them was handed %d, %d, %d, %d, %d", len(s.V), len(s.Late), len(s.C), len(s.PrevC), len(s.Peep))
		}
		copy(s.H, s.X)
	}}
	cells = append(cells, &probe, &bare)
	defer func() { cells = cells[:len(cells)-2] }()
	m := randomModel(t, testArch(Layer{Cell: "probe", Hidden: 401}, Layer{Cell: "bare", Hidden: 7}), 1)
	whole(m, randomFrames(rand.New(rand.NewPCG(1, 0)), m.Arch(), 5))
	if seen == 0 {
		t.Error("nothing was handed")
	}
}

// chunking: frames pushed and answers fetched anyhow give the same bits, and
// Reset forgets.
func chunking(m *Model, rng *rand.Rand) error {
	for _, n := range []int{0, 1, 2, 17, 60} {
		frames := randomFrames(rng, m.Arch(), n)
		want := whole(m, frames)
		if len(want) != n*m.Arch().Outputs {
			return fmt.Errorf("%d frames got %d values of answers", n, len(want))
		}
		s := m.NewState()
		for range 2 { // the second time after Reset
			got := pushAnyhow(s, frames, rng)
			s.Flush()
			s.Flush()
			if got = drain(s, got); !equalBits(got, want) {
				return fmt.Errorf("%d frames: answers differ", n)
			}
			s.Reset()
		}
	}
	return nil
}

func pushAnyhow(s *State, frames [][]float32, rng *rand.Rand) (got []float32) {
	for len(frames) > 0 {
		k := 1 // one by one or several at once
		if rng.IntN(2) == 0 {
			k = rng.IntN(len(frames) + 1)
			s.PushAll(slices.Concat(frames[:k]...))
		} else {
			s.Push(frames[0])
		}
		frames = frames[k:]
		if rng.IntN(3) == 0 {
			got = drain(s, got)
		}
	}
	return got
}

// restoring: a restored state continues bit for bit.
func restoring(m *Model, rng *rand.Rand) error {
	for range 20 {
		frames := randomFrames(rng, m.Arch(), 1+rng.IntN(40))
		cut := rng.IntN(len(frames))
		a, b := m.NewState(), m.NewState()
		pushAll(a, frames[:cut])
		saved, err := a.AppendBinary(nil)
		if err != nil {
			return err
		}
		b.Push(frames[0])
		if err := b.UnmarshalBinary(saved); err != nil {
			return err
		}
		pushAll(b, frames[cut:])
		b.Flush()
		pushAll(a, frames[cut:])
		a.Flush()
		if !equalBits(b.AppendMemory(nil), a.AppendMemory(nil)) {
			return fmt.Errorf("restored at %d of %d: memory differs", cut, len(frames))
		}
		if !equalBits(drain(b, nil), whole(m, frames)) {
			return fmt.Errorf("restored at %d of %d: answers differ", cut, len(frames))
		}
	}
	return nil
}

// movingMemory: a state that takes over the memory of another goes on as that.
func movingMemory(m *Model, rng *rand.Rand) error {
	if m.Lookahead() > 0 {
		return nil // what waits is not in the memory
	}
	frames := randomFrames(rng, m.Arch(), 20)
	a, b := m.NewState(), m.NewState()
	pushAll(a, frames[:9])
	drain(a, nil)
	b.Push(frames[0])
	drain(b, nil)
	b.SetMemory(a.AppendMemory(nil))
	pushAll(a, frames[9:])
	pushAll(b, frames[9:])
	if !equalBits(drain(a, nil), drain(b, nil)) {
		return errors.New("answers differ")
	}
	return nil
}

// keepingApart: streams do not hear each other.
func keepingApart(m *Model, rng *rand.Rand) error {
	const streams = 5
	var frames [streams][][]float32
	var states [streams]*State
	for i := range states {
		frames[i], states[i] = randomFrames(rng, m.Arch(), 12), m.NewState()
	}
	for t := range 12 {
		for i := range states {
			states[i].Push(frames[i][t])
		}
	}
	for i, s := range states {
		s.Flush()
		if !equalBits(drain(s, nil), whole(m, frames[i])) {
			return fmt.Errorf("stream %d differs from itself alone", i)
		}
	}
	return nil
}

// looking: a model looks ahead as far as Lookahead says and Needed spells out,
// frame by frame, and no answer comes later than that.
func looking(m *Model, rng *rand.Rand) error {
	outputs := m.Arch().Outputs
	if outputs == 0 {
		return nil
	}
	frames := randomFrames(rng, m.Arch(), 60)
	changed := 20 + rng.IntN(30)
	want := whole(m, frames)
	for i := range frames[changed] {
		if frames[changed][i] += 2; m.Arch().Tokens > 0 {
			frames[changed][i] = float32(int(frames[changed][i]) % m.Arch().Tokens)
		}
	}
	got, first := whole(m, frames), 0
	for first < len(frames) && equalBits(got[first*outputs:(first+1)*outputs], want[first*outputs:(first+1)*outputs]) {
		first++
	}
	expected, worst := 0, 0 // the first answer that needs the frame, the longest that one waits
	for m.Arch().Needed(int64(expected+1)) <= int64(changed) {
		expected++
	}
	if unbounded := m.Lookahead() == Unbounded; first != expected && !unbounded || unbounded && first >= changed { // cells forget
		return fmt.Errorf("frame %d changed the answer about frame %d first, not that about %d", changed, first, expected)
	}
	s := m.NewState()
	for i, f := range frames {
		s.Push(f)
		if n := int64(len(drain(s, nil)) / outputs); n > 0 && m.Arch().Needed(n+int64(worst)) > int64(i+1) {
			return fmt.Errorf("%d answers after %d frames", n+int64(worst), i+1)
		} else {
			worst += int(n)
		}
		if m.Arch().Needed(int64(worst+1)) <= int64(i+1) {
			return fmt.Errorf("only %d answers after %d frames", worst, i+1)
		}
	}
	return nil
}

// batching: streams that come and go, stepped together in whatever company,
// get the bits that each would get alone.
func batching(m *Model, rng *rand.Rand) error {
	if m.Arch().Bidirectional() {
		return nil // a batch goes one way
	}
	const streams = 43
	b := m.NewBatch(1 + rng.IntN(20))
	alone, together := make([]*State, streams), make([]*State, streams)
	for i := range alone {
		alone[i], together[i] = m.NewState(), m.NewState()
	}
	for range 30 {
		var states []*State
		var frames [][]float32
		each := 1 + rng.IntN(5)
		for _, i := range rng.Perm(streams)[:rng.IntN(streams+1)] {
			f := slices.Concat(randomFrames(rng, m.Arch(), each)...)
			alone[i].PushAll(f)
			states, frames = append(states, together[i]), append(frames, f)
		}
		b.Push(states, frames)
		i := rng.IntN(streams) // answers are fetched now and then
		if !equalBits(drain(alone[i], nil), drain(together[i], nil)) {
			return errors.New("answers differ")
		}
	}
	for i := range alone {
		one, _ := alone[i].AppendBinary(nil)
		other, _ := together[i].AppendBinary(nil)
		if string(one) != string(other) {
			return fmt.Errorf("stream %d: states differ", i)
		}
	}
	return nil
}

// allocating: once it runs, a causal model allocates nothing, alone and in a
// batch.
func allocating(m *Model, rng *rand.Rand) error {
	if m.Lookahead() == Unbounded {
		return nil // one that waits for the end needs room for all that waits
	}
	frames := randomFrames(rng, m.Arch(), 8)
	out, all := make([]float32, m.Arch().Outputs), slices.Concat(frames...)
	s := m.NewState()
	alone := func() {
		s.Push(frames[0])
		s.PushAll(all)
		for s.Next(out) {
		}
	}
	alone()
	if n := testing.AllocsPerRun(40, alone); n != 0 && !race.Enabled {
		return fmt.Errorf("%v allocations a step", n)
	}
	if m.Arch().Bidirectional() {
		return nil
	}
	b := m.NewBatch(8)
	states := []*State{s}
	for range frames[1:] {
		states = append(states, m.NewState())
	}
	step := func() {
		b.Push(states, frames)
		for _, s := range states {
			for s.Next(out) {
			}
		}
	}
	step()
	if n := testing.AllocsPerRun(20, step); n != 0 {
		return fmt.Errorf("%v allocations a step of a batch", n)
	}
	return nil
}

// filing: a model that was written and read answers the same.
func filing(m *Model, rng *rand.Rand) error {
	b, err := m.AppendBinary(nil)
	if err != nil {
		return err
	}
	back, err := Parse(b)
	if err != nil {
		return err
	}
	frames := randomFrames(rng, m.Arch(), 10)
	if back.Hash() != m.Hash() || !equalBits(whole(m, frames), whole(back, frames)) {
		return errors.New("it is another model")
	}
	return nil
}

// The properties can fail: each of these cells is broken in one way that an
// author might not notice, and the properties named find it.
func TestPropertiesFindBrokenCells(t *testing.T) {
	steps := 0
	for found, forward := range map[string]func(s *Step){
		"chunking streams batch": func(s *Step) { // counts its steps outside the state
			steps++
			tanhForward(s)
			s.H[0] += float32(steps % 7)
		},
		"streams batch snapshot": func() func(s *Step) { // keeps its last output to itself
			var last float32
			return func(s *Step) {
				tanhForward(s)
				s.H[0], last = s.H[0]+last, s.H[0]
			}
		}(),
		"chunking batch snapshot": func(s *Step) { // reads the old output where the new one will be
			old := s.H[0]
			tanhForward(s)
			s.H[0] += old
		},
		"allocation": func(s *Step) {
			s.R = append([]float32(nil), s.R...)
			tanhForward(s)
		},
		"causality": func(s *Step) { // does not hear its input
			copy(s.X, s.R)
			clear(s.R)
			tanhForward(s)
		},
	} {
		broken := Cell{Name: "broken", Gates: 1, Memory: 1, Forward: forward, Backward: tanhBackward}
		cells = append(cells, &broken)
		m := randomModel(t, testArch(Layer{Cell: "broken", Hidden: 7}), 1)
		for _, property := range strings.Fields(found) {
			if properties[property](m, rand.New(rand.NewPCG(2, 0))) == nil {
				t.Errorf("%s did not find the cell that breaks it (%s)", property, found)
			}
		}
		cells = cells[:len(cells)-1]
	}
}

func pushAll(s *State, frames [][]float32) {
	for _, f := range frames {
		s.Push(f)
	}
}
