package audio

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// wavSpec describes a WAV file to be built, odd ones included.
type wavSpec struct {
	tag, channels, rate, bits int
	extensible                bool
	data                      []byte
	magic                     string // RIFF unless given
	riff, size                int64  // what the headers claim; 0 = the truth, -1 = 0
	align                     int    // 0 = the truth
	before, after             []byte // chunks around fmt and data
}

func (s wavSpec) build() []byte {
	fmtChunk := le(s.fmtTag(), uint16(s.channels), uint32(s.rate), uint32(s.rate*s.frame()), uint16(s.frame()), uint16(s.bits))
	if s.align != 0 {
		binary.LittleEndian.PutUint16(fmtChunk[12:], uint16(s.align))
	}
	if s.extensible {
		fmtChunk = append(fmtChunk, le(uint16(22), uint16(s.bits), uint32(0), uint16(s.tag))...)
		fmtChunk = append(fmtChunk, extensibleGUID...)
	}
	body := append([]byte("WAVE"), s.before...)
	body = append(body, chunkOf("fmt ", fmtChunk)...)
	data := chunkOf("data", s.data)
	binary.LittleEndian.PutUint32(data[4:], claim(s.size, len(s.data)))
	body = append(append(body, data...), s.after...)
	magic := s.magic
	if magic == "" {
		magic = "RIFF"
	}
	return append(append([]byte(magic), le(claim(s.riff, len(body)))...), body...)
}

func (s wavSpec) frame() int { return s.channels * s.bits / 8 }

func (s wavSpec) fmtTag() uint16 {
	if s.extensible {
		return tagExtensible
	}
	return uint16(s.tag)
}

func claim(claimed int64, truth int) uint32 {
	switch claimed {
	case 0:
		return uint32(truth)
	case -1:
		return 0
	}
	return uint32(claimed)
}

func le(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func chunkOf(id string, body []byte) []byte {
	c := append(append([]byte(id), le(uint32(len(body)))...), body...)
	if len(body)%2 == 1 {
		c = append(c, 0)
	}
	return c
}

// plain is an ordinary recording: 16 bits, mono, 16 kHz.
func plain(values ...int16) wavSpec {
	return wavSpec{tag: tagPCM, channels: 1, rate: 16000, bits: 16, data: le(values)}
}

func readWAV(t testing.TB, b []byte) ([]float32, Info, error) {
	t.Helper()
	r, err := NewWAVReader(bytes.NewReader(b))
	if err != nil {
		return nil, Info{}, err
	}
	samples, err := ReadAll(r)
	return samples, r.Info(), err
}

// encode stores v the way that WAV does it in one sample.
func encode(tag, bits int, v float64) []byte {
	switch {
	case tag == tagFloat && bits == 32:
		return le(float32(v))
	case tag == tagFloat:
		return le(v)
	case bits == 8:
		return []byte{byte(int(v*128) + 128)}
	}
	full := int64(v * float64(int64(1)<<(bits-1)))
	return le(full)[:bits/8]
}
