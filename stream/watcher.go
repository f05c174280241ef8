package stream

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/pipeline"
)

// Received is an answer of a worker as a subscriber sees it.
type Received struct {
	Event  pipeline.Event
	Kind   string    // KindEvent, KindFinal, KindFrame or KindStatus
	Data   []byte    // the event as it came
	Worker string    // who answered
	Sent   time.Time // when; zero when the message does not say
}

// Watch subscribes to the answers about one stream, or about all streams when
// stream is empty, and calls handle for each, one after the other. A message
// that is not an answer of this format is handed on as an error instead. It
// returns when the server knows of the subscription; Unsubscribe ends it.
func Watch(nc *nats.Conn, stream string, handle func(*Received, error)) (*nats.Subscription, error) {
	switch {
	case stream == "":
		stream = "*"
	case stream != invalidStream && !ValidStream(stream):
		return nil, badStream(stream)
	}
	subject := speechPrefix + stream + ".>"
	sub, err := nc.Subscribe(subject, func(m *nats.Msg) { handle(receive(m)) })
	if err != nil {
		return nil, fmt.Errorf("subscribing to %s: %w", subject, err)
	}
	before := nc.LastError()
	if err := nc.Flush(); err != nil {
		return nil, fmt.Errorf("subscribing to %s: %w", subject, err)
	}
	if err := nc.LastError(); err != nil && err != before {
		return nil, fmt.Errorf("subscribing to %s: %w", subject, err)
	}
	return sub, nil
}

func badStream(name string) error {
	return fmt.Errorf("stream name %s: give a letter or digit and up to 63 more of A-Z a-z 0-9 _ -", quote(name))
}

func receive(m *nats.Msg) (*Received, error) {
	r := &Received{Data: m.Data, Worker: m.Header.Get(HeaderWorker), Kind: m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]}
	if us, err := strconv.ParseInt(m.Header.Get(HeaderTime), 10, 64); err == nil {
		r.Sent = time.UnixMicro(us)
	}
	if err := r.Event.UnmarshalJSON(m.Data); err != nil {
		return nil, fmt.Errorf("message on %s is not an answer of streamer: %w", quote(m.Subject), err)
	}
	return r, nil
}
