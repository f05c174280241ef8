package audio

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"
)

// flacSpec describes a FLAC recording to be encoded.
type flacSpec struct {
	rate, bits int
	channels   frame.Channels
	block      int
	promised   int64       // samples that the header claims; 0 = unknown
	frameRate  int         // rate that the frames claim; 0 = rate
	data       [][][]int32 // frames, channels, samples
}

// flacHeader is the size of what comes before the first frame.
const flacHeader = 4 + 4 + 34

func (s flacSpec) build(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	enc, err := flac.NewEncoder(&b, &meta.StreamInfo{
		BlockSizeMin: uint16(s.block), BlockSizeMax: uint16(s.block), SampleRate: uint32(s.rate),
		NChannels: uint8(s.channels.Count()), BitsPerSample: uint8(s.bits), NSamples: uint64(s.promised),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, channels := range s.data {
		f := &frame.Frame{Header: frame.Header{
			HasFixedBlockSize: true, BlockSize: uint16(len(channels[0])), SampleRate: uint32(s.rate), Channels: s.channels, BitsPerSample: uint8(s.bits),
		}}
		if s.frameRate != 0 {
			f.SampleRate = uint32(s.frameRate)
		}
		for _, samples := range channels {
			f.Subframes = append(f.Subframes, &frame.Subframe{
				SubHeader: frame.SubHeader{Pred: frame.PredVerbatim}, Samples: append([]int32(nil), samples...), NSamples: len(samples),
			})
		}
		if err := enc.WriteFrame(f); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// flacNoise makes n samples in frames of s.block, and their means.
func (s *flacSpec) flacNoise(seed uint64, n int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 9))
	full := int32(1) << (s.bits - 1)
	var want []float32
	for n > 0 {
		size := min(n, s.block)
		channels := make([][]int32, s.channels.Count())
		sums := make([]int64, size)
		for c := range channels {
			walk := int32(0)
			for i := range size {
				walk += rng.Int32N(full/64+2) - full/128
				walk = min(max(walk, -full), full-1)
				channels[c] = append(channels[c], walk)
				sums[i] += int64(walk)
			}
		}
		s.data = append(s.data, channels)
		for _, sum := range sums {
			want = append(want, float32(float64(sum)/float64(len(channels))/float64(full)))
		}
		n -= size
	}
	return want
}

func readFLAC(t testing.TB, b []byte) ([]float32, Info, error) {
	t.Helper()
	r, err := open(bufio.NewReaderSize(bytes.NewReader(b), inputBuffer))
	if err != nil {
		return nil, Info{}, err
	}
	samples, err := ReadAll(r)
	return samples, r.Info(), err
}

func TestFLACFormats(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	for _, rate := range []int{4000, 8000, 16000, 22050, 24000, 44100, 176400, 192000, 11025} {
		for _, bits := range []int{8, 12, 16, 20, 24} {
			if rate != 16000 && bits != 16 {
				continue // the two do not meet
			}
			for _, channels := range []frame.Channels{frame.ChannelsMono, frame.ChannelsLR, frame.ChannelsMidSide, frame.ChannelsLeftSide, frame.ChannelsSideRight, frame.ChannelsLRCLfeLsRsSlSr} {
				for _, block := range []int{192, 1000} {
					s := flacSpec{rate: rate, bits: bits, channels: channels, block: block, promised: 2500}
					want := s.flacNoise(uint64(rate+bits), 2500)
					got, info, err := readFLAC(t, s.build(t))
					if err != nil || !same(got, want) {
						t.Fatalf("%d Hz, %d bits, channels %d, block %d: %d samples, %v", rate, bits, channels, block, len(got), err)
					}
					if wantInfo := (Info{Container: "flac", Rate: rate, Channels: channels.Count(), Bits: bits, Samples: 2500}); info != wantInfo {
						t.Fatalf("info %+v, want %+v", info, wantInfo)
					}
				}
			}
		}
	}
	if logged.Len() > 0 {
		t.Errorf("the log got %q", logged.String())
	}
}

// The number in the frame header takes more bytes as it grows.
func TestFLACManyFrames(t *testing.T) {
	s := flacSpec{rate: 24000, bits: 16, block: 16, promised: 16 * 2100}
	quiet := make([]int32, 16)
	for range 2100 {
		s.data = append(s.data, [][]int32{quiet})
	}
	if got, _, err := readFLAC(t, s.build(t)); err != nil || len(got) != 16*2100 {
		t.Errorf("%d samples, %v", len(got), err)
	}
}

// What the header does not say, tags around the stream, and a frame that
// leaves its width to the header.
func TestFLACOddities(t *testing.T) {
	s := flacSpec{rate: 16000, bits: 16, channels: frame.ChannelsLR, block: 256, promised: 700}
	want := s.flacNoise(1, 700)
	known := s.build(t)
	s.promised = 0
	unknown := s.build(t)
	tag := append([]byte("ID3\x04\x00\x00\x00\x00\x02\x01"), make([]byte, 257)...)
	noWidth := flacSpec{rate: 16000, bits: 16, block: 256, promised: 256}
	wantNoWidth := noWidth.flacNoise(2, 256)
	patched := noWidth.build(t)
	f := patched[flacHeader:]
	f[3] &^= 0x0e
	f[5] = crc8(f[:5])
	sum := crc16(0, f[:len(f)-2])
	f[len(f)-2], f[len(f)-1] = byte(sum>>8), byte(sum)
	for name, c := range map[string]struct {
		file []byte
		want []float32
	}{
		"length unknown":     {unknown, want},
		"ID3 before":         {append(tag, known...), want},
		"ID3 after":          {append(known[:len(known):len(known)], "TAG and more"...), want},
		"width unknown":      {patched, wantNoWidth},
		"more than promised": {append(known[:len(known):len(known)], known[flacHeader:]...), append(want[:700:700], want...)},
	} {
		if got, _, err := readFLAC(t, c.file); err != nil || !same(got, c.want) {
			t.Errorf("%s: %d samples of %d, %v", name, len(got), len(c.want), err)
		}
	}
}

// Wherever it is cut, whole frames come, then an error with the numbers.
func TestFLACCutAnywhere(t *testing.T) {
	for _, rate := range []int{16000, 24000} {
		s := flacSpec{rate: rate, bits: 16, block: 64, promised: 192}
		want := s.flacNoise(3, 192)
		whole := s.build(t)
		for n := 1; n < len(whole); n++ {
			got, _, err := readFLAC(t, whole[:n])
			if !same(got, want[:len(got)]) || len(got)%64 != 0 {
				t.Fatalf("%d Hz, cut after %d bytes: wrong samples", rate, n)
			}
			if n < flacHeader && errors.Is(err, ErrFormat) {
				continue
			}
			if !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "promises 192 samples") || !strings.Contains(err.Error(), "copy the file again") {
				t.Fatalf("%d Hz, cut after %d of %d bytes: %v", rate, n, len(whole), err)
			}
		}
	}
}

// Whatever bit of a frame is wrong, it is noticed, and what came before stands.
func TestFLACDamage(t *testing.T) {
	for _, rate := range []int{16000, 24000} {
		s := flacSpec{rate: rate, bits: 16, channels: frame.ChannelsMidSide, block: 64, promised: 128}
		want := s.flacNoise(4, 128)
		whole := s.build(t)
		first := len(flacSpec{rate: rate, bits: 16, channels: s.channels, block: 64, data: s.data[:1]}.build(t))
		for bit := 8 * first; bit < 8*len(whole); bit++ {
			bad := append([]byte(nil), whole...)
			bad[bit/8] ^= 1 << (bit % 8)
			got, _, err := readFLAC(t, bad)
			if !same(got, want[:64]) {
				t.Fatalf("%d Hz, bit %d: %d samples", rate, bit, len(got))
			}
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "sample 64") {
				t.Fatalf("%d Hz, bit %d: %v", rate, bit, err)
			}
		}
	}
}

func TestFLACRefused(t *testing.T) {
	s := flacSpec{rate: 16000, bits: 16, block: 64, promised: 64}
	s.flacNoise(5, 64)
	good := s.build(t)
	change := func(at int, b ...byte) []byte {
		bad := append([]byte(nil), good...)
		copy(bad[at:], b)
		return bad
	}
	other := func(f func(s *flacSpec)) []byte {
		s := s
		f(&s)
		return s.build(t)
	}
	// Rate, channels and width share a field of 20, 3 and 5 bits.
	tests := map[string]struct {
		file []byte
		says string
	}{
		"rate 0":               {change(18, 0, 0, 0), "FLAC header"},
		"rate 200 kHz":         {change(18, 200000>>12, 200000>>4&255, 0), "4000..192000"},
		"32 bits":              {change(20, 0x01, 0xf0), "32 bits"},
		"first block a tag":    {change(4, 0x84), "STREAMINFO"},
		"first block too long": {change(7, 35), "STREAMINFO"},
		"MP3 with a tag":       {append([]byte("ID3\x04\x00\x00\x00\x00\x00\x04aaaa"), 0xff, 0xfb, 0x90, 0), "MP3"},
		"tag too long":         {[]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), "within its ID3 tag"},
		"frames of other rate": {other(func(s *flacSpec) { s.frameRate = 8000 }), "from 16000 to 8000 Hz"},
		"frames of 24 kHz":     {other(func(s *flacSpec) { s.frameRate = 24000 }), "from 16000 to 24000 Hz"},
		"frames of other bits": {change(20, good[20], good[21]&0x0f|7<<4), "from 8 to 16 bits"},
		"not mono":             {change(20, good[20]|2), "from 2 to 1"},
	}
	for name, c := range tests {
		_, _, err := readFLAC(t, c.file)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v does not say %q", name, err, c.says)
		}
	}
}

func TestOpenFLAC(t *testing.T) {
	s := flacSpec{rate: 8000, bits: 16, block: 64, promised: 128}
	s.flacNoise(6, 100)
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := os.WriteFile(path, s.build(t), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := ReadAll(f)
	if len(got) != 100 || !errors.Is(err, ErrTruncated) || !strings.HasPrefix(err.Error(), path) {
		t.Errorf("%d samples, %v", len(got), err)
	}
	if n, err := f.ReadSamples(make([]float32, 1)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("after the error: %d, %v", n, err)
	}
}
