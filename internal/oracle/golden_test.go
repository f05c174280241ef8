package oracle

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestLogMelAgreesWithLibrosa(t *testing.T) {
	g := Load(t, "torch/logmel")
	c := MelConfig{Rate: 16000, Window: 400, Hop: 160, NFFT: 512, Mels: 40, LowHz: 20, HighHz: 7800, Floor: 1e-6}
	frames := LogMel(c, g["samples"].Data)
	want := g["f64.logmel"]
	if len(frames) != want.Shape[0] {
		t.Fatalf("%d frames instead of %d", len(frames), want.Shape[0])
	}
	for i, frame := range frames {
		Close(t, "frame", frame, want.Rows()[i], 1e-10)
	}
}

// The FFT against the sum that it stands for.
func TestPowerIsTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	frame := make([]float64, 64)
	for i := range frame {
		frame[i] = rng.NormFloat64()
	}
	want := make([]float64, len(frame)/2+1)
	for k := range want {
		var re, im float64
		for i, v := range frame {
			sin, cos := math.Sincos(2 * math.Pi * float64(k*i) / float64(len(frame)))
			re, im = re+v*cos, im-v*sin
		}
		want[k] = re*re + im*im
	}
	Close(t, "power", Power(frame), want, 1e-11)
}

func TestParseRefusesBrokenGoldens(t *testing.T) {
	file := func(header, values string) []byte {
		return []byte(string([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}) + header + values)
	}
	good := file(`{"__metadata__":{"made_by":"x"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
		"\x00\x00\x80\x3f\x00\x00\x00\xc0")
	arrays, err := parse(good)
	if err != nil || len(arrays) != 1 {
		t.Fatalf("%d arrays, error %v", len(arrays), err)
	}
	Close(t, "a", arrays["a"].Float32(), []float64{1, -2}, 0)
	for want, b := range map[string][]byte{
		"header does not fit": {9, 0, 0, 0, 0, 0, 0, 0, '{', '}'},
		"neither F32 nor F64": file(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, "12345678"),
		"do not hold shape":   file(`{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}`, "12345678"),
		"bytes 0..16":         file(`{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}`, "12345678"),
	} {
		if _, err := parse(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not contain %q", err, want)
		}
	}
}

func TestCloseCanFail(t *testing.T) {
	for what, values := range map[string][2][]float64{
		"far":      {{1, 2}, {1, 2.1}},
		"NaN":      {{1, math.NaN()}, {1, 2}},
		"no truth": {{1}, {math.NaN()}},
		"length":   {{1}, {1, 2}},
		"empty":    {{}, {}},
	} {
		r := &recorder{TB: t}
		if Close(r, what, values[0], values[1], 0.01); !r.failed {
			t.Errorf("%s: accepted", what)
		}
	}
}

// recorder keeps a failure for itself.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
