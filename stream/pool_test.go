package stream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/pipeline"
)

// mixed opens tiny pipelines, fakes at 8 kHz, and fakes that break at 8001 Hz.
func mixed(t testing.TB) opener {
	c := pipeline.DefaultConfig()
	c.Frames = true
	tiny := pipelines(tinyPipeline(t, c), nil)
	return func(rate int, offset int64, most time.Duration) (opened, error) {
		if rate == 8000 || rate == 8001 {
			return opened{engine: &fake{rate: rate, pos: offset, brittle: rate == 8001}, model: "fake"}, nil
		}
		return tiny(rate, offset, most)
	}
}

// fill returns lanes with chunks of all kinds waiting in them, which nobody
// answers, and what they will say.
func fill(w *Worker, lanes int) (list []*lane, said [][]string) {
	rng := rand.New(rand.NewPCG(90, 0))
	said = make([][]string, lanes)
	for i := range lanes {
		l := newLane(w, fmt.Sprintf("s%d", i))
		l.busy = true
		l.track.emit = func(e *pipeline.Event) { said[i] = append(said[i], e.Type+" "+string(e.AppendJSON(nil))) }
		rate := []string{"16000", "16000", "16000", "48000", "8000", "8001"}[i%6]
		for k := range 1 + rng.IntN(12) {
			m := &nats.Msg{Subject: "audio." + l.track.stream, Data: pcm(1+rng.IntN(700), i+k), Header: header("Rate: "+rate, "Session: a")}
			switch rng.IntN(20) {
			case 0:
				m.Data = m.Data[:len(m.Data)-1] // half a sample
			case 1:
				m.Data, m.Header = nil, header("Session: a", "Control: flush")
			case 2, 3, 4, 5:
				m.Data = append(pcm(200, k), 0, 16) // what breaks some fakes
			}
			l.put(m)
		}
		list = append(list, l)
	}
	return list, said
}

// Lanes that are answered together say what each says alone; one that meets a
// defect of its engine costs the others nothing.
func TestLanesAnsweredTogether(t *testing.T) {
	b := startBench(t, mixed(t), quickConfig())
	const lanes = 40
	alone, want := fill(b.w, lanes)
	for _, l := range alone {
		for r := (&runner{lanes: []*lane{l}}); len(r.lanes) > 0; {
			r.answer()
		}
	}
	together, got := fill(b.w, lanes)
	for r := (&runner{lanes: slices.Clone(together)}); len(r.lanes) > 0; {
		r.answer()
	}
	kinds := map[string]int{}
	for i := range lanes {
		equal(t, together[i].track.stream, got[i], want[i])
		for _, line := range got[i] {
			kind, _, _ := strings.Cut(line, " ")
			kinds[kind]++
		}
		if together[i].busy || together[i].bytes != 0 || together[i].count != 0 {
			t.Errorf("lane %d is not done: %+v", i, together[i])
		}
	}
	if kinds["frame"] < lanes || kinds["error"] < 3 || kinds["end"] < 1 {
		t.Errorf("the test shows little: %v", kinds)
	}
	if n := b.w.count.buffered.Load(); n != 0 {
		t.Errorf("%d bytes are left", n)
	}
}

// A defect in what engines do together closes the sessions that were to do it,
// says so, and costs nobody else anything.
func TestDefectOfSeveral(t *testing.T) {
	b := startBench(t, mixed(t), quickConfig())
	lanes, said := fill(b.w, 3)
	for _, l := range lanes {
		for l.track.cur == nil || l.track.due == nil {
			l.begin()
		}
	}
	r := &runner{due: lanes[:2], chunks: []pipeline.Chunk{{}, {}}} // chunks of no session
	if r.push() {
		t.Fatal("no panic")
	}
	for i, l := range lanes {
		if broken := i < 2; broken != (l.track.cur == nil) {
			t.Errorf("lane %d: %+v", i, l.track.cur)
		}
		if last := said[i][len(said[i])-1]; strings.HasPrefix(last, "end ") != (i < 2) {
			t.Errorf("lane %d: %s", i, last)
		}
	}
}

// A trace that panics costs its session, and no other.
func TestPanicOfTrace(t *testing.T) {
	cfg := quickConfig()
	cfg.Trace = func(x Traced) {
		if x.Stream == "bad" {
			panic("trace")
		}
	}
	b := startBench(t, openFake, cfg)
	b.send("good", pcm(160, 1))
	b.send("bad", pcm(160, 1))
	equal(t, "bad", b.wait("bad", 3), []string{"begin new @0", "error internal @160", "end error @160"})
	b.send("good", pcm(160, 1))
	until(t, "the other is answered", func() bool { return answered(b) == 3 })
	until(t, "nothing is left", func() bool { return b.w.Stats().Buffered == 0 })
}

// A share is what each core gets of what waits, in order, and a lane that may
// take long goes alone.
func TestLanesAreShared(t *testing.T) {
	b := startBench(t, mixed(t), quickConfig())
	lanes := make([]*lane, 60)
	for i := range lanes {
		lanes[i] = newLane(b.w, fmt.Sprintf("s%d", i))
	}
	lanes[36].track.cur = &session{engine: &fake{}}
	p := pool{cores: 3, waiting: slices.Clone(lanes)}
	var got []*lane
	var sizes []int
	for {
		share := p.take(nil)
		if len(share) == 0 {
			break
		}
		got, sizes = append(got, share...), append(sizes, len(share))
	}
	if !slices.Equal(got, lanes) {
		t.Error("lanes are lost or out of order")
	}
	if want := []int{16, 15, 5, 1, 8, 5, 4, 2, 2, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("shares %v, want %v", sizes, want)
	}
}
