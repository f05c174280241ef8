package pipeline

import "github.com/streamer-audio/streamer/models"

// BatchSize is how many sessions a Batch steps together: with more of them a
// step takes hardly less, and each waits longer for the others.
const BatchSize = 16

// Chunk is samples for one session of several.
type Chunk struct {
	Session *Session
	Samples []float32
	Events  []Event // what they decided is appended
}

// Batch pushes chunks of several sessions at once: the weights of the model,
// which are most of what a step reads, are read once for all of them. Every
// session gets the events that [Session.Push] would give it, bit for bit. A
// Batch belongs to one goroutine; the zero value is ready.
type Batch struct {
	left, group []*Chunk
	first       []int64     // of each chunk of the group: frame that its session decides next
	frames      [][]float32 // of each: that are ready

	// What steps together, and whose it is.
	states   []*models.State
	together [][]float32
	of       []*Chunk
}

// Joins tells whether a Batch pushes a chunk of so many samples together with
// those of other sessions of the pipeline. One that it pushes on its own may
// take long: it is long itself, or a whole segment may be revised.
func (s *Session) Joins(samples int) bool { return s.p.joins && samples <= block }

// Push pushes all chunks. No session is there twice.
func (b *Batch) Push(chunks []Chunk) {
	b.left = b.left[:0]
	for i := range chunks {
		b.left = append(b.left, &chunks[i])
	}
	for left := b.left; len(left) > 0; {
		left = b.gather(left)
		if len(b.group) == 1 {
			c := b.group[0]
			c.Events = c.Session.Push(c.Events, c.Samples)
		} else {
			b.push()
		}
	}
	clear(b.left) // an idle Batch keeps no session alive
	clear(b.group)
}

// gather moves the first chunk, and all that join it, to the group, and returns
// the others.
func (b *Batch) gather(chunks []*Chunk) (others []*Chunk) {
	b.group, others = append(b.group[:0], chunks[0]), chunks[:0]
	joins := chunks[0].Session.Joins(len(chunks[0].Samples))
	for _, c := range chunks[1:] {
		if joins && c.Session.p == b.group[0].Session.p && c.Session.Joins(len(c.Samples)) {
			b.group = append(b.group, c)
		} else {
			others = append(others, c)
		}
	}
	return others
}

// push is Session.Push for the group, stage by stage.
func (b *Batch) push() {
	b.first = b.first[:0]
	for _, c := range b.group {
		b.first = append(b.first, c.Session.begin())
		c.Session.hear(c.Samples)
	}
	for b.step() {
	}
	for i, c := range b.group {
		c.Events = c.Session.end(c.Events, b.first[i])
	}
}

// step takes frames that are ready through model and decider, and returns
// false when there are none.
func (b *Batch) step() (stepped bool) {
	b.frames = b.frames[:0]
	for _, c := range b.group {
		b.frames = append(b.frames, c.Session.gather())
	}
	for i, frames := range b.frames {
		if n := len(frames); n > 0 { // not yet with an earlier one
			b.stepEqual(i, n)
			stepped = true
		}
	}
	return stepped
}

// stepEqual is step for the chunks from the first one on that have n values of
// frames.
func (b *Batch) stepEqual(first, n int) {
	b.states, b.together, b.of = b.states[:0], b.together[:0], b.of[:0]
	for i := first; i < len(b.group); i++ {
		if len(b.frames[i]) == n {
			b.states, b.together, b.of = append(b.states, b.group[i].Session.state), append(b.together, b.frames[i]), append(b.of, b.group[i])
			b.frames[i] = nil
		}
	}
	p := b.group[0].Session.p
	batch := p.batches.Get().(*models.Batch)
	batch.Push(b.states, b.together)
	p.batches.Put(batch)
	for k, c := range b.of {
		c.Events = c.Session.answer(c.Events, b.together[k])
	}
	clear(b.states)
	clear(b.together)
	clear(b.of)
}
