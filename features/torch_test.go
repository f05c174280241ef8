package features_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/internal/oracle"
)

// logLimit is how far a log-mel value may be from its true one.
const logLimit = 1e-4

// framesOf pushes all samples at once and returns all frames, one after the other.
func framesOf(t *testing.T, c features.Config, samples []float32) []float32 {
	t.Helper()
	s, err := features.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Push(samples)
	s.Flush()
	var all []float32
	for frame := make([]float32, s.Dim()); s.Next(frame); {
		all = append(all, frame...)
	}
	return all
}

func TestLogMelAgreesWithLibrosa(t *testing.T) {
	g := oracle.Load(t, "torch/logmel")
	got := framesOf(t, features.DefaultConfig(), g["samples"].Float32())
	oracle.Close(t, "log-mel", got, g["f64.logmel"].Data, logLimit)
}

// Other recipes than the default one, on noise of levels that recordings have,
// with an offset and a hum, against float64.
func TestLogMelAgreesWithFloat64(t *testing.T) {
	recipe := func(change func(*features.Config)) features.Config {
		c := features.DefaultConfig()
		change(&c)
		return c
	}
	recipes := map[string]features.Config{
		"default":      features.DefaultConfig(),
		"8 kHz":        recipe(func(c *features.Config) { c.Rate, c.Window, c.Hop, c.NFFT, c.HighHz = 8000, 200, 80, 256, 4000 }),
		"odd lengths":  recipe(func(c *features.Config) { c.Window, c.Hop, c.Mels = 399, 133, 23 }),
		"full window":  recipe(func(c *features.Config) { c.Window, c.Hop, c.LowHz = 512, 512, 0 }),
		"long":         recipe(func(c *features.Config) { c.Rate, c.Window, c.Hop, c.NFFT, c.HighHz = 48000, 2000, 480, 2048, 20000 }),
		"smaller base": recipe(func(c *features.Config) { c.Floor = 1e-10 }),
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for name, c := range recipes {
		for _, level := range []float64{0.3, 0.01, 1e-3} {
			samples := make([]float32, 3000+rng.IntN(2000))
			for i := range samples {
				hum := 0.5 * math.Sin(2*math.Pi*50*float64(i)/float64(c.Rate))
				samples[i] = float32(level * (rng.NormFloat64()/3 + hum + 0.1))
			}
			want := oracle.LogMel(oracle.MelConfig{Rate: c.Rate, Window: c.Window, Hop: c.Hop, NFFT: c.NFFT,
				Mels: c.Mels, LowHz: c.LowHz, HighHz: c.HighHz, Floor: c.Floor}, oracle.NewArray(nil, samples).Data)
			var flat []float64
			for _, frame := range want {
				flat = append(flat, frame...)
			}
			oracle.Close(t, name, framesOf(t, c, samples), flat, logLimit)
		}
	}
}
