package training

import "math"

// waveform is one period of a periodic sound in waveSize samples, with the first repeated at the end for interpolation.
type waveform [waveSize + 1]float32

const (
	waveBits = 11
	waveSize = 1 << waveBits
	fraction = 32 - waveBits // bits of a 32-bit phase below the table index
)

// sine is the waveform that all others are made of.
var sine = func() *waveform {
	var w waveform
	for i := range w {
		w[i] = float32(math.Sin(2 * math.Pi * float64(i%waveSize) / waveSize))
	}
	return &w
}()

// harmonics sums sines of the given amplitudes (amplitudes[0] is the fundamental) with random phases when r is not nil,
// and scales the sum to unit power.
func harmonics(amplitudes []float64, r *random) *waveform {
	w := new(waveform)
	for k, a := range amplitudes {
		if a == 0 {
			continue
		}
		shift := 0
		if r != nil {
			shift = r.below(waveSize)
		}
		for i := range waveSize {
			w[i] += float32(a) * sine[((k+1)*i+shift)%waveSize]
		}
	}
	w[waveSize] = w[0]
	var power float64
	for _, x := range w[:waveSize] {
		power += float64(x) * float64(x)
	}
	if power > 0 {
		scale := float32(math.Sqrt(waveSize / power))
		for i := range w {
			w[i] *= scale
		}
	}
	return w
}

// partials returns the amplitudes of a classic oscillator shape up to the given number of harmonics: saw 1/k, square
// 1/k odd, triangle 1/k^2 odd, pulse sin(pi k duty)/k, organ a few random drawbars, and random ones that fall off.
func partials(shape string, count int, r *random) []float64 {
	a := make([]float64, count)
	duty, slope := r.between(0.08, 0.5), r.between(0.5, 2)
	for i := range a {
		k := float64(i + 1)
		odd := float64((i + 1) % 2)
		switch shape {
		case "saw":
			a[i] = 1 / k
		case "square":
			a[i] = odd / k
		case "triangle":
			a[i] = odd / (k * k)
		case "pulse":
			a[i] = math.Sin(math.Pi*k*duty) / k
		case "organ":
			if (i+1)&i == 0 || i == 2 || i == 5 {
				a[i] = r.unit()
			}
		default:
			a[i] = r.unit() * math.Exp2(-slope*math.Log2(k))
		}
	}
	a[0] += 1e-3
	return a
}

var shapes = []string{"saw", "square", "triangle", "pulse", "organ", "random"}

// controlStep is how many samples share one frequency while a sound is rendered; its gain moves linearly in between.
const controlStep = 32

// render adds a periodic sound to dst. control is asked every controlStep samples for the frequency in Hz and the gain
// from sample i of dst on.
func render(dst []float32, w *waveform, r *random, control func(i int) (hz, gain float64)) {
	phase := uint32(r.pcg.Uint64())
	hz, gain := control(0)
	for start := 0; start < len(dst); start += controlStep {
		end := min(start+controlStep, len(dst))
		nextHz, nextGain := control(end)
		step := phaseStep(hz)
		g, slope := float32(gain), float32((nextGain-gain)/controlStep)
		for i := start; i < end; i++ {
			dst[i] += g * w.at(phase)
			phase += step
			g += slope
		}
		hz, gain = nextHz, nextGain
	}
}

// renderFM adds a two-operator tone (Chowning 1973): a sine carrier whose phase a sine modulator at ratio times its
// frequency moves by up to index radians. The index follows the gain, so that the tone is brightest at its attack.
func renderFM(dst []float32, ratio, index float64, r *random, control func(i int) (hz, gain float64)) {
	var carrier, modulator uint32
	carrier = uint32(r.pcg.Uint64())
	hz, gain := control(0)
	for start := 0; start < len(dst); start += controlStep {
		end := min(start+controlStep, len(dst))
		nextHz, nextGain := control(end)
		step, stepM := phaseStep(hz), phaseStep(hz*ratio)
		depth := float32(index * (0.4 + min(gain, 1)) / (2 * math.Pi))
		g, slope := float32(gain), float32((nextGain-gain)/controlStep)
		for i := start; i < end; i++ {
			turns := depth * sine.at(modulator)
			dst[i] += g * math.Sqrt2 * sine.at(carrier+uint32(int64(turns*0x1p32)))
			carrier += step
			modulator += stepM
			g += slope
		}
		hz, gain = nextHz, nextGain
	}
}

// phaseStep is the advance per sample of a phase whose full turn is 2^32. Frequencies at or over Nyquist give silence
// rather than an alias: the phase stands still.
func phaseStep(hz float64) uint32 {
	if hz <= 0 || hz >= Rate/2 {
		return 0
	}
	return uint32(hz * (0x1p32 / Rate))
}

// at returns the wave at a phase by linear interpolation.
func (w *waveform) at(phase uint32) float32 {
	i := phase >> fraction
	frac := float32(phase&(1<<fraction-1)) * (1.0 / (1 << fraction))
	return w[i] + float32(frac*(w[i+1]-w[i]))
}
