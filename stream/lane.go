package stream

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/pipeline"
)

// messageCost is what a waiting message costs beyond its bytes on the wire:
// its headers as a map, and its place in the queue.
const messageCost = 512

// controlReserve is how many control messages a full queue still takes: losing
// the end of a session because its last chunks were too many would be silly.
const controlReserve = 32

// maxRecords is how many records of dropped chunks wait in one queue.
const maxRecords = 64

// lane is the queue of one stream. While something waits in it, a goroutine of
// the pool answers that: a stream that is quiet costs no goroutine, and no timer
// is set for each chunk. The track and what else is not under mu belongs to that
// goroutine, or to who holds mu while there is none.
type lane struct {
	w     *Worker
	track track
	out   outbox
	item  item      // the one that is being answered
	chunk Chunk     // in it
	begun time.Time // with it, if it is traced

	mu       sync.Mutex
	queue    []item // from head on
	head     int
	count    int   // messages waiting
	bytes    int64 // of messages waiting or being answered
	audio    int64 // bytes of audio in them
	byteRate int   // of the audio, per second; 0 before anything was answered
	busy     bool  // a goroutine answers
	last     int64 // look of the worker (Worker.look) at which it was last busy
}

// item is a message that waits, or what is left of dropped ones, or the end of
// the session.
type item struct {
	msg    *nats.Msg
	at     time.Time // it came
	finish string    // reason, when the worker ends the session
	lost   Chunk     // with lost set, when it is neither
}

func newLane(w *Worker, stream string) *lane {
	l := &lane{w: w}
	l.out = outbox{nc: w.nc, worker: w.id, log: w.log, count: &w.count}
	l.track = track{stream: stream, model: w.model, hold: w.cfg.GapPolicy == PolicyHold,
		most: w.cfg.MaxLatency, open: w.open, emit: l.out.publish, count: &w.count}
	if w.cfg.Trace != nil {
		l.track.emit = l.out.timed
	}
	return l
}

// put queues a message, or records it as dropped when the queue is full.
func (l *lane) put(m *nats.Msg) {
	cost := int64(m.Size()) + messageCost
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.w.count.buffered.Load()+cost > l.w.cfg.BufferedBytes:
		l.drop(m, &l.w.count.droppedShared, "all queues together are full, chunk dropped")
	case !l.admits(m, cost):
		l.drop(m, &l.w.count.dropped, "queue full, chunk dropped")
	default:
		l.queue = append(l.queue, item{msg: m, at: time.Now()})
		l.count++
		l.bytes += cost
		l.audio += int64(len(m.Data))
		l.w.count.buffered.Add(cost)
	}
	l.start()
}

// start sees to it that what waits is answered. The caller holds mu, and that
// of the worker.
func (l *lane) start() {
	if !l.busy {
		l.busy = true
		l.w.pool.answer(l)
	}
}

// admits reports whether the message fits into the queue. A stream whose queue
// is empty may always have one, so that no size of chunk is locked out; only
// the limit of all streams together is above that.
func (l *lane) admits(m *nats.Msg, cost int64) bool {
	c := &l.w.cfg
	if len(m.Data) == 0 {
		return l.count < c.QueueChunks+controlReserve
	}
	return l.count == 0 || l.count < c.QueueChunks && l.bytes+cost <= c.QueueBytes
}

// drop forgets the audio of a message but not that it was there, so that the
// gap comes at its place with its exact length. Neighbours become one record;
// the number of records is bounded like the queue, and beyond that only the
// numbering of the producer tells what is missing.
func (l *lane) drop(m *nats.Msg, count *atomic.Int64, why string) {
	if n := count.Add(1); loud(n) {
		l.w.log.Warn(why, "stream", l.track.stream, "dropped", n)
	}
	c, err := ParseChunk(m.Subject, m.Header, m.Data)
	if err != nil || c.Control != Audio {
		return
	}
	c.lost = &loss{bytes: int64(len(c.Payload)), chunks: 1}
	c.Payload = nil
	if n := len(l.queue); n > l.head && l.queue[n-1].lost.lost != nil && l.queue[n-1].lost.join(&c) {
		return
	}
	if len(l.queue)-l.head-l.count < maxRecords {
		c.own()
		l.queue = append(l.queue, item{lost: c})
	}
}

// join makes one record of two dropped chunks, if c follows d directly.
func (d *Chunk) join(c *Chunk) bool {
	if d.Session != c.Session || d.stated() != c.stated() || d.MaxLatency != c.MaxLatency || (d.Seq == 0) != (c.Seq == 0) {
		return false
	}
	if c.Seq != 0 && c.Seq != d.Seq+d.lost.chunks {
		return false
	}
	if c.Sample >= 0 && (d.Sample < 0 || c.Sample != d.Sample+d.lost.bytes/int64(frameBytes(d.Format()))) {
		return false
	}
	d.lost.bytes += c.lost.bytes
	d.lost.chunks++
	return true
}

// own cuts the strings loose from those of the message.
func (d *Chunk) own() {
	d.Stream, d.Session = strings.Clone(d.Stream), strings.Clone(d.Session)
}

// stated is the format as far as the chunk states it.
func (d *Chunk) stated() audio.Format {
	return audio.Format{Encoding: d.Encoding, Rate: d.Rate, Channels: d.Channels}
}

// take removes the first item from the queue, unless the worker has given up.
func (l *lane) take() (it item, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head == len(l.queue) || l.w.aborted.Load() {
		return item{}, false
	}
	it, l.queue[l.head] = l.queue[l.head], item{}
	l.head++
	if it.msg != nil {
		l.count--
	}
	l.compact()
	return it, true
}

// more tells whether something waits. When nothing does, the goroutine is done
// with the lane.
func (l *lane) more() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head == len(l.queue) || l.w.aborted.Load() {
		l.busy, l.last = false, l.w.looks.Load()
		return false
	}
	return true
}

// compact keeps the array of the queue as short as what waits in it.
func (l *lane) compact() {
	if l.head == len(l.queue) {
		l.queue, l.head = l.queue[:0], 0
	} else if l.head > len(l.queue)/2 {
		n := copy(l.queue, l.queue[l.head:])
		clear(l.queue[n:])
		l.queue, l.head = l.queue[:n], 0
	}
}

// begin takes the first item as far as the engine; due says that the engine
// has yet to hear the audio of it.
func (l *lane) begin() (due bool) {
	defer l.guard()
	var ok bool
	switch l.item, ok = l.take(); {
	case !ok:
	case l.item.finish != "":
		l.track.end(l.item.finish)
	case l.item.msg == nil:
		l.track.handle(&l.item.lost, nil)
	default:
		l.begun = l.w.now()
		var refused *ChunkError
		l.chunk, refused = l.w.parse(l.item.msg)
		return l.track.accept(&l.chunk, refused)
	}
	return false
}

// push lets the engine hear the audio that begin has left.
func (l *lane) push() {
	defer l.guard()
	l.track.push()
}

// deliver publishes what the engine answered to it.
func (l *lane) deliver(events []pipeline.Event) {
	defer l.guard()
	l.track.deliver(events)
}

// end does what is left to do when the item is answered.
func (l *lane) end() {
	defer l.guard()
	m := l.item.msg
	if m == nil {
		l.item = item{}
		return
	}
	defer l.release(m)
	answered := time.Now()
	if l.w.cfg.Trace != nil {
		l.trace(answered)
	}
	l.w.reply(m)
	if len(m.Data) > 0 {
		l.w.count.answers.observe(answered.Sub(l.item.at))
	}
}

// trace tells the times of the chunk that was just answered.
func (l *lane) trace(answered time.Time) {
	spent := l.out.spent
	l.out.spent = 0
	if l.chunk.Control == Audio && l.track.cur != nil {
		l.w.cfg.Trace(Traced{Stream: l.track.stream, Seq: l.track.cur.counted, Arrived: l.item.at, Begun: l.begun, Done: answered, Publish: spent})
	}
}

// guard keeps a panic, which is a defect of ours, from costing more than this
// session.
func (l *lane) guard() {
	if r := recover(); r != nil {
		l.fault(r)
	}
}

func (l *lane) fault(panicked any) {
	l.w.log.Error("defect: session closed", "stream", l.track.stream, "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	l.track.abort()
}

// joins tells whether the session of the lane, if there is one, is pushed
// together with others, which then wait for so many samples of it.
func (l *lane) joins(samples int) (s *pipeline.Session, ok bool) {
	if l.track.cur == nil {
		return nil, true
	}
	s, ok = l.track.cur.engine.(*pipeline.Session)
	return s, ok && s.Joins(samples)
}

// release forgets a message that is answered: a quiet stream must not keep its
// last one.
func (l *lane) release(m *nats.Msg) {
	l.item, l.chunk = item{}, Chunk{}
	cost := int64(m.Size()) + messageCost
	l.w.count.buffered.Add(-cost)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes -= cost
	l.audio -= int64(len(m.Data))
	if s := l.track.cur; s != nil {
		l.byteRate = s.format.Rate * frameBytes(s.format)
	}
}

// endSession ends the session once all that waits is answered. The caller holds
// the mutex of the worker.
func (l *lane) endSession(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, item{finish: reason})
	l.start()
}

// idle tells whether nothing has come since the given look, and whether there is
// a session to end.
func (l *lane) idle(since int64) (idle, open bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy || l.last > since {
		return false, false
	}
	return true, l.track.cur != nil
}

// resting tells whether nothing is open and nothing waits, so that the lane may
// be taken away when another stream needs the place.
func (l *lane) resting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.busy && l.track.cur == nil
}
