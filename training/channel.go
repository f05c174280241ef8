package training

import (
	"fmt"
	"math"

	"github.com/streamer-audio/streamer/audio"
)

// channel is what lies between a mixture in the air and the samples that arrive: resamplers for the telephone. It belongs
// to one goroutine.
type channel struct {
	down, up     *audio.Resampler
	narrow, wide []float32
	coded        []byte
}

const telephoneRate = 8000

func newChannel() *channel {
	down, err := audio.NewResampler(Rate, telephoneRate)
	if err != nil {
		panic(fmt.Sprintf("training: %v", err)) // both rates are constants
	}
	up, err := audio.NewResampler(telephoneRate, Rate)
	if err != nil {
		panic(fmt.Sprintf("training: %v", err))
	}
	return &channel{down: down, up: up}
}

// telephone takes samples to 8 kHz, through G.711 when encoding is not empty, and back.
func (c *channel) telephone(samples []float32, encoding audio.Encoding) {
	c.down.Reset()
	c.up.Reset()
	c.narrow = c.down.Flush(c.down.Push(c.narrow[:0], samples))
	if encoding != "" {
		format := audio.Format{Encoding: encoding, Rate: telephoneRate, Channels: 1}
		c.coded = format.AppendBytes(c.coded[:0], c.narrow)
		decoded, err := format.AppendSamples(c.narrow[:0], c.coded)
		if err != nil {
			panic(fmt.Sprintf("training: %v", err)) // G.711 has no invalid bytes
		}
		c.narrow = decoded
	}
	c.wide = c.up.Flush(c.up.Push(c.wide[:0], c.narrow))
	copy(samples, c.wide)
}

// degrade takes the mix in w.speech, whose active level is level, through a microphone and a line.
func (w *MixWorker) degrade(r *random, level float64) {
	if r.chance(w.config.Colour) {
		w.colour(r)
	}
	if w.config.Dynamics > 0 && r.chance(w.config.Dynamics) {
		w.dynamics(r, level)
	}
	w.setLevel(r, float32(level), w.config.Level.draw(r))
	if r.chance(w.config.Floor) {
		w.addFloor(r)
	}
	if r.chance(w.config.Band) {
		w.band(r)
	}
	limit(w.speech)
	w.round(r)
}

// colour is an uneven microphone or loudspeaker: a few bands raised or lowered, sometimes without the low end.
func (w *MixWorker) colour(r *random) {
	for range 1 + r.below(3) {
		apply(w.speech, peaking(r.geometric(100, 6500), r.geometric(0.4, 3), r.between(-9, 9)))
	}
	if r.chance(0.4) {
		apply(w.speech, highpass(r.geometric(40, 300), math.Sqrt2/2))
	}
}

// dynamics moves the gain with the level, as what broadcasts, calls and meetings pass through does: a compressor holds down
// what is loud, so that breath and noise come up in the pauses, or a gate takes away what is quiet.
func (w *MixWorker) dynamics(r *random, level float64) {
	attack, release := r.geometric(0.001, 0.03), r.geometric(0.03, 0.8)
	threshold, slope, least := r.between(-25, -5), r.between(0.3, 0.9), -40.0 // slope: 1 - 1/ratio
	if r.chance(0.3) {
		threshold, slope, least = r.between(-55, -30), -r.between(1, 5), -r.between(8, 60)
	}
	threshold += 20 * math.Log10(level)
	rise, fall := smoothing(attack), smoothing(release)
	held, gain := threshold, float32(1)
	for start := 0; start < len(w.speech); start += controlStep {
		part := w.speech[start:min(start+controlStep, len(w.speech))]
		now := powerLevel(sumSquares(part) / float64(len(part)))
		if now > held {
			held += float64(rise * (now - held))
		} else {
			held += float64(fall * (now - held))
		}
		over := held - threshold
		if slope < 0 { // a gate: gain falls where the level does
			over = min(0, over)
		}
		next := float32(decibels(max(least, min(0, -slope*over))))
		step := (next - gain) * (1.0 / controlStep)
		for i := range part {
			part[i] *= gain
			gain += step
		}
		gain = next
	}
}

// smoothing is the share by which a one-pole filter with this time constant in seconds moves on in controlStep samples.
func smoothing(seconds float64) float64 { return 1 - math.Exp2(-controlStep*math.Log2E/(seconds*Rate)) }

// addFloor adds the noise of a microphone and its amplifier.
func (w *MixWorker) addFloor(r *random) {
	floor := w.track[:len(w.speech)]
	clear(floor)
	addWhite(floor, r, 1)
	if r.chance(0.7) {
		tilt(floor, r.between(0, 1.5))
	}
	gain := float32(decibels(r.between(-96, -62))) / max(activeLevel(floor), 1e-9)
	for i, x := range floor {
		w.speech[i] += gain * x
	}
}

// band takes away what lines and codecs take away: the top of the band, or all but the telephone's 300 to 3400 Hz, with
// or without a sampling rate of 8 kHz and G.711.
func (w *MixWorker) band(r *random) {
	kind := r.weighted([]float64{0.45, 0.15, 0.15, 0.25})
	if kind == 0 {
		apply(w.speech, butterworth(lowpass, r.geometric(2200, 7500), 2+2*r.below(4))...)
		return
	}
	if kind != 2 {
		apply(w.speech, butterworth(highpass, r.between(150, 400), 2)...)
		apply(w.speech, butterworth(lowpass, r.between(2900, 3800), 4+2*r.below(2))...)
	}
	switch kind {
	case 2:
		w.channel.telephone(w.speech, "")
	case 3:
		law := audio.Mulaw
		if r.chance(0.5) {
			law = audio.Alaw
		}
		w.channel.telephone(w.speech, law)
	}
}
