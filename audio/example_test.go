package audio_test

import (
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/streamer-audio/streamer/audio"
)

// A recording is written and read back whole.
func ExampleReadAll() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "steps.wav")
	out, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	if err := audio.WriteWAV(out, 16000, []float32{0, 0.25, 0.5, -0.5}); err != nil {
		log.Fatal(err)
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}

	file, err := audio.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	samples, err := audio.ReadAll(file)
	fmt.Println(file.Info().Rate, "Hz:", samples, err)
	// Output: 16000 Hz: [0 0.25 0.5 -0.5] <nil>
}

// A long recording is read piece by piece, in constant memory.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "silence.wav")
	out, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	if err := audio.WriteWAV(out, 8000, make([]float32, 20000)); err != nil {
		log.Fatal(err)
	}
	out.Close()

	file, err := audio.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	total := 0
	for piece := make([]float32, 4096); ; {
		n, err := file.ReadSamples(piece)
		total += n // and use piece[:n]
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%.1f s\n", float64(total)/float64(file.Info().Rate))
	// Output: 2.5 s
}

// Live audio at 8 kHz becomes 16 kHz as it arrives. The first output waits for
// the 48 samples that the filter looks ahead.
func ExampleResampler() {
	r, err := audio.NewResampler(8000, 16000)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("output 0 comes with sample", r.Needed(0))
	tone := make([]float32, 800)
	for i := range tone {
		tone[i] = float32(math.Sin(2 * math.Pi * 440 * float64(i) / 8000))
	}
	var out []float32
	for len(tone) > 0 {
		n := min(160, len(tone)) // 20 ms
		out = r.Push(out, tone[:n])
		tone = tone[n:]
	}
	fmt.Println(len(out), "samples so far")
	out = r.Flush(out)
	fmt.Println(len(out), "in all")
	at := float64(1001) / 16000
	fmt.Printf("the tone is %.3f there, output 1001 is %.3f\n", math.Sin(2*math.Pi*440*at), out[1001])
	// Output:
	// output 0 comes with sample 48
	// 1505 samples so far
	// 1600 in all
	// the tone is -0.172 there, output 1001 is -0.172
}

// The payload of a live stream in mu-law becomes samples.
func ExampleFormat_AppendSamples() {
	format := audio.Format{Encoding: audio.Mulaw, Rate: 8000, Channels: 1}
	samples, err := format.AppendSamples(nil, []byte{0xff, 0x80, 0x00})
	fmt.Println(samples, err)
	// Output: [0 0.9803467 -0.9803467] <nil>
}
