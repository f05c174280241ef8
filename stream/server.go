package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// InProcess as ServerConfig.Listen opens no port: only this process can
// connect, with [Server.Option].
const InProcess = "in-process"

// readyWait bounds the start of an embedded server.
const readyWait = 10 * time.Second

// ServerConfig says how an embedded server listens.
type ServerConfig struct {
	// Listen is host:port on a loopback interface, port 0 for any free one,
	// or InProcess. Empty: 127.0.0.1:4222.
	Listen string
	// MaxPayload in bytes; 0: the default of NATS, 1 MiB.
	MaxPayload int32
	// Logger receives warnings and errors of the server; nil: discarded.
	Logger *slog.Logger
}

// Server is a NATS server inside this process, for a program that must run
// without one outside. It asks for no credentials, so it listens on loopback
// only. It installs no signal handlers and writes to no terminal.
type Server struct {
	ns     *server.Server
	listen bool
}

// StartServer starts a server and waits until it accepts connections.
func StartServer(cfg ServerConfig) (*Server, error) {
	opts, err := serverOptions(cfg)
	if err != nil {
		return nil, err
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS server: %w", err)
	}
	log := &serverLog{log: cfg.Logger}
	if log.log == nil {
		log.log = slog.New(slog.DiscardHandler)
	}
	ns.SetLoggerV2(log, false, false, false)
	ns.Start() // returns at once; a listener that fails is told to the log
	if err := log.failed(); err != nil {
		ns.Shutdown()
		return nil, fmt.Errorf("embedded NATS server on %s: %w; choose another port, or connect to the server that holds it", cfg.Listen, err)
	}
	if !ns.ReadyForConnections(readyWait) {
		ns.Shutdown()
		return nil, fmt.Errorf("embedded NATS server on %s: not ready after %s", cfg.Listen, readyWait)
	}
	return &Server{ns: ns, listen: !opts.DontListen}, nil
}

func serverOptions(cfg ServerConfig) (*server.Options, error) {
	opts := &server.Options{NoSigs: true, NoLog: true, MaxPayload: cfg.MaxPayload, ServerName: "streamer-embedded"}
	if cfg.Listen == InProcess {
		opts.DontListen = true
		return opts, nil
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:" + strconv.Itoa(server.DEFAULT_PORT)
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS server: %s: give HOST:PORT, as 127.0.0.1:4222", quote(cfg.Listen))
	}
	if opts.Port, err = strconv.Atoi(port); err != nil || opts.Port < 0 || opts.Port > 65535 {
		return nil, fmt.Errorf("embedded NATS server: %s: give a port of 0 to 65535", quote(cfg.Listen))
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("embedded NATS server: %s is not on loopback, and the server asks for no credentials: listen on 127.0.0.1, or run a nats-server of your own", quote(cfg.Listen))
	}
	opts.Host = host
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	return opts, nil
}

// URL is where clients connect; empty for an in-process server.
func (s *Server) URL() string {
	if !s.listen {
		return ""
	}
	return s.ns.ClientURL()
}

// Option makes a client of this process connect without the network.
func (s *Server) Option() nats.Option { return nats.InProcessServer(s.ns) }

// Shutdown closes all connections and returns when the server is gone.
func (s *Server) Shutdown() {
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
}

// serverLog is the server's way into slog. What the server calls fatal, as a
// port that is taken, must not end the process: StartServer makes an error of
// it.
type serverLog struct {
	log *slog.Logger
	mu  sync.Mutex
	err error
}

func (l *serverLog) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Fatalf implements server.Logger.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = errors.Join(l.err, fmt.Errorf(format, v...))
}

// Errorf implements server.Logger.
func (l *serverLog) Errorf(format string, v ...any) {
	l.log.Error("NATS server: " + fmt.Sprintf(format, v...))
}

// Warnf implements server.Logger.
func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn("NATS server: " + fmt.Sprintf(format, v...))
}

// Noticef implements server.Logger.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("NATS server: " + fmt.Sprintf(format, v...))
}

// Debugf implements server.Logger.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l *serverLog) Tracef(string, ...any) {}
