package stream

import (
	"sync"
	"testing"
	"time"
)

// Each chunk of audio is told once, with its number and its times in order, and
// nothing else is.
func TestTrace(t *testing.T) {
	var mu sync.Mutex
	told := map[string][]Traced{}
	cfg := quickConfig()
	cfg.Trace = func(tr Traced) {
		mu.Lock()
		defer mu.Unlock()
		told[tr.Stream] = append(told[tr.Stream], tr)
	}
	begun := time.Now()
	b := startBench(t, openFake, cfg)
	for range 5 {
		b.send("x", pcm(160, 1))
		b.send("y", pcm(80, 1))
		b.send("x", nil) // a keepalive
	}
	b.send("x", []byte{1}) // refused
	b.send("x", nil, "Control: end")
	b.send("y", nil, "Control: end")
	b.wait("x", 3)
	b.wait("y", 2)
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for name, want := range map[string]int{"x": 6, "y": 5} {
		if len(told[name]) != want {
			t.Errorf("%s: %d chunks told, want %d", name, len(told[name]), want)
		}
		for i, tr := range told[name] {
			if tr.Seq != int64(i+1) {
				t.Errorf("%s: chunk %d is told as %d", name, i+1, tr.Seq)
			}
			if tr.Arrived.Before(begun) || tr.Begun.Before(tr.Arrived) || tr.Done.Before(tr.Begun) || tr.Publish < 0 || tr.Publish > tr.Done.Sub(tr.Begun) {
				t.Errorf("%s: %+v", name, tr)
			}
			if answered := i == 0 || name == "x" || i%2 == 1; (tr.Publish > 0) != answered { // y has an answer for every other chunk
				t.Errorf("%s, chunk %d: publishing took %v", name, i+1, tr.Publish)
			}
		}
	}
}
