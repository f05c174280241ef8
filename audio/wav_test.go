package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestWAVFormats(t *testing.T) {
	// Sixteenths are exact in all of them, the mean of up to 32 channels too.
	values := []float64{0, 0.5, -0.5, -1, 0.9375, 0.0625, -0.0625}
	for _, kind := range []struct{ tag, bits int }{{tagPCM, 8}, {tagPCM, 16}, {tagPCM, 24}, {tagPCM, 32}, {tagFloat, 32}, {tagFloat, 64}} {
		for _, channels := range []int{1, 2, 3, 6, 32} {
			for _, extensible := range []bool{false, true} {
				s := wavSpec{tag: kind.tag, channels: channels, rate: 11025 * channels, bits: kind.bits, extensible: extensible}
				s.rate = min(s.rate, MaxRate)
				var want []float32
				for i := range 3000 {
					var sum float64
					for c := range channels {
						v := values[(i+c)%len(values)]
						s.data = append(s.data, encode(kind.tag, kind.bits, v)...)
						sum += v
					}
					want = append(want, float32(sum/float64(channels)))
				}
				got, info, err := readWAV(t, s.build())
				if err != nil || !same(got, want) {
					t.Fatalf("%+v %d channels extensible %t: error %v, %d samples, want %d", kind, channels, extensible, err, len(got), len(want))
				}
				wantInfo := Info{Container: "wav", Rate: s.rate, Channels: channels, Bits: kind.bits, Float: kind.tag == tagFloat, Samples: 3000}
				if info != wantInfo {
					t.Errorf("info %+v, want %+v", info, wantInfo)
				}
			}
		}
	}
}

// Every value of the narrow formats, and the extremes of the wide ones.
func TestWAVValues(t *testing.T) {
	all8, all16 := make([]byte, 256), make([]int16, 65536)
	for i := range all8 {
		all8[i] = byte(i)
	}
	for i := range all16 {
		all16[i] = int16(i)
	}
	s := plain(all16...)
	got16, _, err := readWAV(t, s.build())
	if err != nil || len(got16) != 65536 {
		t.Fatal(len(got16), err)
	}
	for i, v := range got16 {
		if v != float32(int16(i))/32768 {
			t.Fatalf("16-bit %d is read as %v", int16(i), v)
		}
	}
	s.bits, s.data = 8, all8
	got8, _, err := readWAV(t, s.build())
	if err != nil || len(got8) != 256 {
		t.Fatal(len(got8), err)
	}
	for i, v := range got8 {
		if v != float32(i-128)/128 {
			t.Fatalf("8-bit %d is read as %v", i, v)
		}
	}
	s.bits, s.data = 24, []byte{0, 0, 0x80, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 1, 0, 0}
	got24, _, err := readWAV(t, s.build())
	if want := []float32{-1, 8388607.0 / 8388608, -1.0 / 8388608, 1.0 / 8388608}; err != nil || !same(got24, want) {
		t.Errorf("24-bit: %v %v, want %v", got24, err, want)
	}
}

func TestWAVOfG711(t *testing.T) {
	codes := make([]byte, 256)
	for i := range codes {
		codes[i] = byte(i)
	}
	for tag, encoding := range map[int]Encoding{tagMulaw: Mulaw, tagAlaw: Alaw} {
		for _, extensible := range []bool{false, true} {
			s := wavSpec{tag: tag, channels: 1, rate: 8000, bits: 8, extensible: extensible, data: codes}
			got, _, err := readWAV(t, s.build())
			want, _ := Format{encoding, 8000, 1}.AppendSamples(nil, codes)
			if err != nil || !same(got, want) {
				t.Errorf("%s: %v", encoding, err)
			}
		}
	}
}

func TestWAVChunksAndSizes(t *testing.T) {
	want := make([]float32, 5001)
	values := make([]int16, len(want))
	for i := range values {
		values[i] = int16(i*77 + 3)
		want[i] = float32(values[i]) / 32768
	}
	list := append(chunkOf("LIST", []byte("INFOISFT\x05\x00\x00\x00synth\x00")), chunkOf("bext", make([]byte, 603))...)
	odd := chunkOf("note", []byte("odd"))
	unpadded := odd[:len(odd)-1]
	huge := int64(4_000_000_000)
	ds64 := chunkOf("ds64", le(uint64(0), uint64(2*len(want)), uint64(len(want)), uint32(0)))
	tests := map[string]wavSpec{
		"plain":                       plain(values...),
		"chunks before and after":     {before: list, after: list},
		"odd chunks":                  {before: odd, after: odd},
		"odd chunk without padding":   {before: unpadded},
		"data size 0, sizes unknown":  {riff: -1, size: -1},
		"data size 0, RIFF ends here": {riff: 36, size: -1},
		"streaming sizes":             {riff: unsized, size: unsized},
		"streaming size of SoX":       {riff: 0x7FFFF024, size: 0x7FFFF000},
		"streaming size of arecord":   {riff: 0x80000024, size: 0x80000000},
		"RIFF size too small":         {riff: 4, after: list},
		"RIFF size too large":         {riff: huge, after: list},
		"RF64":                        {magic: "RF64", riff: unsized, size: unsized, before: ds64, after: list},
		"long fmt chunk before it":    {before: chunkOf("fmt ", make([]byte, 70000))},
	}
	for name, s := range tests {
		s.tag, s.channels, s.rate, s.bits, s.data = tagPCM, 1, 16000, 16, le(values)
		b := s.build()
		for reader, r := range map[string]io.Reader{
			"whole": bytes.NewReader(b), "one byte at a time": iotest.OneByteReader(bytes.NewReader(b)), "with its error": iotest.DataErrReader(bytes.NewReader(b)),
		} {
			w, err := NewWAVReader(r)
			if err != nil {
				t.Errorf("%s, %s: %v", name, reader, err)
				continue
			}
			if got, err := ReadAll(w); err != nil || !same(got, want) {
				t.Errorf("%s, %s: error %v, %d samples, want %d", name, reader, err, len(got), len(want))
			}
			if n, err := w.ReadSamples(make([]float32, 1)); n != 0 || err != io.EOF {
				t.Errorf("%s: after the end: %d, %v", name, n, err)
			}
		}
	}
}

func TestWAVEmpty(t *testing.T) {
	list := chunkOf("LIST", []byte("INFO"))
	for name, s := range map[string]wavSpec{
		"nothing": plain(), "a chunk after it": {tag: tagPCM, channels: 1, rate: 16000, bits: 16, after: list}, "size unknown": {tag: tagPCM, channels: 2, rate: 8000, bits: 24, size: unsized, riff: unsized},
	} {
		if got, _, err := readWAV(t, s.build()); len(got) != 0 || err != nil {
			t.Errorf("%s: %d samples, %v", name, len(got), err)
		}
	}
}

// Any sizes of destination give the same samples, and the rules of io.Reader
// hold.
func TestWAVReadSizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	values := make([]int16, 20000)
	for i := range values {
		values[i] = int16(rng.Uint32())
	}
	s := plain(values...)
	s.channels = 2
	want, _, err := readWAV(t, s.build())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		r, err := NewWAVReader(iotest.HalfReader(bytes.NewReader(s.build())))
		if err != nil {
			t.Fatal(err)
		}
		var got []float32
		for {
			dst := make([]float32, rng.IntN(5000))
			n, err := r.ReadSamples(dst)
			got = append(got, dst[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil || n == 0 && len(dst) > 0 {
				t.Fatal(n, err)
			}
		}
		if !same(got, want) {
			t.Fatal("samples depend on how they are asked for")
		}
	}
}

func TestOpenWAV(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "named.flac") // its content counts
	if err := os.WriteFile(path, plain(1, 2, 3).build(), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := ReadAll(f); err != nil || !same(got, []float32{1. / 32768, 2. / 32768, 3. / 32768}) {
		t.Error(got, err)
	}
	if f.Info().Container != "wav" || f.Info().Samples != 3 {
		t.Errorf("%+v", f.Info())
	}
	for name, content := range map[string]string{
		"empty": "", "ogg": "OggS\x00\x02aaaaaaaaaaaaaaaa", "text": "hello", "m4a": "\x00\x00\x00\x20ftypM4A aaaaaaa", "avi": "RIFF\x10\x00\x00\x00AVI LIST", "cut": "RIFF\x10\x00",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if !errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "missing.wav")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "missing.wav") {
		t.Error(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Error("a folder:", err)
	}
}

func TestWriteWAV(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, length := range []int{0, 1, 4095, 4096, 4097, 30000} {
		samples := make([]float32, length)
		for i := range samples {
			samples[i] = float32(int16(rng.Uint32())) / 32768
		}
		path := filepath.Join(t.TempDir(), "x.wav")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(WriteWAV(file, 22050, samples), file.Close()); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil || len(b) != 44+2*length {
			t.Fatal(len(b), err)
		}
		if riff, size := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[40:]); int(riff) != len(b)-8 || int(size) != 2*length {
			t.Errorf("the header claims %d and %d bytes", riff, size)
		}
		got, info, err := readWAV(t, b)
		if err != nil || !same(got, samples) || info.Rate != 22050 || info.Samples != int64(length) {
			t.Errorf("%d samples: read back %d, %+v, %v", length, len(got), info, err)
		}
	}
}

// What a crash leaves behind is read as far as it got.
func TestWAVWriterCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.wav")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := NewWAVWriter(file, 16000)
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	for i := range 10 {
		piece := slices.Repeat([]float32{float32(i) / 16}, 1000)
		if err := w.WriteSamples(piece); err != nil {
			t.Fatal(err)
		}
		want = append(want, piece...)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, info, err := readWAV(t, b); err != nil || !same(got, want) || info.Samples != -1 {
		t.Errorf("%d samples of %d, %+v, %v", len(got), len(want), info, err)
	}
	if err := w.WriteSamples([]float32{0, float32(math.NaN())}); !errors.Is(err, ErrSample) {
		t.Error("NaN:", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteSamples(want); err == nil {
		t.Error("written after Close")
	}
}
