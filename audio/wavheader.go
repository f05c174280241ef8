package audio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Format tags of the fmt chunk (Microsoft, "Multiple channel audio data and
// WAVE files").
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagAlaw       = 0x0006
	tagMulaw      = 0x0007
	tagExtensible = 0xFFFE
)

// extensibleGUID is what follows the format tag in the sub-format of
// WAVE_FORMAT_EXTENSIBLE.
const extensibleGUID = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

const (
	// Chunks before the samples; more than any program writes, so that an
	// endless stream of empty ones comes to an end.
	maxChunks = 4096
	// A program that writes to a pipe cannot know the size. It writes 0 or
	// the largest number; SoX writes 0x7FFFF000, arecord 0x80000000. From
	// hugeSize on, an early end is therefore no sign of damage.
	hugeSize = 0x7FFFF000
	unsized  = 0xFFFFFFFF
	// The fmt chunk has 16, 18 or 40 bytes; what is longer is skipped.
	maxFmt = 40
)

// wavHeader is a checked header; the input stands at the first sample.
type wavHeader struct {
	tag      int // tagPCM, tagFloat, tagAlaw or tagMulaw
	rate     int
	channels int
	bits     int
	size     int64 // bytes of samples, -1 when unknown
	vague    bool  // the size is so large that it may be a placeholder
}

// frame is the number of bytes that hold one sample of every channel.
func (h *wavHeader) frame() int { return h.channels * h.bits / 8 }

// wavParser walks the chunks before the samples. It exists because the
// decoder behind it trusts what it reads: it allocates whatever size a LIST or
// fmt chunk claims (4 GiB), takes a size of 0xFFFFFFFF for an empty chunk,
// plays the padding byte of an odd chunk as a sample, ignores the format tag,
// reports a damaged header as success, and loses its alignment after a short
// read. So it is given none of that: only a header that we wrote ourselves.
type wavParser struct {
	br   *bufio.Reader
	at   int64  // bytes read
	riff int64  // size in the RIFF header
	wide uint64 // size of the samples in a ds64 chunk (RF64), 0 if none
	fmt  []byte // fmt chunk, nil before it was seen
}

func isWAV(head []byte) bool {
	if len(head) < 12 || string(head[8:12]) != "WAVE" {
		return len(head) < 12 && string(head[:min(4, len(head))]) == "RIFF"
	}
	switch string(head[:4]) {
	case "RIFF", "RIFX", "RF64", "BW64":
		return true
	}
	return false
}

func parseWAV(br *bufio.Reader) (*wavHeader, error) {
	p := &wavParser{br: br}
	head := make([]byte, 12)
	if err := p.read(head); err != nil {
		return nil, err
	}
	if !isWAV(head) {
		return nil, formatError("it begins with %q instead of a RIFF header: convert it, for example: ffmpeg -i IN OUT.wav", head)
	}
	if string(head[:4]) == "RIFX" {
		return nil, formatError("this WAV has its bytes in big-endian order (RIFX): convert it, for example: ffmpeg -i IN OUT.wav")
	}
	p.riff = int64(binary.LittleEndian.Uint32(head[4:]))
	for range maxChunks {
		header, err := p.chunk()
		if header != nil || err != nil {
			return header, err
		}
	}
	return nil, formatError("%d chunks and no samples: the file is damaged, convert it again from its source", maxChunks)
}

// chunk reads one chunk, or the header of the one that holds the samples, in
// which case it returns the finished wavHeader.
func (p *wavParser) chunk() (*wavHeader, error) {
	head := make([]byte, 8)
	if err := p.read(head); err != nil {
		return nil, err
	}
	id, size := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
	switch id {
	case "data":
		return p.finish(size)
	case "fmt ":
		p.fmt = make([]byte, min(size, maxFmt))
		return nil, p.take(p.fmt, size)
	case "ds64":
		ds64 := make([]byte, min(size, 16))
		if err := p.take(ds64, size); err != nil || len(ds64) < 16 {
			return nil, err
		}
		p.wide = binary.LittleEndian.Uint64(ds64[8:])
		return nil, nil
	}
	return nil, p.take(nil, size)
}

// take reads the first bytes of a chunk into dst and skips the rest of its
// size. A chunk of odd size is followed by a zero byte; some writers forget
// it, and no chunk identifier begins with one.
func (p *wavParser) take(dst []byte, size int64) error {
	if err := p.read(dst); err != nil {
		return err
	}
	skipped, err := io.CopyN(io.Discard, p.br, size-int64(len(dst)))
	p.at += skipped
	if err != nil {
		return p.ended(err)
	}
	if size%2 == 1 {
		if pad, err := p.br.Peek(1); err == nil && pad[0] == 0 {
			return p.read(make([]byte, 1))
		}
	}
	return nil
}

func (p *wavParser) read(dst []byte) error {
	n, err := io.ReadFull(p.br, dst)
	p.at += int64(n)
	return p.ended(err)
}

// ended makes an error of reading a header tell where it ended.
func (p *wavParser) ended(err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	missing := "a data chunk"
	if p.fmt == nil {
		missing = "a fmt and a data chunk"
	}
	return fmt.Errorf("%w: the WAV header ends after %d bytes without %s: copy or record the file again", ErrFormat, p.at, missing)
}

// finish checks the fmt chunk and works out where the samples end.
func (p *wavParser) finish(size int64) (*wavHeader, error) {
	if len(p.fmt) < 16 {
		return nil, formatError("the data chunk at byte %d has no valid fmt chunk before it (%d of 16 bytes): the file is damaged, convert it again from its source", p.at-8, len(p.fmt))
	}
	h, err := parseFmt(p.fmt)
	if err != nil {
		return nil, err
	}
	h.size, h.vague = size, size >= hugeSize
	switch {
	case size == unsized && p.wide != 0 && p.wide < 1<<62:
		h.size, h.vague = int64(p.wide), false
	case size == unsized, size == 0 && p.placeholder():
		h.size = -1
	}
	return h, nil
}

// placeholder tells the two meanings of a data size of 0 apart: a recording
// without samples, whose RIFF size covers whatever chunks follow, and one
// written to a pipe, whose RIFF size was not known either.
func (p *wavParser) placeholder() bool {
	if next, err := p.br.Peek(1); len(next) == 0 && err == io.EOF {
		return false
	}
	return p.riff == 0 || p.riff == unsized || p.riff+8 <= p.at
}

// parseFmt reads a fmt chunk of at least 16 bytes.
func parseFmt(b []byte) (*wavHeader, error) {
	h := &wavHeader{
		tag:      int(binary.LittleEndian.Uint16(b)),
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(binary.LittleEndian.Uint32(b[4:])),
		bits:     int(binary.LittleEndian.Uint16(b[14:])),
	}
	if h.tag == tagExtensible {
		if len(b) < maxFmt || string(b[26:40]) != extensibleGUID {
			return nil, formatError("WAVE_FORMAT_EXTENSIBLE with an unknown sub-format: convert it, for example: ffmpeg -i IN -c:a pcm_s16le OUT.wav")
		}
		h.tag = int(binary.LittleEndian.Uint16(b[24:]))
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	if align := int(binary.LittleEndian.Uint16(b[12:])); align != h.frame() {
		return nil, formatError("the header contradicts itself: blocks of %d bytes, but %d channels of %d bits: convert the file again from its source", align, h.channels, h.bits)
	}
	return h, nil
}

func (h *wavHeader) check() error {
	if err := checkRate(h.rate); err != nil {
		return err
	}
	if err := checkChannels(h.channels); err != nil {
		return err
	}
	switch {
	case h.tag == tagPCM && h.bits%8 == 0 && h.bits >= 8 && h.bits <= 32,
		h.tag == tagFloat && (h.bits == 32 || h.bits == 64),
		(h.tag == tagAlaw || h.tag == tagMulaw) && h.bits == 8:
		return nil
	}
	return formatError("WAV format tag %#x with %d bits a sample: only integers of 8, 16, 24 and 32 bits, floats of 32 and 64 bits, A-law and mu-law are read; convert it, for example: ffmpeg -i IN -c:a pcm_s16le OUT.wav", h.tag, h.bits)
}
