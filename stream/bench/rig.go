package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream"
)

// Config is what the live measurements have in common.
type Config struct {
	Pipeline *pipeline.Pipeline // its worker runs in this process
	Speech   []byte             // what the streams say: 16 kHz, s16le, mono
	Chunk    time.Duration      // of audio in a message
	Numbered bool               // chunks carry session and number, as streamer publish sends them
	// Connect connects to the server that is measured. nil: to one in this
	// process, over TCP on loopback unless InProcess.
	Connect   func(name string) (*nats.Conn, error)
	InProcess bool
	// Progress, if set, is told what is being done, a line at a time.
	Progress func(format string, args ...any)
}

func (c *Config) validate() error {
	bytes := (&plan{chunk: c.Chunk}).bytes()
	switch {
	case c.Chunk < time.Millisecond || c.Chunk > time.Second:
		return fmt.Errorf("chunks of %s: give 1ms to 1s", c.Chunk)
	case len(c.Speech) < 2*bytes:
		return fmt.Errorf("%d bytes of speech are less than two chunks", len(c.Speech))
	}
	return nil
}

func (c *Config) say(format string, args ...any) {
	if c.Progress != nil {
		c.Progress(format, args...)
	}
}

// rig is a server with what talks over it: each role has a connection of its
// own, as it would have a process of its own.
type rig struct {
	Config
	id       string
	server   *stream.Server // nil: outside
	conns    []*nats.Conn
	source   *nats.Conn
	sink     *nats.Conn
	echoed   *nats.Conn
	worker   *stream.Worker
	measured atomic.Pointer[run]  // that chunks are traced for
	also     func(*stream.Traced) // set before anything is sent
}

// echoPrefix and backPrefix are the subjects of the echo.
const (
	echoPrefix = "bench.echo."
	backPrefix = "bench.back."
)

func newRig(ctx context.Context, c Config) (r *rig, err error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	r = &rig{Config: c, id: nuid.Next()}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.Connect == nil {
		if err = r.startServer(); err != nil {
			return r, err
		}
	}
	for _, conn := range []**nats.Conn{&r.source, &r.sink, &r.echoed} {
		if *conn, err = r.connect("bench"); err != nil {
			return r, err
		}
	}
	if err = r.startEcho(); err != nil {
		return r, err
	}
	return r, r.startWorker(ctx)
}

func (r *rig) startServer() (err error) {
	listen := "127.0.0.1:0"
	if r.InProcess {
		listen = stream.InProcess
	}
	if r.server, err = stream.StartServer(stream.ServerConfig{Listen: listen}); err != nil {
		return err
	}
	r.Connect = func(name string) (*nats.Conn, error) {
		c := stream.ConnectConfig{Server: r.server.URL(), Name: name}
		if r.InProcess {
			c.Extra = []nats.Option{r.server.Option()}
		}
		return stream.Connect(c)
	}
	return nil
}

func (r *rig) connect(name string) (*nats.Conn, error) {
	nc, err := r.Connect(name)
	if err == nil {
		r.conns = append(r.conns, nc)
	}
	return nc, err
}

// startEcho sends back what comes, headers and all.
func (r *rig) startEcho() error {
	sub, err := r.echoed.Subscribe(echoPrefix+"*", func(m *nats.Msg) {
		_ = r.echoed.PublishMsg(&nats.Msg{Subject: backPrefix + m.Subject[len(echoPrefix):], Data: m.Data, Header: m.Header})
	})
	if err != nil {
		return err
	}
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return err
	}
	return r.echoed.FlushTimeout(10 * time.Second)
}

func (r *rig) startWorker(ctx context.Context) error {
	nc, err := r.connect("bench worker")
	if err != nil {
		return err
	}
	config := stream.DefaultConfig()
	config.MaxStreams = 1 << 16
	config.Trace = func(t stream.Traced) {
		if m := r.measured.Load(); m != nil {
			m.traced(&t)
		}
		if r.also != nil {
			r.also(&t)
		}
	}
	if r.worker, err = stream.New(nc, r.Pipeline, config); err != nil {
		return err
	}
	if err := r.worker.Start(ctx); err != nil {
		r.worker = nil
		return err
	}
	return nil
}

// close stops everything that was started.
func (r *rig) close() error {
	var err error
	if r.worker != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = r.worker.Stop(ctx)
	}
	for _, nc := range r.conns {
		nc.Close()
	}
	if r.server != nil {
		r.server.Shutdown()
	}
	return err
}

// run is one schedule on its way through the rig, and its times.
type run struct {
	plan
	start                                        time.Time
	warm                                         int // the first messages, which do not count
	sent, arrived, begun, done, publishing, back stamps
	before, after                                stream.Stats
	cores                                        float64
	heap                                         int64 // with all sessions open
}

// purpose says which answers a run waits for.
type purpose int

const (
	throughEcho purpose = iota // what the echo sends back
	frames                     // frame events
	silent                     // none: until the worker has answered a chunk
)

// play sends a schedule and waits until the last answer is there, or for some
// seconds.
func (r *rig) play(ctx context.Context, p plan, warm int, what purpose) (*run, error) {
	n := p.messages()
	m := &run{plan: p, warm: warm, sent: make(stamps, n)}
	waits := &m.back
	switch what {
	case throughEcho:
		m.prefix, m.back = echoPrefix, make(stamps, n)
	case silent:
		m.prefix, m.done = "audio.", make(stamps, n) // alone: stamping takes time, too
		waits = &m.done
	case frames:
		m.prefix, m.back = "audio.", make(stamps, n)
		m.arrived, m.begun, m.done, m.publishing = make(stamps, n), make(stamps, n), make(stamps, n), make(stamps, n)
	}
	if what != silent {
		sub, err := r.listen(m, what)
		if err != nil {
			return nil, err
		}
		defer func() { _ = sub.Unsubscribe() }()
	}
	g := newGenerator(r.source, m.plan, nuid.Next())
	m.before = r.worker.Stats()
	load := startMeter()
	m.start = time.Now().Add(100 * time.Millisecond)
	r.measured.Store(m)
	err := g.run(ctx, m.start, m.sent.set)
	m.cores = load.cores()
	if err == nil {
		m.settle(ctx, *waits)
	}
	m.after, m.heap = r.worker.Stats(), readMemory().Heap
	r.measured.Store(nil)
	if what != throughEcho {
		err = errors.Join(err, g.finish())
	}
	return m, err
}

// listen stamps what comes back.
func (r *rig) listen(m *run, what purpose) (*nats.Subscription, error) {
	subject := "speech.*." + stream.KindFrame
	if what == throughEcho {
		subject = backPrefix + "*"
	}
	counts := make([]int, m.streams) // of the echo, which numbers nothing
	sub, err := r.sink.Subscribe(subject, func(msg *nats.Msg) {
		now := time.Since(m.start)
		name := strings.TrimSuffix(strings.TrimPrefix(msg.Subject, backPrefix), "."+stream.KindFrame)
		s, k := streamNumber(name), 0
		if s < 0 || s >= m.streams || !strings.HasPrefix(strings.TrimPrefix(name, "speech."), m.name) {
			return
		}
		if what == throughEcho {
			counts[s]++
			k = counts[s]
		} else {
			k = seqOf(msg.Data)
		}
		if k > 0 && k <= m.chunks {
			m.back.set((k-1)*m.streams+s, now)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, err
	}
	return sub, r.sink.FlushTimeout(10 * time.Second)
}

// traced stamps what the worker did with a chunk.
func (m *run) traced(t *stream.Traced) {
	s := streamNumber(t.Stream)
	if s < 0 || s >= m.streams || t.Seq < 1 || t.Seq > int64(m.chunks) || !strings.HasPrefix(t.Stream, m.name) {
		return
	}
	i := (int(t.Seq)-1)*m.streams + s
	m.arrived.set(i, t.Arrived.Sub(m.start))
	m.begun.set(i, t.Begun.Sub(m.start))
	m.publishing.set(i, t.Publish)
	m.done.set(i, t.Done.Sub(m.start))
}

// settle waits for the last answers.
func (m *run) settle(ctx context.Context, answers stamps) {
	for range 500 {
		if answers.seen(0) == len(answers) || ctx.Err() != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// dropped counts messages that the worker lost.
func (m *run) dropped() int64 {
	return m.after.Dropped + m.after.SlowConsumer - m.before.Dropped - m.before.SlowConsumer
}

// seqOf finds the number of the chunk in a frame event, 0 if there is none.
func seqOf(event []byte) (seq int) {
	const key = `"seq":`
	_, rest, _ := strings.Cut(string(event[:min(len(event), 400)]), key)
	for _, c := range []byte(rest) {
		if c < '0' || c > '9' {
			break
		}
		seq = 10*seq + int(c-'0')
	}
	return seq
}
