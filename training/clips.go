package training

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Clip is a recording in memory: mono at Rate, 16 bits a sample.
type Clip struct {
	Name    string // as in the manifest
	Corpus  string
	Speaker string
	Label   string
	Samples []int16
	Speech  []Span  // where it holds speech; nil for a noise
	Level   float32 // root mean square of its speech, or of the loud part of a noise; full scale is 1
}

// NewSpeech labels a clean recording at Rate and returns the clip, or nil when no speech was found in it.
func NewSpeech(e Entry, samples []float32) *Clip {
	spans := LabelSpeech(samples)
	if len(spans) == 0 {
		return nil
	}
	var energy float64
	count := 0
	for _, s := range spans {
		energy += sumSquares(samples[s.Start:s.End])
		count += s.End - s.Start
	}
	c := newClip(e, samples)
	c.Speech, c.Level = spans, float32(math.Sqrt(energy/float64(count)))
	return c
}

// NewNoise returns the clip of a recording without speech, or nil when it is silent.
func NewNoise(e Entry, samples []float32) *Clip {
	c := newClip(e, samples)
	if c.Level = activeLevel(samples); c.Level < 1e-5 {
		return nil
	}
	return c
}

func newClip(e Entry, samples []float32) *Clip {
	c := &Clip{Name: e.Name, Corpus: e.Corpus(), Speaker: e.Speaker, Label: e.Label, Samples: make([]int16, len(samples))}
	for i, x := range samples {
		c.Samples[i] = quantise(x)
	}
	return c
}

// quantise rounds a sample to 16 bits, clipping at full scale.
func quantise(x float32) int16 {
	return int16(math.RoundToEven(float64(max(-32768, min(32767, x*32768)))))
}

// digest names the content of a clip.
func (c *Clip) digest() [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(c.Name))
	buf := make([]byte, 0, 1<<13)
	for _, x := range c.Samples {
		if buf = binary.LittleEndian.AppendUint16(buf, uint16(x)); len(buf) == cap(buf) {
			h.Write(buf)
			buf = buf[:0]
		}
	}
	h.Write(buf)
	return [sha256.Size]byte(h.Sum(nil))
}

// activeLevel is the root mean square over the 10 ms frames that lie within 30 dB of the loudest one: pauses and digital
// silence do not lower it.
func activeLevel(samples []float32) float32 {
	powers := make([]float64, 0, len(samples)/labelHop+1)
	var loudest float64
	for i := 0; i < len(samples); i += labelHop {
		frame := samples[i:min(i+labelHop, len(samples))]
		p := sumSquares(frame) / float64(len(frame))
		powers = append(powers, p)
		loudest = max(loudest, p)
	}
	var sum float64
	count := 0
	for _, p := range powers {
		if p >= loudest*1e-3 && p > 0 {
			sum += p
			count++
		}
	}
	if count == 0 {
		return 0
	}
	return float32(math.Sqrt(sum / float64(count)))
}

func sumSquares(samples []float32) float64 {
	// Four sums at once: the additions of one sum would wait for each other.
	var a, b, c, d float32
	n := len(samples) &^ 3
	var total float64
	for i := 0; i < n; i += 4 {
		s := samples[i : i+4 : i+4]
		a += s[0] * s[0]
		b += s[1] * s[1]
		c += s[2] * s[2]
		d += s[3] * s[3]
		if i&1023 == 0 { // float32 loses nothing that matters over a thousand samples
			total += float64(a) + float64(b) + float64(c) + float64(d)
			a, b, c, d = 0, 0, 0, 0
		}
	}
	for _, x := range samples[n:] {
		a += x * x
	}
	return total + float64(a) + float64(b) + float64(c) + float64(d)
}
