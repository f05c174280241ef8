// Package monitor shows operators what a [stream.Worker] does, over HTTP:
//
//	/metrics       for Prometheus
//	/healthz       200 while the process lives
//	/readyz        200 while the worker takes audio and can answer it, else 503 and why not
//	/debug/pprof   profiles, for go tool pprof
//
// Nobody is asked for credentials, so it listens on loopback unless told
// otherwise. docs/OPERATIONS.md says what the metrics mean. A package of its own,
// so that a program with a worker inside need not carry Prometheus.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/stream"
)

// Limits of the server. What it serves is small, but for profiles: those take
// the seconds they are asked for in addition.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 3 * time.Second
	headerBytes   = 16 << 10
	scrapes       = 4 // at once
)

// Config says what is shown, and where.
type Config struct {
	Address string // host:port, port 0 for any free one
	Public  bool   // Address need not be on loopback
	Worker  *stream.Worker
	Version string          // of the program
	Models  []*models.Model // that the worker answers with
	Logger  *slog.Logger    // nil: discarded
}

// CheckAddress refuses an address that cannot be listened on, and one that is
// not on loopback unless that is meant.
func CheckAddress(address string, public bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q: give HOST:PORT, as 127.0.0.1:9090", address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q: give a port of 0 to 65535", address)
	}
	if ip := net.ParseIP(host); !public && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not on loopback, and metrics and profiles are shown to whoever asks: listen on 127.0.0.1, or allow it by --http-public", address)
	}
	return nil
}

// Server is a running server.
type Server struct {
	http     *http.Server
	listener net.Listener
	cancel   context.CancelFunc // of profiles that are being taken
	done     chan struct{}      // closed when nothing is accepted any more
}

// Start listens and serves until Stop.
func Start(cfg Config) (*Server, error) {
	if err := CheckAddress(cfg.Address, cfg.Public); err != nil {
		return nil, fmt.Errorf("monitor: %w", err)
	}
	listener, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("monitor: %w; choose another address", err)
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{listener: listener, cancel: cancel, done: make(chan struct{}), http: &http.Server{
		Handler: Handler(cfg.Worker, Registry(cfg)), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerBytes, BaseContext: func(net.Listener) context.Context { return ctx }}}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("monitor: nothing is served any more", "error", err)
		}
	}()
	log.Info("monitor", "metrics", "http://"+s.Address()+"/metrics")
	return s, nil
}

// Address is host:port of the server.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Stop ends what is being served and returns when the server is gone.
func (s *Server) Stop() {
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close() // who does not take its answer has had time
	}
	<-s.done
}

// Registry holds the metrics of the worker, of the Go runtime and of the process.
func Registry(cfg Config) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(NewCollector(cfg.Worker, cfg.Version, cfg.Models), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Handler serves what the package documentation lists.
func Handler(w *stream.Worker, metrics prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{MaxRequestsInFlight: scrapes}))
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) { say(rw, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, _ *http.Request) {
		if err := w.Ready(); err != nil {
			say(rw, http.StatusServiceUnavailable, err.Error())
			return
		}
		say(rw, http.StatusOK, "ready")
	})
	// Not /debug/pprof/cmdline, which would show a password among the flags.
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
