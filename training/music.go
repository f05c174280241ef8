package training

import "math"

// piece is the plan of a stretch of made music: a tempo, a scale and a row of chords that its parts share.
type piece struct {
	beat   float64   // seconds
	root   float64   // MIDI pitch of the tonic, in the octave below middle C
	scale  []float64 // semitones above the tonic
	chords []int     // scale degree of each bar's chord
	beats  int       // in a bar
}

var scales = [][]float64{
	{0, 2, 4, 5, 7, 9, 11}, // major
	{0, 2, 3, 5, 7, 8, 10}, // minor
	{0, 2, 3, 5, 7, 9, 10}, // dorian
	{0, 2, 4, 7, 9},        // pentatonic
	{0, 3, 5, 6, 7, 10},    // blues
	{0, 1, 4, 5, 7, 8, 11}, // double harmonic
}

func newPiece(r *random) *piece {
	p := &piece{beat: 60 / r.geometric(55, 190), root: 43 + float64(r.below(12)), scale: scales[r.below(len(scales))],
		beats: 3 + r.below(2)}
	for range 4 {
		p.chords = append(p.chords, r.below(len(p.scale)))
	}
	return p
}

// pitch returns the note of a scale degree, which may lie octaves away.
func (p *piece) pitch(degree int) float64 {
	n := len(p.scale)
	octave := int(math.Floor(float64(degree) / float64(n)))
	return p.root + 12*float64(octave) + p.scale[degree-octave*n]
}

// chord returns the degree of the chord that sounds at time t.
func (p *piece) chord(t float64) int {
	return p.chords[int(t/(p.beat*float64(p.beats)))%len(p.chords)]
}

// musicNoise adds made music: one to four parts over a common harmony, or a solo voice.
func musicNoise(dst []float32, r *random) {
	p := newPiece(r)
	if r.chance(0.3) { // solos are the hardest to tell from a voice
		p.part(dst, r, p.melody)
		return
	}
	parts := []func([]float32, *random){p.pad, p.arpeggio, p.melody, p.bass, p.drums}
	for played := 0; played < 1; {
		for _, play := range parts {
			if r.chance(0.5) {
				p.part(dst, r, play)
				played++
			}
		}
	}
}

// part plays on a track of its own, sends that through the part's effects and adds it at a random level.
func (p *piece) part(dst []float32, r *random, play func([]float32, *random)) {
	track := make([]float32, len(dst))
	play(track, r)
	if r.chance(0.2) { // a driven amplifier
		drive := float32(r.geometric(1, 30))
		for i, x := range track {
			x *= drive
			track[i] = x / (1 + max(x, -x))
		}
	}
	if r.chance(0.35) {
		sweep(track, r)
	}
	level := activeLevel(track)
	if level == 0 {
		return
	}
	gain := float32(decibels(r.between(-14, 0))) / level
	for i, x := range track {
		dst[i] += gain * x
	}
}

// sweep sends a track through a resonance that moves, as a wah pedal, a talk box or a synthesiser's filter do. It moves
// through the range of vowels at the rate of syllables, or once a bar. The resonance is Chamberlin's state variable filter.
func sweep(track []float32, r *random) {
	lo := r.geometric(180, 900)
	octaves, period, dry := r.between(0.5, 3.5), r.geometric(0.12, 6), float32(r.between(0, 0.5))
	damping := float32(1 / r.geometric(1, 9))
	var low, band float32
	for start := 0; start < len(track); start += controlStep {
		x := 0.5 + 0.5*lfo(float64(start)/Rate/period)
		hz := min(lo*math.Exp2(octaves*x), 2500)
		f := float32(2 * math.Sin(math.Pi*hz/Rate))
		for i := start; i < min(start+controlStep, len(track)); i++ {
			in := track[i] + denormalGuard
			low += f * band
			band += f * (in - low - damping*band)
			track[i] = dry*in + damping*band
		}
	}
}

// pad plays long chords of three or four notes.
func (p *piece) pad(dst []float32, r *random) {
	v := newInstrument(r)
	v.pluck = false
	if v.wave == nil && v.fmIndex == 0 {
		v.wave = harmonics(partials("saw", 20, r), r)
	}
	bar := p.beat * float64(p.beats)
	octave, notes := len(p.scale)*r.below(2), 3+r.below(2)
	for t := 0.0; t*Rate < float64(len(dst)); t += bar {
		for i := range notes {
			pitch := p.pitch(p.chord(t) + 2*i + octave)
			v.play(dst[int(t*Rate):], r, pitch, pitch, bar*0.95, 0.5)
		}
	}
}

// arpeggio plays the notes of the chord one after the other.
func (p *piece) arpeggio(dst []float32, r *random) {
	v := newInstrument(r)
	v.glide = 0
	step := p.beat / float64(1+r.below(4))
	hold := step * r.between(0.2, 1)
	order := make([]int, 4+r.below(5))
	for i := range order {
		order[i] = 2 * r.below(5)
	}
	octave := len(p.scale) * r.below(3)
	for i, t := 0, 0.0; t*Rate < float64(len(dst)); i, t = i+1, t+step {
		pitch := p.pitch(p.chord(t) + order[i%len(order)] + octave)
		v.play(dst[int(t*Rate):], r, pitch, pitch, hold, r.between(0.5, 1))
	}
}

// melody walks through the scale with a rhythm of long and short notes, rests, and slides. Its range covers that of
// speaking and singing voices.
func (p *piece) melody(dst []float32, r *random) {
	v := newInstrument(r)
	degree := r.below(2 * len(p.scale))
	low, high := -len(p.scale)/2, 3*len(p.scale)
	last := p.pitch(degree)
	rest, hold := r.between(0, 0.35), r.between(0.5, 1)
	for t := r.between(0, p.beat); t*Rate < float64(len(dst)); {
		length := p.beat * []float64{0.25, 0.5, 0.5, 1, 1, 1.5, 2, 3}[r.below(8)]
		if !r.chance(rest) {
			degree = min(max(degree+r.below(7)-3, low), high)
			pitch := p.pitch(degree)
			v.play(dst[int(t*Rate):], r, last, pitch, length*hold, r.between(0.6, 1))
			last = pitch
		}
		t += length
	}
}

// bass plays the root of each chord two octaves down.
func (p *piece) bass(dst []float32, r *random) {
	v := newInstrument(r)
	step := p.beat * []float64{0.5, 1, 1, 2}[r.below(4)]
	for t := 0.0; t*Rate < float64(len(dst)); t += step {
		pitch := p.pitch(p.chord(t) - len(p.scale))
		v.play(dst[int(t*Rate):], r, pitch, pitch, step*0.8, r.between(0.7, 1))
	}
}

// drums repeat a bar of random strokes on a kick, a snare and a hi-hat.
func (p *piece) drums(dst []float32, r *random) {
	step := p.beat / 4
	kick, snare, hat := r.between(0.1, 0.4), r.between(0.1, 0.3), r.between(0.2, 0.9)
	pattern := make([][3]bool, 4*p.beats)
	for i := range pattern {
		pattern[i] = [3]bool{r.chance(kick) || i == 0, r.chance(snare) || i%8 == 4, r.chance(hat)}
	}
	kit := newKit(r)
	for i, t := 0, 0.0; t*Rate < float64(len(dst)); i, t = i+1, t+step {
		at := int(t * Rate)
		for k, hit := range pattern[i%len(pattern)] {
			if hit {
				kit[k].strike(dst[at:], r, r.between(0.5, 1))
			}
		}
	}
}

// drum is a falling tone mixed with noise, both dying away.
type drum struct {
	hz, fall  float64 // pitch at the stroke, and how many semitones it falls
	length    float64 // seconds
	tone      float64
	noise     float32
	noiseEdge float32 // share of the last noise sample that is subtracted: 1 makes it bright
}

func newKit(r *random) [3]drum {
	return [3]drum{
		{hz: r.geometric(90, 200), fall: r.between(10, 30), length: r.geometric(0.08, 0.5), tone: 1.2, noise: 0.03},
		{hz: r.geometric(150, 330), fall: r.between(0, 8), length: r.geometric(0.06, 0.3), tone: r.between(0, 0.6), noise: 0.35, noiseEdge: 0.4},
		{hz: 400, length: r.geometric(0.02, 0.25), noise: float32(r.between(0.08, 0.3)), noiseEdge: 1},
	}
}

func (d *drum) strike(dst []float32, r *random, gain float64) {
	dst = dst[:min(len(dst), int(d.length*Rate))]
	if len(dst) == 0 {
		return
	}
	decay := func(i int) float64 { x := 1 - float64(i)/float64(len(dst)); return max(0, x*x*x) }
	if d.tone > 0 {
		render(dst, sine, r, func(i int) (float64, float64) {
			return d.hz * semitones(d.fall*(decay(i)-1)), gain * d.tone * decay(i)
		})
	}
	var last float32
	for i := range dst {
		x := r.white()
		dst[i] += d.noise * float32(gain*decay(i)) * (x - d.noiseEdge*last)
		last = x
	}
}
