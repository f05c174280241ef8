package stream

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/audio"
)

// messageCost is what a waiting message costs beyond its bytes on the wire:
// its headers as a map, and its place in the queue.
const messageCost = 512

// controlReserve is how many control messages a full queue still takes: losing
// the end of a session because its last chunks were too many would be silly.
const controlReserve = 32

// maxRecords is how many records of dropped chunks wait in one queue.
const maxRecords = 64

// lane is the queue of one stream and the goroutine that answers it.
type lane struct {
	w     *Worker
	track track
	out   outbox
	chunk Chunk         // the one that is being answered
	wake  chan struct{} // capacity 1: there is something to do

	mu       sync.Mutex
	queue    []item // from head on
	head     int
	count    int   // messages waiting
	bytes    int64 // of messages waiting or being answered
	audio    int64 // bytes of audio in them
	byteRate int   // of the audio, per second; 0 before anything was answered
	resting  bool  // nothing is open, nothing waits: may be taken away
	gone     bool  // has been taken away
}

// item is a message that waits, or what is left of dropped ones.
type item struct {
	msg  *nats.Msg
	at   time.Time // it came
	lost Chunk     // with lost set, when msg is nil
}

func newLane(w *Worker, stream string) *lane {
	l := &lane{w: w, wake: make(chan struct{}, 1)}
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
	l.resting = false
	switch {
	case l.w.count.buffered.Load()+cost > l.w.cfg.BufferedBytes:
		l.w.count.droppedShared.Add(1)
		l.drop(m)
	case !l.admits(m, cost):
		l.drop(m)
	default:
		l.queue = append(l.queue, item{msg: m, at: time.Now()})
		l.count++
		l.bytes += cost
		l.audio += int64(len(m.Data))
		l.w.count.buffered.Add(cost)
	}
	select {
	case l.wake <- struct{}{}:
	default:
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
func (l *lane) drop(m *nats.Msg) {
	if n := l.w.count.dropped.Add(1); loud(n) {
		l.w.log.Warn("queue full, chunk dropped", "stream", l.track.stream, "dropped", n)
	}
	c, err := ParseChunk(m.Subject, m.Header, m.Data)
	if err != nil || c.Control != Audio {
		return
	}
	c.lost = &loss{bytes: int64(len(c.Payload)), chunks: 1}
	c.Payload = nil
	if n := len(l.queue); n > l.head && l.queue[n-1].msg == nil && l.queue[n-1].lost.join(&c) {
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

// take removes the first item from the queue.
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

// run answers the stream until it is forgotten or the worker stops.
func (l *lane) run() {
	defer l.w.lanes.Done()
	idle := time.NewTimer(l.w.cfg.IdleTimeout)
	defer idle.Stop()
	for {
		if it, ok := l.take(); ok {
			l.answer(it)
			continue
		}
		if l.rest() {
			return
		}
		idle.Reset(l.w.cfg.IdleTimeout)
		select {
		case <-l.wake:
		case <-idle.C:
			if l.idle() {
				return
			}
		case <-l.w.draining:
			if l.drained() {
				return
			}
		}
	}
}

// answer handles one item. A panic is a defect of ours: it costs this session,
// not the others.
func (l *lane) answer(it item) {
	defer l.guard()
	if it.msg == nil {
		l.track.handle(&it.lost, nil)
		return
	}
	defer l.release(it.msg)
	begun := l.w.now()
	var refused *ChunkError
	l.chunk, refused = l.w.parse(it.msg)
	l.track.handle(&l.chunk, refused)
	if l.w.cfg.Trace != nil {
		l.trace(it.at, begun)
	}
	l.chunk = Chunk{} // a quiet stream must not keep its last message
	l.w.reply(it.msg)
	if len(it.msg.Data) > 0 {
		l.w.count.answers.observe(time.Since(it.at))
	}
}

// trace tells the times of the chunk that was just answered.
func (l *lane) trace(arrived, begun time.Time) {
	spent := l.out.spent
	l.out.spent = 0
	if l.chunk.Control == Audio && l.track.cur != nil {
		l.w.cfg.Trace(Traced{Stream: l.track.stream, Seq: l.track.cur.counted, Arrived: arrived, Begun: begun, Done: time.Now(), Publish: spent})
	}
}

func (l *lane) guard() {
	if r := recover(); r != nil {
		l.w.log.Error("defect: session closed", "stream", l.track.stream, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		l.track.abort()
	}
}

func (l *lane) release(m *nats.Msg) {
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

// idle ends the session; when there was none, the stream is forgotten.
func (l *lane) idle() (gone bool) {
	if l.track.cur == nil {
		return l.w.forget(l)
	}
	l.finish(reasonIdle)
	return false
}

// rest marks a lane that has nothing to do and nothing open, which may be
// taken away when another stream needs the place. It reports whether that has
// happened.
func (l *lane) rest() (gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resting = l.track.cur == nil && l.head == len(l.queue)
	return l.gone
}

// evict takes a resting lane away from its stream.
func (l *lane) evict() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.resting {
		return false
	}
	l.gone = true
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return true
}

// drained ends the session once all that arrived is answered.
func (l *lane) drained() bool {
	if l.w.aborted.Load() {
		return true
	}
	l.mu.Lock()
	waiting := len(l.queue) - l.head
	l.mu.Unlock()
	if waiting > 0 {
		return false
	}
	l.finish(reasonDrain)
	return true
}

func (l *lane) finish(reason string) {
	defer l.guard()
	l.track.end(reason)
}
