package audio

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	goaudio "github.com/go-audio/audio"
	"github.com/go-audio/wav"
)

// wordBuffer is how many numbers the decoder is asked for at once, at least
// one of each channel.
const wordBuffer = 4096

// WAVReader reads the samples of a WAV recording as they arrive.
//
// Integers of 8 (unsigned), 16, 24 and 32 bits, floats of 32 and 64 bits,
// A-law and mu-law are understood, directly or as a sub-format of
// WAVE_FORMAT_EXTENSIBLE, and RF64. Chunks other than fmt and data are
// skipped. The size in the RIFF header is not relied on.
//
// The data size rules, with these exceptions: 0xFFFFFFFF means all that
// follows, and so does 0 unless the RIFF size says that the recording is
// empty. If the input ends before the data size is reached, or within a sample
// frame, the whole frames are delivered and then an error that wraps
// [ErrTruncated]; for sizes from 0x7FFFF000 on, which programs write when they
// do not know the size, that is not an error unless a frame is cut.
type WAVReader struct {
	header wavHeader
	dec    *wav.Decoder
	data   *wavData
	words  goaudio.IntBuffer // what the decoder gave, channels interleaved
	have   int               // valid words
	next   int               // first word not delivered
	pos    int64             // samples delivered
	scale  float64           // 1 / full scale of integers
	err    error             // what follows the words
}

// NewWAVReader reads the header of a WAV recording from r, which need not
// seek, and leaves r somewhere behind it.
func NewWAVReader(r io.Reader) (*WAVReader, error) {
	return newWAVReader(bufio.NewReaderSize(r, inputBuffer))
}

func newWAVReader(br *bufio.Reader) (*WAVReader, error) {
	header, err := parseWAV(br)
	if err != nil {
		return nil, err
	}
	w := &WAVReader{header: *header, data: newWAVData(br, header)}
	w.scale = 1 / float64(int64(1)<<(header.bits-1))
	w.words.Data = make([]int, wordBuffer/w.wordsPerFrame()*w.wordsPerFrame())
	w.dec = wav.NewDecoder(bytes.NewReader(plainHeader(header)))
	err = w.dec.FwdToPCM()
	if err == nil && (w.dec.Err() != nil || w.dec.PCMChunk == nil) {
		err = fmt.Errorf("%w: %v", ErrFormat, w.dec.Err())
	}
	if err != nil {
		return nil, err
	}
	w.dec.PCMChunk.R = w.data
	return w, nil
}

// plainHeader is the header that the decoder gets: 44 bytes that say how many
// bits a word has, and a data chunk whose reader we put in its place.
func plainHeader(h *wavHeader) []byte {
	channels, bits := h.channels, h.bits
	if bits == 64 {
		channels, bits = 2*channels, 32 // the decoder knows no 64-bit words: two of 32
	}
	b := append(make([]byte, 0, 44), "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.rate*h.frame()))
	b = binary.LittleEndian.AppendUint16(b, uint16(h.frame()))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	return append(b, "data\x00\x00\x00\x00"...)
}

func (w *WAVReader) wordsPerFrame() int {
	if w.header.bits == 64 {
		return 2 * w.header.channels
	}
	return w.header.channels
}

// Info returns what the header says.
func (w *WAVReader) Info() Info {
	info := Info{
		Container: "wav", Rate: w.header.rate, Channels: w.header.channels,
		Bits: w.header.bits, Float: w.header.tag == tagFloat, Samples: -1,
	}
	if w.header.size >= 0 && !w.header.vague {
		info.Samples = w.header.size / int64(w.header.frame())
	}
	return info
}

// ReadSamples implements [Reader].
func (w *WAVReader) ReadSamples(dst []float32) (int, error) {
	if w.next == w.have && w.err == nil && len(dst) > 0 {
		w.fill()
	}
	n := 0
	if w.plain() {
		n = w.integers(dst)
	}
	for ; n < len(dst) && w.next < w.have; n++ {
		v, err := w.mix()
		if err != nil {
			w.err, w.next = err, w.have
			break
		}
		dst[n] = v
		w.pos++
	}
	if n == 0 && len(dst) > 0 {
		return 0, w.err
	}
	return n, nil
}

// fill asks the decoder for more words, or sets err.
func (w *WAVReader) fill() {
	n, err := w.dec.PCMBuffer(&w.words)
	w.next, w.have = 0, n-n%w.wordsPerFrame()
	switch {
	case err != nil:
		w.have, w.err = 0, err
	case w.have == 0:
		w.err = w.data.end(w.header.rate)
	}
}

// plain tells whether samples are words that only need to be scaled, as those of
// most recordings are.
func (w *WAVReader) plain() bool {
	return w.header.tag == tagPCM && w.header.bits > 8 && w.header.channels == 1
}

// integers is mix for many plain samples at once.
func (w *WAVReader) integers(dst []float32) int {
	n := min(len(dst), w.have-w.next)
	for i, v := range w.words.Data[w.next : w.next+n] {
		dst[i] = float32(float64(v) * w.scale)
	}
	w.next += n
	w.pos += int64(n)
	return n
}

// mix takes the next frame and returns the mean over its channels, added in
// their order. In float64 that is exact for integers of 32 bits.
func (w *WAVReader) mix() (float32, error) {
	var sum float64
	for c := range w.header.channels {
		v := w.sample()
		if !finite(v) {
			return 0, badSample(v, w.pos, c+1)
		}
		sum += v
	}
	return float32(sum / float64(w.header.channels)), nil
}

// sample takes the next sample of one channel. The decoder gave the bits of
// the sample as a signed integer (unsigned if it has 8), whatever they mean.
func (w *WAVReader) sample() float64 {
	v := w.words.Data[w.next]
	w.next++
	switch w.header.tag {
	case tagAlaw:
		return float64(alawTable[uint8(v)])
	case tagMulaw:
		return float64(mulawTable[uint8(v)])
	case tagFloat:
		if w.header.bits == 32 {
			return float64(math.Float32frombits(uint32(v)))
		}
		high := w.words.Data[w.next]
		w.next++
		return math.Float64frombits(uint64(uint32(v)) | uint64(uint32(high))<<32)
	}
	if w.header.bits == 8 {
		v -= 128
	}
	return float64(v) * w.scale
}

// wavData is the reader behind the decoder: it ends where the samples end and
// gives whole sample frames only, for the decoder takes a short read for the
// last one.
type wavData struct {
	r     io.Reader
	left  int64 // bytes that the header still promises; -1 when it does not say
	frame int
	read  int64 // bytes of whole frames read
	cut   int   // bytes of an incomplete frame at the end
	vague bool
	err   error // set when the end was reached
}

func newWAVData(r io.Reader, h *wavHeader) *wavData {
	return &wavData{r: r, left: h.size, frame: h.frame(), vague: h.vague || h.size < 0}
}

// Read fills p, or as much of it as there is in whole frames.
func (d *wavData) Read(p []byte) (int, error) {
	if d.left >= 0 && int64(len(p)) > d.left {
		p = p[:d.left]
	}
	if d.err == nil && len(p) == 0 {
		d.err = io.EOF
	}
	if d.err != nil {
		return 0, io.EOF
	}
	n, err := io.ReadFull(d.r, p)
	if d.left > 0 {
		d.left -= int64(n)
	}
	d.cut = n % d.frame
	n -= d.cut
	d.read += int64(n)
	if d.err = err; err == nil && d.cut > 0 {
		d.err = io.EOF
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// end is what a WAVReader reports after the last sample: io.EOF if the samples
// ended where they should, else what is wrong.
func (d *wavData) end(rate int) error {
	if d.err != nil && d.err != io.EOF && d.err != io.ErrUnexpectedEOF {
		return d.err
	}
	have := d.read / int64(d.frame)
	const remedy = "copy or record the file again, or accept what is there by rewriting its header, for example: ffmpeg -i IN OUT.wav"
	switch missing := (d.left + int64(d.cut) + int64(d.frame) - 1) / int64(d.frame); {
	case d.left > 0 && !d.vague:
		return fmt.Errorf("%w: its header promises %d samples a channel (%.3f s), the last %d are missing: %s",
			ErrTruncated, have+missing, float64(have+missing)/float64(rate), missing, remedy)
	case d.cut > 0:
		return fmt.Errorf("%w: after %d samples (%.3f s) there are %d bytes of a sample frame of %d bytes, 1 sample is missing: %s",
			ErrTruncated, have, float64(have)/float64(rate), d.cut, d.frame, remedy)
	}
	return io.EOF
}
