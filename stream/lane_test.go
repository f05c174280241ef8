package stream

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// Streams that are quiet share few goroutines.
func TestQuietStreamsShareGoroutines(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	before := runtime.NumGoroutine()
	const streams = 300
	for i := range streams {
		b.send(fmt.Sprintf("s%d", i), pcm(160, i))
	}
	until(t, "all are answered", func() bool { s := b.w.Stats(); return s.Samples == streams*160 && s.Buffered == 0 })
	until(t, "goroutines ended", func() bool { return runtime.NumGoroutine() <= before+maxParked })
	if s := b.w.Stats(); s.OpenSessions != streams || s.Streams != streams {
		t.Errorf("%+v", s)
	}
}

// What is dropped behind the end of a session that the worker itself ends is no
// part of it.
func TestDropBehindAnEnd(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	l := newLane(b.w, "x")
	l.busy = true // nobody takes anything
	l.end(reasonIdle)
	l.drop(&nats.Msg{Subject: "audio.x", Data: pcm(10, 1)}, &b.w.count.dropped, "full")
	l.drop(&nats.Msg{Subject: "audio.x", Data: pcm(20, 1)}, &b.w.count.dropped, "full")
	if len(l.queue) != 2 || l.queue[0].finish != reasonIdle || l.queue[1].lost.lost.bytes != 60 || l.queue[1].lost.lost.chunks != 2 {
		t.Errorf("%+v", l.queue)
	}
}

// A session ends when nothing came for the idle timeout, not before, and its
// stream is forgotten after as long again; one that goes on is left alone.
func TestIdleStreamsAreLookedFor(t *testing.T) {
	cfg := quickConfig()
	cfg.IdleTimeout = 200 * time.Millisecond
	b := startBench(t, openFake, cfg)
	b.send("quiet", pcm(160, 1))
	begun := time.Now()
	var talker sync.WaitGroup
	defer talker.Wait()
	talker.Go(func() {
		for time.Since(begun) < 700*time.Millisecond {
			_ = b.nc.Publish("audio.talks", pcm(160, 1))
			time.Sleep(20 * time.Millisecond)
		}
	})
	equal(t, "status", b.wait("quiet", 2), []string{"begin new @0", "end idle @160"})
	if took := time.Since(begun); took < cfg.IdleTimeout*9/10 {
		t.Errorf("ended after %v, before the idle timeout", took)
	}
	until(t, "the quiet stream is forgotten", func() bool { return b.w.Stats().Streams == 1 })
	if s := b.w.Stats(); s.OpenSessions != 1 {
		t.Errorf("%d sessions are open, want that of the one that talks", s.OpenSessions)
	}
	if got := b.wait("talks", 1); got[0] != "begin new @0" {
		t.Errorf("%v", got)
	}
}
