package stream

import (
	"strings"
	"testing"
)

// What was dropped on the way to the track is a gap of exactly its length.
func TestDroppedChunks(t *testing.T) {
	drop := func(tt *trackTest, chunks, samples int64, lines ...string) {
		c, err := ParseChunk("audio.x", header(lines...), []byte{0, 0})
		if err != nil {
			t.Fatal(err)
		}
		c.Payload, c.lost = nil, &loss{bytes: 2 * samples, chunks: chunks}
		tt.handle(&c, nil)
	}
	tests := map[string]struct {
		run  func(tt *trackTest)
		want string
	}{
		"without numbers": {func(tt *trackTest) { tt.feed(pcm(320, 1)); drop(tt, 3, 1000); tt.feed(pcm(320, 1)) },
			"begin new @0; gap 1000 @320"},
		"with numbers": {func(tt *trackTest) {
			tt.feed(pcm(320, 1), "Seq: 1")
			drop(tt, 3, 1000, "Seq: 2")
			tt.feed(pcm(320, 1), "Seq: 5")
		}, "begin new @0; gap 1000 @320"},
		"behind a gap": {func(tt *trackTest) {
			tt.feed(pcm(320, 1), "Seq: 1")
			drop(tt, 1, 100, "Seq: 3")
			tt.feed(pcm(320, 1), "Seq: 4")
		}, "begin new @0; gap 420 @320"},
		"known in part": {func(tt *trackTest) {
			tt.feed(pcm(320, 1), "Seq: 1")
			tt.feed(pcm(320, 1), "Seq: 2")
			drop(tt, 4, 400, "Seq: 1")
			tt.feed(pcm(320, 1), "Seq: 5")
		}, "begin new @0; gap 200 @640"},
		"first of all": {func(tt *trackTest) { drop(tt, 2, 200); tt.feed(pcm(320, 1)) },
			"begin new @0; gap 200 @0"},
		"first of all, with a latency": {func(tt *trackTest) {
			drop(tt, 2, 200, "Max-Latency: 100")
			tt.feed(pcm(320, 1), "Max-Latency: 0.1s")
			tt.feed(nil, "Control: end")
		}, "begin new @0; gap 200 @0; end end @520"},
		"then a trailing one": {func(tt *trackTest) {
			tt.feed(pcm(320, 1))
			drop(tt, 2, 200)
			tt.feed(nil, "Control: end", "Chunks: 4")
		}, "begin new @0; gap 200 @320; gap 320 @520; end end @840"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTrackTest()
			test.run(tt)
			equal(t, name, tt.lines, strings.Split(test.want, "; "))
		})
	}
}

// One record stands for chunks that all ask for the same.
func TestDroppedChunksJoin(t *testing.T) {
	chunk := func(lines ...string) *Chunk {
		c, err := ParseChunk("audio.x", header(lines...), []byte{0, 0})
		if err != nil {
			t.Fatal(err)
		}
		c.lost = &loss{bytes: 2, chunks: 1}
		return &c
	}
	for other, want := range map[string]bool{"Max-Latency: 0.1s": true, "Max-Latency: 50": false, "Other: 1": false} {
		if got := chunk("Max-Latency: 100").join(chunk(other)); got != want {
			t.Errorf("100 ms and %q joined: %v", other, got)
		}
	}
}
