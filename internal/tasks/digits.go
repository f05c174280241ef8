package tasks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/features"
)

const (
	rate16k = 16000
	bands   = 40
)

// digitNames are the words of a voice, in their order.
var digitNames = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// voice is the ten digits of one speaker, each cut to where it sounds.
type voice [10][]float32

// readDigits reads the voices to train on and those to test on.
func readDigits(dir string) (training, testing []voice, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.flac"))
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		v, err := readVoice(file)
		if err != nil {
			return nil, nil, err
		}
		if strings.HasPrefix(filepath.Base(file), "test_") {
			testing = append(testing, v)
		} else {
			training = append(training, v)
		}
	}
	if len(training) == 0 || len(testing) == 0 {
		return nil, nil, fmt.Errorf("tasks: no spoken digits in %q", dir)
	}
	return training, testing, nil
}

func readVoice(path string) (v voice, err error) {
	f, err := audio.Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	samples, err := audio.ReadAll(f)
	if err != nil {
		return v, err
	}
	if len(samples) != len(v)*rate16k {
		return v, fmt.Errorf("tasks: %s holds %d samples, not ten seconds", path, len(samples))
	}
	for i := range v {
		v[i] = trim(samples[i*rate16k : (i+1)*rate16k])
	}
	return v, nil
}

// trim cuts digital silence off both ends.
func trim(x []float32) []float32 {
	for len(x) > 0 && x[0] == 0 {
		x = x[1:]
	}
	for len(x) > 0 && x[len(x)-1] == 0 {
		x = x[:len(x)-1]
	}
	return x
}

// utterance is a text of digits as it was spoken.
type utterance struct {
	digits []int
	frames []float32 // [n × bands]
	spoken []bool    // [n] whether a word sounds
}

// speaker makes utterances of voices: words with pauses between them, louder
// or softer, slower or faster, in noise.
type speaker struct {
	rng    *rand.Rand
	stream *features.Stream
	vary   bool // speed, level and noise as well
}

func newSpeaker(seed uint64, vary bool) (*speaker, error) {
	stream, err := features.New(features.DefaultConfig())
	return &speaker{rand.New(rand.NewPCG(seed, 0x6c6162)), stream, vary}, err
}

// say speaks the digits with pauses of up to pause seconds before, between and
// after them, in white noise so many dB below the loudest word.
func (s *speaker) say(v *voice, digits []int, pause, noise float64) utterance {
	speed := 1.0
	if s.vary {
		speed = 0.75 + 0.6*s.rng.Float64()
	}
	var x []float32
	spans := [][2]int{}
	for _, d := range digits {
		x = append(x, make([]float32, int(s.rng.Float64()*pause*rate16k))...)
		first := len(x)
		x = stretch(x, v[d], speed)
		spans = append(spans, [2]int{first, len(x)})
	}
	x = append(x, make([]float32, int(s.rng.Float64()*pause*rate16k))...)
	if s.vary {
		tilt(x, float32(1.4*s.rng.Float64()-0.7))
	}
	s.addNoise(x, noise)
	u := utterance{digits: digits}
	s.stream.Reset()
	s.stream.Push(x)
	s.stream.Flush()
	for frame := make([]float32, bands); s.stream.Next(frame); {
		middle := (len(u.spoken)*2 + 1) * s.stream.Shift() / 2
		in := false
		for _, span := range spans {
			in = in || middle >= span[0] && middle < span[1]
		}
		u.frames, u.spoken = append(u.frames, frame...), append(u.spoken, in)
	}
	return u
}

// stretch appends x at another speed, its pitch moving along.
func stretch(to, x []float32, speed float64) []float32 {
	for at := 0.0; at < float64(len(x)-1); at += speed {
		i := int(at)
		part := float32(at - float64(i))
		to = append(to, x[i]*(1-part)+x[i+1]*part)
	}
	return to
}

// tilt makes x brighter, or duller for a negative slope.
func tilt(x []float32, slope float32) {
	var last float32
	for i, v := range x {
		x[i], last = v-slope*last, v
	}
}

// addNoise sets the level at random, if that varies, and adds noise so many dB
// below the peak, or up to 10 less.
func (s *speaker) addNoise(x []float32, below float64) {
	var peak float64
	for _, v := range x {
		peak = max(peak, math.Abs(float64(v)))
	}
	gain := 0.3 / max(peak, 1e-3)
	if s.vary {
		gain *= math.Pow(10, -s.rng.Float64())
		below += 10 * (s.rng.Float64() - 0.5)
	}
	level := gain * peak * math.Pow(10, -below/20)
	for i := range x {
		x[i] = float32(gain*float64(x[i]) + level*s.rng.NormFloat64())
	}
}

// standard measures mean and scale of each value of a frame.
func (c *corpus) standard() (mean, scale []float32) {
	mean, scale = make([]float32, c.width), make([]float32, c.width)
	for b := range c.width {
		var sum, squares, n float64
		for _, u := range c.training {
			for i := b; i < len(u.frames); i += c.width {
				v := float64(u.frames[i])
				sum, squares, n = sum+v, squares+v*v, n+1
			}
		}
		m := sum / n
		mean[b], scale[b] = float32(m), float32(1/math.Sqrt(squares/n-m*m+1e-6))
	}
	return mean, scale
}

// laneOf copies frames to one lane of time-major x.
func laneOf(x, frames []float32, lanes, lane, width int) {
	for t := range len(frames) / width {
		copy(x[(t*lanes+lane)*width:], frames[t*width:(t+1)*width])
	}
}
