package models

import (
	"errors"
	"slices"

	"github.com/streamer-audio/streamer/internal/snapshot"
)

// State is what a model remembers of one stream: the memory of its cells, and
// the answers that nobody has fetched yet. A State of a bidirectional model
// also keeps the frames it has not answered.
type State struct {
	m       *Model
	mem     [][]float32 // of each layer's forward cell: h, then c if it has one; frames of a row convolution
	waiting []float32   // encoded frames that a bidirectional stack has not answered
	late    late        // of a stack of one direction that answers late
	out     []float32   // answers not yet fetched
	fetched int         // values at the head of out that were
	turn    int         // steps; says in which order weights are read, and changes no bit
	by      arithmetic
	room    *room // to compute in, while something is computed
}

// together is how many frames are taken through a layer at once where several
// are there: their part of the input weights is read once.
const together = 16

// NewState returns a State that has heard nothing.
func (m *Model) NewState() *State { return m.newState(native) }

// NewPortableState returns a State whose answers have the same bits on every
// machine, which those of NewState have where the kernel is the same. It
// is several times slower: for what a seed must decide the same way everywhere.
func (m *Model) NewPortableState() *State { return m.newState(portable) }

func (m *Model) newState(by arithmetic) *State {
	s := &State{m: m, by: by}
	for i := range m.layers {
		s.mem = append(s.mem, make([]float32, m.layers[i].memory()))
	}
	a := &m.arch
	if a.Block > 0 {
		s.waiting = make([]float32, 0, (a.Block+a.Right+together)*a.Input)
	}
	if !a.Bidirectional() && a.Lookahead() > 0 {
		s.late.last, s.late.past = make([]float32, a.Input), make([]float32, a.spread()*a.Outputs)
	}
	return s
}

// maxRoom is how many activations a room that is kept for others may hold: half
// a minute of wide layers.
const maxRoom = 1 << 19

// enter takes room for so many frames going through a layer, of which so many
// are projected at once, until leave. States share rooms: if each of thousands
// had one, it would have left the caches whenever it is needed.
func (s *State) enter(frames, projected int) {
	s.room = s.m.rooms.Get().(*room)
	s.room.by = s.by
	atLeast(&s.room.x, frames*s.m.width)
	atLeast(&s.room.y, frames*s.m.width)
	s.room.reserve(s.m.layers, projected, 1, frames)
}

func (s *State) leave() {
	if len(s.room.x) <= maxRoom {
		s.m.rooms.Put(s.room)
	}
	s.room = nil
}

// Model returns the model of the state.
func (s *State) Model() *Model { return s.m }

// Push takes one frame [Arch.FrameLen]; a causal model answers it at once,
// others the frame that is due ([Arch.Needed]).
func (s *State) Push(frame []float32) {
	if len(frame) != s.m.arch.FrameLen() {
		panic("models: frame is not Arch.FrameLen long")
	}
	s.push(frame, 1)
}

// PushAll is Push for each of the frames [n × Arch.FrameLen] in turn, and
// faster than that.
func (s *State) PushAll(frames []float32) {
	in := s.m.arch.FrameLen()
	if len(frames)%in != 0 {
		panic("models: frames are not a multiple of Arch.FrameLen long")
	}
	for len(frames) > 0 {
		n := min(together, len(frames)/in)
		s.push(frames[:n*in], n)
		frames = frames[n*in:]
	}
}

func (s *State) push(frames []float32, n int) {
	a := &s.m.arch
	if !a.Bidirectional() {
		s.enter(n, n)
		s.m.encode(s.room.x, frames)
		s.hear(s.room.x, n)
		s.run(n, n)
		s.leave()
		return
	}
	n *= a.Input
	s.waiting = slices.Grow(s.waiting, n)[:len(s.waiting)+n]
	s.m.encode(s.waiting[len(s.waiting)-n:], frames)
	for a.Block > 0 && len(s.waiting) >= (a.Block+a.Right)*a.Input {
		s.block(a.Block, a.Block+a.Right)
	}
}

// hear notes the last of n encoded frames, where it will be needed.
func (s *State) hear(x []float32, n int) {
	if in := len(s.late.last); in > 0 {
		copy(s.late.last, x[(n-1)*in:n*in])
	}
}

// block answers the first keep frames of those that wait, having heard steps
// of them.
func (s *State) block(keep, steps int) {
	in := s.m.arch.Input
	s.enter(steps, together)
	copy(s.room.x, s.waiting[:steps*in])
	s.waiting = s.waiting[:copy(s.waiting, s.waiting[keep*in:])]
	s.run(steps, keep)
	s.leave()
}

// Flush says that no frame follows: what waited is answered. A stack of one
// direction that answers late hears the last frame again and again meanwhile.
// The hidden state stays as it is; a new recording begins with Reset.
func (s *State) Flush() {
	a := &s.m.arch
	for len(s.waiting) > 0 {
		keep := len(s.waiting) / a.Input
		steps := keep
		if a.Block > 0 {
			keep, steps = min(keep, a.Block), min(keep, a.Block+a.Right)
		}
		s.block(keep, steps)
	}
	if s.late.steps > 0 {
		s.catchUp(a.Lookahead())
	}
}

// run takes the encoded frames in s.room.x through all layers and the head, and
// answers the first keep of them.
func (s *State) run(steps, keep int) {
	for i := range s.m.layers {
		s.m.layers[i].forward(s.room.y, s.room.x, steps, keep, s.turn, s.mem[i], s.room)
		s.room.x, s.room.y = s.room.y, s.room.x
	}
	s.turn += keep
	if s.m.arch.Head == NoHead {
		return
	}
	width := s.m.layers[len(s.m.layers)-1].width
	s.m.answer(s.grow(keep*s.m.arch.Outputs), s.room.x[:keep*width], keep, s.by)
	s.align(keep)
}

// grow makes room for n values of answers and returns it.
func (s *State) grow(n int) []float32 {
	if s.fetched == len(s.out) {
		s.out, s.fetched = s.out[:0], 0
	}
	s.out = slices.Grow(s.out, n)[:len(s.out)+n]
	return s.out[len(s.out)-n:]
}

// Next writes the next answer to out [Arch.Outputs], if there is one.
func (s *State) Next(out []float32) bool {
	if len(out) != s.m.arch.Outputs {
		panic("models: out is not Arch.Outputs long")
	}
	if s.fetched == len(s.out) {
		return false
	}
	s.fetched += copy(out, s.out[s.fetched:])
	return true
}

// Reset forgets everything.
func (s *State) Reset() {
	for _, mem := range s.mem {
		clear(mem)
	}
	s.late.reset()
	s.waiting, s.out, s.fetched = s.waiting[:0], s.out[:0], 0
}

// AppendMemory appends all that the layers remember to b: of each layer's
// forward cell h [hidden] and c, as far as it has them, or the frames that a
// row convolution has heard [context × hidden]. What waits to be answered is
// not in it.
func (s *State) AppendMemory(b []float32) []float32 {
	for _, mem := range s.mem {
		b = append(b, mem...)
	}
	return b
}

// SetMemory makes the layers remember what AppendMemory of another State of
// equal layers has returned: so a decoder begins where its encoder has ended.
// Frames that wait stay, and will be answered from there.
func (s *State) SetMemory(values []float32) {
	want := 0
	for _, mem := range s.mem {
		want += len(mem)
	}
	if len(values) != want {
		panic("models: memory of other layers")
	}
	for _, mem := range s.mem {
		values = values[copy(mem, values):]
	}
}

const (
	stateMagic   = "STRM"
	stateVersion = 2       // 2: late answers
	maxValues    = 1 << 28 // float32 values that a snapshot may hold: 1 GiB
)

// AppendBinary implements encoding.BinaryAppender: hidden state, what waits to
// be answered, and unfetched answers, with the names of the model and the kernel
// that alone can go on with them bit for bit. A state that has grown beyond
// all numbers, which frames that are none can do, is an error.
func (s *State) AppendBinary(b []byte) ([]byte, error) {
	b = snapshot.Begin(b, stateMagic, stateVersion)
	b = snapshot.AppendBytes(b, []byte(s.m.hash))
	b = snapshot.AppendBytes(b, []byte(s.by.id()))
	b = snapshot.AppendInt(b, int64(s.late.steps))
	for _, part := range append(slices.Clip(s.mem), s.late.last, s.late.past, s.waiting, s.out[s.fetched:]) {
		if !finite(part) {
			return nil, errors.New("models: the state holds values that are not finite; were all frames?")
		}
		b = snapshot.AppendFloats(b, part)
	}
	return b, nil
}

func finite(values []float32) bool {
	return !slices.ContainsFunc(values, func(v float32) bool { return v-v != 0 })
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler for a snapshot of the
// same model. After an error the state is as Reset left it.
func (s *State) UnmarshalBinary(b []byte) error {
	s.Reset()
	r := snapshot.Open(b, stateMagic, stateVersion)
	if hash := r.Bytes("model hash", 64); r.Err() == nil && string(hash) != s.m.hash {
		r.Fail("it belongs to model %.64q, not to %s", hash, s.m.hash)
	}
	if id := r.Bytes("kernel id", 64); r.Err() == nil && string(id) != s.by.id() {
		r.Fail("it was made with kernel %.64q, this state has %s", id, s.by.id())
	}
	s.late.steps = int(r.Int("late steps", 0, int64(s.lateSteps())))
	for _, mem := range append(slices.Clip(s.mem), s.late.last, s.late.past) {
		r.FloatsInto("hidden state", mem)
	}
	s.waiting = r.Floats("waiting frames", s.waiting, maxValues)
	s.out = r.Floats("answers", s.out, maxValues)
	outputs := s.m.arch.Outputs
	if r.Err() == nil && (len(s.waiting)%s.m.arch.Input != 0 || outputs == 0 && len(s.out) > 0 || outputs > 0 && len(s.out)%outputs != 0) {
		r.Fail("waiting frames or answers are not whole")
	}
	if r.Err() == nil && len(s.waiting)/s.m.arch.Input > s.mostWaiting() {
		r.Fail("so many frames do not wait")
	}
	if err := r.Close(); err != nil {
		s.Reset()
		return err
	}
	return nil
}

// mostWaiting is the most frames that wait between two calls.
func (s *State) mostWaiting() int {
	switch a := &s.m.arch; {
	case !a.Bidirectional():
		return 0
	case a.Block > 0:
		return a.Block + a.Right - 1
	}
	return maxValues
}
