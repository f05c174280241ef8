package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/streamer-audio/streamer/pipeline"
)

// gated opens engines that answer a chunk only when the gate is opened.
func gated(entered chan struct{}, gate chan struct{}) opener {
	return func(rate int, offset int64, _ time.Duration) (opened, error) {
		return opened{engine: &fake{rate: rate, pos: offset, entered: entered, gate: gate}}, nil
	}
}

func TestOverflow(t *testing.T) {
	for name, headers := range map[string]func(i int) []string{
		"without numbers": func(int) []string { return nil },
		"with numbers":    func(i int) []string { return []string{fmt.Sprintf("Seq: %d", i+1)} },
		"with positions":  func(i int) []string { return []string{fmt.Sprintf("Sample: %d", offsets(i))} },
	} {
		t.Run(name, func(t *testing.T) {
			entered, gate := make(chan struct{}, 100), make(chan struct{})
			cfg := quickConfig()
			cfg.QueueChunks = 4
			b := startBench(t, gated(entered, gate), cfg)
			for i := range 12 { // sizes differ, so that a guess would show
				b.send("x", pcm(100+i, i), headers(i)...)
				if i == 0 {
					<-entered // the first is being answered, four more may wait
				}
			}
			until(t, "all have come", func() bool { return b.w.Stats().Messages == 12 })
			close(gate)
			until(t, "there is room again", func() bool { return b.w.Stats().Buffered == 0 })
			b.send("x", pcm(500, 1), headers(12)...)
			b.send("x", nil, "Control: end", "Chunks: 13")
			lost := offsets(12) - offsets(5)
			equal(t, "status", b.wait("x", 3), []string{"begin new @0", fmt.Sprintf("gap %d @%d", lost, offsets(5)),
				fmt.Sprintf("end end @%d", offsets(12)+500)})
			if s := b.w.Stats(); s.Dropped != 7 || s.DroppedShared != 0 || s.LostSamples != lost || s.Lost != float64(lost)/16000 || s.Gaps != 1 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// offsets is the position of chunk i of those that grow by a sample each.
func offsets(i int) int64 { return int64(100*i + i*(i-1)/2) }

func TestAllQueuesTogetherAreBounded(t *testing.T) {
	entered, gate := make(chan struct{}, 1000), make(chan struct{})
	cfg := quickConfig()
	b := startBench(t, gated(entered, gate), cfg)
	limit := b.w.cfg.BufferedBytes
	if want := 4 * b.w.nc.MaxPayload(); limit < want {
		t.Fatalf("limit %d is below four messages, %d", limit, want)
	}
	b.w.mu.Lock()
	b.w.cfg.BufferedBytes = 100_000
	b.w.mu.Unlock()
	for i := range 300 {
		b.send(fmt.Sprintf("s%d", i), pcm(500, 1))
	}
	until(t, "all have come", func() bool { return b.w.Stats().Messages == 300 })
	if s := b.w.Stats(); s.Buffered > 100_000 || s.MaxBuffered != 100_000 || s.Dropped == 0 || s.DroppedShared != s.Dropped {
		t.Errorf("%d bytes are buffered, %d messages dropped, %d because all together are full", s.Buffered, s.Dropped, s.DroppedShared)
	}
	close(gate)
	until(t, "all is answered", func() bool { return b.w.Stats().Buffered == 0 })
}

func TestTooManyStreams(t *testing.T) {
	cfg := quickConfig()
	cfg.MaxStreams = 3
	b := startBench(t, openFake, cfg)
	for i := range 4 {
		b.send(fmt.Sprintf("s%d", i), pcm(160, 1))
	}
	equal(t, "refused", b.wait("s3", 1), []string{"error too_many_streams @0"})
	b.send("s0", nil, "Control: end") // leaves a place
	b.wait("s0", 2)
	until(t, "a place is found", func() bool {
		b.send("s3", pcm(160, 1))
		return slices.Contains(b.log.status("s3"), "begin new @0")
	})
	if n := b.w.Stats().Streams; n != 3 {
		t.Errorf("%d streams, at most 3 are meant to be", n)
	}
}

// A flood of names whose chunks are all bad leaves the places to others.
func TestGarbageHoldsNoPlace(t *testing.T) {
	cfg := quickConfig()
	cfg.MaxStreams = 8
	b := startBench(t, openFake, cfg)
	for i := range 200 {
		b.send(fmt.Sprintf("garbage%d", i), []byte{1})
	}
	until(t, "a good stream is served", func() bool {
		b.send("good", pcm(160, 1))
		return len(b.log.status("good")) > 0
	})
}

// What the NATS client itself drops is counted, and shows as a gap.
func TestSlowConsumer(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	if err := b.w.sub.SetPendingLimits(2, -1); err != nil {
		t.Fatal(err)
	}
	b.w.mu.Lock() // nothing is taken from the client
	for seq := range 20 {
		b.send("x", pcm(160, 1), fmt.Sprintf("Seq: %d", seq+1))
	}
	until(t, "all have come", func() bool { return b.w.nc.Stats().InMsgs >= 20 })
	b.w.mu.Unlock()
	until(t, "all that is left is taken", func() bool { n, _, err := b.w.sub.Pending(); return err == nil && n == 0 })
	b.send("x", nil, "Control: end", "Chunks: 20")
	got := b.wait("x", 3)
	if s := b.w.Stats(); s.SlowConsumer == 0 || s.LostSamples != 160*s.SlowConsumer || got[len(got)-1] != "end end @3200" {
		t.Errorf("stats %+v, status %q", s, got)
	}
}

// slow takes its time, so that queues fill.
type slow struct{ fake }

func (s *slow) Push(dst []pipeline.Event, samples []float32) []pipeline.Event {
	time.Sleep(100 * time.Microsecond)
	return s.fake.Push(dst, samples)
}

// Whatever is dropped, refused, idle or pushed aside, every sample of every
// session is heard or in a gap, and every session that began ends.
func TestChurn(t *testing.T) {
	cfg := quickConfig()
	cfg.QueueChunks, cfg.MaxStreams, cfg.IdleTimeout = 3, 12, 3*time.Millisecond
	b := startBench(t, func(rate int, offset int64, _ time.Duration) (opened, error) {
		return opened{engine: &slow{fake{rate: rate, pos: offset}}}, nil
	}, cfg)
	rng := rand.New(rand.NewPCG(5, 5))
	for i := range 4000 {
		payload, lines := randomChunk(rng)
		b.send(fmt.Sprintf("s%d", rng.IntN(20)), payload, lines...)
		if i%500 == 499 {
			time.Sleep(10 * time.Millisecond) // some go idle, some are forgotten
		}
	}
	if err := b.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	s := b.w.Stats()
	until(t, "all is received", func() bool { b.log.mu.Lock(); defer b.log.mu.Unlock(); return int64(len(b.log.events)) == s.Events })
	var spans, lost, begun int64
	for _, r := range b.log.events {
		switch e := &r.Event; e.Type {
		case pipeline.BeginType:
			begun++
			spans -= e.Sample
		case pipeline.EndType:
			begun--
			spans += e.Sample
		case pipeline.GapType:
			lost += e.LostSamples
		}
	}
	if spans != s.Samples+lost || begun != 0 || s.OpenSessions != 0 || s.Buffered != 0 || s.Messages != 4000 {
		t.Errorf("sessions span %d samples, %d in gaps; %d never ended; stats %+v", spans, lost, begun, s)
	}
	if s.Waiting != 0 || s.Lag != 0 {
		t.Errorf("%d messages and %g s of audio wait when all is over", s.Waiting, s.Lag)
	}
	if s.Dropped == 0 || s.Sessions < 50 {
		t.Errorf("the test shows little: stats %+v", s)
	}
}
