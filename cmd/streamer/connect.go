package main

import (
	"log/slog"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/stream"
)

// connectFlags say how to reach NATS, for all verbs alike.
type connectFlags struct {
	Server   string `group:"NATS:" placeholder:"URL" help:"Server, or several with commas ($$NATS_URL, else ${natsurl})."`
	Context  string `group:"NATS:" placeholder:"NAME" help:"Context of the nats command line, instead of a server."`
	Creds    string `group:"NATS:" placeholder:"FILE" help:"Credentials: JWT and seed."`
	NKey     string `group:"NATS:" name:"nkey" placeholder:"FILE" help:"Seed of an nkey."`
	User     string `group:"NATS:" placeholder:"NAME" help:"User name, or a token when there is no password."`
	Password string `group:"NATS:" placeholder:"TEXT" help:"Password of the user."`
	TLSCert  string `group:"NATS:" name:"tlscert" placeholder:"FILE" help:"TLS certificate of this client."`
	TLSKey   string `group:"NATS:" name:"tlskey" placeholder:"FILE" help:"Its private key."`
	TLSCA    string `group:"NATS:" name:"tlsca" placeholder:"FILE" help:"TLS authorities to trust."`
}

// connect opens the connection; verb is part of the name that the server shows.
func (f *connectFlags) connect(verb string, extra ...nats.Option) (*nats.Conn, error) {
	return stream.Connect(stream.ConnectConfig{Server: f.Server, Context: f.Context, Creds: f.Creds, NKey: f.NKey,
		User: f.User, Password: f.Password, TLSCert: f.TLSCert, TLSKey: f.TLSKey, TLSCA: f.TLSCA,
		Name: "streamer " + verb, Logger: slog.Default(), Extra: extra})
}
