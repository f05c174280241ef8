package audio

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
)

// maxFLACBits is the widest sample that the decoder gets right: with 32 bits
// the difference of two channels needs 33, which it cuts off.
const maxFLACBits = 24

// flacReader reads the samples of a FLAC recording frame by frame. The
// decoder's memory is bounded by the format: a frame has at most 65535 samples
// of 8 channels. Every frame is checked by the CRC that it carries; the MD5 sum
// over the recording is not.
type flacReader struct {
	info   Info
	frames flacFrames
	frame  *frame.Frame // being delivered
	next   int          // first sample of frame not delivered
	pos    int64        // samples delivered
	err    error        // what follows the frame
}

func isFLAC(head []byte) bool {
	return len(head) >= 4 && (string(head[:4]) == "fLaC" || string(head[:3]) == "ID3")
}

func newFLACReader(br *bufio.Reader) (*flacReader, error) {
	if err := guardFLAC(br); err != nil {
		return nil, err
	}
	// flac.New reads through br itself, not through a buffer of its own, as
	// br is a bufio.Reader of sufficient size: afterwards br stands at the
	// first frame.
	stream, err := flac.New(br)
	if err != nil {
		return nil, fmt.Errorf("%w: the FLAC header cannot be read (%v): copy or encode the file again", ErrFormat, err)
	}
	si := stream.Info
	f := &flacReader{frames: flacFrames{br: br}, info: Info{
		Container: "flac", Rate: int(si.SampleRate), Channels: int(si.NChannels), Bits: int(si.BitsPerSample), Samples: int64(si.NSamples),
	}}
	if f.info.Samples == 0 {
		f.info.Samples = -1
	}
	if f.info.Bits > maxFLACBits {
		return nil, formatError("FLAC of %d bits a sample, at most %d are read: convert it, for example: flac --decode, then ffmpeg -i IN.wav -c:a pcm_s24le OUT.wav", f.info.Bits, maxFLACBits)
	}
	return f, checkRate(f.info.Rate)
}

// guardFLAC skips an ID3 tag and checks that the stream begins with a
// STREAMINFO block of its only size: the decoder would leave the rest of a
// longer one to be taken for the next block, and would hold up to 16 MiB of
// any other kind of block.
func guardFLAC(br *bufio.Reader) error {
	if head, _ := br.Peek(10); len(head) == 10 && string(head[:3]) == "ID3" {
		// The size of the tag has 7 bits to a byte.
		size := int(head[6]&127)<<21 | int(head[7]&127)<<14 | int(head[8]&127)<<7 | int(head[9]&127)
		if _, err := br.Discard(10 + size); err != nil {
			return formatError("the file ends within its ID3 tag of %d bytes: copy it again", size)
		}
	}
	head, _ := br.Peek(8)
	if len(head) < 4 || string(head[:4]) != "fLaC" {
		return formatError("no FLAC stream, perhaps an MP3 file: convert it, for example: ffmpeg -i IN OUT.wav")
	}
	if len(head) < 8 || string(append([]byte{head[4] & 0x7f}, head[5:8]...)) != "\x00\x00\x00\x22" {
		return formatError("the FLAC stream does not begin with its properties (a STREAMINFO block of 34 bytes): copy or encode the file again")
	}
	return nil
}

// Info returns what the header says.
func (f *flacReader) Info() Info { return f.info }

// ReadSamples implements [Reader].
func (f *flacReader) ReadSamples(dst []float32) (int, error) {
	for len(dst) > 0 && f.err == nil && (f.frame == nil || f.next == int(f.frame.BlockSize)) {
		f.frame, f.err = f.parse()
		f.next = 0
	}
	if len(dst) == 0 || f.err != nil {
		return 0, f.err
	}
	n := min(len(dst), int(f.frame.BlockSize)-f.next)
	f.mix(dst[:n])
	f.next += n
	f.pos += int64(n)
	return n, nil
}

// mix averages the channels of the next len(dst) samples. The sums are exact.
func (f *flacReader) mix(dst []float32) {
	scale := 1 / (float64(int64(1)<<(f.info.Bits-1)) * float64(f.info.Channels))
	for i := range dst {
		var sum int64
		for _, channel := range f.frame.Subframes {
			sum += int64(channel.Samples[f.next+i])
		}
		dst[i] = float32(float64(sum) * scale)
	}
}

// parse reads the next frame.
func (f *flacReader) parse() (*frame.Frame, error) {
	if f.info.Samples >= 0 && f.pos >= f.info.Samples && !f.frames.ahead() {
		return nil, io.EOF // what follows, such as a tag, is not audio
	}
	fr, err := f.frames.parse(f.info)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF && f.pos < f.info.Samples:
		return nil, f.truncated()
	case err == io.EOF:
		return nil, io.EOF
	case err == nil:
		err = f.inRange(fr)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the FLAC frame at sample %d (%.3f s) is damaged (%v): copy the file again, or save the rest, for example: flac --decode --decode-through-errors", ErrFormat, f.pos, float64(f.pos)/float64(f.info.Rate), err)
	}
	return fr, nil
}

func (f *flacReader) truncated() error {
	at := float64(f.pos) / float64(f.info.Rate)
	const remedy = "copy the file again, or accept what is there, for example: ffmpeg -i IN OUT.flac"
	if f.info.Samples < 0 {
		return fmt.Errorf("%w: the file ends within the frame at sample %d (%.3f s): %s", ErrTruncated, f.pos, at, remedy)
	}
	return fmt.Errorf("%w: its header promises %d samples a channel, the last %d are missing from sample %d (%.3f s) on: %s", ErrTruncated, f.info.Samples, f.info.Samples-f.pos, f.pos, at, remedy)
}

// inRange checks that the samples fit the width that the header states: a
// prediction gone astray can give any number.
func (f *flacReader) inRange(fr *frame.Frame) error {
	limit := int32(1) << (f.info.Bits - 1)
	for c, channel := range fr.Subframes {
		for i, v := range channel.Samples {
			if v < -limit || v >= limit {
				return fmt.Errorf("sample %d of channel %d is %d, too large for %d bits", f.pos+int64(i), c+1, v, f.info.Bits)
			}
		}
	}
	return nil
}
