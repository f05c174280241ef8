package training

import "math"

// instrument is a made voice. Times are in seconds, pitches in MIDI note numbers (69 = 440 Hz).
type instrument struct {
	wave             *waveform
	fmRatio, fmIndex float64 // a two-operator tone instead of wave, when fmIndex > 0
	pluck            bool    // a plucked string instead of wave
	pluckDecay       float64
	attack, decay    float64
	sustain          float64 // level after the decay, 0..1
	release          float64
	vibratoHz        float64
	vibrato          float64 // depth in semitones
	tremolo          float64 // depth, 0..1
	glide            float64 // seconds to slide from the last note
	detune           float64 // semitones between the two copies of the wave; 0 plays one
	breath           float32 // noise that follows the envelope
}

// newInstrument draws a voice: organs, strings, brass, flutes, plucked strings, bells, chip sounds, synthesisers.
func newInstrument(r *random) *instrument {
	v := &instrument{attack: r.geometric(0.002, 0.3), decay: r.geometric(0.03, 1.5), sustain: r.unit(),
		release: r.geometric(0.01, 0.6)}
	if r.chance(0.5) { // 4 to 8 Hz is what singers and players do
		v.vibratoHz, v.vibrato = r.between(3, 8.5), r.geometric(0.05, 1.2)
	}
	if r.chance(0.35) {
		v.glide = r.geometric(0.02, 0.5)
	}
	if r.chance(0.2) {
		v.tremolo = r.between(0.1, 0.9)
	}
	switch r.below(6) {
	case 0:
		v.pluck, v.pluckDecay, v.glide, v.vibrato = true, r.geometric(0.15, 3), 0, 0
	case 1, 2:
		v.fmRatio = []float64{0.5, 1, 1, 2, 3, 1.41, 3.5, 7}[r.below(8)]
		v.fmIndex = r.geometric(0.3, 6)
	default:
		v.wave = harmonics(partials(shapes[r.below(len(shapes))], 3+r.below(30), r), r)
	}
	if r.chance(0.3) {
		v.detune = r.geometric(0.03, 0.3)
	}
	if r.chance(0.15) {
		v.breath = float32(decibels(r.between(-30, -10)))
	}
	return v
}

// play adds one note to dst, from its first sample on; hold is the time until the release begins. from is the pitch that a
// glide comes from.
func (v *instrument) play(dst []float32, r *random, from, pitch, hold, gain float64) {
	length := int((hold + v.release) * Rate)
	dst = dst[:min(len(dst), max(length, 1))]
	if v.pluck {
		v.playString(dst, r, pitch, gain)
		return
	}
	if v.vibrato == 0 && v.tremolo == 0 {
		v.vibratoHz = 1
	}
	turn := r.unit()
	control := func(shift float64) func(int) (float64, float64) {
		return func(i int) (float64, float64) {
			t := float64(i) / Rate
			bend := shift + float64(v.vibrato*min(1, 3*t)*lfo(turn+t*v.vibratoHz))
			if t < v.glide {
				bend += (from - pitch) * (1 - t/v.glide)
			}
			level := gain * v.envelope(t, hold) * (1 - v.tremolo*(0.5+0.5*lfo(turn+t*v.vibratoHz)))
			return 440 * semitones(pitch-69+bend), level
		}
	}
	v.tone(dst, r, control(0))
	if v.detune > 0 {
		v.tone(dst, r, control(v.detune))
	}
	if v.breath > 0 {
		for i := range dst {
			dst[i] += v.breath * float32(gain*v.envelope(float64(i)/Rate, hold)) * r.white()
		}
	}
}

func (v *instrument) tone(dst []float32, r *random, control func(int) (float64, float64)) {
	if v.fmIndex > 0 {
		renderFM(dst, v.fmRatio, v.fmIndex, r, control)
		return
	}
	render(dst, v.wave, r, control)
}

// envelope rises, falls to the sustain level, and dies away after hold, all in straight lines but for the square of the
// falling parts, which sounds less abrupt.
func (v *instrument) envelope(t, hold float64) float64 {
	level := 1.0
	switch {
	case t < v.attack:
		level = t / v.attack
	case t < v.attack+v.decay:
		x := 1 - (t-v.attack)/v.decay
		level = v.sustain + (1-v.sustain)*x*x
	default:
		level = v.sustain
	}
	if t > hold {
		x := max(0, 1-(t-hold)/v.release)
		level *= x * x
	}
	return level
}

// playString adds a plucked string: noise that runs round a delay line of one period and loses its high part at each turn
// (Karplus and Strong 1983).
func (v *instrument) playString(dst []float32, r *random, pitch, gain float64) {
	hz := 440 * semitones(pitch-69)
	period := max(2, int(math.Round(Rate/hz)))
	line := make([]float32, period)
	for i := range line {
		line[i] = r.white() * float32(gain)
	}
	keep := float32(decibels(-60/(hz*v.pluckDecay))) * 0.5
	at := 0
	for i := range dst {
		next := at + 1
		if next == period {
			next = 0
		}
		dst[i] += line[at]
		line[at] = keep * (line[at] + line[next])
		at = next
	}
	fadeOut(dst, labelHop)
}

// fadeOut brings the last n samples down to zero in a straight line.
func fadeOut(samples []float32, n int) {
	n = min(n, len(samples))
	for i := range n {
		samples[len(samples)-1-i] *= float32(i) / float32(n)
	}
}

// fadeIn raises the first n samples from zero in a straight line.
func fadeIn(samples []float32, n int) {
	n = min(n, len(samples))
	for i := range n {
		samples[i] *= float32(i) / float32(n)
	}
}
