package audio_test

import (
	"testing"

	"github.com/streamer-audio/streamer/audio"
)

// BenchmarkAppendSamples decodes a chunk of 20 ms at 16 kHz.
func BenchmarkAppendSamples(b *testing.B) {
	for _, channels := range []int{1, 2} {
		f := audio.Format{Encoding: audio.S16LE, Rate: 16000, Channels: channels}
		payload := make([]byte, 640*channels)
		for i := range payload {
			payload[i] = byte(i * 37)
		}
		var dst []float32
		b.Run(map[int]string{1: "mono", 2: "stereo"}[channels], func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				dst, _ = f.AppendSamples(dst[:0], payload)
			}
		})
	}
}
