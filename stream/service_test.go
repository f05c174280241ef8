package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

func newTestWorker(t *testing.T, s *Server, cfg Config) *Worker {
	t.Helper()
	w, err := newWorker(connect(t, s), openFake, "fake", "hash", cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSecondWorkerIsRefused(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	second := newTestWorker(t, b.server, quickConfig())
	err := second.Start(t.Context())
	if !errors.Is(err, ErrWorkerRunning) || !strings.Contains(err.Error(), b.w.ID()) || !strings.Contains(err.Error(), "stop it first") {
		t.Fatalf("error %v", err)
	}
	if n := second.nc.NumSubscriptions(); n != 0 {
		until(t, "the refused worker left nothing behind", func() bool { return second.nc.NumSubscriptions() == 0 })
	}
	if err := b.stop(); err != nil {
		t.Fatal(err)
	}
	third := newTestWorker(t, b.server, quickConfig())
	if err := third.Start(t.Context()); err != nil {
		t.Fatalf("after the first has stopped: %v", err)
	}
	if err := third.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// Of workers that start at the same instant exactly one serves, whatever the
// order in which they announce themselves and look.
func TestSimultaneousStart(t *testing.T) {
	s := startServer(t, ServerConfig{})
	for round := range 4 {
		const n = 4
		workers := make([]*Worker, n)
		for i := range workers {
			workers[i] = newTestWorker(t, s, quickConfig())
		}
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i, w := range workers {
			wg.Go(func() {
				time.Sleep(time.Duration(round*i) * 15 * time.Millisecond)
				errs[i] = w.Start(t.Context())
			})
		}
		wg.Wait()
		served := 0
		for i, err := range errs {
			switch {
			case err == nil:
				served++
				if err := workers[i].Stop(t.Context()); err != nil {
					t.Error(err)
				}
			case !errors.Is(err, ErrWorkerRunning):
				t.Error(err)
			}
		}
		if served != 1 {
			t.Errorf("round %d: %d workers serve: %v", round, served, errs)
		}
	}
}

// A worker with the smaller id that announces itself after another one has
// looked must wait until it sees what the other does, and yield if it serves.
func TestSmallerIDWaitsForTheOther(t *testing.T) {
	for name, test := range map[string]struct {
		then   string // what the other says from its third answer on; empty: nothing
		serves bool
	}{"the other serves": {"serving", false}, "the other yields": {"", true}, "the other drains": {"draining", false}} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, ServerConfig{})
			nc := connect(t, s)
			asked := 0
			_, err := nc.Subscribe("$SRV.STATS."+ServiceName, func(m *nats.Msg) {
				state := "starting"
				if asked++; asked > 2 {
					state = test.then
				}
				if state != "" {
					_ = m.Respond(fmt.Appendf(nil, `{"id":"zzzz","metadata":{"subjects":"audio.>"},"endpoints":[{"data":{"state":%q}}]}`, state))
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
			w := newTestWorker(t, s, quickConfig())
			err = w.Start(t.Context())
			if test.serves != (err == nil) || err != nil && !errors.Is(err, ErrWorkerRunning) {
				t.Errorf("error %v", err)
			}
			if err == nil {
				if err := w.Stop(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// After a reconnect a worker finds out that another one took over meanwhile.
func TestStillAlone(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	if err := b.w.stillAlone(t.Context()); err != nil {
		t.Error(err)
	}
	_, err := b.nc.Subscribe("$SRV.STATS."+ServiceName, func(m *nats.Msg) {
		_ = m.Respond([]byte(`{"id":"another","metadata":{"subjects":"audio.>"},"endpoints":[{"data":{"state":"serving"}}]}`))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := b.w.stillAlone(t.Context()); !errors.Is(err, ErrWorkerRunning) || !strings.Contains(err.Error(), "another") {
		t.Errorf("error %v", err)
	}
}

// Workers of other subjects, and strangers, are no hindrance.
func TestOtherServicesAreIgnored(t *testing.T) {
	s := startServer(t, ServerConfig{})
	nc := connect(t, s)
	other, err := micro.AddService(nc, micro.Config{Name: ServiceName, Version: "1.0.0", Metadata: map[string]string{"subjects": "other.>"}})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Stop()
	if _, err := nc.Subscribe("$SRV.STATS."+ServiceName, func(m *nats.Msg) { _ = m.Respond([]byte("not JSON")) }); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	w := newTestWorker(t, s, quickConfig())
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDiscoveryAndStats(t *testing.T) {
	b := startBench(t, openFake, quickConfig())
	b.send("x", pcm(160, 1))
	b.wait("x", 1)
	until(t, "answered", func() bool { return b.w.Stats().Samples == 160 })
	m, err := b.nc.Request("$SRV.INFO."+ServiceName, nil, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var info micro.Info
	if err := json.Unmarshal(m.Data, &info); err != nil {
		t.Fatal(err)
	}
	if info.Name != "streamer" || info.ID != b.w.ID() || fmt.Sprint(info.Metadata) != "map[mode:live model:fake model_hash:hash subjects:audio.>]" {
		t.Errorf("info %s", m.Data)
	}
	for _, subject := range []string{StatusSubject, "$SRV.STATS." + ServiceName} {
		m, err := b.nc.Request(subject, nil, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"state":"serving"`, `"streams":1`, `"open_sessions":1`, `"samples":160`, `"messages":1`, `"bytes":320`, `"dropped":0`} {
			if !strings.Contains(string(m.Data), want) {
				t.Errorf("%s: %s is not in %s", subject, want, m.Data)
			}
		}
	}
}

// Without the right to be found, silence proves nothing.
func TestStartNeedsPermissions(t *testing.T) {
	for deny, says := range map[string]string{"$SRV.>": "not even this worker's own", "audio.>": "allow the account to subscribe to audio.>"} {
		opts := &server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, Users: []*server.User{{Username: "u", Password: "p",
			Permissions: &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{deny}}}}}}
		ns, err := server.NewServer(opts)
		if err != nil {
			t.Fatal(err)
		}
		ns.Start()
		if !ns.ReadyForConnections(5 * time.Second) {
			t.Fatal("server not ready")
		}
		nc, err := Connect(ConnectConfig{Server: ns.ClientURL(), User: "u", Password: "p"})
		if err != nil {
			t.Fatal(err)
		}
		w, err := newWorker(nc, openFake, "fake", "hash", quickConfig())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Start(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("without %s: %v", deny, err)
		}
		nc.Close()
		ns.Shutdown()
	}
}

func TestStartStopsWithItsContext(t *testing.T) {
	s := startServer(t, ServerConfig{})
	w := newTestWorker(t, s, quickConfig())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestConfigValidate(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"gap policy": func(c *Config) { c.GapPolicy = "guess" }, "idle timeout": func(c *Config) { c.IdleTimeout = 0 },
		"streams": func(c *Config) { c.MaxStreams = -1 }, "bytes per chunk": func(c *Config) { c.MaxChunkBytes = -1 },
	} {
		c := DefaultConfig()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := DefaultConfig()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
