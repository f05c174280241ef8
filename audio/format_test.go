package audio

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var encodings = []Encoding{S16LE, F32LE, Mulaw, Alaw}

func TestFormatValidate(t *testing.T) {
	for _, f := range []Format{{S16LE, 4000, 1}, {F32LE, 192000, 32}, {Mulaw, 8000, 2}, {Alaw, 8000, 1}} {
		if err := f.Validate(); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for says, f := range map[string]Format{
		`"s24le"`: {"s24le", 16000, 1}, `""`: {"", 16000, 1}, "rate 0": {S16LE, 0, 1}, "rate 1000000000": {S16LE, 1e9, 1},
		"rate 3999": {S16LE, 3999, 1}, "300 channels": {S16LE, 16000, 300}, "0 channels": {S16LE, 16000, 0}, "-1 channels": {S16LE, 16000, -1},
	} {
		if err := f.Validate(); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v does not say %q", f, err, says)
		}
		if got, err := f.AppendSamples([]float32{1}, nil); err == nil || len(got) != 1 {
			t.Errorf("%+v decodes: %v, %v", f, got, err)
		}
	}
}

// Every 16-bit value and every G.711 code survives decoding and encoding. The
// codes of zero that G.711 has twice come back as one of them.
func TestFormatRoundTrip(t *testing.T) {
	payload := map[Encoding][]byte{}
	for i := range 65536 {
		payload[S16LE] = append(payload[S16LE], byte(i), byte(i>>8))
	}
	for i := range 256 {
		payload[Mulaw] = append(payload[Mulaw], byte(i))
		payload[Alaw] = append(payload[Alaw], byte(i))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	payload[F32LE] = Format{F32LE, 16000, 1}.AppendBytes(nil, noise(rng, 1000))
	for _, e := range encodings {
		f := Format{e, 16000, 1}
		samples, err := f.AppendSamples(nil, payload[e])
		if err != nil {
			t.Fatal(err)
		}
		want := payload[e]
		if e == Mulaw {
			want = slices.Clone(want)
			want[0x7f] = 0xff
		}
		if got := f.AppendBytes(nil, samples); string(got) != string(want) {
			t.Errorf("%s does not round-trip", e)
		}
	}
}

// The definition of ITU-T G.711, computed another way than by a table: mu-law
// is a sign, 3 bits of exponent and 4 of mantissa with a bias of 33; A-law has
// every other bit inverted and no bias.
func TestG711AgainstItsDefinition(t *testing.T) {
	for i := range 256 {
		code := ^byte(i)
		mu := (float64(code&15)*2+33)*math.Exp2(float64(code>>4&7)) - 33
		if code >= 128 {
			mu = -mu
		}
		if got := float64(mulawTable[i]) * 8192; got != mu {
			t.Errorf("mu-law %#x is %v, want %v", i, got, mu)
		}
		code = byte(i) ^ 0x55
		a := float64(code&15)*2 + 1
		if exp := code >> 4 & 7; exp > 0 {
			a = (a + 32) * math.Exp2(float64(exp-1))
		}
		if code < 128 {
			a = -a
		}
		if got := float64(alawTable[i]) * 4096; got != a {
			t.Errorf("A-law %#x is %v, want %v", i, got, a)
		}
	}
}

func TestFormatAveragesChannels(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, e := range encodings {
		for _, channels := range []int{1, 2, 3, 5, 32} {
			payload := Format{e, 16000, 1}.AppendBytes(nil, noise(rng, 40*channels))
			each, err := Format{e, 16000, 1}.AppendSamples(nil, payload)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Format{e, 16000, channels}.AppendSamples([]float32{7}, payload)
			if err != nil || len(got) != 41 || got[0] != 7 {
				t.Fatal(len(got), err)
			}
			for i, v := range got[1:] {
				var sum float64
				for _, x := range each[i*channels : (i+1)*channels] {
					sum += float64(x)
				}
				if math.Abs(float64(v)-sum/float64(channels)) > 1e-7 {
					t.Fatalf("%s, %d channels: sample %d is %v, want %v", e, channels, i, v, sum/float64(channels))
				}
			}
		}
	}
}

func TestFormatPayloadErrors(t *testing.T) {
	for _, e := range encodings {
		f := Format{e, 16000, 3}
		size := 3 * e.bytes()
		for n := range 4 * size {
			got, err := f.AppendSamples([]float32{5}, make([]byte, n))
			if n%size == 0 {
				if err != nil || len(got) != 1+n/size {
					t.Errorf("%s, %d bytes: %d samples, %v", e, n, len(got), err)
				}
			} else if !errors.Is(err, ErrFormat) || len(got) != 1 {
				t.Errorf("%s, %d bytes: %d samples, %v", e, n, len(got), err)
			}
		}
	}
	f := Format{F32LE, 16000, 2}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, -1 << 25} {
		mono := Format{F32LE, 16000, 1}
		got, err := f.AppendSamples([]float32{5}, mono.AppendBytes(nil, []float32{0, 1, 2, bad, 1, 1}))
		if !errors.Is(err, ErrSample) || len(got) != 1 || !strings.Contains(err.Error(), "sample 1 of channel 2") {
			t.Errorf("%v: %v, %v", bad, got, err)
		}
	}
}

func TestFormatLimits(t *testing.T) {
	in := []float32{1, 2, -1, -3, float32(math.Inf(1)), float32(math.NaN()), 0.6 / 32768, -0.6 / 32768}
	got, err := Format{S16LE, 8000, 1}.AppendSamples(nil, Format{S16LE, 8000, 1}.AppendBytes(nil, in))
	top := float32(32767) / 32768
	if want := []float32{top, top, -1, -1, top, 0, 1. / 32768, -1. / 32768}; err != nil || !same(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	defer func() {
		if recover() == nil {
			t.Error("two channels were encoded")
		}
	}()
	Format{S16LE, 8000, 2}.AppendBytes(nil, in)
}

func TestFormatAllocatesNothing(t *testing.T) {
	dst, out := make([]float32, 0, 1000), make([]byte, 0, 4000)
	payload := make([]byte, 960)
	for _, e := range encodings {
		f, mono := Format{e, 16000, 2}, Format{e, 16000, 1}
		samples := make([]float32, 200)
		n := testing.AllocsPerRun(20, func() {
			if _, err := f.AppendSamples(dst, payload); err != nil {
				t.Fatal(err)
			}
			mono.AppendBytes(out, samples)
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", e, n)
		}
	}
}

type stuck struct{}

func (stuck) ReadSamples([]float32) (int, error) { return 0, nil }

func TestReadAllOfReaderWithoutProgress(t *testing.T) {
	if _, err := ReadAll(stuck{}); err == nil {
		t.Error("no error")
	}
}

// One channel is decoded four samples at a time; any length, behind any number
// of samples that are there, gives what one by one gives.
func TestMonoDecodesAsOneByOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	f := Format{S16LE, 16000, 1}
	for n := range 40 {
		payload := make([]byte, 2*n)
		for i := range payload {
			payload[i] = byte(rng.UintN(256))
		}
		dst := slices.Grow(noise(rng, n%7), n%3*8)
		want := slices.Clone(dst)
		for i := 0; i < n; i++ {
			want = append(want, float32(int16(uint16(payload[2*i])|uint16(payload[2*i+1])<<8))/32768)
		}
		if got, err := f.AppendSamples(dst, payload); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d samples: %v, %v; want %v", n, got, err, want)
		}
	}
}
