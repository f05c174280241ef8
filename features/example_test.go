package features_test

import (
	"fmt"
	"math"

	"github.com/streamer-audio/streamer/features"
)

func Example() {
	s, err := features.New(features.DefaultConfig())
	if err != nil {
		panic(err)
	}
	samples := make([]float32, 1000) // a tone of 1 kHz, 62.5 ms long
	for i := range samples {
		samples[i] = 0.5 * float32(math.Sin(2*math.Pi*1000*float64(i)/16000))
	}
	frame := make([]float32, s.Dim())
	s.Push(samples)
	s.Flush()
	n, loudest := 0, 0
	for s.Next(frame) {
		n++
		for band, v := range frame {
			if v > frame[loudest] {
				loudest = band
			}
		}
	}
	fmt.Println(n, "frames, loudest in band", loudest)
	// Output: 7 frames, loudest in band 13
}
