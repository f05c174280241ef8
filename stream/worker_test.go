package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

func TestWorkerAnswersRawPCM(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	for range 3 {
		b.send("x", pcm(160, 1))
	}
	b.send("x", nil, "Control: end")
	equal(t, "status", b.wait("x", 2), []string{"begin new @0", "end end @480"})
	got := b.log.of("x")
	if len(got) != 5 {
		t.Fatalf("%d events, want 5", len(got))
	}
	for _, r := range got {
		if r.Worker != b.w.ID() || time.Since(r.Sent) > time.Minute || strings.Contains(string(r.Data), b.w.ID()) {
			t.Errorf("worker %q, sent %v, payload %s", r.Worker, r.Sent, r.Data)
		}
	}
}

// All that is wrong with an input is answered on its stream, and the stream,
// the other streams and the worker go on.
func TestBadInput(t *testing.T) {
	cfg := quickConfig()
	cfg.MaxChunkBytes = 4000
	b := startBench(t, openFake, cfg)
	nan := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN())))
	inf := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.Inf(1))))
	for i, bad := range []struct {
		payload []byte
		headers []string
		code    Code
	}{
		{[]byte{1, 2, 3}, nil, BadPayload},
		{nan, []string{"Encoding: f32le"}, BadPayload},
		{inf, []string{"Encoding: f32le"}, BadPayload},
		{pcm(160, 1), []string{"Channels: 3"}, BadPayload},
		{pcm(160, 1), []string{"Channels: 300"}, BadChannels},
		{pcm(160, 1), []string{"Rate: 0"}, BadRate},
		{pcm(160, 1), []string{"Rate: 1000000000"}, BadRate},
		{pcm(160, 1), []string{"Rate: 4001"}, OpenFailed},
		{pcm(160, 1), []string{"Encoding: opus"}, BadEncoding},
		{pcm(2001, 1), nil, TooLarge},
	} {
		name := fmt.Sprintf("bad%d", i)
		b.send(name, bad.payload, bad.headers...)
		b.send(name, pcm(160, 1))
		b.send(name, nil, "Control: end")
		equal(t, name, b.wait(name, 3), []string{"error " + string(bad.code) + " @0", "begin new @0", "end end @160"})
	}
	if s := b.w.Stats(); s.Errors != 10 || s.OpenSessions != 0 || s.Sessions != 10 {
		t.Errorf("stats %+v", s)
	}
}

func TestUnreadableHeaders(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	raw := rawConnection(t, b.server.URL())
	// The server passes any header block on, and the client drops it.
	raw("HPUB audio.x 11 13\r\nNATS/1.0 xxab\r\n") // 11 bytes of headers without an end
	equal(t, "status", b.wait("x", 1), []string{"error bad_header @0"})
}

func TestBadNames(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	for _, name := range []string{"a.b", "-a", "_invalid", strings.Repeat("a", 65), "ä"} {
		b.send(name, pcm(160, 1))
	}
	equal(t, "status", b.wait(invalidStream, 5), []string{"error bad_name @0", "error bad_name @0", "error bad_name @0", "error bad_name @0", "error bad_name @0"})
	for i, r := range b.log.of(invalidStream) {
		if r.Event.N != int64(i+1) {
			t.Errorf("n is %d, want %d", r.Event.N, i+1)
		}
	}
	for i := range 1000 { // a flood is answered by its first few
		b.send(fmt.Sprintf("flood.%d", i), nil)
	}
	until(t, "all are counted", func() bool { return b.w.Stats().Errors == 1005 })
	until(t, "the first are told", func() bool { return len(b.log.of(invalidStream)) >= 15 })
	if n := len(b.log.of(invalidStream)); n > 100 {
		t.Errorf("%d error events about 1005 bad names", n)
	}
}

func TestTwoSessionsAtOnce(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	for i := range 5 {
		b.send("x", pcm(160, 1), "Session: a", fmt.Sprintf("Seq: %d", i+1))
		b.send("x", pcm(160, 2), "Session: b", fmt.Sprintf("Seq: %d", i+1))
	}
	b.send("x", nil, "Session: b", "Control: end", "Chunks: 5")
	equal(t, "status", b.wait("x", 5), []string{"begin new @0", "end superseded @160", "begin new @0", "error superseded @160", "end end @800"})
}

func TestIdle(t *testing.T) {
	cfg := quickConfig()
	cfg.IdleTimeout = 400 * time.Millisecond
	b := startBench(t, openFake, cfg)
	b.send("x", pcm(160, 1), "Seq: 1")
	for range 8 { // an empty message keeps the session
		time.Sleep(60 * time.Millisecond)
		b.send("x", nil)
	}
	equal(t, "kept alive", b.wait("x", 1), []string{"begin new @0"})
	equal(t, "idle", b.wait("x", 2), []string{"begin new @0", "end idle @160"})
	b.send("x", pcm(160, 1), "Seq: 2")
	equal(t, "back again", b.wait("x", 3)[2:], []string{"begin resumed @160"})
	until(t, "forgotten", func() bool { return b.w.Stats().Streams == 0 })
	b.send("x", pcm(160, 1))
	equal(t, "as if never seen", b.wait("x", 5)[4:], []string{"begin new @0"})
}

func TestDrainAnswersWhatArrived(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	const streams, chunks = 20, 50
	for i := range chunks {
		for s := range streams {
			b.send(fmt.Sprintf("s%d", s), pcm(160, i))
		}
	}
	if err := b.nc.Flush(); err != nil { // the server has them all
		t.Fatal(err)
	}
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	if err := b.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	for s := range streams {
		name := fmt.Sprintf("s%d", s)
		equal(t, name, b.wait(name, 2), []string{"begin new @0", fmt.Sprintf("end drain @%d", 160*chunks)})
		if n := len(b.log.of(name)); n != chunks+2 {
			t.Errorf("%s: %d events, want %d", name, n, chunks+2)
		}
	}
}

func TestDrainIsBounded(t *testing.T) {
	entered, gate := make(chan struct{}, 100), make(chan struct{})
	b := startBench(t, gated(entered, gate), quickConfig())
	for range 3 {
		b.send("x", pcm(160, 1))
	}
	until(t, "all have come", func() bool { return b.w.Stats().Messages == 3 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	time.AfterFunc(100*time.Millisecond, func() { close(gate) })
	err := b.w.Stop(ctx)
	if err == nil || !strings.Contains(err.Error(), "queues of 1 streams were not answered") {
		t.Errorf("error %v", err)
	}
	b.stop = func() error { return nil }
}

func TestDefectCostsOneSession(t *testing.T) {
	b := startBench(t, func(rate int, offset int64, _ time.Duration) (opened, error) {
		return opened{engine: &fake{rate: rate, pos: offset, brittle: true}}, nil
	}, quickConfig())
	b.send("y", pcm(160, 1))
	b.send("x", pcm(160, 1), "Session: a")
	b.send("x", []byte{0, 0x10}, "Session: a") // 0.125
	b.send("x", pcm(160, 1), "Session: b")
	equal(t, "status", b.wait("x", 4), []string{"begin new @0", "error internal @160", "end error @160", "begin new @0"})
	b.send("y", nil, "Control: end")
	equal(t, "the other stream", b.wait("y", 2), []string{"begin new @0", "end end @160"})
}

func TestReplyWhenAnswered(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	if _, err := b.nc.Request("audio.x", pcm(160, 1), time.Second); err != nil {
		t.Fatal(err)
	}
	if n := b.w.Stats().Samples; n != 160 {
		t.Errorf("%d samples were answered before the reply", n)
	}
	// Elsewhere the sender may not be allowed to publish; the worker is.
	sub, err := b.nc.SubscribeSync("victim")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.nc.PublishRequest("audio.x", "victim", pcm(160, 1)); err != nil {
		t.Fatal(err)
	}
	if m, err := sub.NextMsg(50 * time.Millisecond); err == nil {
		t.Errorf("replied to %s", m.Subject)
	}
}

func TestReconnect(t *testing.T) {
	server, err := StartServer(ServerConfig{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	nc, client := connect(t, server), connect(t, server)
	w, err := newWorker(nc, openFake, "fake", "hash", quickConfig())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- w.Run(ctx) }()
	until(t, "serving", func() bool { return serving(w) })
	send := func(seq int) {
		m := &nats.Msg{Subject: "audio.x", Data: pcm(160, seq), Header: header(fmt.Sprintf("Seq: %d", seq))}
		if err := client.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	send(1)
	until(t, "the first is answered", func() bool { return w.Stats().Samples == 160 })
	address := strings.TrimPrefix(server.URL(), "nats://")
	server.Shutdown()
	until(t, "both noticed", func() bool { return nc.IsReconnecting() && client.IsReconnecting() })
	server, err = StartServer(ServerConfig{Listen: address})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Shutdown()
	until(t, "both are back", func() bool { return nc.IsConnected() && client.IsConnected() })
	var log eventLog
	if _, err := Watch(client, "x", log.add); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil { // its subscription is there
		t.Fatal(err)
	}
	send(3) // the second is lost with the server
	until(t, "a gap", func() bool { return len(log.status("x")) > 0 })
	equal(t, "the session lives on", log.status("x"), []string{"gap 160 @160"})
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func serving(w *Worker) bool { return w.Status().State == string(stateServing) }

func TestRunEndsWithItsConnection(t *testing.T) {
	server := startServer(t, ServerConfig{})
	nc := connect(t, server)
	w, err := newWorker(nc, openFake, "fake", "hash", quickConfig())
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error)
	go func() { ran <- w.Run(t.Context()) }()
	until(t, "serving", func() bool { return serving(w) })
	nc.Close()
	if err := <-ran; err == nil || !strings.Contains(err.Error(), ErrConnectionLost.Error()) {
		t.Errorf("Run: %v", err)
	}
}

func TestStopWhileServerIsAway(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	b.send("x", pcm(160, 1))
	b.wait("x", 1)
	b.server.Shutdown()
	until(t, "noticed", func() bool { return b.w.nc.IsReconnecting() })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := b.w.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "last events") {
		t.Errorf("error %v", err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("stopped after %s", took)
	}
	if s := b.w.Stats(); s.OpenSessions != 0 {
		t.Errorf("stats %+v", s)
	}
	b.stop = func() error { return nil }
}
