package audio

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/zaf/g711"

	"github.com/streamer-audio/streamer/internal/kernel"
)

// Encoding is how headerless audio stores one sample of one channel.
type Encoding string

// Encodings of a [Format].
const (
	S16LE Encoding = "s16le" // signed 16-bit integer, little-endian
	F32LE Encoding = "f32le" // IEEE 754 32-bit float, little-endian, full scale 1
	Mulaw Encoding = "mulaw" // ITU-T G.711 mu-law, one byte
	Alaw  Encoding = "alaw"  // ITU-T G.711 A-law, one byte
)

// bytes is the size of a sample, 0 if the encoding is unknown.
func (e Encoding) bytes() int {
	switch e {
	case S16LE:
		return 2
	case F32LE:
		return 4
	case Mulaw, Alaw:
		return 1
	}
	return 0
}

// Format says how to read headerless audio. Samples of several channels are
// interleaved.
type Format struct {
	Encoding Encoding
	Rate     int // Hz, MinRate..MaxRate
	Channels int // 1..MaxChannels
}

// Validate reports the first field that is unknown or out of range; the error
// wraps [ErrFormat].
func (f Format) Validate() error {
	if f.Encoding.bytes() == 0 {
		return formatError("unknown encoding %q: use %s, %s, %s or %s", string(f.Encoding), S16LE, F32LE, Mulaw, Alaw)
	}
	if err := checkRate(f.Rate); err != nil {
		return err
	}
	return checkChannels(f.Channels)
}

// AppendSamples decodes payload, averages its channels and appends the result
// to dst, one sample for each sample frame. Integers are divided by 32768;
// G.711 expands to integers of that scale.
//
// A payload that is not a whole number of frames, or a float that is not a
// number within ±2^24, is an error, and dst is returned as it was.
func (f Format) AppendSamples(dst []float32, payload []byte) ([]float32, error) {
	if err := f.Validate(); err != nil {
		return dst, err
	}
	if size := f.Encoding.bytes() * f.Channels; len(payload)%size != 0 {
		return dst, formatError("payload of %d bytes is no whole number of %d-byte frames (%s, %d channels): send whole frames, or correct the stated format", len(payload), size, f.Encoding, f.Channels)
	}
	switch f.Encoding {
	case F32LE:
		return f.appendFloats(dst, payload)
	case S16LE:
		return f.appendIntegers(dst, payload), nil
	case Mulaw:
		return f.appendCodes(dst, payload, &mulawTable), nil
	}
	return f.appendCodes(dst, payload, &alawTable), nil
}

func (f Format) appendIntegers(dst []float32, payload []byte) []float32 {
	if f.Channels == 1 {
		n := len(payload) / 2
		dst = slices.Grow(dst, n)[:len(dst)+n]
		kernel.DecodeInt16(dst[len(dst)-n:], payload, 1.0/32768) // a power of two: as exact as in float64
		return dst
	}
	scale := 1 / (32768 * float64(f.Channels))
	for len(payload) > 0 {
		var sum int
		for range f.Channels {
			sum += int(int16(binary.LittleEndian.Uint16(payload)))
			payload = payload[2:]
		}
		dst = append(dst, float32(float64(sum)*scale))
	}
	return dst
}

func (f Format) appendCodes(dst []float32, payload []byte, table *[256]float32) []float32 {
	for len(payload) > 0 {
		var sum float64 // exact
		for _, code := range payload[:f.Channels] {
			sum += float64(table[code])
		}
		payload = payload[f.Channels:]
		dst = append(dst, float32(sum/float64(f.Channels)))
	}
	return dst
}

func (f Format) appendFloats(dst []float32, payload []byte) ([]float32, error) {
	start := len(dst)
	for len(payload) > 0 {
		var sum float64
		for c := range f.Channels {
			v := float64(math.Float32frombits(binary.LittleEndian.Uint32(payload)))
			if !finite(v) {
				return dst[:start], badSample(v, int64(len(dst)-start), c+1)
			}
			sum += v
			payload = payload[4:]
		}
		dst = append(dst, float32(sum/float64(f.Channels)))
	}
	return dst, nil
}

// AppendBytes encodes mono samples and appends the bytes to dst. Integers are
// rounded to the nearest and limited to full scale; what [Format.AppendSamples]
// decoded from one of them gives the same bytes again. A NaN becomes 0 in all
// encodings but f32le.
//
// It panics if f is not valid or has more than one channel.
func (f Format) AppendBytes(dst []byte, samples []float32) []byte {
	if err := f.Validate(); err != nil || f.Channels != 1 {
		panic(fmt.Sprintf("audio: AppendBytes needs a valid mono format, not %+v", f))
	}
	switch f.Encoding {
	case F32LE:
		for _, v := range samples {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	case S16LE:
		for _, v := range samples {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(toInt16(v)))
		}
	case Mulaw:
		for _, v := range samples {
			dst = append(dst, g711.EncodeUlawFrame(toInt16(v)))
		}
	case Alaw:
		for _, v := range samples {
			dst = append(dst, g711.EncodeAlawFrame(toInt16(v)))
		}
	}
	return dst
}

// toInt16 rounds to the nearest integer of 16 bits, full scale 32768.
func toInt16(v float32) int16 {
	switch x := math.RoundToEven(float64(v) * 32768); {
	case x >= math.MaxInt16:
		return math.MaxInt16
	case x <= math.MinInt16:
		return math.MinInt16
	case math.IsNaN(x):
		return 0
	default:
		return int16(x)
	}
}

// What each G.711 code stands for. The slices of g711 are of bytes and
// allocated anew; a table of ours gives samples without either.
var (
	mulawTable = codeTable(g711.DecodeUlawFrame)
	alawTable  = codeTable(g711.DecodeAlawFrame)
)

func codeTable(decode func(uint8) int16) (table [256]float32) {
	for code := range table {
		table[code] = float32(decode(uint8(code))) / 32768
	}
	return table
}
