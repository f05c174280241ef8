package pretrained_test

import (
	"fmt"
	"log"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
)

// The weights that ship with the program, in both modes.
func ExampleLoad() {
	for _, mode := range []string{pretrained.Causal, pretrained.Bidirectional} {
		m, err := pretrained.Load("vad", mode)
		if err != nil {
			log.Fatal(err)
		}
		arch := m.Arch()
		fmt.Printf("%s: %d values a frame in, %d out; waits for the whole recording: %t\n",
			mode, arch.FrameLen(), arch.Outputs, m.Lookahead() == models.Unbounded)
	}
	_, err := pretrained.Load("dog", pretrained.Causal)
	fmt.Println(err)
	// Output:
	// causal: 40 values a frame in, 1 out; waits for the whole recording: false
	// bidirectional: 40 values a frame in, 1 out; waits for the whole recording: true
	// no shipped model is called "dog"; there are: vad
}
