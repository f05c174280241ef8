package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Stop answers everything that has arrived, ends all sessions, and returns
// when NATS has taken the last event. When ctx is done first, what still waits
// is given up and the error says how much that was. Stop is called once, after
// a successful Start.
func (w *Worker) Stop(ctx context.Context) error {
	w.state.Store(stateDraining)
	err := w.unsubscribe(ctx)
	w.endAll()
	err = errors.Join(err, w.finishLanes(ctx))
	err = errors.Join(err, w.deliverLast(ctx))
	w.retract() // last, so that no other worker starts before this one is done
	if err != nil {
		return fmt.Errorf("stream: draining: %w", err)
	}
	w.log.Info("drained", "worker", w.id)
	return nil
}

// endAll ends all sessions once what waits is answered; nothing is queued after
// that.
func (w *Worker) endAll() {
	close(w.draining)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	for _, l := range w.streams {
		l.endSession(reasonDrain)
	}
	w.pool.close()
}

// unsubscribe stops the flow of messages and waits until all those that had
// reached this client are queued.
func (w *Worker) unsubscribe(ctx context.Context) error {
	if !w.nc.IsConnected() {
		return w.unsubscribeOffline(ctx)
	}
	queued := make(chan struct{})
	once := sync.OnceFunc(func() { close(queued) })
	w.sub.SetClosedHandler(func(string) { once() })
	if err := w.sub.Drain(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		return fmt.Errorf("unsubscribing: %w", err)
	} else if err != nil {
		return nil // nothing comes any more
	}
	select {
	case <-queued:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("unsubscribing: %w", ctx.Err()), w.sub.Unsubscribe())
	}
}

// unsubscribeOffline does so while there is no server to be told. The client's
// own way would wait for its answer.
func (w *Worker) unsubscribeOffline(ctx context.Context) error {
	err := poll(ctx, func() bool {
		n, _, err := w.sub.Pending()
		return err != nil || n == 0 // an error: the connection is closed
	})
	if err != nil {
		err = fmt.Errorf("unsubscribing: %w", err)
	}
	if e := w.sub.Unsubscribe(); e != nil && !errors.Is(e, nats.ErrConnectionClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// deliverLast waits until the server has all that was published. While it is
// away, there is still hope that it comes back.
func (w *Worker) deliverLast(ctx context.Context) error {
	err := poll(ctx, func() bool { return w.nc.IsConnected() || w.nc.IsClosed() })
	if err == nil && w.nc.IsConnected() {
		err = flush(ctx, w.nc)
	} else if err == nil {
		err = nats.ErrConnectionClosed
	}
	if err != nil {
		return fmt.Errorf("publishing the last events: %w", err)
	}
	return nil
}

// poll returns when ok says so.
func poll(ctx context.Context, ok func() bool) error {
	for !ok() {
		if err := sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// finishLanes lets all lanes answer what waits, as long as ctx allows.
func (w *Worker) finishLanes(ctx context.Context) error {
	done := make(chan struct{})
	go func() { w.tending.Wait(); w.pool.running.Wait(); close(done) }()
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
		if l.count > 0 {
			n++
		}
		l.mu.Unlock()
	}
	return n
}
