package pipeline

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/streamer-audio/streamer/internal/kernel"
)

// DeciderConfig says how a row of probabilities becomes speech and silence.
// Durations are rounded up to whole frames.
//
// A sound that may be speech is weighed frame by frame, as in a sequential test
// (Wald 1945, "Sequential tests of statistical hypotheses") that begins anew
// whenever it speaks for silence, which is the CUSUM of Page (1954, "Continuous
// inspection schemes"):
//
//	e = min(Evidence, max(0, e + clip(logit(p) - logit(On), -4, 4)))
//
// A run of possible speech begins with the frame at which e rises from 0, and
// is over when e is back there. So a clear sound is announced within a few
// frames, and a doubtful one only when it lasts: 8 nats are four frames at
// p = 0.9, and twenty at 0.6. A frame of doubt inside a word costs some
// evidence and does not lose the beginning of the word.
type DeciderConfig struct {
	On  float64 // a frame above this probability speaks for speech
	Off float64 // speech goes on until frames fall below this one (hysteresis: Off <= On)

	// Sensitivity moves On and Off together: with On at 1/2, speech begins where
	// the probability exceeds 1-Sensitivity. It is between 0 and 1; 1/2 (or 0,
	// when nobody set it) leaves both where they are.
	Sensitivity float64

	// Evidence is what must have been gathered before speech is announced, in
	// nats. Without it, with 0, a run begins at On and lasts until a frame
	// falls below Off.
	Evidence   float64
	MinSpeech  time.Duration // speech is announced when its run has lasted this long, too
	MinSilence time.Duration // its end is announced when silence has lasted this long

	// The beginning is moved PreRoll before the first frame of the run, for
	// models that find onsets late. The end is moved PostRoll behind the last
	// frame of speech, at most MinSilence, or before it when PostRoll is
	// negative, for models that hold on to speech that is over.
	PreRoll  time.Duration
	PostRoll time.Duration
}

// Ahead is from how much look-ahead on a model is on time with the boundaries
// of speech. It is that of the shipped model that waits least; between it and 0
// nothing was measured.
const Ahead = 80 * time.Millisecond

// The defaults. A causal model knows that a sound was speech some frames into
// it and holds on when it is over; one that hears what follows is about on time.
// The rolls bring the median errors of starts and ends, as streamer eval prints
// them, near 0.
const (
	defaultOn         = 0.5
	defaultOff        = 0.35
	defaultEvidence   = 8 // nats
	defaultMinSpeech  = 40 * time.Millisecond
	defaultMinSilence = 200 * time.Millisecond

	causalPreRoll  = 20 * time.Millisecond
	causalPostRoll = -40 * time.Millisecond
	aheadPreRoll   = 0
	aheadPostRoll  = -10 * time.Millisecond
)

// DefaultDecider is what fits a model that hears the past alone, or one that
// hears [Ahead] or more of what follows, as a bidirectional one does.
func DefaultDecider(ahead bool) DeciderConfig {
	c := DeciderConfig{On: defaultOn, Off: defaultOff, Sensitivity: neutral, Evidence: defaultEvidence,
		MinSpeech: defaultMinSpeech, MinSilence: defaultMinSilence, PreRoll: causalPreRoll, PostRoll: causalPostRoll}
	if ahead {
		c.PreRoll, c.PostRoll = aheadPreRoll, aheadPostRoll
	}
	return c
}

// orDefault returns the default in place of a config in which nothing is set,
// or Sensitivity alone.
func (c DeciderConfig) orDefault(ahead bool) DeciderConfig {
	if c != (DeciderConfig{Sensitivity: c.Sensitivity}) {
		return c
	}
	d := DefaultDecider(ahead)
	d.Sensitivity = c.Sensitivity
	return d
}

// Validate names the first value that makes no sense.
func (c DeciderConfig) Validate() error {
	const most, mostEvidence = time.Minute, 10_000
	switch {
	case !(c.Off > 0 && c.Off <= c.On && c.On < 1):
		return errors.New("pipeline: thresholds must be 0 < Off <= On < 1; start from DefaultDecider and change what shall differ")
	case !(c.Sensitivity >= 0 && c.Sensitivity < 1):
		return fmt.Errorf("pipeline: Sensitivity is %g, not between 0 and 1", c.Sensitivity)
	case !(c.Evidence >= 0 && c.Evidence <= mostEvidence):
		return fmt.Errorf("pipeline: Evidence is %g, not within 0..%d nats", c.Evidence, mostEvidence)
	case c.MinSpeech < 0 || c.MinSpeech > most || c.MinSilence < 0 || c.MinSilence > most:
		return errors.New("pipeline: MinSpeech and MinSilence must be within 0..1m")
	case c.PreRoll < 0 || c.PreRoll > most:
		return errors.New("pipeline: PreRoll must be within 0..1m")
	case c.PostRoll < -most || c.PostRoll > c.MinSilence:
		return errors.New("pipeline: PostRoll must be within -1m..MinSilence: a later end would not be known yet")
	}
	return nil
}

// neutral is the Sensitivity that leaves On and Off alone.
const neutral = 0.5

// shifted moves a threshold by the log-odds of 1-Sensitivity, in odds rather
// than logarithms: p/(1-p) times (1-s)/s.
func (c DeciderConfig) shifted(p float64) float32 {
	s := c.Sensitivity
	if s == 0 {
		s = neutral
	}
	up, down := float64(p*((1-s)/s)), 1-p
	return float32(up / (up + down))
}

// limits are a DeciderConfig in frames, with the thresholds that count.
type limits struct {
	on, off                                  float32
	onLogit, enough                          float32 // nats
	minSpeech, minSilence, preRoll, postRoll int64
}

func (c DeciderConfig) limits(hop time.Duration) limits {
	on := c.shifted(c.On)
	return limits{on, c.shifted(c.Off), logit(on), float32(c.Evidence), max(1, frameCount(c.MinSpeech, hop)),
		max(1, frameCount(c.MinSilence, hop)), frameCount(c.PreRoll, hop), frameCount(c.PostRoll, hop)}
}

// leastRun is the number of frames of speech after which it is announced at
// the earliest.
func (l *limits) leastRun() int64 {
	each := max(1e-3, min(mostAFrame, logit(1)-l.onLogit)) // of an On beyond all probabilities nothing comes
	return max(l.minSpeech, int64(math.Ceil(float64(l.enough/each))))
}

// frameCount rounds up, also below 0, where division does so by itself.
func frameCount(d, hop time.Duration) int64 {
	n := int64(d / hop)
	if d%hop > 0 {
		n++
	}
	return n
}

// decider is the causal state machine between probabilities and events:
// silence, perhaps speech, speech, perhaps silence. Frames count from the last
// reset.
type decider struct {
	limits
	next     int64   // index of the frame that comes next
	speech   bool    // speech has been announced
	begin    int64   // first frame of the (perhaps) speech; its run is next-begin long
	silent   int64   // frames below off at the end of the speech
	lastEnd  int64   // where the last segment ended: pre-roll does not reach before it
	evidence float32 // nats for speech in the run, 0 to enough; 0 in speech
	sum      float64 // of the probabilities since begin; over 0 while there is a run
	tail     float64 // part of sum that belongs to the silent frames
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
	if !d.possible(p) {
		d.sum = 0
		return decision{}
	}
	if d.sum == 0 {
		d.begin = d.next - 1
	}
	d.sum += float64(p)
	if d.next-d.begin < d.minSpeech || d.evidence < d.enough {
		return decision{}
	}
	d.speech, d.silent, d.tail, d.evidence = true, 0, 0, 0
	start := max(d.begin-d.preRoll, d.lastEnd)
	return decision{SpeechStart, start, float64(p)}
}

// possible weighs a frame and tells whether there is a run of possible speech
// with it.
//
// Evidence ends at what is asked for: where MinSpeech is still waited for, a
// loud beginning must not outweigh the silence that follows it. So the frame
// that announces speech always is one that speaks for it.
func (d *decider) possible(p float32) bool {
	if d.enough == 0 {
		return p >= d.on || d.sum > 0 && p >= d.off
	}
	e := d.evidence + max(-mostAFrame, min(mostAFrame, logit(p)-d.onLogit))
	if !(e > 0) { // so that a broken number does not stay
		e = 0
	}
	d.evidence = min(e, d.enough)
	return e > 0
}

// mostAFrame is how many nats one frame can say: a model that is wrong can be
// very sure, and its frames are not independent, as the test takes them to be.
const mostAFrame = 4

// logit returns the log-odds of a probability, held within 1e-4 and 1-1e-4. It
// is the same on all machines.
func logit(p float32) float32 {
	const least = 1e-4
	if !(p > least) {
		p = least
	}
	p = min(p, 1-least)
	return kernel.Log(p) - kernel.Log(1-p)
}

// end closes the open segment at its last frame of speech, give or take the
// post-roll. Where no silence followed, the model can't have held on for too
// long: it was interrupted.
func (d *decider) end() decision {
	stop, roll := d.next-d.silent, d.postRoll
	if d.silent == 0 {
		roll = max(0, roll)
	}
	mean := (d.sum - d.tail) / float64(max(1, stop-d.begin))
	d.lastEnd = max(d.begin+1, min(stop+roll, d.next))
	d.speech, d.sum, d.silent, d.tail = false, 0, 0, 0
	return decision{SpeechEnd, d.lastEnd, mean}
}

// flush closes what is open at the end of the input. Speech that has not been
// announced yet stays unannounced.
func (d *decider) flush() decision {
	if !d.speech {
		d.sum, d.evidence = 0, 0
		return decision{}
	}
	return d.end()
}

func (d *decider) reset() { *d = decider{limits: d.limits} }

// Stretch is a run of frames [Start, End) that a decider calls speech.
type Stretch struct {
	Start, End int
	Known      int // index of the frame that announced it
	Over       int // index of the frame that announced its end: the last one, if speech lasted to the end of the row
}

// Segments returns what a decider makes of the probabilities of a whole row of
// frames, in order and clear of one another: the segments of a [Session] that
// is flushed at the end.
func (c DeciderConfig) Segments(probs []float64, hop time.Duration) []Stretch {
	var list []Stretch
	d := decider{limits: c.limits(hop)}
	take := func(x decision) {
		switch x.kind {
		case SpeechStart:
			list = append(list, Stretch{Start: int(x.frame), Known: int(d.next - 1)})
		case SpeechEnd:
			list[len(list)-1].End, list[len(list)-1].Over = int(x.frame), int(d.next-1)
		}
	}
	for _, p := range probs {
		take(d.step(float32(p)))
	}
	take(d.flush())
	return list
}
