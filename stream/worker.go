package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/streamer-audio/streamer/pipeline"
)

// Worker answers all streams of audio.>, each with the default pipeline or, if
// it asks for a latency, with one of Config.Choice.
//
// One goroutine of the NATS client hands every message to [Worker.dispatch],
// which only finds the stream's queue and never waits. Goroutines of a [pool]
// take queues that are not empty ([lane]), some at a time, parse a chunk of each,
// keep the books ([track]), push the samples and publish the answers. So a stream
// that falls behind delays no other, chunks of one stream stay in order, and
// memory is bounded by Config.MaxStreams, Config.QueueBytes and
// Config.BufferedBytes.
type Worker struct {
	nc    *nats.Conn
	cfg   Config
	open  opener
	model string // name
	hash  string
	log   *slog.Logger
	count counters

	svc   micro.Service
	id    string
	state atomic.Value // of workerState
	sub   *nats.Subscription

	mu      sync.Mutex
	streams map[string]*lane
	swept   time.Time // when places were last looked for
	stopped bool      // nothing is queued any more

	pool     pool
	tending  sync.WaitGroup
	looks    atomic.Int64  // for idle streams, so far
	draining chan struct{} // closed when nothing more is queued
	aborted  atomic.Bool   // what waits is not answered any more
	strays   strays
}

// New returns a worker that answers over nc, with p unless a stream or cfg asks
// for something else. It does nothing before Start, and never closes nc.
func New(nc *nats.Conn, p *pipeline.Pipeline, cfg Config) (*Worker, error) {
	m := p.Model()
	return newWorker(nc, pipelines(p, cfg.Choice), m.Info().Name, m.Hash(), cfg)
}

func newWorker(nc *nats.Conn, open opener, model, hash string, cfg Config) (*Worker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	w := &Worker{nc: nc, cfg: cfg, open: open, model: model, hash: hash, log: cfg.Logger,
		streams: map[string]*lane{}, draining: make(chan struct{})}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	w.state.Store(stateStarting)
	return w, nil
}

// Serve runs a worker until ctx is done, then drains it, which takes at most
// cfg.DrainTimeout. It returns early when another worker is live
// ([ErrWorkerRunning]) or the connection is closed for good
// ([ErrConnectionLost]).
func Serve(ctx context.Context, nc *nats.Conn, p *pipeline.Pipeline, cfg Config) error {
	w, err := New(nc, p, cfg)
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// Run starts the worker, waits for ctx or for the end of the connection, and
// stops it.
func (w *Worker) Run(ctx context.Context) error {
	changes := w.nc.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer w.nc.RemoveStatusListener(changes)
	if err := w.Start(ctx); err != nil {
		return err
	}
	lost := w.watch(ctx, changes)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.DrainTimeout)
	defer cancel()
	return errors.Join(lost, w.Stop(stop))
}

// watch returns when ctx is done, or with an error when the connection closed.
// After each reconnect it looks whether another worker took over meanwhile.
func (w *Worker) watch(ctx context.Context, changes <-chan nats.Status) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case status, ok := <-changes:
			if !ok || status == nats.CLOSED {
				return fmt.Errorf("stream: %w: %w; start the worker again", ErrConnectionLost, cause(w.nc))
			}
			if err := w.stillAlone(ctx); err != nil && ctx.Err() == nil {
				w.log.Error("after reconnecting", "error", err)
			}
		}
	}
}

func cause(nc *nats.Conn) error {
	if err := nc.LastError(); err != nil {
		return redactError(err)
	}
	return nats.ErrConnectionClosed
}

// Start announces the worker, makes sure that it is the only live one for its
// subjects, and begins to answer. On an error nothing keeps running.
func (w *Worker) Start(ctx context.Context) error {
	w.limits()
	before := w.nc.LastError()
	if err := w.announce(ctx); err != nil {
		return err
	}
	sub, err := w.nc.Subscribe(AudioSubjects, w.dispatch)
	if err == nil {
		w.mu.Lock()
		w.sub = sub
		w.mu.Unlock()
		err = w.confirm(ctx, before)
	}
	if err != nil {
		w.retract()
		return fmt.Errorf("stream: subscribing to %s: %w", AudioSubjects, err)
	}
	w.tending.Add(1)
	go w.tend()
	w.state.Store(stateServing)
	w.log.Info("serving", "worker", w.id, "subjects", AudioSubjects, "model", w.model)
	return nil
}

// limits fits the settings to the server: whatever it lets pass as one
// message must fit into a queue.
func (w *Worker) limits() {
	w.mu.Lock() // Stats may be asked for already
	defer w.mu.Unlock()
	if w.cfg.MaxChunkBytes == 0 {
		w.cfg.MaxChunkBytes = w.nc.MaxPayload()
	}
	w.cfg.BufferedBytes = max(w.cfg.BufferedBytes, 4*w.nc.MaxPayload())
}

// confirm waits until the server knows the subscriptions, and tells whether it
// refused one: it says so only after the fact.
func (w *Worker) confirm(ctx context.Context, before error) error {
	if err := flush(ctx, w.nc); err != nil {
		return err
	}
	if err := w.nc.LastError(); err != before && errors.Is(err, nats.ErrPermissionViolation) {
		return fmt.Errorf("%w; allow the account to subscribe to %s and $SRV.> and to publish to speech.> and _INBOX.>", err, AudioSubjects)
	}
	return nil
}

// flush is a round trip to the server, bounded by ctx and by ten seconds.
func flush(ctx context.Context, nc *nats.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return nc.FlushWithContext(ctx)
}

// dispatch queues one message. The NATS client calls it for one message after
// the other.
func (w *Worker) dispatch(m *nats.Msg) {
	w.count.messages.Add(1)
	w.count.bytes.Add(int64(len(m.Data)))
	name, ok := streamOf(m.Subject)
	if !ok {
		_, err := ParseChunk(m.Subject, nil, nil)
		w.stray(invalidStream, err)
		return
	}
	if !w.enqueue(name, m) {
		w.stray(name, refusal(TooManyStreams, "stream %s: the worker serves %d streams, the most it may: end sessions that are not needed, or raise its limit",
			name, w.cfg.MaxStreams))
	}
}

// now is the time if chunks are traced; the clock is not read for nothing.
func (w *Worker) now() (t time.Time) {
	if w.cfg.Trace != nil {
		t = time.Now()
	}
	return t
}

// enqueue hands the message to its stream, unless there is no place for it.
func (w *Worker) enqueue(name string, m *nats.Msg) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return true // given up: the stop ran out of time
	}
	l := w.lane(name)
	if l == nil {
		return false
	}
	l.put(m)
	return true
}

// lane finds or makes the lane of a stream; nil when there is no place.
func (w *Worker) lane(name string) *lane {
	if l := w.streams[name]; l != nil {
		return l
	}
	if len(w.streams) >= w.cfg.MaxStreams && !w.sweep() {
		return nil
	}
	l := newLane(w, strings.Clone(name))
	w.streams[l.track.stream] = l
	return l
}

// sweep makes place by forgetting streams that have nothing open. It looks
// through all of them, so a flood of names makes it do so ten times a second
// and no more.
func (w *Worker) sweep() bool {
	if time.Since(w.swept) < 100*time.Millisecond {
		return false
	}
	w.swept = time.Now()
	for name, l := range w.streams {
		if l.resting() {
			delete(w.streams, name)
		}
	}
	return len(w.streams) < w.cfg.MaxStreams
}

// looksPerTimeout is how many times in an idle timeout all streams are looked
// at: a session ends so much of it late at most.
const looksPerTimeout = 16

// tend looks for idle streams until the worker drains.
func (w *Worker) tend() {
	defer w.tending.Done()
	tick := time.NewTicker(max(w.cfg.IdleTimeout/looksPerTimeout, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.look()
		case <-w.draining:
			return
		}
	}
}

// look ends sessions for which nothing came in the idle timeout, and forgets
// streams without a session after as long again.
func (w *Worker) look() {
	since := w.looks.Add(1) - looksPerTimeout - 1
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, l := range w.streams {
		switch idle, open := l.idle(since); {
		case w.stopped || !idle:
		case open:
			l.endSession(reasonIdle)
		default:
			delete(w.streams, name)
		}
	}
}

// parse reads a message as the track wants it.
func (w *Worker) parse(m *nats.Msg) (Chunk, *ChunkError) {
	c, err := ParseChunk(m.Subject, m.Header, m.Data)
	var refused *ChunkError
	switch errors.As(err, &refused); {
	case refused != nil:
	case m.Header == nil && m.Size() > len(m.Subject)+len(m.Reply)+len(m.Data):
		// The NATS client hands such a message on as if it had no headers.
		refused = refusal(BadHeader, "the header block cannot be read: send NATS/1.0 headers, a name: value a line")
	case int64(len(m.Data)) > w.cfg.MaxChunkBytes:
		refused = refusal(TooLarge, "the payload has %d bytes, at most %d are taken: send shorter chunks", len(m.Data), w.cfg.MaxChunkBytes)
	}
	return c, refused
}

// inboxPrefix is where replies may go; the package documentation says why.
const inboxPrefix = "_INBOX."

// reply tells a producer that asked for it that all up to this message is
// answered.
func (w *Worker) reply(m *nats.Msg) {
	if !strings.HasPrefix(m.Reply, inboxPrefix) {
		return
	}
	if err := w.nc.Publish(m.Reply, nil); err != nil {
		w.log.Debug("reply not published", "error", err)
	}
}

// ID is the name of the running worker, as its service and the Speech-Worker
// header show it.
func (w *Worker) ID() string { return w.id }
