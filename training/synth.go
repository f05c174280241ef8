package training

import "math"

// A synth adds one kind of sound to a silent dst at Rate, at any level: the mixer sets the level afterwards.
type synth func(dst []float32, r *random)

// synths are the made noises with their weights. Music has the largest share: it is voiced, melodic and rhythmic like
// speech, and is what a speech detector takes for speech most often.
var synths = []struct {
	name   string
	weight float64
	make   synth
}{
	{"colour", 1.5, colourNoise},
	{"hum", 0.8, humNoise},
	{"beeps", 0.8, beepNoise},
	{"siren", 0.8, sirenNoise},
	{"clicks", 1, clickNoise},
	{"bursts", 1.2, burstNoise},
	{"engine", 0.8, engineNoise},
	{"birds", 0.6, birdNoise},
	{"music", 5, musicNoise},
}

// synthesise fills dst with a sound of a random kind and returns the kind's name.
func synthesise(dst []float32, r *random) string {
	weights := make([]float64, len(synths))
	for i, s := range synths {
		weights[i] = s.weight
	}
	s := synths[r.weighted(weights)]
	clear(dst)
	s.make(dst, r)
	return s.name
}

// colourNoise adds noise whose power falls as 1/f^a: a = 0 white, 1 pink, 2 brown.
func colourNoise(dst []float32, r *random) {
	addWhite(dst, r, 1)
	tilt(dst, r.between(0, 2.2))
}

func addWhite(dst []float32, r *random, gain float32) {
	for i := range dst {
		dst[i] += float32(gain * r.white())
	}
}

// tilt shapes white noise to a power of 1/f^a between 20 Hz and 8 kHz: a chain of first-order sections, a pole every two
// octaves and a zero a octaves above it, so that the staircase of slopes 0 and -6 dB averages to -3a dB an octave.
func tilt(samples []float32, a float64) {
	for hz := 20.0; hz < Rate/2; hz *= 4 {
		pole := math.Tan(math.Pi * hz / Rate)
		zero := math.Tan(math.Pi * min(hz*math.Exp2(a), 0.49*Rate) / Rate)
		scale := pole / zero // a gain of 1 at the low end
		b0, b1 := float32(scale*(zero+1)/(1+pole)), float32(scale*(zero-1)/(1+pole))
		a1 := float32((1 - pole) / (1 + pole))
		var x1, y1 float32
		for i, x := range samples {
			y := float32(b0*x) + float32(b1*x1) + float32(a1*y1)
			x1, y1 = x, y
			samples[i] = y
		}
	}
}

// humNoise adds the mains or a motor: a low fundamental with random harmonics and a slow drift.
func humNoise(dst []float32, r *random) {
	base := []float64{50, 60, 100, 120, r.geometric(70, 400)}[r.below(5)]
	w := harmonics(partials("random", 4+r.below(36), r), r)
	drift, period := r.between(0, 0.01), r.geometric(0.5, 20)
	control := func(i int) (float64, float64) {
		sway := lfo(float64(i) / Rate / period)
		return base * (1 + float64(drift*sway)), 1 + 0.2*sway
	}
	render(dst, w, r, control)
	addWhite(dst, r, float32(decibels(r.between(-50, -15))))
}

// lfo is a sine of the given number of turns, for modulations.
func lfo(turns float64) float64 {
	return float64(sine.at(uint32(int64(turns * 0x1p32))))
}

// beepNoise adds alarms, dial tones, DTMF and ringing: one or two steady tones keyed on and off.
func beepNoise(dst []float32, r *random) {
	w := sine
	if r.chance(0.4) {
		w = harmonics(partials(shapes[r.below(len(shapes))], 1+r.below(12), r), r)
	}
	on, off := r.geometric(0.04, 2), r.geometric(0.03, 2)
	steady := r.chance(0.15)
	voices := 1 + r.below(2)
	for range voices {
		tune := r.geometric(200, 3500)
		jump := 0.0
		if r.chance(0.5) {
			jump = r.between(-7, 12)
		}
		render(dst, w, r, func(i int) (float64, float64) {
			cycle := float64(i) / Rate / (on + off)
			beat := int(cycle)
			gain := 0.0
			if steady || (cycle-float64(beat))*(on+off) < on {
				gain = 1
			}
			return tune * semitones(jump*float64(beat%2)), gain
		})
	}
}

// sirenNoise adds sweeping tones: sirens, whistles, chirps, alarms.
func sirenNoise(dst []float32, r *random) {
	w := harmonics(partials(shapes[r.below(len(shapes))], 1+r.below(16), r), r)
	lo := r.geometric(80, 1200)
	span := r.between(2, 30)
	period := r.geometric(0.15, 8)
	form := r.below(3)
	render(dst, w, r, func(i int) (float64, float64) {
		turns := float64(i) / Rate / period
		x := turns - math.Floor(turns)
		switch form {
		case 0:
			x = 0.5 + 0.5*lfo(turns)
		case 1:
			x = 1 - math.Abs(2*x-1)
		}
		return lo * semitones(span*x), 1
	})
}

// clickNoise adds knocks, typing, dripping and ticking: impulses that excite a few decaying resonances, at random times
// or in a steady beat.
func clickNoise(dst []float32, r *random) {
	every := r.geometric(0.04, 1.5)
	regular := r.chance(0.4)
	bank := make([]biquad, 1+r.below(3))
	for i := range bank {
		bank[i] = bandpass(r.geometric(120, 6500), r.geometric(1, 60))
	}
	excitation := make([]float32, len(dst))
	for t := r.unit() * every; t < float64(len(dst))/Rate; {
		at := int(t * Rate)
		size := float32(decibels(r.between(-15, 0)))
		for i := at; i < min(at+4+r.below(60), len(dst)); i++ {
			excitation[i] += size * r.white()
		}
		if regular {
			t += every
		} else {
			t += -every*math.Log(1-r.unit()) + 0.01
		}
	}
	addFiltered(dst, excitation, bank)
}

// addFiltered adds the sum of a parallel filter bank over source to dst.
func addFiltered(dst, source []float32, bank []biquad) {
	band := make([]float32, len(source))
	for _, f := range bank {
		copy(band, source)
		apply(band, f)
		for i, x := range band {
			dst[i] += x
		}
	}
}

// burstNoise adds noise in a band whose level moves: waves, wind, wipers, machines, a far crowd. The rates include those of
// syllables, so that modulation alone does not come to mean speech.
func burstNoise(dst []float32, r *random) {
	addWhite(dst, r, 1)
	lo := r.geometric(60, 3000)
	hi := lo * r.geometric(1.3, 12)
	apply(dst, butterworth(highpass, lo, 2)...)
	apply(dst, butterworth(lowpass, hi, 2)...)
	modulate(dst, r)
}

// modulate multiplies by a moving gain: a sine, pulses, or steps to random levels with smooth ways between them.
func modulate(dst []float32, r *random) {
	period := r.geometric(0.08, 4)
	depth := r.between(6, 40)
	form := r.below(3)
	level, target := 0.0, 0.0
	left := 0
	var gain float32 = 1
	for start := 0; start < len(dst); start += controlStep {
		end := min(start+controlStep, len(dst))
		turns := float64(start) / Rate / period
		switch form {
		case 0:
			level = depth * (0.5*lfo(turns) - 0.5)
		case 1:
			level = 0
			if turns-math.Floor(turns) > 0.5 {
				level = -depth
			}
		default:
			if left--; left < 0 {
				left = int(r.geometric(0.3, 2) * period * Rate / controlStep)
				target = -r.unit() * depth
			}
			level += 0.05 * (target - level)
		}
		next := float32(decibels(level))
		slope := (next - gain) / controlStep
		for i := start; i < end; i++ {
			dst[i] *= gain
			gain += slope
		}
		gain = next
	}
}

// engineNoise adds a pulse train with jitter through a few resonances, and its own noise: motors, saws, drills.
func engineNoise(dst []float32, r *random) {
	base := r.geometric(15, 220)
	jitter, wander, period := r.between(0, 0.15), r.between(0, 5), r.geometric(0.5, 10)
	bank := make([]biquad, 2+r.below(3))
	for i := range bank {
		bank[i] = bandpass(r.geometric(100, 5000), r.geometric(0.7, 8))
	}
	excitation := make([]float32, len(dst))
	addWhite(excitation, r, float32(decibels(r.between(-45, -15))))
	for t := 0.0; int(t) < len(dst); {
		excitation[int(t)] += float32(1 + r.normal(0.2))
		hz := base * semitones(wander*lfo(t/Rate/period))
		t += max(2, Rate/hz*(1+r.normal(jitter)))
	}
	addFiltered(dst, excitation, bank)
}

// birdNoise adds phrases of short frequency sweeps.
func birdNoise(dst []float32, r *random) {
	for at := int(r.between(0, 1) * Rate); at < len(dst); {
		base, span := r.geometric(1200, 6000), r.between(-9, 9)
		length, gap := r.geometric(0.03, 0.3), r.geometric(0.03, 0.4)
		for range 1 + r.below(8) {
			end := min(at+int(length*Rate), len(dst))
			if at >= end {
				return
			}
			note := dst[at:end]
			render(note, sine, r, func(i int) (float64, float64) {
				x := float64(i) / float64(len(note))
				return base * semitones(span*x), 4 * x * max(0, 1-x)
			})
			at = end + int(gap*Rate)
		}
		at += int(r.geometric(0.2, 3) * Rate)
	}
}
