package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// ServiceName is the name under which workers are found: nats micro ls.
const ServiceName = "streamer"

// StatusSubject answers a request with [Status]: nats req streamer.status "".
const StatusSubject = "streamer.status"

// workerState says how far a worker is.
type workerState string

const (
	stateStarting workerState = "starting" // looks for others
	stateServing  workerState = "serving"
	stateDraining workerState = "draining"
	// stateGone is seen of a worker that has just taken its announcement back:
	// the endpoint goes first, the ability to answer a little later.
	stateGone workerState = "gone"
)

// Status is the data of the service's endpoint statistics, and the answer of
// StatusSubject.
type Status struct {
	State string `json:"state"` // starting, serving, draining
	Stats
}

// A live worker has all of audio.> to itself: two would answer everything
// twice. So a worker announces itself first and looks around afterwards. It
// serves as soon as it sees nobody else; it yields when it sees one that
// serves, or one that starts like itself and has a lexically smaller id. When
// it sees only larger ids that are starting it looks again: they yield, or they
// had looked before it announced itself and are about to serve.
//
// Two never serve both: the last look of each saw nobody, so each would have
// announced itself after the other's last look, which is before its own.
func (w *Worker) announce(ctx context.Context) error {
	svc, err := micro.AddService(w.nc, micro.Config{
		Name:        ServiceName,
		Version:     w.cfg.Version,
		Description: "answers streams of audio with speech events",
		Metadata:    map[string]string{"subjects": AudioSubjects, "mode": "live", "model": w.model, "model_hash": w.hash},
		Endpoint: &micro.EndpointConfig{Subject: StatusSubject, Handler: micro.HandlerFunc(func(r micro.Request) {
			_ = r.RespondJSON(w.Status()) // who gets no answer asks again
		})},
		StatsHandler: func(*micro.Endpoint) any { return w.Status() },
	})
	if err != nil {
		return fmt.Errorf("stream: announcing the worker: %w", err)
	}
	w.svc, w.id = svc, svc.Info().ID
	if err := w.alone(ctx); err != nil {
		w.retract()
		return fmt.Errorf("stream: %w", err)
	}
	return nil
}

// Status tells what the worker is doing.
func (w *Worker) Status() Status {
	return Status{State: string(w.state.Load().(workerState)), Stats: w.Stats()}
}

// retract takes the announcement back.
func (w *Worker) retract() {
	if err := w.svc.Stop(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		w.log.Warn("stopping the service", "error", err)
	}
}

// patience is how many times Config.CheckWait the own answer may take.
const patience = 10

// looks is how often a starting worker looks for others that are starting.
const looks = 20

// alone returns nil once no other worker is in sight.
func (w *Worker) alone(ctx context.Context) error {
	if err := flush(ctx, w.nc); err != nil {
		return fmt.Errorf("announcing the worker: %w", err)
	}
	for range looks {
		others, err := w.others(ctx)
		if err != nil {
			return err
		}
		if len(others) == 0 {
			return nil
		}
		for _, o := range others {
			if o.state != stateStarting || o.ID < w.id {
				return o.running()
			}
		}
	}
	return fmt.Errorf("%w: others keep starting; start one at a time", ErrWorkerRunning)
}

// stillAlone looks for other workers on behalf of one that serves.
func (w *Worker) stillAlone(ctx context.Context) error {
	others, err := w.others(ctx)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.state == stateServing {
			return o.running()
		}
	}
	return nil
}

// peer is another worker for the same subjects.
type peer struct {
	micro.ServiceIdentity
	state workerState
}

func (p *peer) running() error {
	return fmt.Errorf("%w: worker %s (model %s, %s) has %s; stop it first, or use another account or server",
		ErrWorkerRunning, quote(p.ID), quote(p.Metadata["model"]), p.state, AudioSubjects)
}

// others asks all workers for their state and collects the answers of those
// for the same subjects, for as long as Config.CheckWait. Its own answer must
// be among them: without it, asking does not work, and silence means nothing.
// So for its own answer it waits longer when it must.
func (w *Worker) others(ctx context.Context) (found []peer, err error) {
	inbox := w.nc.NewInbox()
	sub, err := w.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("looking for other workers: %w", err)
	}
	defer sub.Unsubscribe()
	ask, err := micro.ControlSubject(micro.StatsVerb, ServiceName, "")
	if err != nil {
		return nil, err
	}
	if err := w.nc.PublishRequest(ask, inbox, nil); err != nil {
		return nil, fmt.Errorf("looking for other workers: %w", err)
	}
	seen := false
	start := time.Now()
	for {
		wait := w.cfg.CheckWait
		if !seen {
			wait *= patience
		}
		p, err := nextPeer(ctx, sub, time.Until(start.Add(wait)))
		switch {
		case errors.Is(err, nats.ErrTimeout) && seen:
			return found, nil
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, nats.ErrNoResponders):
			return nil, fmt.Errorf("looking for other workers: no answer, not even this worker's own; allow the account $SRV.> and _INBOX.>: %w", err)
		case err != nil:
			return nil, fmt.Errorf("looking for other workers: %w", err)
		case p.ID == w.id:
			seen = true
		case p.Metadata["subjects"] == AudioSubjects && p.state != stateGone:
			found = append(found, p)
		}
	}
}

// nextPeer waits for one answer. One that cannot be read counts as a stranger's.
func nextPeer(ctx context.Context, sub *nats.Subscription, wait time.Duration) (p peer, err error) {
	if err := ctx.Err(); err != nil {
		return p, err
	}
	m, err := sub.NextMsg(max(wait, time.Nanosecond))
	if err != nil {
		return p, err
	}
	var answer struct {
		micro.ServiceIdentity
		Endpoints []struct {
			Data struct {
				State workerState `json:"state"`
			} `json:"data"`
		} `json:"endpoints"`
	}
	if json.Unmarshal(m.Data, &answer) != nil {
		return p, nil
	}
	p = peer{ServiceIdentity: answer.ServiceIdentity, state: stateGone}
	if len(answer.Endpoints) > 0 {
		p.state = answer.Endpoints[0].Data.State
	}
	return p, nil
}
