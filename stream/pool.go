package stream

import "sync"

// maxRunners is how many goroutines answer at the same time. Answering is
// arithmetic, which as many as there are cores could do; the rest is for those
// that NATS keeps waiting.
const maxRunners = 64

// pool is the goroutines that answer lanes, and the lanes that wait for one,
// the first first. A goroutine with nothing to do waits for another lane, the
// latest goroutine first, so that few stacks are in use, warm and grown. The
// zero value is ready.
type pool struct {
	mu      sync.Mutex
	waiting []*lane // from head on; only while all runners are busy
	head    int
	parked  []chan *lane // of runners with nothing to do, each of capacity 1
	started int          // runners
	closed  bool
	running sync.WaitGroup
}

// answer has a goroutine answer what waits in l.
func (p *pool) answer(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch n := len(p.parked); {
	case n > 0:
		p.parked[n-1] <- l
		p.parked = p.parked[:n-1]
	case p.started < maxRunners:
		p.started++
		p.running.Add(1)
		go p.run(l)
	default:
		p.waiting = append(p.waiting, l)
	}
}

func (p *pool) run(l *lane) {
	defer p.running.Done()
	for next := make(chan *lane, 1); l != nil; {
		l.run()
		var parked bool
		if l, parked = p.next(next); parked {
			l = <-next // nil once it is closed
		}
	}
}

// next takes the lane that waits longest; or else parks the runner that waits at
// c, unless it may go.
func (p *pool) next(c chan *lane) (l *lane, parked bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.head < len(p.waiting) {
		l, p.waiting[p.head] = p.waiting[p.head], nil
		p.head++
		if p.head > len(p.waiting)/2 { // keep the array as short as what waits
			n := copy(p.waiting, p.waiting[p.head:])
			clear(p.waiting[n:])
			p.waiting, p.head = p.waiting[:n], 0
		}
		return l, false
	}
	if p.closed {
		return nil, false
	}
	p.parked = append(p.parked, c)
	return nil, true
}

// close lets each runner go when nothing waits any more. Nothing is given to
// answer after that.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.parked {
		close(c)
	}
	p.parked = nil
}
