package pipeline_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"math"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/pipeline"
)

// A recording goes through the model that hears all of it before it answers.
func ExamplePipeline_File() {
	model, err := pretrained.Load("vad", pretrained.Bidirectional)
	if err != nil {
		log.Fatal(err)
	}
	config := pipeline.DefaultConfig()
	config.MaxDelay = models.Unbounded // a recording can wait, a live stream could not
	p, err := pipeline.New(model, config)
	if err != nil {
		log.Fatal(err)
	}
	r := p.File(context.Background(), "../cmd/streamer/demo/demo.wav")
	if r.Err != nil {
		log.Fatal(r.Err)
	}
	fmt.Printf("%d stretches of speech in %.1f s, the first from second %.0f to %.0f\n",
		len(r.Segments), r.Duration, r.Segments[0].Start, r.Segments[0].End)
	// Output:
	// 5 stretches of speech in 12.1 s, the first from second 1 to 3
}

// Live audio comes in chunks of any size, and each brings the answers that it
// decides; a file stands for the microphone here.
func ExampleSession() {
	model, err := pretrained.Load("vad", pretrained.Causal)
	if err != nil {
		log.Fatal(err)
	}
	p, err := pipeline.New(model, pipeline.DefaultConfig())
	if err != nil {
		log.Fatal(err)
	}
	file, err := audio.Open("../cmd/streamer/demo/demo.wav")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	session, err := p.Open(file.Info().Rate, 0)
	if err != nil {
		log.Fatal(err)
	}
	var events []pipeline.Event
	for chunk := make([]float32, 320); ; { // 20 ms
		n, err := file.ReadSamples(chunk)
		events = session.Push(events, chunk[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	events = session.Flush(events)
	for _, e := range events[:2] {
		fmt.Println(e.Type, "near second", math.Round(e.Start))
	}
	// Output:
	// speech_start near second 1
	// speech_end near second 3
}
