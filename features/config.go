package features

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
)

// Kinds of features.
const LogMel = "logmel" // natural logarithm of mel band power plus a floor

// Window functions.
const Hann = "hann" // symmetric: 0.5 - 0.5 cos(2 pi i/(N-1))

// Config is a feature recipe: everything that decides which numbers come out
// of which samples. It travels inside the model that was trained on it.
type Config struct {
	Kind       string  `json:"kind"`
	Rate       int     `json:"rate"`   // Hz
	Window     int     `json:"window"` // samples under the window function
	Hop        int     `json:"hop"`    // samples from one frame to the next
	NFFT       int     `json:"n_fft"`  // window padded with zeros to this power of two
	Mels       int     `json:"mels"`   // triangular bands, equally wide on the HTK mel scale
	LowHz      float64 `json:"low_hz"`
	HighHz     float64 `json:"high_hz"`
	Floor      float64 `json:"floor"` // added to a band's power before the logarithm
	WindowFunc string  `json:"window_func"`
}

// DefaultConfig is the recipe of the shipped models: 16 kHz, a Hann window of
// 25 ms every 10 ms, 40 bands from 20 Hz to 7.8 kHz, ln(power + 1e-6).
func DefaultConfig() Config {
	return Config{Kind: LogMel, Rate: 16000, Window: 400, Hop: 160, NFFT: 512,
		Mels: 40, LowHz: 20, HighHz: 7800, Floor: 1e-6, WindowFunc: Hann}
}

// Validate names the first value that makes no sense.
func (c Config) Validate() error {
	switch nyquist := float64(c.Rate) / 2; {
	case c.Kind != LogMel:
		return fmt.Errorf("features: kind %q is unknown; known: %s", c.Kind, LogMel)
	case c.WindowFunc != Hann:
		return fmt.Errorf("features: window function %q is unknown; known: %s", c.WindowFunc, Hann)
	case c.Rate < 4000 || c.Rate > 192000:
		return fmt.Errorf("features: rate %d Hz is not within 4000..192000", c.Rate)
	case c.NFFT < 8 || c.NFFT > 1<<16 || c.NFFT&(c.NFFT-1) != 0:
		return fmt.Errorf("features: n_fft %d is not a power of two within 8..65536", c.NFFT)
	case c.Window < 2 || c.Window > c.NFFT:
		return fmt.Errorf("features: window %d is not within 2..n_fft (%d)", c.Window, c.NFFT)
	case c.Hop < 1 || c.Hop > c.Window:
		return fmt.Errorf("features: hop %d is not within 1..window (%d): samples would be skipped", c.Hop, c.Window)
	case c.Mels < 1 || c.Mels > c.NFFT/2:
		return fmt.Errorf("features: %d mel bands are not within 1..n_fft/2", c.Mels)
	case !(c.LowHz >= 0 && c.LowHz < c.HighHz && c.HighHz <= nyquist):
		return fmt.Errorf("features: bands from %g to %g Hz are not within 0..%g", c.LowHz, c.HighHz, nyquist)
	case !(c.Floor >= 1e-30 && c.Floor <= 1):
		return fmt.Errorf("features: floor %g is not within 1e-30..1", c.Floor)
	}
	return nil
}

// Parse reads a recipe as JSON; members that it does not know are an error,
// because they would change the numbers silently.
func Parse(b []byte) (Config, error) {
	var c Config
	if err := strictJSON(b, &c); err != nil {
		return Config{}, fmt.Errorf("features: recipe: %w", err)
	}
	return c, c.Validate()
}

// Hash is a short name of the recipe, equal for equal recipes only.
func (c Config) Hash() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // unreachable after Validate: only NaN does not marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// mel is the HTK scale, 2595 log10(1+f/700) (Young et al., "The HTK Book", 5.4).
func mel(hz float64) float64     { return 2595 * math.Log10(1+hz/700) }
func invMel(mel float64) float64 { return 700 * (math.Pow(10, mel/2595) - 1) }
