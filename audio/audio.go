package audio

import (
	"errors"
	"fmt"
	"io"
)

// Limits on what is accepted as audio, files and live streams alike.
const (
	MinRate     = 4000   // Hz
	MaxRate     = 192000 // Hz
	MaxChannels = 32
)

// maxSample bounds the magnitude of a floating-point sample. Full scale is 1,
// and recordings made with floats overshoot it; but the energy of samples
// beyond this bound would overflow the float32 arithmetic that follows, and
// come out as infinities that were not in the input.
const maxSample = 1 << 24

var (
	// ErrFormat is wrapped by errors about a container, an encoding or a
	// header that cannot be read.
	ErrFormat = errors.New("unusable audio format")
	// ErrTruncated is wrapped by errors about a recording that ends before
	// its header says. The samples that are there come first.
	ErrTruncated = errors.New("recording ends too early")
	// ErrSample is wrapped by errors about a sample that is not a number, is
	// infinite, or exceeds full scale by more than 2^24. The samples before it
	// come first.
	ErrSample = errors.New("bad sample")
)

// Reader gives the samples of one recording, in order, with the rules of
// [io.Reader]: up to len(dst) samples into dst, n of them valid even beside an
// error, io.EOF at the end. Samples are mono, the mean over the channels.
// Full scale is ±1; recordings of floats may exceed it.
type Reader interface {
	ReadSamples(dst []float32) (n int, err error)
}

// Info is what the header of a recording says.
type Info struct {
	Container string // "wav" or "flac"
	Rate      int    // Hz
	Channels  int    // in the recording; a Reader averages them
	Bits      int    // per sample and channel, as stored
	Float     bool   // samples are stored as floating-point numbers
	Samples   int64  // per channel, as the header claims; -1 when it does not say, or says so much that it may not mean it
}

// ReadAll reads r to its end. Like [io.ReadAll] it returns the samples read
// before an error together with the error, and does not report io.EOF.
func ReadAll(r Reader) ([]float32, error) {
	samples := make([]float32, 0, 4096)
	for idle := 0; ; {
		if len(samples) == cap(samples) {
			samples = append(samples, 0)[:len(samples)]
		}
		n, err := r.ReadSamples(samples[len(samples):cap(samples)])
		samples = samples[:len(samples)+n]
		if err == io.EOF {
			return samples, nil
		}
		if err != nil {
			return samples, err
		}
		if idle++; n > 0 {
			idle = 0
		} else if idle == 100 {
			return samples, io.ErrNoProgress
		}
	}
}

// formatError describes a container or header that cannot be used.
func formatError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

func checkRate(rate int) error {
	if rate < MinRate || rate > MaxRate {
		return formatError("sample rate %d Hz is outside %d..%d Hz: resample the audio, or correct the stated rate", rate, MinRate, MaxRate)
	}
	return nil
}

func checkChannels(channels int) error {
	if channels < 1 || channels > MaxChannels {
		return formatError("%d channels are outside 1..%d: send fewer channels, or correct the stated number", channels, MaxChannels)
	}
	return nil
}

// badSample describes the sample at position at (counted from 0, per channel).
func badSample(v float64, at int64, channel int) error {
	return fmt.Errorf("%w: sample %d of channel %d is %v, not a number within ±2^24: repair the audio before sending it, or store it as 16-bit integers", ErrSample, at, channel, v)
}

// finite reports whether v is a number that later arithmetic can bear. The
// comparison is false for a NaN.
func finite(v float64) bool { return v >= -maxSample && v <= maxSample }
