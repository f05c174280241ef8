package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Quantiles are those of the sorted times, to three digits.
func TestQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	h := newHistogram()
	var all []float64
	for range 20000 {
		us := math.Exp(3 + 2*rng.NormFloat64())
		all = append(all, us)
		h.add(time.Duration(us * 1000))
	}
	slices.Sort(all)
	q := h.quantiles()
	for _, c := range []struct{ got, at float64 }{{q.P50, 0.5}, {q.P90, 0.9}, {q.P99, 0.99}, {q.P999, 0.999}, {q.Max, 1}} {
		want := all[int(math.Ceil(c.at*20000))-1]
		if math.Abs(c.got-want) > 0.002*want+0.2 {
			t.Errorf("quantile %v: %v µs, want %v", c.at, c.got, want)
		}
	}
	total := int64(0)
	for i, b := range h.bars() {
		below, _ := slices.BinarySearch(all, b.Below)
		if total += b.Count; math.Abs(float64(total)-float64(below)) > 200 {
			t.Errorf("%d below %v µs, want %d", total, b.Below, below)
		}
		if i > 0 && b.Below <= h.bars()[i-1].Below {
			t.Errorf("bar %d is not above the one before", i)
		}
	}
	if total != q.Count || total != 20000 {
		t.Errorf("bars hold %d of %d", total, q.Count)
	}
}

func TestExtremeTimes(t *testing.T) {
	h := newHistogram()
	h.add(-time.Second)
	h.add(time.Hour)
	if q := h.quantiles(); q.Count != 2 || math.Abs(q.Max-60e6) > 60e3 || q.P50 > 0.1 {
		t.Errorf("%+v", q)
	}
	if q := newHistogram().quantiles(); q != (Quantiles{}) {
		t.Errorf("nothing counted: %+v", q)
	}
	if b := newHistogram().bars(); len(b) != 0 {
		t.Errorf("nothing counted: %v", b)
	}
}

// Chunks are due in the order in which they are sent, each stream's a chunk
// apart, the streams spread over the length of one.
func TestSchedule(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for range 100 {
		p := plan{streams: 1 + rng.IntN(50), chunks: 3 + rng.IntN(20), chunk: time.Duration(1+rng.IntN(100)) * time.Millisecond}
		for i := 1; i < p.messages(); i++ {
			if p.due(i) < p.due(i-1) {
				t.Fatalf("%+v: message %d is due before the one before", p, i)
			}
			if i >= p.streams && p.due(i)-p.due(i-p.streams) != p.chunk {
				t.Fatalf("%+v: message %d is due %v after the chunk before it", p, i, p.due(i)-p.due(i-p.streams))
			}
		}
		if first, last := p.due(0), p.due(p.streams-1); first != p.chunk || last >= 2*p.chunk {
			t.Errorf("%+v: first chunks are due from %v to %v", p, first, last)
		}
	}
}

func TestStreamNumbers(t *testing.T) {
	p := plan{name: "r3-"}
	for _, n := range []int{0, 7, 65535} {
		if got := streamNumber(p.stream(n)); got != n {
			t.Errorf("%s is stream %d, want %d", p.stream(n), got, n)
		}
	}
	for _, name := range []string{"", "x", "r1-abcde"} {
		if n := streamNumber(name); n != -1 {
			t.Errorf("%q is stream %d", name, n)
		}
	}
	if got := seqOf([]byte(`{"v":1,"type":"frame","n":3,"seq":120,"sample":4}`)); got != 120 {
		t.Errorf("seq %d, want 120", got)
	}
	if got := seqOf([]byte(`{"v":1}`)); got != 0 {
		t.Errorf("no seq: %d", got)
	}
}

// The search ends near the number that a machine bears, also when a stall makes
// it fail now and then, and never claims more.
func TestSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	for range 200 {
		bears := 1 + rng.IntN(5000)
		from, tries := 1+rng.IntN(300), 0
		unlucky := map[int]bool{}
		best, err := search(from, 4096, func(n int) (Load, error) {
			tries++
			ok := n <= bears
			if ok && !unlucky[n] && rng.IntN(4) == 0 {
				unlucky[n], ok = true, false // once for a number
			}
			return Load{Streams: n, OK: ok}, nil
		})
		want := min(bears, 4096)
		if err != nil || best.Streams > want || best.Streams < want-want/31-1 {
			t.Errorf("borne are %d, from %d: found %d, %v", bears, from, best.Streams, err)
		}
		if tries > 100 {
			t.Errorf("%d tries", tries)
		}
	}
	stop := errors.New("stop")
	if _, err := search(1, 10, func(int) (Load, error) { return Load{}, stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// A stall counts against every chunk that was due meanwhile, not just against
// the one that was being answered.
func TestStallCounts(t *testing.T) {
	m := &run{plan: plan{streams: 10, chunks: 100, chunk: 20 * time.Millisecond}}
	n := m.messages()
	m.sent, m.done = make(stamps, n), make(stamps, n)
	const stall, end = 600 * time.Millisecond, 1000 * time.Millisecond
	for i := range n {
		due := m.due(i)
		at := due + 100*time.Microsecond
		if due >= stall && due < end {
			at = end + 100*time.Microsecond // nothing left while it lasted
		}
		m.sent.set(i, at)
		m.done.set(i, at+200*time.Microsecond)
	}
	l := judge(m)
	if l.OK || l.P99 < 380 || l.P99 > 401 || l.P50 > 0.4 || l.Late < 380 {
		t.Errorf("%+v", l)
	}
	m.done[5].Store(0)
	if l := judge(m); l.Lost != 1 {
		t.Errorf("%d lost, want 1", l.Lost)
	}
}

func TestNoise(t *testing.T) {
	for _, c := range []struct {
		host  Host
		noisy string
	}{
		{Host{Cores: 2, Others: 0.1, Stolen: 0.01, KnowsOther: true}, ""},
		{Host{Cores: 2, Others: 0.5, KnowsOther: true}, "other programs used 0.50 of 2"},
		{Host{Cores: 2, Stolen: 0.3, KnowsOther: true}, "hypervisor took 0.30"},
		{Host{Cores: 2, Others: 0.5}, ""},
	} {
		if got := c.host.Noisy(); (got == "") != (c.noisy == "") || !strings.Contains(got, c.noisy) {
			t.Errorf("%+v: %q", c.host, got)
		}
	}
	steady := []Round{{200, 100}, {210, 101}, {190, 99}, {205, 100}, {900, 100}}
	if got := unsteady(steady); got != "" {
		t.Errorf("one round that stands out: %q", got)
	}
	if got := unsteady([]Round{{200, 100}, {400, 101}, {190, 99}, {405, 100}}); !strings.Contains(got, "worker") {
		t.Errorf("two and two: %q", got)
	}
}

func TestCompare(t *testing.T) {
	report := func(p50, p99 float64, streams int) []byte {
		b, err := json.Marshal(&LatencyReport{Bench: "latency", Streams: streams, ChunkMS: 20, Ours: Quantiles{P50: p50, P99: p99}, Host: Host{CPU: "a"}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var out bytes.Buffer
	if err := Compare(&out, report(100, 500, 1), report(109, 400, 1), 0.1); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "1.090") || !strings.Contains(out.String(), "0.800") {
		t.Errorf("no ratios in\n%s", out.String())
	}
	if err := Compare(&out, report(100, 500, 1), report(111, 500, 1), 0.1); !errors.Is(err, ErrWorse) || !strings.Contains(err.Error(), "p50_us") {
		t.Errorf("11 %% worse: %v", err)
	}
	if err := Compare(&out, report(100, 500, 1), report(100, 500, 2), 0.1); err == nil || errors.Is(err, ErrWorse) {
		t.Errorf("another number of streams: %v", err)
	}
	for _, bad := range []string{"", "{", "[]", `{"bench":"latency"}`} {
		if err := Compare(&out, []byte(bad), report(1, 1, 1), 0.1); err == nil {
			t.Errorf("%q compares", bad)
		}
	}
	capacity := func(n int) []byte {
		b, _ := json.Marshal(&CapacityReport{Bench: "capacity", ChunkMS: 20, Max: n})
		return b
	}
	if err := Compare(&out, capacity(1000), capacity(2000), 0.1); err != nil {
		t.Errorf("more streams: %v", err)
	}
	if err := Compare(&out, capacity(1000), capacity(800), 0.1); !errors.Is(err, ErrWorse) {
		t.Errorf("fewer streams: %v", err)
	}
}

// A trend is that of the last quarter over the second.
func TestTrend(t *testing.T) {
	r := &SoakReport{}
	for i := range 40 {
		heap := 100
		if i < 10 {
			heap = 10 * i // fills
		}
		if i >= 30 {
			heap = 110
		}
		r.Samples = append(r.Samples, SoakSample{memory: memory{Heap: int64(heap), Goroutines: 50}})
	}
	r.trend()
	if math.Abs(r.Heap-0.1) > 1e-9 || r.Goroutines != 0 {
		t.Errorf("heap %v, goroutines %v", r.Heap, r.Goroutines)
	}
	(&SoakReport{}).trend()
}
