package audio

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"math"
	"testing"

	"github.com/mewkiz/flac/frame"
)

// Whatever the bytes are, a reader ends with an error or with samples that
// are numbers within bounds, no more of them than the bytes can hold.

func drain(t *testing.T, r Reader, atMost int) {
	t.Helper()
	dst := make([]float32, 1000)
	for total := 0; ; {
		n, err := r.ReadSamples(dst)
		for _, v := range dst[:n] {
			if !finite(float64(v)) {
				t.Fatalf("sample %v", v)
			}
		}
		if total += n; total > atMost {
			t.Fatalf("more than %d samples", atMost)
		}
		if err != nil {
			if again, err2 := r.ReadSamples(dst); again != 0 || err2 == nil {
				t.Fatalf("after %v: %d samples, %v", err, again, err2)
			}
			return
		}
		if n == 0 {
			t.Fatal("neither samples nor an error")
		}
	}
}

func FuzzWAV(f *testing.F) {
	list := chunkOf("LIST", []byte("INFOISFT\x05\x00\x00\x00synth"))
	for _, s := range []wavSpec{
		{tag: tagPCM, channels: 1, rate: 16000, bits: 16, before: list, after: list},
		{tag: tagPCM, channels: 2, rate: 8000, bits: 8, extensible: true, riff: unsized, size: unsized},
		{tag: tagPCM, channels: 3, rate: 44100, bits: 24, riff: -1, size: -1},
		{tag: tagFloat, channels: 1, rate: 48000, bits: 32, size: 1 << 30},
		{tag: tagFloat, channels: 1, rate: 192000, bits: 64, riff: 4},
		{tag: tagMulaw, channels: 1, rate: 8000, bits: 8},
		{magic: "RF64", tag: tagPCM, channels: 1, rate: 4000, bits: 32, size: unsized, before: chunkOf("ds64", le(uint64(0), uint64(80), uint64(0), uint32(0)))},
	} {
		s.data = make([]byte, 97)
		f.Add(s.build())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewWAVReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		info := r.Info()
		if checkRate(info.Rate) != nil || checkChannels(info.Channels) != nil || info.Samples < -1 {
			t.Fatalf("%+v", info)
		}
		drain(t, r, len(b))
	})
}

func FuzzFLAC(f *testing.F) {
	for _, s := range []flacSpec{
		{rate: 16000, bits: 16, channels: frame.ChannelsMono, block: 64, promised: 100},
		{rate: 24000, bits: 24, channels: frame.ChannelsMidSide, block: 192},
		{rate: 44100, bits: 8, channels: frame.ChannelsLRC, block: 16, promised: 100},
	} {
		s.flacNoise(1, 100)
		f.Add(s.build(f))
	}
	log.SetOutput(io.Discard)
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		repairFLAC(b)
		r, err := newFLACReader(bufio.NewReaderSize(bytes.NewReader(b), inputBuffer))
		if err != nil {
			return
		}
		if checkRate(r.info.Rate) != nil || checkChannels(r.info.Channels) != nil || r.info.Bits > maxFLACBits {
			t.Fatalf("%+v", r.info)
		}
		// The smallest frame has 10 bytes and up to 65535 samples.
		drain(t, r, len(b)/10*65536)
	})
}

// repairFLAC makes the checksum of the first frame header right, and that of
// the first frame if it reaches to the end: random changes would otherwise get
// no further than to the checksums.
func repairFLAC(b []byte) {
	if len(b) < flacHeader+20 {
		return
	}
	fr := b[flacHeader:]
	if n := headerSize(fr[:16]); n <= 16 {
		fr[n-1] = crc8(fr[:n-1])
	}
	end := len(fr) - 2
	sum := crc16(0, fr[:end])
	fr[end], fr[end+1] = byte(sum>>8), byte(sum)
}

func FuzzFormat(f *testing.F) {
	f.Add("s16le", 16000, 1, []byte{1, 2, 3, 4})
	f.Add("f32le", 8000, 2, le(float32(0.5), float32(math.Inf(1))))
	f.Add("mulaw", 1000000000, 300, []byte{0xff})
	f.Add("alaw", 8000, 1, []byte{0x55, 0xd5})
	f.Fuzz(func(t *testing.T, encoding string, rate, channels int, payload []byte) {
		format := Format{Encoding(encoding), rate, channels}
		got, err := format.AppendSamples([]float32{1}, payload)
		switch {
		case err != nil:
			if len(got) != 1 {
				t.Fatalf("%d samples beside %v", len(got)-1, err)
			}
			return
		case (len(got)-1)*channels*format.Encoding.bytes() != len(payload):
			t.Fatalf("%d samples from %d bytes", len(got)-1, len(payload))
		}
		for _, v := range got {
			if !finite(float64(v)) {
				t.Fatalf("sample %v", v)
			}
		}
		format.Channels = 1
		again, err := format.AppendSamples(nil, format.AppendBytes(nil, got[1:]))
		if err != nil || len(again) != len(got)-1 {
			t.Fatalf("encoding it again: %d samples, %v", len(again), err)
		}
	})
}

func FuzzResamplerState(f *testing.F) {
	in := make([]float32, 500)
	in[100] = 1
	for _, rates := range [][2]int{{16000, 16000}, {48000, 16000}, {8000, 16000}, {44099, 16000}} {
		r := mustResampler(f, rates[0], rates[1])
		r.Push(nil, in)
		state, _ := r.AppendBinary(nil)
		f.Add(state)
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		var r Resampler
		if err := r.UnmarshalBinary(state); err != nil {
			return
		}
		if again, _ := r.AppendBinary(nil); !bytes.Equal(again, state) {
			t.Fatal("a restored state is saved as another one")
		}
		out, before := r.out, r.in
		got := r.Push(nil, in)
		if r.filter != nil && (r.Needed(out) <= before || r.Needed(r.out) <= r.in) {
			t.Fatalf("from input %d to %d came outputs %d to %d", before, r.in, out, r.out)
		}
		if int64(len(got)) != r.out-out {
			t.Fatalf("%d outputs, counted %d", len(got), r.out-out)
		}
		r.Flush(got)
	})
}
