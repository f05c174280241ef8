package monitor

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a worker with a monitor on a NATS server of its own, and a client.
type rig struct {
	*testing.T
	nats    *stream.Server
	nc      *nats.Conn // the client's
	worker  *stream.Worker
	config  Config
	monitor *Server
	stop    func() // of a started worker, once
}

func newRig(t *testing.T, config stream.Config) *rig {
	t.Helper()
	server, err := stream.StartServer(stream.ServerConfig{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, nats: server}
	t.Cleanup(func() { r.nats.Shutdown() })
	r.nc = r.connect()
	m, err := pretrained.Load("vad", pretrained.Causal)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pipeline.New(m, pipeline.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	config.CheckWait = 40 * time.Millisecond
	if r.worker, err = stream.New(r.connect(), p, config); err != nil {
		t.Fatal(err)
	}
	r.config = Config{Address: "127.0.0.1:0", Worker: r.worker, Version: "v1.2.3", Models: []*models.Model{m, m}}
	if r.monitor, err = Start(r.config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.monitor.Stop)
	return r
}

func (r *rig) start() {
	r.Helper()
	if err := r.worker.Start(r.Context()); err != nil {
		r.Fatal(err)
	}
	r.stop = sync.OnceFunc(func() {
		if err := r.worker.Stop(context.Background()); err != nil {
			r.Error(err)
		}
	})
	r.Cleanup(r.stop)
}

func (r *rig) connect() *nats.Conn {
	r.Helper()
	nc, err := stream.Connect(stream.ConnectConfig{Server: r.nats.URL(), Extra: []nats.Option{
		nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectJitter(0, 0), nats.Timeout(20 * time.Second)}})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(nc.Close)
	return nc
}

// client keeps no connections, which would outlive a test.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}

func (r *rig) get(path string) (status int, body string) {
	r.Helper()
	response, err := client.Get("http://" + r.monitor.Address() + path)
	if err != nil {
		r.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		r.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// scrape is what Prometheus reads.
func (r *rig) scrape() scrape {
	r.Helper()
	_, body := r.get("/metrics")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	return scrape{r.T, families}
}

type scrape struct {
	*testing.T
	families map[string]*dto.MetricFamily
}

// of is the value of the one series whose labels have these values.
func (s scrape) of(name string, labels ...string) float64 {
	s.Helper()
	for _, m := range s.families["streamer_"+name].GetMetric() {
		var values []string
		for _, l := range m.Label {
			values = append(values, l.GetValue())
		}
		if slices.Equal(values, labels) {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	s.Fatalf("no %s of %q", name, labels)
	return 0
}

// until waits for a condition.
func (r *rig) until(what string, ok func() bool) {
	r.Helper()
	for range 5000 {
		if ok() {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	r.Fatalf("not within 10 s: %s", what)
}

// send publishes a message, with headers as "Seq: 1"; asked, it waits for the
// worker to have answered it.
func (r *rig) send(asked bool, name string, payload []byte, lines ...string) {
	r.Helper()
	m := &nats.Msg{Subject: "audio." + name, Data: payload, Header: nats.Header{}}
	for _, line := range lines {
		key, value, _ := strings.Cut(line, ": ")
		m.Header.Set("Speech-"+key, value)
	}
	var err error
	if asked {
		_, err = r.nc.RequestMsg(m, 10*time.Second)
	} else {
		err = r.nc.PublishMsg(m)
	}
	if err != nil {
		r.Fatal(err)
	}
}
