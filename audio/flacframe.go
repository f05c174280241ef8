package audio

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/mewkiz/flac/frame"
)

// flacFrames parses frames with mewkiz/flac and puts right what its frame
// parser gets wrong:
//
//   - a frame header that leaves the bits of a sample to the stream's header
//     is decoded as having none;
//   - a block of 65536 samples is taken for an empty one;
//   - a change of format between frames goes unnoticed;
//   - each frame of 24 kHz and 176.4 kHz writes a line to the process's log,
//     asking for test files. Of these headers the decoder gets a copy that
//     leaves the rate to the stream's header; the checksum of the frame, which
//     then differs from the decoder's, is computed here.
type flacFrames struct {
	br   *bufio.Reader
	head []byte   // replaces the next bytes of br
	room [16]byte // what head points to
	crc  uint16   // over the true bytes of the frame so far
	sums bool     // whether crc is wanted
}

// Codes of the sample rate in a frame header that the decoder logs.
var loggedRates = map[byte]int{0x2: 176400, 0x7: 24000}

// Read gives the decoder its bytes.
func (s *flacFrames) Read(p []byte) (int, error) {
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	n, err := s.br.Read(p)
	if s.sums {
		s.crc = crc16(s.crc, p[:n])
	}
	return n, err
}

// ahead tells whether another frame seems to follow.
func (s *flacFrames) ahead() bool {
	b, _ := s.br.Peek(2)
	return len(b) == 2 && b[0] == 0xff && b[1]&0xfe == 0xf8
}

// parse reads one frame. It returns io.EOF at the end of the input and
// io.ErrUnexpectedEOF if that is within the frame.
func (s *flacFrames) parse(info Info) (*frame.Frame, error) {
	if err := s.prepare(info); err != nil {
		return nil, err
	}
	fr, err := frame.New(s)
	if err != nil {
		return nil, err
	}
	if err := fitFrame(fr, info); err != nil {
		return nil, err
	}
	err = fr.Parse()
	if s.sums && complete(fr) && err != io.ErrUnexpectedEOF {
		if s.crc != 0 { // over a frame and its own CRC it is 0
			return nil, errors.New("CRC-16 checksum mismatch")
		}
		err = nil
	}
	return fr, err
}

// fitFrame completes the frame header from the stream's, and checks that the
// two agree.
func fitFrame(fr *frame.Frame, info Info) error {
	if fr.BitsPerSample == 0 {
		fr.BitsPerSample = uint8(info.Bits)
	}
	switch {
	case fr.BlockSize == 0:
		return errors.New("a block of 65536 samples is not allowed")
	case int(fr.BitsPerSample) != info.Bits:
		return fmt.Errorf("the width changes from %d to %d bits", info.Bits, fr.BitsPerSample)
	case fr.Channels.Count() != info.Channels:
		return fmt.Errorf("the number of channels changes from %d to %d", info.Channels, fr.Channels.Count())
	case fr.SampleRate != 0 && int(fr.SampleRate) != info.Rate:
		return fmt.Errorf("the rate changes from %d to %d Hz", info.Rate, fr.SampleRate)
	}
	return nil
}

// complete tells whether Parse came to the checksum at the end of the frame.
func complete(fr *frame.Frame) bool {
	for _, sub := range fr.Subframes {
		if sub == nil || len(sub.Samples) != int(fr.BlockSize) {
			return false
		}
	}
	return len(fr.Subframes) > 0
}

// prepare looks at the next frame header and, if it states one of the logged
// rates, sets head to the copy without it.
func (s *flacFrames) prepare(info Info) error {
	s.head, s.crc, s.sums = nil, 0, false
	b, _ := s.br.Peek(len(s.room))
	if len(b) < 3 {
		return nil // too short for a frame; the decoder will say so
	}
	rate, logged := loggedRates[b[2]&15]
	if !logged {
		return nil
	}
	n := headerSize(b)
	switch {
	case n > len(b):
		return io.ErrUnexpectedEOF
	case crc8(b[:n]) != 0: // over a header and its own CRC it is 0
		return errors.New("CRC-8 checksum mismatch")
	case rate != info.Rate:
		return fmt.Errorf("the rate changes from %d to %d Hz", info.Rate, rate)
	}
	s.head, s.crc, s.sums = s.room[:n], crc16(0, b[:n]), true
	copy(s.head, b)
	s.head[2] &^= 15
	s.head[n-1] = crc8(s.head[:n-1])
	_, err := s.br.Discard(n)
	return err
}

// headerSize is the length of a frame header with a rate that is given by its
// code alone: 4 bytes, a number in the style of UTF-8, a block size if the code
// says so, and a checksum (RFC 9639, section 9.1).
func headerSize(b []byte) int {
	n := 4 + 1 + 1
	if len(b) > 4 {
		for bit := byte(0x40); b[4]&0x80 != 0 && b[4]&bit != 0; bit >>= 1 {
			n++
		}
	}
	switch b[2] >> 4 {
	case 6:
		n++
	case 7:
		n += 2
	}
	return n
}

// crc8 has the polynomial x^8+x^2+x+1.
func crc8(b []byte) (crc byte) {
	for _, v := range b {
		crc ^= v
		for range 8 {
			crc = crc<<1 ^ crc>>7*0x07
		}
	}
	return crc
}

// crc16 has the polynomial x^16+x^15+x^2+1.
func crc16(crc uint16, b []byte) uint16 {
	for _, v := range b {
		crc ^= uint16(v) << 8
		for range 8 {
			crc = crc<<1 ^ crc>>15*0x8005
		}
	}
	return crc
}
