package training

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamer-audio/streamer/audio"
)

// everything is a mix with all that can happen.
func everything() MixConfig {
	return MixConfig{Seconds: 12, Speechless: 0.2, QuietScene: 0.03, Gap: 1,
		SpeedShare: 0.6, Speed: Range{0.85, 1.2}, Voice: 4,
		SNR: Range{-5, 30}, Clean: 0.12, CleanSNR: Range{30, 60}, Noises: 3, Synthetic: 0.35, Vary: 0.6, Swell: 0.3,
		Room: 0.4, MadeRoom: 0.6, NoiseRoom: 0.12, Band: 0.3, Colour: 0.4, Dynamics: 0.3, Clip: 0.07, Level: Range{-50, -8},
		Floor: 0.7, Zeros: 0.08, Dropouts: 0.04, NoQuantise: 0.15}
}

// testMaterial is speech-like and noise-like sound made from a seed: buzzing syllables with pauses, and coloured noise.
func testMaterial(seed uint64) *Material {
	r := newRandom(seed)
	speech := func(corpus string) Pool {
		p := Pool{Weight: 1}
		for len(p.Clips) < 4 {
			x := make([]float32, int(r.between(0.8, 3)*Rate))
			w := harmonics(partials("saw", 20, r), r)
			for at := int(r.between(0.05, 0.3) * Rate); at < len(x)-Rate/5; at += int(r.between(0.2, 0.7) * Rate) {
				hz := r.between(90, 250)
				render(x[at:at+int(r.between(0.06, 0.19)*Rate)], w, r, func(int) (float64, float64) { return hz, 0.1 })
			}
			if c := NewSpeech(Entry{Name: corpus + "/a.wav"}, x); c != nil {
				p.Clips = append(p.Clips, c)
			}
		}
		return p
	}
	m := &Material{Speech: []Pool{speech("one"), speech("two")}, Noise: []Pool{{Weight: 1}}}
	for range 4 {
		x := make([]float32, int(r.between(0.5, 4)*Rate))
		colourNoise(x, r)
		for i := range x {
			x[i] *= 0.01
		}
		m.Noise[0].Clips = append(m.Noise[0].Clips, NewNoise(Entry{Name: "n/b.wav"}, x))
	}
	m.Rooms = []*Room{drawRoom(r)}
	return m
}

func newTestWorker(t *testing.T, c MixConfig) *MixWorker {
	t.Helper()
	m, err := NewMixer(testMaterial(1), c, 11)
	if err != nil {
		t.Fatal(err)
	}
	return m.NewWorker()
}

func TestSequenceDependsOnItsNumbersAlone(t *testing.T) {
	c := everything()
	c.Seconds = 3
	w := newTestWorker(t, c)
	type key struct{ lane, number uint64 }
	first := map[key][]float32{}
	spans := map[key][]Span{}
	for _, k := range []key{{0, 0}, {0, 1}, {1, 0}, {5, 7}, {2, 2}} {
		mix := w.Sequence(k.lane, k.number)
		first[k], spans[k] = slices.Clone(mix.Samples), mix.Speech
	}
	again := w.NewWorker() // in another order, by another worker
	for _, k := range []key{{5, 7}, {1, 0}, {0, 0}, {2, 2}, {0, 1}} {
		mix := again.Sequence(k.lane, k.number)
		if !slices.Equal(mix.Samples, first[k]) || !slices.Equal(mix.Speech, spans[k]) {
			t.Errorf("sequence %v differs", k)
		}
	}
	if slices.Equal(first[key{0, 1}], first[key{1, 0}]) {
		t.Error("lanes 0 and 1 hear the same")
	}
}

func TestSequencesAreWithinBounds(t *testing.T) {
	c := everything()
	c.Seconds = 2
	w := newTestWorker(t, c)
	speechless, silent, high := 0, 0, 0
	const count = 40
	for i := range uint64(count) {
		mix := w.Sequence(i, i)
		for k, x := range mix.Samples {
			if !(x >= -1 && x <= 1) {
				t.Fatalf("sequence %d, sample %d is %g", i, k, x)
			}
		}
		end := -1
		for _, s := range mix.Speech {
			if s.Start <= end || s.End <= s.Start || s.End > len(mix.Samples) {
				t.Fatalf("sequence %d: spans %v", i, mix.Speech)
			}
			end = s.End
		}
		if mix.SNR < -5 || mix.SNR > 60 {
			t.Errorf("SNR %g", mix.SNR)
		}
		if mix.Corpus == "" {
			speechless++
		}
		switch top := peak(mix.Samples); {
		case top == 0:
			silent++
		case top > 0.9:
			high++
		}
	}
	if speechless < count/20 || speechless > count/3 || silent > count/20 || high == 0 {
		t.Errorf("of %d sequences %d are speechless, %d silent, %d loud", count, speechless, silent, high)
	}
}

// Without noise, rooms and all else, sound is where the labels are, at any speed.
func TestLabelsFollowTheSpeech(t *testing.T) {
	for _, speed := range []Range{{1, 1}, {0.7, 0.8}, {1.3, 1.4}} {
		w := newTestWorker(t, MixConfig{Seconds: 8, Gap: 0.5, SpeedShare: 1, Speed: speed, Level: Range{-20, -20}})
		for i := range uint64(5) {
			mix := w.Sequence(0, i)
			inside := make([]bool, len(mix.Samples))
			for _, s := range mix.Speech {
				for k := s.Start; k < s.End; k++ {
					inside[k] = true
				}
			}
			var in, out float64
			for k, x := range mix.Samples {
				if inside[k] {
					in += float64(x) * float64(x)
				} else {
					out += float64(x) * float64(x)
				}
			}
			if in == 0 || out > in*1e-3 {
				t.Errorf("speed %v, sequence %d: energy %g inside of the labels, %g outside", speed, i, in, out)
			}
		}
	}
}

func TestLevelAndSNR(t *testing.T) {
	c := MixConfig{Seconds: 6, Noises: 1, WholeNoises: true, Level: Range{-30, -30}, NoQuantise: 1}
	for _, snr := range []float64{0, 10, 20} {
		c.SNR = Range{snr, snr}
		w := newTestWorker(t, c)
		var speech, noise float64
		for i := range uint64(12) {
			mix := w.Sequence(0, i)
			marks := make([]float32, len(mix.Samples))
			spanFrames(marks, mix.Speech, 1)
			var s, n, count, others float64
			for k, x := range mix.Samples {
				if marks[k] > 0 {
					s += float64(x) * float64(x)
					count++
				} else {
					n += float64(x) * float64(x)
					others++
				}
			}
			speech += s/count - n/others // speech and noise add up in power
			noise += n / others
		}
		if got := 10 * math.Log10(speech/noise); math.Abs(got-snr) > 1.5 {
			t.Errorf("SNR %.1f dB, asked for %g", got, snr)
		}
		if got := 10 * math.Log10((speech+noise)/12); math.Abs(got+30) > 1.5 {
			t.Errorf("level %.1f dBFS, asked for -30", got)
		}
	}
}

func TestOneCorpus(t *testing.T) {
	w := newTestWorker(t, MixConfig{Seconds: 8, OneCorpus: true, Level: Range{-20, -20}})
	seen := map[string]bool{}
	for i := range uint64(20) {
		seen[w.Sequence(0, i).Corpus] = true
	}
	if diff := cmp.Diff(map[string]bool{"one": true, "two": true}, seen); diff != "" {
		t.Error(diff)
	}
}

func TestResampleKeepsASine(t *testing.T) {
	src := make([]int16, Rate)
	for i := range src {
		src[i] = quantise(float32(0.5 * math.Sin(2*math.Pi*500*float64(i)/Rate)))
	}
	for _, ratio := range []float64{0.8, 1, 1.25} {
		dst := make([]float32, 8000)
		resample(dst, src, ratio, 2)
		for i := 2; i < len(dst); i++ {
			want := math.Sin(2 * math.Pi * 500 * ratio * float64(i) / Rate)
			if math.Abs(float64(dst[i])-want) > 2e-3 {
				t.Fatalf("ratio %g, sample %d: %g, want %g", ratio, i, dst[i], want)
			}
		}
	}
	tail := []float32{9, 9, 9}
	resample(tail, []int16{16384}, 1, 1)
	if !slices.Equal(tail, []float32{0.5, 0, 0}) {
		t.Errorf("beyond the end: %v", tail)
	}
}

func TestTelephoneLimitsTheBand(t *testing.T) {
	tone := func(hz float64) []float32 {
		x := make([]float32, Rate)
		for i := range x {
			x[i] = float32(0.5 * math.Sin(2*math.Pi*hz*float64(i)/Rate))
		}
		return x
	}
	c := newChannel()
	for _, law := range []string{"", "mulaw", "alaw"} {
		low, high := tone(1000), tone(6000)
		clean := slices.Clone(low)
		c.telephone(low, audio.Encoding(law))
		c.telephone(high, audio.Encoding(law))
		for i := range low {
			low[i] -= clean[i]
		}
		noise := 10 * math.Log10(sumSquares(low[2000:14000])/sumSquares(clean[2000:14000]))
		if limit := map[string]float64{"": -70, "mulaw": -33, "alaw": -33}[law]; noise > limit {
			t.Errorf("%q: a tone of 1 kHz comes back with an error of %.1f dB", law, noise)
		}
		if law != "" && noise < -60 {
			t.Errorf("%q: no trace of the codec: %.1f dB", law, noise)
		}
		if rest := 10 * math.Log10(sumSquares(high[2000:14000])/6000/0.125); rest > -50 {
			t.Errorf("%q: 6 kHz passes with %.1f dB", law, rest)
		}
	}
}

func TestSpanArithmetic(t *testing.T) {
	r := newRandom(21)
	for range 500 {
		var spans []Span
		for at := r.below(5); at < 60; at += 1 + r.below(9) {
			s := Span{at, at + 1 + r.below(9)}
			spans, at = append(spans, s), s.End
		}
		cut := Span{r.below(70), 0}
		cut.End = cut.Start + 1 + r.below(30)
		for i, want := range marked(spans, 80) {
			if i >= cut.Start && i < cut.End {
				want = false
			}
			if got := marked(cutSpan(spans, cut), 80)[i]; got != want {
				t.Fatalf("%v without %v: %v", spans, cut, cutSpan(spans, cut))
			}
		}
		var one []Span
		for _, s := range spans {
			one = joinSpans(one, []Span{s})
		}
		if !slices.Equal(marked(one, 80), marked(spans, 80)) {
			t.Fatalf("%v joined: %v", spans, one)
		}
	}
	if got := joinSpans([]Span{{0, 5}}, []Span{{5, 7}, {6, 6}, {9, 10}}); !slices.Equal(got, []Span{{0, 7}, {9, 10}}) {
		t.Errorf("joined: %v", got)
	}
}

func marked(spans []Span, n int) []bool {
	out := make([]bool, n)
	for _, s := range spans {
		for i := s.Start; i < s.End; i++ {
			out[i] = true
		}
	}
	return out
}

// A compressor brings loud and quiet closer together, a gate takes them apart, and neither makes anything louder.
func TestDynamics(t *testing.T) {
	w := newTestWorker(t, MixConfig{Seconds: 3})
	half := len(w.speech) / 2
	closer, apart := 0, 0
	for i := range uint64(60) {
		r := newRandom(i)
		for k := range w.speech {
			if w.speech[k] = r.white(); k >= half {
				w.speech[k] *= 0.001
			}
		}
		before := slices.Clone(w.speech)
		w.dynamics(r, 1)
		gain := func(from, to int) float64 {
			return 10 * math.Log10(sumSquares(w.speech[from:to])/sumSquares(before[from:to]))
		}
		loud, quiet := gain(half/2, half), gain(half+half/2, len(w.speech)) // when release and attack are over
		if loud > 0.01 || quiet > 0.01 {
			t.Errorf("seed %d: a gain of %.2f and %.2f dB", i, loud, quiet)
		}
		if loud < quiet-3 {
			closer++
		}
		if quiet < loud-3 {
			apart++
		}
	}
	if closer < 25 || apart < 10 { // seven in ten compress
		t.Errorf("of 60, %d are closer together and %d further apart", closer, apart)
	}
}

// Varied noises are others: the same draws of recording and place give other sound.
func TestVariedNoisesDiffer(t *testing.T) {
	differ := 0
	for i := range uint64(10) {
		var heard [2][]float32
		for k, share := range []float64{0, 1} {
			w := newTestWorker(t, MixConfig{Seconds: 2, Noises: 1, SkipSpeech: true, Vary: share, Level: Range{-20, -20}})
			heard[k] = make([]float32, 2*Rate)
			w.recordedNoise(newRandom(i), heard[k])
		}
		if !slices.Equal(heard[0], heard[1]) {
			differ++
		}
	}
	if differ < 10 {
		t.Errorf("%d of 10 noises are varied", differ)
	}
}

func TestMixConfigRefusals(t *testing.T) {
	if err := everything().Validate(); err != nil {
		t.Errorf("default: %v", err)
	}
	for name, change := range map[string]func(*MixConfig){
		"seconds": func(c *MixConfig) { c.Seconds = 0.015 }, "endless": func(c *MixConfig) { c.Seconds = 1e9 },
		"share": func(c *MixConfig) { c.Band = 1.1 }, "NaN": func(c *MixConfig) { c.Room = math.NaN() },
		"snr": func(c *MixConfig) { c.SNR = Range{5, 0} }, "speed": func(c *MixConfig) { c.Speed = Range{0, 1} },
		"noises": func(c *MixConfig) { c.Noises = 9 }, "gap": func(c *MixConfig) { c.Gap = -1 },
		"voice": func(c *MixConfig) { c.Voice = math.Inf(1) }, "vary": func(c *MixConfig) { c.Vary = -0.1 },
		"dynamics": func(c *MixConfig) { c.Dynamics = 2 },
	} {
		c := everything()
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, m := range []*Material{{}, {Speech: testMaterial(1).Speech}, {Noise: testMaterial(1).Noise}} {
		if _, err := NewMixer(m, everything(), 1); err == nil {
			t.Error("a mixer without material is accepted")
		}
	}
}
