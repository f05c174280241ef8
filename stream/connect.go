package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/synadia-io/orbit.go/natscontext"
)

// ConnectConfig is how to reach a NATS server, as every NATS program takes it.
// The zero value means the server that NATS_URL names, else the local one.
type ConnectConfig struct {
	Server  string // URLs, comma-separated
	Context string // name or absolute path of a context of the nats CLI, instead of Server

	Creds    string // file with JWT and seed
	NKey     string // file with an nkey seed
	User     string // user name or, without Password, token
	Password string

	TLSCert string // file; with TLSKey
	TLSKey  string // file
	TLSCA   string // file

	Name   string        // connection name that the server shows
	Logger *slog.Logger  // receives changes of the connection's state; nil: discarded
	Extra  []nats.Option // added last, as [Server.Option]
}

// Connect connects. The connection comes back by itself after any loss, without
// limit, and logs each change of its state. Errors and logs never show secrets.
func Connect(c ConnectConfig) (*nats.Conn, error) {
	opts, err := c.options()
	if err != nil {
		return nil, err
	}
	if c.Context != "" {
		nc, _, err := natscontext.Connect(c.Context, opts...)
		if err != nil {
			return nil, fmt.Errorf("NATS context %s: %w; see: nats context ls", quote(c.Context), redactError(err))
		}
		return nc, nil
	}
	servers := c.servers()
	nc, err := nats.Connect(servers, opts...)
	if err != nil {
		return nil, fmt.Errorf("NATS server %s: %w; %s", redactServers(servers), redactError(err), remedy(err))
	}
	return nc, nil
}

func (c *ConnectConfig) servers() string {
	if c.Server != "" {
		return c.Server
	}
	if env := os.Getenv("NATS_URL"); env != "" {
		return env
	}
	return nats.DefaultURL
}

// remedy says what to try after a failed connection.
func remedy(err error) string {
	var bad *url.Error
	switch {
	case errors.As(err, &bad):
		return "give nats://HOST:PORT, special characters of user, password and token as % and two hexadecimal digits (@ is %40)"
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return "check --creds, --nkey, --user or the context"
	case errors.Is(err, nats.ErrSecureConnRequired), strings.Contains(err.Error(), "tls"), strings.Contains(err.Error(), "x509"):
		return "check --tlsca, --tlscert and --tlskey"
	}
	return "start a nats-server there, name another one with --server or NATS_URL, or use --embedded"
}

func (c *ConnectConfig) options() ([]nats.Option, error) {
	opts := []nats.Option{nats.Name(c.Name), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort()}
	opts = append(opts, stateLog(c.Logger)...)
	auth, err := c.auth()
	if err != nil {
		return nil, err
	}
	tls, err := c.tls()
	if err != nil {
		return nil, err
	}
	opts = append(append(opts, auth...), tls...)
	return append(opts, c.Extra...), nil
}

func (c *ConnectConfig) auth() ([]nats.Option, error) {
	if c.Server != "" && c.Context != "" {
		return nil, errors.New("NATS: a server and a context are given: choose one, a context names its server")
	}
	for flag, file := range map[string]string{"credentials": c.Creds, "nkey": c.NKey, "TLS key": c.TLSKey} {
		if looksSecret(file) {
			return nil, fmt.Errorf("NATS %s: give the name of the file, which only you should be able to read, not what is in it", flag)
		}
	}
	var opts []nats.Option
	if c.Creds != "" {
		opts = append(opts, nats.UserCredentials(c.Creds))
	}
	if c.NKey != "" {
		opt, err := nats.NkeyOptionFromSeed(c.NKey)
		if err != nil {
			return nil, fmt.Errorf("NATS nkey %s: %w; give a file with a user seed", quote(c.NKey), err)
		}
		opts = append(opts, opt)
	}
	switch {
	case c.User != "" && c.Password != "":
		opts = append(opts, nats.UserInfo(c.User, c.Password))
	case c.User != "":
		opts = append(opts, nats.Token(c.User))
	case c.Password != "":
		return nil, errors.New("NATS: a password without a user: give both")
	}
	return opts, nil
}

func (c *ConnectConfig) tls() ([]nats.Option, error) {
	var opts []nats.Option
	switch {
	case c.TLSCert != "" && c.TLSKey != "":
		opts = append(opts, nats.ClientCert(c.TLSCert, c.TLSKey))
	case c.TLSCert != "" || c.TLSKey != "":
		return nil, errors.New("NATS TLS: a certificate and its key belong together: give both files")
	}
	if c.TLSCA != "" {
		opts = append(opts, nats.RootCAs(c.TLSCA))
	}
	return opts, nil
}

// looksSecret spots a seed, a JWT or a whole file that was given where the name
// of a file belongs: it must not be repeated in an error about a file that does
// not exist.
func looksSecret(s string) bool {
	return strings.Contains(s, "-----") || strings.HasPrefix(s, "eyJ") ||
		len(s) >= 56 && strings.HasPrefix(s, "S") && !strings.ContainsAny(s, `/\.`)
}

// userinfo is the part of URLs that holds passwords and tokens. It reaches up to
// the last @, since a password that was not escaped may hold anything.
var userinfo = regexp.MustCompile(`(?s)(://).*@`)

func redact(s string) string { return userinfo.ReplaceAllString(s, "${1}***@") }

// redactServers is for what a user wrote, where a scheme may be missing.
func redactServers(urls string) string {
	if i := strings.LastIndexByte(urls, '@'); i >= 0 && !strings.Contains(urls[:i], "://") {
		return "***" + urls[i:]
	}
	return redact(urls)
}

// redactError hides passwords in errors that repeat a URL. An error without
// one is passed on as it is, so that it can still be told by errors.Is.
func redactError(err error) error {
	var bad *url.Error
	if errors.As(err, &bad) && strings.Contains(bad.URL, "@") {
		return errors.New("not a URL") // its reason repeats what it stumbled over
	}
	if text := err.Error(); redact(text) != text {
		return errors.New(redact(text))
	}
	return err
}

// stateLog logs what happens to a connection. The client's own default would
// write to standard error.
func stateLog(log *slog.Logger) []nats.Option {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return []nats.Option{
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if err != nil { // nil: closed by this program
				log.Warn("NATS connection lost, reconnecting", "error", redactError(err))
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			// The client's own redaction shows tokens.
			log.Info("NATS connection is back", "server", redact(nc.ConnectedUrl()), "reconnects", nc.Stats().Reconnects)
		}),
		nats.ClosedHandler(func(nc *nats.Conn) {
			if err := nc.LastError(); err != nil {
				log.Warn("NATS connection closed", "error", redactError(err))
			}
		}),
		nats.LameDuckModeHandler(func(*nats.Conn) { log.Info("NATS server is shutting down, moving on") }),
		nats.ErrorHandler(errorLog(log)),
	}
}

// errorLog logs errors that belong to no call, as a subject that the account
// may not publish to: such come with each message, so they are thinned out. The
// client calls it for one after the other.
func errorLog(log *slog.Logger) nats.ErrHandler {
	var limit bucket
	silent := 0
	return func(_ *nats.Conn, sub *nats.Subscription, err error) {
		if !limit.allow(time.Now(), 1, 10) {
			silent++
			return
		}
		args := []any{"error", redactError(err)}
		if sub != nil {
			args = append(args, "subject", sub.Subject)
		}
		if silent > 0 {
			args = append(args, "not_logged_before", silent)
		}
		silent = 0
		log.Error("NATS", args...)
	}
}
