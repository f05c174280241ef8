package stream_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/pipeline"
	"github.com/streamer-audio/streamer/stream"
)

// silence is an audio.Reader of so many samples.
type silence int

func (s *silence) ReadSamples(dst []float32) (n int, err error) {
	if *s == 0 {
		return 0, io.EOF
	}
	n = min(len(dst), int(*s))
	clear(dst[:n])
	*s -= silence(n)
	return n, nil
}

// A worker on a NATS server inside the process, a recording published to it,
// and what it says about it.
func Example() {
	server, err := stream.StartServer(stream.ServerConfig{Listen: stream.InProcess})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Shutdown()
	nc, err := stream.Connect(stream.ConnectConfig{Name: "example", Extra: []nats.Option{server.Option()}})
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()

	model, err := pretrained.Load("vad", pretrained.Causal)
	if err != nil {
		log.Fatal(err)
	}
	p, err := pipeline.New(model, pipeline.DefaultConfig())
	if err != nil {
		log.Fatal(err)
	}
	worker, err := stream.New(nc, p, stream.DefaultConfig())
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := worker.Start(ctx); err != nil {
		log.Fatal(err)
	}
	ended := make(chan bool)
	_, err = stream.Watch(nc, "kitchen", func(r *stream.Received, err error) {
		if err == nil && r.Kind == stream.KindStatus {
			fmt.Printf("%s (%s) at %.1f s\n", r.Event.Type, r.Event.Reason, r.Event.Start)
			if r.Event.Type == pipeline.EndType {
				close(ended)
			}
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	recording := silence(16000)
	if _, err := stream.Publish(ctx, nc, &recording, stream.PublishConfig{Stream: "kitchen", Rate: 16000}); err != nil {
		log.Fatal(err)
	}
	<-ended
	if err := worker.Stop(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// begin (new) at 0.0 s
	// end (end) at 1.0 s
}
