package stream

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

func TestServerListens(t *testing.T) {
	s := startServer(t, ServerConfig{MaxPayload: 2000})
	nc := connect(t, s)
	if n := nc.MaxPayload(); n != 2000 {
		t.Errorf("max_payload %d, want 2000", n)
	}
	if host, _, err := net.SplitHostPort(strings.TrimPrefix(s.URL(), "nats://")); err != nil || host != "127.0.0.1" {
		t.Errorf("URL %s", s.URL())
	}
	if err := nc.Publish("audio.x", make([]byte, 2001)); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("a payload over the limit: %v", err)
	}
}

func TestServerInProcess(t *testing.T) {
	s := startServer(t, ServerConfig{Listen: InProcess})
	if s.URL() != "" {
		t.Errorf("an in-process server has URL %s", s.URL())
	}
	nc, err := Connect(ConnectConfig{Extra: []nats.Option{s.Option()}})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.Flush(); err != nil {
		t.Error(err)
	}
}

func TestServerRefuses(t *testing.T) {
	s := startServer(t, ServerConfig{})
	taken := strings.TrimPrefix(s.URL(), "nats://")
	for listen, says := range map[string]string{
		taken: "choose another port", "0.0.0.0:0": "not on loopback", "example.com:4222": "not on loopback",
		"4222": "give HOST:PORT", "127.0.0.1:x": "give a port", "127.0.0.1:70000": "give a port",
	} {
		start := time.Now()
		if _, err := StartServer(ServerConfig{Listen: listen}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", listen, err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: refused after %s", listen, took)
		}
	}
}

// lockedBuffer is a log that goroutines may write to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestConnectLogsStateChanges(t *testing.T) {
	s, err := StartServer(ServerConfig{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	url := strings.Replace(s.URL(), "nats://", "nats://me:secret@", 1)
	nc, err := Connect(ConnectConfig{Server: url, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Extra: []nats.Option{nats.ReconnectWait(10 * time.Millisecond), nats.ReconnectJitter(0, 0)}})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	address := strings.TrimPrefix(s.URL(), "nats://")
	s.Shutdown()
	until(t, "the loss is logged", func() bool { return strings.Contains(log.String(), "connection lost") })
	s, err = StartServer(ServerConfig{Listen: address})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Shutdown()
	until(t, "the return is logged", func() bool { return strings.Contains(log.String(), "connection is back") })
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log shows the password:\n%s", log.String())
	}
}

func TestConnectRefuses(t *testing.T) {
	seed := strings.Repeat("SUAM", 15)[:58]
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.creds")
	if err := os.WriteFile(bad, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("NATS_URL", "nats://me:secret@127.0.0.1:1")
	for _, test := range []struct {
		cfg  ConnectConfig
		says string
	}{
		{ConnectConfig{}, "nats://***@127.0.0.1:1: nats: no servers available for connection; start a nats-server"},
		{ConnectConfig{Server: "nats://127.0.0.1:1"}, "--server or NATS_URL"},
		{ConnectConfig{Server: "nats://me:secret@host:port"}, "nats://***@host:port"},
		{ConnectConfig{Server: "nats://me:secret word@127.0.0.1:1"}, "nats://***@127.0.0.1:1: not a URL; give nats://HOST:PORT"},
		{ConnectConfig{Server: "nats://127.0.0.1:secret/word@127.0.0.1:1"}, "nats://***@127.0.0.1:1: not a URL"},
		{ConnectConfig{Server: "nats://me:%secret@127.0.0.1:1"}, "@ is %40"},
		{ConnectConfig{Server: "nats://secret@127.0.0.1:1,nats://me:secret@127.0.0.1:2"}, "nats://***@127.0.0.1:2: nats: no servers"},
		{ConnectConfig{Server: "me:secret@127.0.0.1:1"}, "NATS server ***@127.0.0.1:1: nats: no servers"},
		{ConnectConfig{Server: "me:a@secret@127.0.0.1:1"}, "NATS server ***@127.0.0.1:1: "},
		{ConnectConfig{Server: "nats://127.0.0.1:port"}, `invalid port ":port"`},
		{ConnectConfig{Creds: "-----BEGIN NATS USER JWT-----\nsecret"}, "NATS credentials: give the name of the file"},
		{ConnectConfig{Creds: "eyJsecret"}, "give the name of the file"},
		{ConnectConfig{TLSCert: "cert.pem", TLSKey: "-----BEGIN PRIVATE KEY-----\nsecret"}, "NATS TLS key: give the name of the file"},
		{ConnectConfig{NKey: bad}, bad},
		{ConnectConfig{Server: "nats://127.0.0.1:1", Context: "prod"}, "choose one"},
		{ConnectConfig{Context: "missing"}, `NATS context "missing": unknown context "missing"; see: nats context ls`},
		{ConnectConfig{Creds: filepath.Join(dir, "none.creds")}, "none.creds"},
		{ConnectConfig{NKey: filepath.Join(dir, "none.nk")}, "none.nk"},
		{ConnectConfig{NKey: seed}, "give the name of the file"},
		{ConnectConfig{Password: "secret"}, "give both"},
		{ConnectConfig{TLSCert: "cert.pem"}, "give both files"},
		{ConnectConfig{TLSCert: "cert.pem", TLSKey: "key.pem"}, "cert.pem"},
		{ConnectConfig{TLSCA: "ca.pem"}, "ca.pem"},
	} {
		nc, err := Connect(test.cfg)
		if err == nil {
			nc.Close()
			t.Fatalf("%+v: connected", test.cfg)
		}
		if text := err.Error(); !strings.Contains(text, test.says) || strings.Contains(text, "secret") || strings.Contains(text, seed) {
			t.Errorf("%+v: %v", test.cfg, err)
		}
	}
}

// All ways to prove who one is, against a server that asks.
func TestConnectAuthenticates(t *testing.T) {
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ := user.PublicKey()
	seed, _ := user.Seed()
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "user.nk")
	if err := os.WriteFile(keyFile, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	url := authServer(t, &server.Options{Nkeys: []*server.NkeyUser{{Nkey: public}}, Users: []*server.User{{Username: "me", Password: "secret"}}})
	context := filepath.Join(dir, "nats", "context", "prod.json")
	if err := os.MkdirAll(filepath.Dir(context), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(context, []byte(`{"url":"`+url+`","user":"me","password":"secret"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CONFIG_HOME", dir)
	token := authServer(t, &server.Options{Authorization: "t0ken"})
	for name, cfg := range map[string]ConnectConfig{
		"user": {Server: url, User: "me", Password: "secret"}, "nkey": {Server: url, NKey: keyFile},
		"context": {Context: "prod"}, "token": {Server: token, User: "t0ken"},
	} {
		nc, err := Connect(cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		nc.Close()
	}
	if err := os.WriteFile(keyFile, []byte("-----BEGIN NATS USER JWT-----\nwrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Connect(ConnectConfig{Server: url, Creds: keyFile}); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("bad credentials: %v", err)
	}
	_, err = Connect(ConnectConfig{Server: url, User: "me", Password: "wrong"})
	if !errors.Is(err, nats.ErrAuthorization) || !strings.Contains(err.Error(), "check --creds") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("wrong password: %v", err)
	}
}

// Whatever happens to a connection, its password and token stay out of the log.
func TestLogsKeepSecrets(t *testing.T) {
	for name, test := range map[string]struct {
		user       string // of the URL
		good, evil server.Options
	}{
		"password": {"me:secret@", server.Options{Username: "me", Password: "secret"}, server.Options{Username: "me", Password: "other"}},
		"token":    {"secret@", server.Options{Authorization: "secret"}, server.Options{Authorization: "other"}},
	} {
		var log lockedBuffer
		restart := func(opts server.Options, address string) *server.Server {
			opts.Port, _ = strconv.Atoi(address[strings.LastIndexByte(address, ':')+1:])
			return runServer(t, &opts)
		}
		opts := test.good
		opts.Port = -1
		first := runServer(t, &opts)
		address := first.Addr().String()
		nc, err := Connect(ConnectConfig{Server: "nats://" + test.user + address, Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Extra: []nats.Option{nats.ReconnectWait(10 * time.Millisecond), nats.ReconnectJitter(0, 0)}})
		if err != nil {
			t.Fatal(name, err)
		}
		first.Shutdown()
		until(t, "the loss is logged", func() bool { return strings.Contains(log.String(), "connection lost") })
		second := restart(test.evil, address)
		until(t, "the refusal is logged", func() bool { return strings.Contains(log.String(), "authorization violation") })
		second.Shutdown()
		third := restart(test.good, address)
		until(t, "the return is logged", func() bool { return strings.Contains(log.String(), "connection is back") })
		nc.Close()
		third.Shutdown()
		if strings.Contains(log.String(), "secret") {
			t.Errorf("%s: the log shows it:\n%s", name, log.String())
		}
	}
}

func authServer(t *testing.T, opts *server.Options) (url string) {
	t.Helper()
	opts.Port = -1
	return runServer(t, opts).ClientURL()
}

func runServer(t *testing.T, opts *server.Options) *server.Server {
	t.Helper()
	opts.Host, opts.NoSigs, opts.NoLog = "127.0.0.1", true, true
	ns, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(ns.Shutdown)
	if !ns.ReadyForConnections(5 * time.Second) {
		t.Fatal("server not ready")
	}
	return ns
}
