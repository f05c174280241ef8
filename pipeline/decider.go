package pipeline

import (
	"errors"
	"time"
)

// DeciderConfig says how a row of probabilities becomes speech and silence.
// Durations are rounded up to whole frames.
type DeciderConfig struct {
	On         float64       // a frame at or above this probability begins speech
	Off        float64       // speech goes on until frames fall below this one (hysteresis: Off <= On)
	MinSpeech  time.Duration // speech is announced when it has lasted this long
	MinSilence time.Duration // its end is announced when silence has lasted this long
	PreRoll    time.Duration // the beginning is moved this much before the first frame
	PostRoll   time.Duration // the end is moved this much behind the last one, at most MinSilence
}

// DefaultDecider announces speech after 40 ms and its end after 200 ms.
func DefaultDecider() DeciderConfig {
	return DeciderConfig{On: 0.5, Off: 0.35, MinSpeech: 40 * time.Millisecond, MinSilence: 200 * time.Millisecond,
		PreRoll: 20 * time.Millisecond, PostRoll: 20 * time.Millisecond}
}

// Validate names the first value that makes no sense.
func (c DeciderConfig) Validate() error {
	const most = time.Minute
	switch {
	case !(c.Off > 0 && c.Off <= c.On && c.On < 1):
		return errors.New("pipeline: thresholds must be 0 < Off <= On < 1")
	case c.MinSpeech < 0 || c.MinSpeech > most || c.MinSilence < 0 || c.MinSilence > most:
		return errors.New("pipeline: MinSpeech and MinSilence must be within 0..1m")
	case c.PreRoll < 0 || c.PreRoll > most:
		return errors.New("pipeline: PreRoll must be within 0..1m")
	case c.PostRoll < 0 || c.PostRoll > c.MinSilence:
		return errors.New("pipeline: PostRoll must be within 0..MinSilence: a later end would not be known yet")
	}
	return nil
}

// limits are the durations of a DeciderConfig in frames.
type limits struct {
	on, off                                  float32
	minSpeech, minSilence, preRoll, postRoll int64
}

func (c DeciderConfig) limits(hop time.Duration) limits {
	frames := func(d time.Duration) int64 { return int64((d + hop - 1) / hop) }
	return limits{float32(c.On), float32(c.Off), max(1, frames(c.MinSpeech)), max(1, frames(c.MinSilence)),
		frames(c.PreRoll), frames(c.PostRoll)}
}

// decider is the causal state machine between probabilities and events:
// silence, perhaps speech, speech, perhaps silence. Frames count from the last
// reset.
type decider struct {
	limits
	next    int64 // index of the frame that comes next
	speech  bool  // speech has been announced
	begin   int64 // first frame of the (perhaps) speech; its run is next-begin long
	silent  int64 // frames below off at the end of the speech
	lastEnd int64 // where the last segment ended: pre-roll does not reach before it
	sum     float64
	tail    float64 // part of sum that belongs to the silent frames
}

// decision is what a frame made certain.
type decision struct {
	kind  string // SpeechStart, SpeechEnd or ""
	frame int64  // the boundary: first frame of speech, or first frame after it
	prob  float64
}

// step takes the probability of the next frame.
func (d *decider) step(p float32) decision {
	d.next++
	if !d.speech {
		return d.waitForSpeech(p)
	}
	d.sum += float64(p)
	if p >= d.off {
		d.silent, d.tail = 0, 0
		return decision{}
	}
	d.silent++
	d.tail += float64(p)
	if d.silent < d.minSilence {
		return decision{}
	}
	return d.end()
}

func (d *decider) waitForSpeech(p float32) decision {
	inRun := d.sum > 0
	if p < d.off || !inRun && p < d.on {
		d.sum = 0
		return decision{}
	}
	if !inRun {
		d.begin = d.next - 1
	}
	d.sum += float64(p)
	if d.next-d.begin < d.minSpeech {
		return decision{}
	}
	d.speech, d.silent, d.tail = true, 0, 0
	start := max(d.begin-d.preRoll, d.lastEnd)
	return decision{SpeechStart, start, float64(p)}
}

// end closes the open speech at its last frame of speech.
func (d *decider) end() decision {
	stop := d.next - d.silent
	mean := (d.sum - d.tail) / float64(max(1, stop-d.begin))
	d.lastEnd = min(stop+d.postRoll, d.next)
	d.speech, d.sum, d.silent, d.tail = false, 0, 0, 0
	return decision{SpeechEnd, d.lastEnd, mean}
}

// flush closes what is open at the end of the input. Speech that has not
// lasted MinSpeech yet stays unannounced.
func (d *decider) flush() decision {
	if !d.speech {
		d.sum = 0
		return decision{}
	}
	return d.end()
}

func (d *decider) reset() { *d = decider{limits: d.limits} }
