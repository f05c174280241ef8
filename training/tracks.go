package training

import "slices"

// speechTrack fills w.speech with recordings and pauses, at a level of 1, and returns where speech is.
func (w *MixWorker) speechTrack(r *random) ([]Span, string) {
	pools := w.material.Speech
	pool := drawPool(r, pools)
	var spans []Span
	corpus := ""
	at := 0
	if r.chance(0.7) { // else the sequence begins in the middle of things
		at = int(r.between(0, 1.5) * Rate)
	}
	for at < len(w.speech) {
		if !w.config.OneCorpus {
			pool = drawPool(r, pools)
		}
		c := pool.Clips[r.below(len(pool.Clips))]
		if corpus == "" {
			corpus = c.Corpus
		} else if corpus != c.Corpus {
			corpus = "mixed"
		}
		length, placed := w.placeSpeech(r, c, at)
		spans = joinSpans(spans, placed)
		at += length + int(w.gap(r)*Rate)
	}
	return spans, corpus
}

// gap draws a pause in seconds: mostly short ones as between phrases, some as between turns, some long silences.
func (w *MixWorker) gap(r *random) float64 {
	bounds := []Range{{0.02, 0.4}, {0.4, 1.5}, {1.5, 5}}[r.weighted([]float64{0.45, 0.35, 0.2})]
	return w.config.Gap * bounds.draw(r)
}

// placeSpeech adds a recording to w.speech from sample at on, at a random speed and level, and returns how long it is
// there and which part of that is speech. Of a long recording it often takes a part that begins shortly before speech.
func (w *MixWorker) placeSpeech(r *random, c *Clip, at int) (length int, speech []Span) {
	first, end := 0, len(c.Samples)
	if end > 5*Rate && r.chance(0.5) {
		s := c.Speech[r.below(len(c.Speech))]
		first = max(0, s.Start-int(r.between(0.02, 0.3)*Rate))
		end = min(end, first+int(r.between(1, 6)*Rate))
	}
	ratio := 1.0
	if r.chance(w.config.SpeedShare) {
		ratio = w.config.Speed.draw(r)
	}
	length = int(float64(end-first) / ratio)
	dst := w.track[:min(length, len(w.speech)-at)]
	resample(dst, c.Samples[first:end], ratio, float32(decibels(r.normal(w.config.Voice)))/c.Level)
	fadeIn(dst, Rate/200)
	fadeOut(dst, Rate/200)
	for i, x := range dst {
		w.speech[at+i] += x
	}
	for _, s := range c.Speech {
		lo, hi := max(s.Start, first), min(s.End, end)
		if lo >= hi {
			continue
		}
		placed := Span{at + int(float64(lo-first)/ratio), min(at+int(float64(hi-first)/ratio), at+len(dst))}
		if placed.Start < placed.End {
			speech = append(speech, placed)
		}
	}
	return length, speech
}

// joinSpans appends more to spans, where spans that touch become one.
func joinSpans(spans, more []Span) []Span {
	for _, s := range more {
		if n := len(spans); n > 0 && spans[n-1].End >= s.Start {
			spans[n-1].End = max(spans[n-1].End, s.End)
			continue
		}
		spans = append(spans, s)
	}
	return spans
}

func drawPool(r *random, pools []Pool) *Pool {
	weights := make([]float64, len(pools))
	for i := range pools {
		weights[i] = pools[i].Weight
	}
	return &pools[r.weighted(weights)]
}

// resample writes gain times src, read at ratio samples a step, to dst, by Catmull-Rom interpolation. Beyond its end src
// is silent. Ratios over 1 let what lies in the top of the band fold back: little, for ratios near 1.
func resample(dst []float32, src []int16, ratio float64, gain float32) {
	gain *= 1.0 / 32768
	if ratio == 1 {
		n := min(len(dst), len(src))
		for i, x := range src[:n] {
			dst[i] = gain * float32(x)
		}
		clear(dst[n:])
		return
	}
	at := func(i int) float32 {
		if i < 0 || i >= len(src) {
			return 0
		}
		return float32(src[i])
	}
	position := 0.0
	for i := range dst {
		k := int(position)
		t := float32(position - float64(k))
		var a, b, c, d float32
		if k >= 1 && k+2 < len(src) {
			s := src[k-1 : k+3 : k+3]
			a, b, c, d = float32(s[0]), float32(s[1]), float32(s[2]), float32(s[3])
		} else {
			a, b, c, d = at(k-1), at(k), at(k+1), at(k+2)
		}
		cubic := t*(3*(b-c)+d-a) + 2*a - 5*b + 4*c - d
		dst[i] = gain * (b + 0.5*t*(c-a+t*cubic))
		position += ratio
	}
}

// noiseTrack fills w.noise with one to config.Noises sounds. The first has a level of 1 where it is active; the others come
// and go around that level.
func (w *MixWorker) noiseTrack(r *random) {
	count := 0
	if w.config.Noises > 0 {
		count = 1 + min(r.weighted([]float64{0.5, 0.3, 0.2}), w.config.Noises-1)
	}
	for i := range count {
		from, end, db := 0, len(w.noise), 0.0
		whole := w.config.WholeNoises || (i == 0 && r.chance(0.75))
		if !whole {
			length := int(r.geometric(0.3, w.config.Seconds) * Rate)
			from = r.below(len(w.noise))
			end = min(end, from+length)
		}
		if i > 0 {
			db = r.between(-12, 4)
		}
		w.addNoise(r, from, end, db)
	}
}

// addNoise adds one sound to w.noise[from:end] at db over a level of 1.
func (w *MixWorker) addNoise(r *random, from, end int, db float64) {
	dst := w.track[:end-from]
	if r.chance(w.config.Synthetic) {
		synthesise(dst, r)
	} else {
		w.recordedNoise(r, dst)
	}
	level := activeLevel(dst)
	if level == 0 {
		return
	}
	if r.chance(w.config.Swell) {
		swell(dst, r)
	}
	if from > 0 {
		fadeIn(dst, int(r.geometric(0.002, 0.3)*Rate))
	}
	if end < len(w.noise) {
		fadeOut(dst, int(r.geometric(0.002, 0.3)*Rate))
	}
	gain := float32(decibels(db)) / level
	for i, x := range dst {
		w.noise[from+i] += gain * x
	}
}

// recordedNoise fills dst with a recording, from a random place on, repeated as often as it takes: at once, or after random
// pauses when it is a single sound. There are few recordings and many sounds in the world: a share of them is played at another
// speed, perhaps backwards, through resonances of its own.
func (w *MixWorker) recordedNoise(r *random, dst []float32) {
	pool := drawPool(r, w.material.Noise)
	c := pool.Clips[r.below(len(pool.Clips))]
	ratio := 1.0
	if r.chance(0.3) {
		ratio = r.geometric(0.75, 1.33)
	}
	pause := 0.0
	if len(c.Samples) < 4*Rate && r.chance(0.5) {
		pause = r.geometric(0.05, 3)
	}
	whole := c.Samples
	vary := w.config.Vary > 0 && r.chance(w.config.Vary)
	if vary {
		ratio = r.geometric(0.6, 1.7)
		if r.chance(0.35) {
			whole = slices.Clone(whole)
			slices.Reverse(whole)
		}
	}
	src := whole
	if len(src) > len(dst)/2 {
		src = src[r.below(len(src)-len(dst)/2):] // keep at least half of what is asked for
	}
	for at := 0; at < len(dst); {
		length := max(1, int(float64(len(src))/ratio))
		part := dst[at:min(at+length, len(dst))]
		resample(part, src, ratio, 1)
		fadeIn(part, labelHop/2)
		fadeOut(part, labelHop/2)
		at += length
		silence := dst[min(at, len(dst)):min(at+int(pause*Rate), len(dst))]
		clear(silence)
		at += len(silence)
		src = whole
	}
	if vary {
		for range r.below(4) {
			apply(dst, peaking(r.geometric(80, 7000), r.geometric(0.3, 4), r.between(-14, 14)))
		}
	}
}

// swell moves the level slowly by up to 12 dB, as when a source comes near or a volume is turned.
func swell(dst []float32, r *random) {
	depth, period, turn := r.between(2, 12), r.geometric(2, 20), r.unit()
	var gain float32
	for i := range dst {
		if i%controlStep == 0 {
			gain = float32(decibels(depth * 0.5 * (lfo(turn+float64(i)/Rate/period) - 1)))
		}
		dst[i] *= gain
	}
}

// mute puts digital silence and short losses into the mix, and returns the speech that is left. A stretch of silence is no
// speech; a loss of a few packets inside speech is still speech.
func (w *MixWorker) mute(r *random, speech []Span) []Span {
	if r.chance(w.config.Dropouts) {
		for range 1 + r.below(6) {
			at := r.below(len(w.speech))
			clear(w.speech[at:min(at+int(r.between(0.01, 0.06)*Rate), len(w.speech))])
		}
	}
	if !r.chance(w.config.Zeros) {
		return speech
	}
	for range 1 + r.below(3) {
		at := r.below(len(w.speech))
		end := min(at+int(r.geometric(0.1, 4)*Rate), len(w.speech))
		clear(w.speech[at:end])
		speech = cutSpan(speech, Span{at, end})
	}
	return speech
}

// cutSpan removes a stretch from spans.
func cutSpan(spans []Span, cut Span) []Span {
	var out []Span
	for _, s := range spans {
		if left := (Span{s.Start, min(s.End, cut.Start)}); left.Start < left.End {
			out = append(out, left)
		}
		if right := (Span{max(s.Start, cut.End), s.End}); right.Start < right.End {
			out = append(out, right)
		}
	}
	return out
}
