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
	first  []int64     // of each chunk: frame that its session decides next
	frames [][]float32 // of each chunk: that are ready

	// What steps together, and which chunks those are.
	states   []*models.State
	together [][]float32
	at       []int
}

// Joins tells whether a Batch pushes the session together with others of its
// pipeline. One that it pushes on its own may take long.
func (s *Session) Joins() bool { return s.p.joins }

// Push pushes all chunks. No session is there twice.
func (b *Batch) Push(chunks []Chunk) {
	for len(chunks) > 0 {
		n := 1
		for n < len(chunks) && chunks[n].joins(&chunks[0]) {
			n++
		}
		if n == 1 {
			c := &chunks[0]
			c.Events = c.Session.Push(c.Events, c.Samples)
		} else {
			b.push(chunks[:n])
		}
		chunks = chunks[n:]
	}
}

// joins tells whether two chunks can be pushed together.
func (c *Chunk) joins(other *Chunk) bool {
	return c.Session.p == other.Session.p && c.Session.Joins() && max(len(c.Samples), len(other.Samples)) <= block
}

// push is Session.Push for all chunks, stage by stage.
func (b *Batch) push(chunks []Chunk) {
	b.first = b.first[:0]
	for i := range chunks {
		s := chunks[i].Session
		b.first = append(b.first, s.begin())
		s.hear(chunks[i].Samples)
	}
	for b.step(chunks) {
	}
	for i := range chunks {
		c := &chunks[i]
		c.Events = c.Session.end(c.Events, b.first[i])
	}
}

// step takes frames that are ready through model and decider, and returns
// false when there are none.
func (b *Batch) step(chunks []Chunk) bool {
	clear(b.frames)
	b.frames = b.frames[:0]
	for i := range chunks {
		b.frames = append(b.frames, chunks[i].Session.gather())
	}
	any := false
	for i, frames := range b.frames {
		if n := len(frames); n > 0 { // not yet with an earlier one
			b.stepEqual(chunks, i, n)
			any = true
		}
	}
	return any
}

// stepEqual is step for the chunks from the first one on that have n values of
// frames.
func (b *Batch) stepEqual(chunks []Chunk, first, n int) {
	p := chunks[0].Session.p
	b.states, b.together, b.at = b.states[:0], b.together[:0], b.at[:0]
	for i := first; i < len(chunks); i++ {
		if len(b.frames[i]) == n {
			b.states, b.together, b.at = append(b.states, chunks[i].Session.state), append(b.together, b.frames[i]), append(b.at, i)
			b.frames[i] = nil
		}
	}
	batch := p.batches.Get().(*models.Batch)
	batch.Push(b.states, b.together)
	p.batches.Put(batch)
	for k, i := range b.at {
		c := &chunks[i]
		c.Events = c.Session.answer(c.Events, b.together[k])
	}
}
