package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	goaudio "github.com/go-audio/audio"
	"github.com/go-audio/wav"
)

// maxWAVSamples is what the 32-bit sizes of a WAV header can count.
const maxWAVSamples = (math.MaxUint32 - 44) / 2

// WAVWriter writes mono 16-bit WAV, piece by piece. Until Close the header
// holds the sizes that mean "to the end of the file", so that a recording cut
// off by a crash can be read as far as it got.
type WAVWriter struct {
	w       io.WriteSeeker
	enc     *wav.Encoder
	words   goaudio.IntBuffer
	written int64
	closed  bool
}

// NewWAVWriter writes a WAV header for samples of rate Hz. w must stand at its
// beginning.
func NewWAVWriter(w io.WriteSeeker, rate int) (*WAVWriter, error) {
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	ww := &WAVWriter{w: w}
	ww.words.Format = &goaudio.Format{NumChannels: 1, SampleRate: rate}
	ww.words.Data = make([]int, 0, wordBuffer)
	// The encoder is shown w's WriteSeeker methods only: given an *os.File it
	// would force it to the disk.
	ww.enc = wav.NewEncoder(struct{ io.WriteSeeker }{w}, rate, 16, 1, tagPCM)
	// Without an empty piece at the start, a recording without samples would
	// get no header at all.
	if err := ww.enc.Write(&ww.words); err != nil {
		return nil, err
	}
	return ww, ww.unsized()
}

// unsized replaces the encoder's preliminary sizes, which would be believed.
func (w *WAVWriter) unsized() error {
	size := binary.LittleEndian.AppendUint32(nil, unsized)
	for _, at := range []int64{4, 40} {
		if _, err := w.w.Seek(at, io.SeekStart); err != nil {
			return err
		}
		if _, err := w.w.Write(size); err != nil {
			return err
		}
	}
	_, err := w.w.Seek(0, io.SeekEnd)
	return err
}

// WriteSamples writes samples, rounded to 16 bits and limited to full scale.
// A NaN or more than 4 GiB in all is an error, and nothing of samples is
// written.
func (w *WAVWriter) WriteSamples(samples []float32) error {
	if w.closed {
		return errors.New("audio: WriteSamples after Close")
	}
	if w.written+int64(len(samples)) > maxWAVSamples {
		return fmt.Errorf("a WAV file holds at most %d samples of 16 bits: begin another file", int64(maxWAVSamples))
	}
	for i, v := range samples {
		if math.IsNaN(float64(v)) {
			return badSample(float64(v), w.written+int64(i), 1)
		}
	}
	for len(samples) > 0 {
		n := min(len(samples), wordBuffer)
		w.words.Data = w.words.Data[:n]
		for i, v := range samples[:n] {
			w.words.Data[i] = int(toInt16(v))
		}
		if err := w.enc.Write(&w.words); err != nil {
			return err
		}
		w.written += int64(n)
		samples = samples[n:]
	}
	return nil
}

// Close writes the final sizes into the header. It does not close what is
// written to.
func (w *WAVWriter) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	return w.enc.Close()
}

// WriteWAV writes samples as a mono 16-bit WAV recording, as a [WAVWriter]
// does.
func WriteWAV(w io.WriteSeeker, rate int, samples []float32) error {
	ww, err := NewWAVWriter(w, rate)
	if err != nil {
		return err
	}
	if err := ww.WriteSamples(samples); err != nil {
		return errors.Join(err, ww.Close())
	}
	return ww.Close()
}
