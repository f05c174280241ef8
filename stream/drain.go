package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

// Stop answers everything that has arrived, ends all sessions, and returns
// when NATS has taken the last event. When ctx is done first, what still waits
// is given up and the error says how much that was. Stop is called once, after
// a successful Start.
func (w *Worker) Stop(ctx context.Context) error {
	w.state.Store(stateDraining)
	err := w.unsubscribe(ctx)
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	close(w.draining)
	err = errors.Join(err, w.finishLanes(ctx))
	if !w.nc.IsClosed() {
		if e := flush(ctx, w.nc); e != nil {
			err = errors.Join(err, fmt.Errorf("publishing the last events: %w", e))
		}
	}
	w.retract() // last, so that no other worker starts before this one is done
	if err != nil {
		return fmt.Errorf("stream: draining: %w", err)
	}
	w.log.Info("drained", "worker", w.id)
	return nil
}

// unsubscribe stops the flow of messages and waits until all those that had
// reached this client are queued.
func (w *Worker) unsubscribe(ctx context.Context) error {
	queued := make(chan struct{})
	once := sync.OnceFunc(func() { close(queued) })
	w.sub.SetClosedHandler(func(string) { once() })
	if err := w.sub.Drain(); err != nil {
		if errors.Is(err, nats.ErrConnectionClosed) {
			return nil // nothing comes any more, and the loss is known
		}
		return err
	}
	select {
	case <-queued:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("unsubscribing: %w", ctx.Err()), w.sub.Unsubscribe())
	}
}

// finishLanes lets all lanes answer what waits, as long as ctx allows.
func (w *Worker) finishLanes(ctx context.Context) error {
	done := make(chan struct{})
	go func() { w.lanes.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	w.aborted.Store(true)
	<-done // each lane finishes at most the chunk that it is at
	return fmt.Errorf("%w: messages in the queues of %d streams were not answered", ctx.Err(), w.waiting())
}

// waiting counts the streams whose queue is not empty.
func (w *Worker) waiting() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.streams {
		l.mu.Lock()
		if l.head < len(l.queue) {
			n++
		}
		l.mu.Unlock()
	}
	return n
}
