package audio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func TestWAVTruncated(t *testing.T) {
	three := plain(1, 2, 3)
	stereo := plain(2, 4, 6, 8)
	stereo.channels = 2
	promised, cut, inFrame := three, three, stereo
	promised.size = 2 * 16000
	cut.size, cut.data = 7, append(cut.data, 9)
	inFrame.data = append(stereo.data, 1, 0)
	streamed := inFrame
	streamed.riff, streamed.size = unsized, unsized
	for name, c := range map[string]struct {
		spec wavSpec
		want []float32
		says []string
	}{
		"fewer than promised":     {promised, []float32{1, 2, 3}, []string{"16000 samples", "1.000 s", "15997 are missing", "copy or record"}},
		"size not of whole words": {cut, []float32{1, 2, 3}, []string{"after 3 samples", "1 sample is missing", "copy or record"}},
		"part of a frame":         {inFrame, []float32{3, 7}, []string{"2 bytes of a sample frame of 4"}},
		"part of a frame, piped":  {streamed, []float32{3, 7}, []string{"2 bytes of a sample frame of 4"}},
	} {
		got, _, err := readWAV(t, c.spec.build())
		for i := range c.want {
			c.want[i] /= 32768
		}
		if !same(got, c.want) || !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		for _, part := range c.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", name, err, part)
			}
		}
	}
}

// Wherever a recording is cut, there is an error and no sample that was not in
// it. Only within the samples of a file whose size is unknown can nobody tell.
func TestWAVCutAnywhere(t *testing.T) {
	s := plain(100, 200, 300, 400)
	s.before, s.after = chunkOf("LIST", []byte("INFOISFT")), nil
	whole := s.build()
	for n := range whole {
		got, _, err := readWAV(t, whole[:n])
		if !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrFormat) {
			t.Errorf("cut after %d of %d bytes: %v", n, len(whole), err)
		}
		if wantLen := max(0, n-(len(whole)-8)) / 2; len(got) != wantLen {
			t.Errorf("cut after %d of %d bytes: %d samples, want %d", n, len(whole), len(got), wantLen)
		}
	}
}

func TestWAVRefused(t *testing.T) {
	change := func(f func(s *wavSpec)) []byte {
		s := plain(1, 2, 3)
		f(&s)
		return s.build()
	}
	noFmt := append([]byte("RIFF\x00\x00\x00\x00WAVE"), chunkOf("data", make([]byte, 10))...)
	shortFmt := append(append([]byte("RIFF\x00\x00\x00\x00WAVE"), chunkOf("fmt ", make([]byte, 14))...), chunkOf("data", make([]byte, 10))...)
	guid := change(func(s *wavSpec) { s.extensible = true })
	guid[bytes.Index(guid, []byte(extensibleGUID))+5]++
	tests := map[string]struct {
		file []byte
		says string
	}{
		"rate 0":              {change(func(s *wavSpec) { s.rate = 0 }), "4000..192000"},
		"rate 10^9":           {change(func(s *wavSpec) { s.rate = 1e9 }), "4000..192000"},
		"0 channels":          {change(func(s *wavSpec) { s.channels = 0 }), "1..32"},
		"300 channels":        {change(func(s *wavSpec) { s.channels = 300 }), "1..32"},
		"12 bits":             {change(func(s *wavSpec) { s.bits = 12 }), "12 bits"},
		"0 bits":              {change(func(s *wavSpec) { s.bits = 0 }), "0 bits"},
		"floats of 16 bits":   {change(func(s *wavSpec) { s.tag = tagFloat }), "0x3 with 16 bits"},
		"MP3 in WAV":          {change(func(s *wavSpec) { s.tag = 0x55 }), "0x55"},
		"ADPCM":               {change(func(s *wavSpec) { s.tag, s.extensible, s.bits = 2, true, 8 }), "0x2"},
		"blocks contradict":   {change(func(s *wavSpec) { s.align = 4 }), "contradicts itself"},
		"big-endian":          {change(func(s *wavSpec) { s.magic = "RIFX" }), "RIFX"},
		"no fmt":              {noFmt, "no valid fmt chunk"},
		"fmt too short":       {shortFmt, "14 of 16 bytes"},
		"unknown GUID":        {guid, "sub-format"},
		"extensible, cut":     {change(func(s *wavSpec) { s.tag = tagExtensible }), "sub-format"},
		"no data":             {change(func(s *wavSpec) {})[:36], "without a data chunk"},
		"not RIFF":            {[]byte("something else entirely"), "RIFF"},
		"endless chunks":      {append([]byte("RIFF\x00\x00\x00\x00WAVE"), make([]byte, 1<<20)...), "4096 chunks"},
		"LIST longer than it": {append([]byte("RIFF\x00\x00\x00\x00WAVELIST"), le(uint32(0xFFFFFFF0))...), "without a fmt and a data chunk"},
	}
	for name, c := range tests {
		_, _, err := readWAV(t, c.file)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v does not say %q", name, err, c.says)
		}
	}
}

func TestWAVBadFloats(t *testing.T) {
	for _, bits := range []int{32, 64} {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e30} {
			s := wavSpec{tag: tagFloat, channels: 2, rate: 16000, bits: bits}
			for _, v := range []float64{0.5, 0.25, -1, 3, 0, bad, 1, 1} {
				s.data = append(s.data, encode(tagFloat, bits, v)...)
			}
			path := filepath.Join(t.TempDir(), "float.wav")
			if err := os.WriteFile(path, s.build(), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ReadAll(f)
			if !same(got, []float32{0.375, 1}) || !errors.Is(err, ErrSample) {
				t.Errorf("%v: %v, %v", bad, got, err)
			} else if msg := err.Error(); !strings.HasPrefix(msg, path) || !strings.Contains(msg, "sample 2 of channel 2") {
				t.Errorf("%v: %v", bad, err)
			}
			if n, again := f.ReadSamples(make([]float32, 4)); n != 0 || !errors.Is(again, ErrSample) {
				t.Errorf("after the error: %d, %v", n, again)
			}
			f.Close()
		}
	}
}

func TestWAVReadError(t *testing.T) {
	broken := errors.New("broken disk")
	whole := plain(1, 2, 3).build()
	for _, n := range []int{0, 20, 44, 46, 47} {
		r := io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken))
		w, err := NewWAVReader(r)
		if err == nil {
			_, err = ReadAll(w)
		}
		if !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// endless is a source that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// Hours of recording, and chunks of hundreds of megabytes, take no memory to speak
// of. The recording here has 3 hours at 44.1 kHz in stereo.
func TestWAVConstantMemory(t *testing.T) {
	s := plain()
	s.channels, s.rate, s.size = 2, 44100, 4*44100*3600*3
	s.before = append([]byte("LIST"), le(uint32(1<<28))...)
	header := s.build()
	at := bytes.Index(header, []byte("LIST")) + 8
	src := io.MultiReader(bytes.NewReader(header[:at]), io.LimitReader(endless{}, 1<<28), bytes.NewReader(header[at:]), endless{})
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	w, err := NewWAVReader(src)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 4000)
	for i := range 400 {
		if n, err := w.ReadSamples(dst); n == 0 || err != nil {
			t.Fatal(i, n, err)
		}
		if i%50 != 0 {
			continue
		}
		runtime.ReadMemStats(&now)
		if now.HeapInuse > before.HeapInuse+16<<20 {
			t.Fatalf("after %d reads: %d bytes of memory more than before", i, now.HeapInuse-before.HeapInuse)
		}
	}
}
