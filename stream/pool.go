package stream

import (
	"runtime"
	"slices"
	"sync"

	"github.com/streamer-audio/streamer/pipeline"
)

// maxRunners is how many goroutines answer at the same time. Answering is
// arithmetic, which as many as there are cores could do; the rest is for those
// that NATS keeps waiting.
const maxRunners = 64

// pool is the goroutines that answer lanes, and the lanes that wait for one,
// the first first. A goroutine takes some lanes, answers one message of each,
// and puts those in which more waits behind the others. With nothing to do it
// parks, and the latest one is woken first, so that few stacks are in use, warm
// and grown. One is woken at a time, by what comes or by the one before it, so
// that lanes that come meanwhile go together. The zero value is ready.
type pool struct {
	mu      sync.Mutex
	waiting []*lane // from head on
	head    int
	parked  []*runner
	waking  bool // a runner is on its way to take what waits
	started int  // runners
	cores   int  // that answered at the same time when a runner was started last
	closed  bool
	running sync.WaitGroup
}

// answer has a goroutine answer what waits in l.
func (p *pool) answer(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, l)
	p.wake()
}

// wake sends for a runner if lanes wait and none is on its way. The caller
// holds mu.
func (p *pool) wake() {
	if p.waking || p.head == len(p.waiting) {
		return
	}
	switch n := len(p.parked); {
	case n > 0:
		p.parked[n-1].woken <- struct{}{}
		p.parked = p.parked[:n-1]
	case p.started < maxRunners:
		p.started++
		p.cores = runtime.GOMAXPROCS(0)
		p.running.Add(1)
		go p.run()
	default:
		return
	}
	p.waking = true
}

func (p *pool) run() {
	defer p.running.Done()
	r := &runner{woken: make(chan struct{}, 1)}
	p.arrived()
	for p.next(r) {
		r.answer()
	}
}

// arrived says that the runner that was sent for is there.
func (p *pool) arrived() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waking = false
}

// next puts back the lanes of r, in which more waits, and gives it those whose
// turn it is; or parks it until there are some. It returns false when no more
// come.
func (p *pool) next(r *runner) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = append(p.waiting, r.lanes...)
	clear(r.lanes)
	for {
		if r.lanes = p.take(r.lanes[:0]); len(r.lanes) > 0 {
			p.wake()
			return true
		}
		if p.closed {
			return false
		}
		p.parked = append(p.parked, r)
		p.mu.Unlock()
		<-r.woken
		p.mu.Lock()
		p.waking = false
	}
}

// take moves the lanes that wait longest to lanes: a fair share, of those that
// can be answered together.
func (p *pool) take(lanes []*lane) []*lane {
	share := min((len(p.waiting)-p.head+p.cores-1)/p.cores, pipeline.BatchSize)
	for len(lanes) < share {
		l := p.waiting[p.head]
		_, joins := l.joins(0)
		if !joins && len(lanes) > 0 {
			break
		}
		lanes, p.waiting[p.head] = append(lanes, l), nil
		p.head++
		if !joins {
			break
		}
	}
	if p.head > len(p.waiting)/2 { // keep the array as short as what waits
		n := copy(p.waiting, p.waiting[p.head:])
		clear(p.waiting[n:])
		p.waiting, p.head = p.waiting[:n], 0
	}
	return lanes
}

// close lets each runner go when nothing waits any more. Nothing is given to
// answer after that.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, r := range p.parked {
		close(r.woken)
	}
	p.parked = nil
}

// runner is a goroutine that answers some lanes at a time, and what it needs
// for that.
type runner struct {
	lanes  []*lane
	batch  pipeline.Batch
	due    []*lane // whose engines hear audio together
	chunks []pipeline.Chunk
	alone  []*lane // whose engine hears audio after the others, as that may take long
	woken  chan struct{}
}

// answer answers a message of each lane, and keeps those in which more waits.
// Engines hear their audio together where they can.
func (r *runner) answer() {
	for _, l := range r.lanes {
		if !l.begin() {
			l.end()
			continue
		}
		if s, joins := l.joins(len(l.track.due)); joins {
			r.due = append(r.due, l)
			r.chunks = append(r.chunks, pipeline.Chunk{Session: s, Samples: l.track.due, Events: l.track.events[:0]})
		} else {
			r.alone = append(r.alone, l)
		}
	}
	ok := r.push()
	for i, l := range r.due {
		if ok {
			l.deliver(r.chunks[i].Events)
		}
		l.end()
	}
	for _, l := range r.alone {
		l.push()
		l.end()
	}
	clear(r.due)
	clear(r.chunks)
	clear(r.alone)
	r.due, r.chunks, r.alone = r.due[:0], r.chunks[:0], r.alone[:0]
	r.lanes = slices.DeleteFunc(r.lanes, func(l *lane) bool { return !l.more() })
}

// push lets the engines hear their audio. A panic, which is a defect of ours,
// costs all sessions that were to hear it, for what they have heard cannot be
// told any more.
func (r *runner) push() (ok bool) {
	defer func() {
		if panicked := recover(); panicked != nil {
			r.batch = pipeline.Batch{}
			for _, l := range r.due {
				l.fault(panicked)
			}
		}
	}()
	r.batch.Push(r.chunks)
	return true
}
