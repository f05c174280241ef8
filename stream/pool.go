package stream

import "sync"

// maxParked is how many goroutines a pool keeps that have nothing to do.
const maxParked = 64

// pool is the goroutines that answer lanes. One that has nothing more to do
// waits for another lane, the latest first, so that few stacks are in use, warm
// and grown. The zero value is ready.
type pool struct {
	mu      sync.Mutex
	parked  []chan *lane // each of capacity 1
	closed  bool
	running sync.WaitGroup
}

// answer has a goroutine answer what waits in l.
func (p *pool) answer(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.parked); n > 0 {
		p.parked[n-1] <- l
		p.parked = p.parked[:n-1]
		return
	}
	p.running.Add(1)
	go p.run(l)
}

func (p *pool) run(l *lane) {
	defer p.running.Done()
	next := make(chan *lane, 1)
	for ok := true; ok; l, ok = <-next {
		l.run()
		if !p.park(next) {
			return
		}
	}
}

func (p *pool) park(next chan *lane) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.parked) == maxParked {
		return false
	}
	p.parked = append(p.parked, next)
	return true
}

// close lets each goroutine end with the lane that it is at. Nothing is given to
// answer any more.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, next := range p.parked {
		close(next)
	}
	p.parked = nil
}
