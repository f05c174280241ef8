package stream

import (
	"log/slog"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/pipeline"
)

// outbox publishes events. One belongs to one goroutine.
type outbox struct {
	nc     *nats.Conn
	worker string
	log    *slog.Logger
	count  *counters
	buf    []byte
	spent  time.Duration // in timed, until it is read
}

// publish sends e to its subject. The payload is a function of the input; the
// wall clock and the worker's name go into headers. While the connection is
// away, NATS keeps some megabytes for it; what is beyond that is counted as
// unpublished, and shows as a jump in n.
func (o *outbox) publish(e *pipeline.Event) {
	o.buf = e.AppendJSON(o.buf[:0])
	err := o.nc.PublishMsg(&nats.Msg{
		Subject: Subject(e),
		Data:    o.buf, // copied before PublishMsg returns
		Header: nats.Header{
			HeaderWorker: {o.worker},
			HeaderTime:   {strconv.FormatInt(time.Now().UnixMicro(), 10)},
		},
	})
	if err == nil {
		return
	}
	if n := o.count.unpublished.Add(1); loud(n) {
		o.log.Error("event not published", "subject", Subject(e), "error", err, "unpublished", n)
	}
}

// timed is publish for a worker that traces.
func (o *outbox) timed(e *pipeline.Event) {
	begun := time.Now()
	o.publish(e)
	o.spent += time.Since(begun)
}
