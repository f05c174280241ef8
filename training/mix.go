package training

import (
	"errors"
	"fmt"
	"math"
)

// Range is an interval from which a number is drawn evenly.
type Range [2]float64

func (g Range) draw(r *random) float64 { return r.between(g[0], g[1]) }

// MixConfig says how recordings become training sequences. Shares are probabilities, 0 to 1.
type MixConfig struct {
	Seconds     float64 `json:"seconds"`            // length of a sequence, a multiple of 10 ms
	Speechless  float64 `json:"speechless"`         // share of sequences without speech
	QuietScene  float64 `json:"quiet_scene"`        // share of minutes of a lane that hold nothing but quiet noise
	Gap         float64 `json:"gap"`                // scales the pauses between recordings; 1: a median of half a second
	OneCorpus   bool    `json:"one_corpus"`         // take all speech of a sequence from one selection
	SpeedShare  float64 `json:"speed_share"`        // share of recordings played at another speed and pitch
	Speed       Range   `json:"speed"`              // factor
	Voice       float64 `json:"voice_db"`           // deviation of the level from one recording to the next, dB
	SNR         Range   `json:"snr_db"`             // speech over noise, both where they are active
	Clean       float64 `json:"clean"`              // share of sequences with an SNR of CleanSNR instead
	CleanSNR    Range   `json:"clean_snr_db"`       //
	Noises      int     `json:"noises"`             // greatest number of noises at once
	Synthetic   float64 `json:"synthetic"`          // share of noises that are made rather than recorded
	Vary        float64 `json:"vary,omitempty"`     // share of recorded noises that are made into another: speed, direction, colour
	Swell       float64 `json:"swell"`              // share of noises whose level moves slowly
	Room        float64 `json:"room"`               // share of sequences with speech in a room
	MadeRoom    float64 `json:"made_room"`          // share of those rooms that are made rather than recorded
	NoiseRoom   float64 `json:"noise_room"`         // share of sequences with the noise in a room
	Band        float64 `json:"band"`               // share of sequences through a low-pass, telephone band, 8 kHz or G.711
	Colour      float64 `json:"colour"`             // share of sequences through an uneven microphone
	Dynamics    float64 `json:"dynamics,omitempty"` // share of sequences through a compressor or a gate
	Clip        float64 `json:"clip"`               // share of sequences driven into clipping
	Level       Range   `json:"level_dbfs"`         // level of the active sound, dB re full scale
	Floor       float64 `json:"floor"`              // share of sequences with the noise floor of a microphone
	Zeros       float64 `json:"zeros"`              // share of sequences with stretches of digital silence
	Dropouts    float64 `json:"dropouts"`           // share of sequences with short losses inside speech
	NoQuantise  float64 `json:"no_quantise"`        // share of sequences not rounded to 16 bits
	SkipSpeech  bool    `json:"skip_speech"`        // all sequences are speechless, for measuring false alarms
	WholeNoises bool    `json:"whole_noises"`       // noises last the whole sequence, for measuring at a stated SNR
}

// Validate names the first value that makes no sense.
func (c MixConfig) Validate() error {
	frames := c.Seconds * 100
	if !(frames >= 10 && frames <= 60000) || frames != math.Trunc(frames) {
		return fmt.Errorf("mix.seconds is %g: give a multiple of 0.01 from 0.1 to 600", c.Seconds)
	}
	shares := map[string]float64{"speechless": c.Speechless, "quiet_scene": c.QuietScene, "speed_share": c.SpeedShare,
		"clean": c.Clean, "synthetic": c.Synthetic, "vary": c.Vary, "swell": c.Swell, "room": c.Room, "made_room": c.MadeRoom,
		"noise_room": c.NoiseRoom, "band": c.Band, "colour": c.Colour, "dynamics": c.Dynamics, "clip": c.Clip, "floor": c.Floor,
		"zeros": c.Zeros, "dropouts": c.Dropouts, "no_quantise": c.NoQuantise}
	for name, v := range shares {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("mix.%s is %g: a share is 0 to 1", name, v)
		}
	}
	for name, g := range map[string]Range{"snr_db": c.SNR, "clean_snr_db": c.CleanSNR, "level_dbfs": c.Level} {
		if !(g[0] <= g[1] && g[0] >= -120 && g[1] <= 120) {
			return fmt.Errorf("mix.%s is %v: give [low, high] within -120 to 120 dB", name, g)
		}
	}
	switch {
	case c.SpeedShare > 0 && !(c.Speed[0] >= 0.5 && c.Speed[0] <= c.Speed[1] && c.Speed[1] <= 2):
		return fmt.Errorf("mix.speed is %v: give [low, high] within 0.5 to 2", c.Speed)
	case c.Noises < 0 || c.Noises > 8:
		return fmt.Errorf("mix.noises is %d: give 0 to 8", c.Noises)
	case !(c.Gap >= 0 && c.Gap <= 100):
		return fmt.Errorf("mix.gap is %g: give 0 to 100", c.Gap)
	case !(c.Voice >= 0 && c.Voice <= 20):
		return fmt.Errorf("mix.voice_db is %g: give 0 to 20", c.Voice)
	}
	return nil
}

// Mix is one sequence.
type Mix struct {
	Samples []float32 // at Rate, within [-1, 1]
	Speech  []Span    // where it holds speech
	Corpus  string    // where the speech came from; "mixed" when from several
	SNR     float64   // dB; 0 without speech
}

// Mixer makes sequences. It is immutable; each goroutine asks for a Worker of its own.
type Mixer struct {
	material *Material
	config   MixConfig
	seed     uint64
	samples  int
}

// NewMixer returns a Mixer over the material.
func NewMixer(m *Material, c MixConfig, seed uint64) (*Mixer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(m.Speech) == 0 && !c.SkipSpeech && c.Speechless < 1 {
		return nil, errors.New("no speech to mix: select some, or set mix.skip_speech")
	}
	if len(m.Noise) == 0 && c.Synthetic < 1 && c.Noises > 0 {
		return nil, errors.New("no noise to mix: select some, or set mix.synthetic to 1")
	}
	if len(m.Rooms) == 0 && c.MadeRoom < 1 && max(c.Room, c.NoiseRoom) > 0 {
		return nil, errors.New("no rooms to mix: select some, or set mix.made_room to 1")
	}
	return &Mixer{material: m, config: c, seed: seed, samples: int(math.Round(c.Seconds * Rate))}, nil
}

// Samples returns the length of a sequence.
func (m *Mixer) Samples() int { return m.samples }

// quietScene tells whether a sequence lies in a minute without anything but quiet noise: five sequences of a lane on end,
// so that states learn to stay where they are while nothing happens.
func (m *Mixer) quietScene(lane, number uint64) bool {
	return newRandom(m.seed, 'q', lane, number/5).chance(m.config.QuietScene)
}

// MixWorker makes the sequences of a Mixer with memory of its own. It belongs to one goroutine.
type MixWorker struct {
	*Mixer
	convolver *convolver
	speech    []float32
	noise     []float32
	track     []float32
	channel   *channel
}

// NewWorker returns a worker of the mixer.
func (m *Mixer) NewWorker() *MixWorker {
	return &MixWorker{Mixer: m, convolver: newConvolver(), speech: make([]float32, m.samples),
		noise: make([]float32, m.samples), track: make([]float32, m.samples), channel: newChannel()}
}

// Sequence returns the sequence with the given number of a lane. It is a function of the material, the configuration, the
// seed and the two numbers alone. The samples are the worker's until the next call.
func (w *MixWorker) Sequence(lane, number uint64) Mix {
	r := newRandom(w.seed, 'm', lane, number)
	mix := Mix{Samples: w.speech}
	clear(w.speech)
	clear(w.noise)
	if w.quietScene(lane, number) {
		w.quietNoise(r)
		return mix
	}
	withSpeech := !w.config.SkipSpeech && !r.chance(w.config.Speechless)
	if withSpeech {
		mix.Speech, mix.Corpus = w.speechTrack(r)
		mix.SNR = w.config.SNR.draw(r)
		if r.chance(w.config.Clean) {
			mix.SNR = w.config.CleanSNR.draw(r)
		}
		if r.chance(w.config.Room) {
			w.convolver.apply(w.speech, w.drawRoom(r))
		}
	}
	w.noiseTrack(r)
	if r.chance(w.config.NoiseRoom) {
		w.convolver.apply(w.noise, w.drawRoom(r))
	}
	noise := float32(1)
	if withSpeech {
		noise = float32(decibels(-mix.SNR))
	}
	for i, x := range w.noise {
		w.speech[i] += noise * x
	}
	power := float64(noise) * float64(noise)
	if withSpeech {
		power++
	}
	w.degrade(r, math.Sqrt(power))
	mix.Speech = w.mute(r, mix.Speech)
	return mix
}

// quietNoise fills the sequence with a floor far below speech, or with nothing at all.
func (w *MixWorker) quietNoise(r *random) {
	if r.chance(0.2) {
		return
	}
	colourNoise(w.speech, r)
	w.setLevel(r, activeLevel(w.speech), r.between(-95, -55))
	w.round(r)
}

// setLevel scales the mix so that level becomes db re full scale, less where that would clip.
func (w *MixWorker) setLevel(r *random, level float32, db float64) {
	if level == 0 {
		return
	}
	gain := float32(decibels(db)) / level
	top := peak(w.speech) * gain
	highest := float32(0.99)
	if r.chance(w.config.Clip) {
		highest = float32(r.between(1.2, 6))
		gain *= max(1, highest/max(top, 1e-9))
	} else if top > highest {
		gain *= highest / top
	}
	for i, x := range w.speech {
		w.speech[i] = gain * x
	}
	limit(w.speech)
}

// peak is the greatest magnitude. Without their signs, floats compare as the integers that their bits spell.
func peak(samples []float32) float32 {
	var top uint32
	for _, x := range samples {
		top = max(top, math.Float32bits(x)&^(1<<31))
	}
	return math.Float32frombits(top)
}

// limit holds samples within full scale.
func limit(samples []float32) {
	for i, x := range samples {
		if x > 1 {
			samples[i] = 1
		} else if x < -1 {
			samples[i] = -1
		}
	}
}

// round rounds the mix to 16 bits, as most audio that arrives was. Adding 1.5 * 2^23 leaves no bits behind the point.
func (w *MixWorker) round(r *random) {
	const shifter = 1.5 * (1 << 23)
	if r.chance(w.config.NoQuantise) {
		return
	}
	for i, x := range w.speech {
		steps := float32(x*32768) + shifter - shifter
		if steps > 32767 {
			steps = 32767
		}
		w.speech[i] = steps * (1.0 / 32768)
	}
}

func (w *MixWorker) drawRoom(r *random) *Room {
	if len(w.material.Rooms) == 0 || r.chance(w.config.MadeRoom) {
		return drawRoom(r)
	}
	return w.material.Rooms[r.below(len(w.material.Rooms))]
}
