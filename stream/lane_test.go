package stream

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/pipeline"
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
	until(t, "goroutines ended", func() bool { return runtime.NumGoroutine() <= before+maxRunners })
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
	l.endSession(reasonIdle)
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

// More streams than goroutines are answered all the same, and one whose answer
// takes long holds up none of the others.
func TestManyStreamsAtOnce(t *testing.T) {
	gate := make(chan struct{})
	release := sync.OnceFunc(func() { close(gate) })
	var sessions atomic.Int64
	open := func(rate int, offset int64, most time.Duration) (opened, error) {
		f := &fake{rate: rate, pos: offset}
		if sessions.Add(1) == 1 {
			f.gate = gate
		}
		return opened{engine: f, model: "fake"}, nil
	}
	cfg := quickConfig()
	cfg.MaxStreams = 6 * maxRunners
	b := startBench(t, open, cfg)
	t.Cleanup(release) // before the worker is stopped
	b.send("slow", pcm(160, 1))
	until(t, "the slow one is open", func() bool { return b.w.Stats().OpenSessions == 1 })
	const streams = 5 * maxRunners
	for round := range 3 {
		for i := range streams {
			b.send(fmt.Sprintf("s%d", i), pcm(160, i+round))
		}
	}
	until(t, "all others are answered", func() bool { return answered(b) == 3*streams })
	release()
	until(t, "the slow one is answered", func() bool { return answered(b) == 3*streams+1 })
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	if s := b.w.Stats(); s.OpenSessions != 0 || s.Sessions != streams+1 {
		t.Errorf("%+v", s)
	}
}

// answered counts the answers of fakes, one for each 160 samples.
func answered(b *bench) int64 { return b.w.Stats().ByType[pipeline.SpeechStart] }
