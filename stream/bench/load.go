package bench

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/stream"
)

// Chunks are of the default format of the wire: 16 kHz, 16 bits, one channel.
const (
	rate        = 16000
	sampleBytes = 2
)

// plan says which chunks are due when. Streams are spread evenly over the
// length of a chunk, as independent microphones are.
type plan struct {
	prefix   string // of subjects: audio. or that of the echo
	name     string // of streams, before their number
	streams  int
	chunk    time.Duration
	chunks   int // of each stream
	numbered bool
	speech   []byte // what the streams say, each from another place, over and over
}

// bytes is the size of a payload.
func (p *plan) bytes() int {
	return int(p.chunk.Nanoseconds()*rate/int64(time.Second)) * sampleBytes
}

// messages is how many there are.
func (p *plan) messages() int { return p.streams * p.chunks }

// due is when message i is, from the start of the schedule. Messages are in the
// order in which they are due: chunk 0 of all streams, chunk 1 of all, ...
func (p *plan) due(i int) time.Duration {
	k, s := i/p.streams, i%p.streams
	return time.Duration(k+1)*p.chunk + p.chunk*time.Duration(s)/time.Duration(p.streams)
}

// dense is the time between two messages below which a generator does not wake
// up for each of them.
const dense = time.Millisecond

// await sleeps until the next message is due. A sleep in the kernel is exact and
// takes one of the few processors of Go along for a while, which matters as soon
// as there is much to do; then messages go out together, up to half a millisecond
// late, which counts like any lateness.
func (p *plan) await(wait time.Duration) {
	if p.chunk/time.Duration(p.streams) < dense {
		time.Sleep(max(wait, dense/2))
		return
	}
	runtime.Gosched() // what was sent can be answered meanwhile
	pause(wait)
}

func (p *plan) stream(s int) string { return fmt.Sprintf("%s%05d", p.name, s) }

// streamNumber undoes stream for a name or a subject that ends with it.
func streamNumber(name string) int {
	n, err := strconv.Atoi(name[max(0, len(name)-5):])
	if err != nil {
		return -1
	}
	return n
}

// generator sends a plan.
type generator struct {
	plan
	nc   *nats.Conn
	msgs []*nats.Msg // one of each stream, used again and again
	at   []int       // of the stream in the speech, in bytes
	id   string
}

func newGenerator(nc *nats.Conn, p plan, session string) *generator {
	g := &generator{plan: p, nc: nc, id: session, msgs: make([]*nats.Msg, p.streams), at: make([]int, p.streams)}
	for s := range g.msgs {
		g.msgs[s] = &nats.Msg{Subject: p.prefix + p.stream(s)}
		g.at[s] = s * 7919 % (len(p.speech) / p.bytes()) * p.bytes() // a prime: neighbours say different things
	}
	return g
}

// run sends each message when it is due, all that are due at once, and takes
// down by send how long after start each left.
func (g *generator) run(ctx context.Context, start time.Time, sent func(i int, at time.Duration)) error {
	for i := 0; i < g.messages(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		if wait := g.due(i) - time.Since(start); wait > 0 {
			g.await(wait)
			continue
		}
		now := time.Since(start)
		for ; i < g.messages() && g.due(i) <= now; i++ {
			if err := g.send(i); err != nil {
				return fmt.Errorf("sending to %s: %w", g.prefix, err)
			}
			sent(i, time.Since(start))
		}
	}
	return nil
}

func (g *generator) send(i int) error {
	k, s := i/g.streams, i%g.streams
	m := g.msgs[s]
	if g.at[s]+g.bytes() > len(g.speech) {
		g.at[s] = 0
	}
	m.Data = g.speech[g.at[s] : g.at[s]+g.bytes()]
	g.at[s] += g.bytes()
	switch {
	case g.numbered:
		m.Header = nats.Header{stream.HeaderSession: {g.id}, stream.HeaderSeq: {strconv.Itoa(k + 1)}}
	case k == 0:
		m.Header = nats.Header{stream.HeaderSession: {g.id}}
	default:
		m.Header = nil
	}
	return g.nc.PublishMsg(m)
}

// finish ends all sessions.
func (g *generator) finish() error {
	for _, m := range g.msgs {
		m.Data, m.Header = nil, nats.Header{stream.HeaderSession: {g.id}, stream.HeaderControl: {string(stream.End)}}
		if err := g.nc.PublishMsg(m); err != nil {
			return err
		}
	}
	return g.nc.FlushTimeout(10 * time.Second)
}

// stamps are times of one kind of all messages of a plan, in nanoseconds from
// its start, stamped by one goroutine and looked at by another.
type stamps []atomic.Int64

func (s stamps) set(i int, t time.Duration) {
	if i >= 0 && i < len(s) {
		s[i].Store(max(int64(t), 1)) // 0: never
	}
}

// at is when message i was stamped, 0 if it was not.
func (s stamps) at(i int) int64 { return s[i].Load() }

// seen counts the messages from first on that were stamped.
func (s stamps) seen(first int) (n int) {
	for i := min(first, len(s)); i < len(s); i++ {
		if s.at(i) != 0 {
			n++
		}
	}
	return n
}
