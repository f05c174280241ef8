package pipeline

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const hop = 10 * time.Millisecond

// run feeds probabilities in tenths and lists the decisions as frame numbers.
func run(c DeciderConfig, tenths string) (starts, ends []int64) {
	d := decider{limits: c.limits(hop)}
	take := func(x decision) {
		switch x.kind {
		case SpeechStart:
			starts = append(starts, x.frame)
		case SpeechEnd:
			ends = append(ends, x.frame)
		}
	}
	for _, p := range tenths {
		take(d.step(float32(p-'0') / 10))
	}
	take(d.flush())
	return starts, ends
}

func TestDecider(t *testing.T) {
	plain := DeciderConfig{On: 0.5, Off: 0.3, MinSpeech: 30 * time.Millisecond, MinSilence: 40 * time.Millisecond}
	roll := plain
	roll.PreRoll, roll.PostRoll = 20*time.Millisecond, 10*time.Millisecond
	for _, c := range []struct {
		name         string
		config       DeciderConfig
		in           string
		starts, ends []int64
	}{
		{"silence", plain, "0000000000", nil, nil},
		{"one word", plain, "0009999990000000", []int64{3}, []int64{9}},
		{"too short", plain, "000990000099000", nil, nil},
		{"hysteresis keeps a weak middle", plain, "00994449900000", []int64{2}, []int64{9}},
		{"a weak beginning does not count", plain, "00444999000000", []int64{5}, []int64{8}},
		{"a short pause is bridged", plain, "099990009990000", []int64{1}, []int64{11}},
		{"a long pause divides", plain, "09999000099990000", []int64{1, 9}, []int64{5, 13}},
		{"open at the end", plain, "0000999", []int64{4}, []int64{7}},
		{"pause at the end", plain, "00999900", []int64{2}, []int64{6}},
		{"unannounced at the end", plain, "0000099", nil, nil},
		{"rolls", roll, "0000099990000000", []int64{3}, []int64{10}},
		{"pre-roll stops at the beginning", roll, "099990000", []int64{0}, []int64{6}},
		{"pre-roll stops at the last end", roll, "9999000099990000", []int64{0, 6}, []int64{5, 13}},
	} {
		starts, ends := run(c.config, c.in)
		if !slices.Equal(starts, c.starts) || !slices.Equal(ends, c.ends) {
			t.Errorf("%s: starts %v ends %v, want %v %v", c.name, starts, ends, c.starts, c.ends)
		}
	}
}

func TestPreRollNeverOverlapsTheLastSegment(t *testing.T) {
	c := DeciderConfig{On: 0.5, Off: 0.3, MinSpeech: 10 * time.Millisecond, MinSilence: 20 * time.Millisecond,
		PreRoll: 500 * time.Millisecond, PostRoll: 20 * time.Millisecond}
	starts, ends := run(c, "99900999009990099")
	for i := range ends[:len(ends)-1] {
		if starts[i+1] < ends[i] {
			t.Fatalf("segment %d begins at %d, before the last one's end %d", i+1, starts[i+1], ends[i])
		}
	}
}

func TestSegmentProbabilityIsTheMeanOverSpeech(t *testing.T) {
	d := decider{limits: DeciderConfig{On: 0.5, Off: 0.3, MinSpeech: 0, MinSilence: 20 * time.Millisecond}.limits(hop)}
	var last decision
	for _, p := range []float32{0.75, 0.25, 0.5, 0.125, 0.125} {
		if x := d.step(p); x.kind != "" {
			last = x
		}
	}
	if last.kind != SpeechEnd || last.frame != 3 || last.prob != 0.5 {
		t.Fatalf("%+v", last)
	}
}

func TestDeciderConfigErrors(t *testing.T) {
	for i, change := range []func(*DeciderConfig){
		func(c *DeciderConfig) { c.On = 1 }, func(c *DeciderConfig) { c.Off = 0.9 },
		func(c *DeciderConfig) { c.MinSpeech = -1 }, func(c *DeciderConfig) { c.MinSilence = time.Hour },
		func(c *DeciderConfig) { c.PreRoll = -1 }, func(c *DeciderConfig) { c.PostRoll = c.MinSilence + 1 },
		func(c *DeciderConfig) { c.PostRoll = -time.Hour }, func(c *DeciderConfig) { c.Sensitivity = 1 },
		func(c *DeciderConfig) { c.Sensitivity = -0.1 }, func(c *DeciderConfig) { c.Sensitivity = math.NaN() },
		func(c *DeciderConfig) { c.Evidence = -1 }, func(c *DeciderConfig) { c.Evidence = math.Inf(1) },
		func(c *DeciderConfig) { c.On, c.Off = 0, 0 },
	} {
		for _, both := range []bool{false, true} {
			c := DefaultDecider(both)
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			change(&c)
			if c.orDefault(both).Validate() == nil {
				t.Errorf("change %d was taken", i)
			}
		}
	}
}

func TestDeciderOfNothingIsTheDefault(t *testing.T) {
	for _, both := range []bool{false, true} {
		if got := (DeciderConfig{}).orDefault(both).limits(hop); got != DefaultDecider(both).limits(hop) {
			t.Errorf("both=%v: %+v", both, got)
		}
		want := DefaultDecider(both)
		want.Sensitivity = 0.8
		if got := (DeciderConfig{Sensitivity: 0.8}).orDefault(both); got != want {
			t.Errorf("both=%v: %+v", both, got)
		}
		if want.limits(hop) == DefaultDecider(both).limits(hop) {
			t.Error("Sensitivity changes nothing")
		}
	}
	c := DeciderConfig{MinSilence: time.Second} // a half-filled one is no default with a wish that is lost
	if c.orDefault(false).Validate() == nil {
		t.Error("a decider without thresholds was taken")
	}
}

// row is probabilities: pairs of a number of frames and their value.
func row(pairs ...float64) (probs []float64) {
	for i := 0; i < len(pairs); i += 2 {
		for range int(pairs[i]) {
			probs = append(probs, pairs[i+1])
		}
	}
	return probs
}

func TestDoubtfulSoundsMustLastLonger(t *testing.T) {
	c := DefaultDecider(false)
	c.Evidence, c.MinSpeech, c.PreRoll = 10, 0, 0
	for _, q := range []struct {
		prob  float64
		known int // frames from the beginning of the run to its announcement
	}{
		{1, 3},     // 4 nats each: the most that a frame can say
		{0.97, 3},  // 3.48
		{0.95, 4},  // 2.94
		{0.8, 8},   // 1.39
		{0.6, 25},  // 0.41
		{0.55, 50}, // 0.2007
	} {
		probs := row(30, 0.1, 200, q.prob, 50, 0.1)
		got := c.Segments(probs, hop)
		if len(got) != 1 || got[0].Start != 30 || got[0].Known != 30+q.known-1 {
			t.Errorf("p = %g: %+v, want known after %d frames", q.prob, got, q.known)
		}
		if short := c.Segments(row(30, 0.1, float64(q.known-1), q.prob, 50, 0.1), hop); len(short) != 0 {
			t.Errorf("p = %g: %d frames are announced", q.prob, q.known-1)
		}
	}
	if got := c.Segments(row(10, 0.1, 5000, 0.5), hop); len(got) != 0 {
		t.Errorf("what says nothing is announced: %+v", got)
	}
}

// The run begins where the evidence last rose from 0: what came before it is
// outweighed by silence.
func TestARunBeginsWhereEvidenceRoseFromZero(t *testing.T) {
	c := DefaultDecider(false)
	c.Evidence, c.MinSpeech, c.PreRoll = 10, 0, 0
	for _, q := range []struct {
		name  string
		probs []float64
		start int
	}{
		{"a click before it", row(10, 0, 2, 0.99, 3, 0.01, 10, 0.99, 40, 0), 15}, // 8, then 0 after two of the three
		{"a stop inside the word", row(10, 0, 2, 0.9, 1, 0.3, 10, 0.9, 40, 0), 10},
		{"a weak beginning", row(10, 0, 5, 0.55, 10, 0.95, 40, 0), 10},
	} {
		got := c.Segments(q.probs, hop)
		if len(got) != 1 || got[0].Start != q.start {
			t.Errorf("%s: %+v, want a start at %d", q.name, got, q.start)
		}
	}
}

// A loud beginning must not be announced in the silence that follows it.
func TestMinSpeechIsNotPaidByEvidence(t *testing.T) {
	c := DefaultDecider(false)
	c.Evidence, c.MinSpeech = 8, 100*time.Millisecond
	if got := c.Segments(row(10, 0, 9, 1, 50, 0), hop); len(got) != 0 {
		t.Errorf("90 ms were announced: %+v", got)
	}
	if got := c.Segments(row(10, 0, 10, 1, 50, 0), hop); len(got) != 1 || got[0].Known != 19 {
		t.Errorf("100 ms: %+v", got)
	}
}

func TestShortWordsAreKept(t *testing.T) {
	for _, both := range []bool{false, true} {
		for frames := 6.0; frames <= 8; frames++ {
			got := DefaultDecider(both).Segments(row(50, 0.02, frames, 0.97, 50, 0.02), hop)
			if len(got) != 1 || got[0].Known >= 50+int(frames) {
				t.Errorf("both=%v: a word of %g ms: %+v", both, 10*frames, got)
			}
		}
	}
}

func TestPausesAreNotBridged(t *testing.T) {
	for _, both := range []bool{false, true} {
		c := DefaultDecider(both)
		silence := float64(c.MinSilence / hop)
		for pause, want := range map[float64]int{silence - 1: 1, silence: 2, silence + 1: 2, 2 * silence: 2} {
			if got := c.Segments(row(20, 0.02, 40, 0.97, pause, 0.02, 40, 0.97, 50, 0.02), hop); len(got) != want {
				t.Errorf("both=%v: a pause of %g frames: %+v", both, pause, got)
			}
		}
	}
}

func TestSensitivityMovesTheThresholds(t *testing.T) {
	c := DefaultDecider(false)
	for _, s := range []float64{0.01, 0.2, 0.5, 0.9, 0.999} {
		c.Sensitivity = s
		on, off := float64(c.limits(hop).on), float64(c.limits(hop).off)
		if math.Abs(on-(1-s)) > 1e-6 {
			t.Errorf("sensitivity %g: speech begins at %g", s, on)
		}
		want := math.Log(c.Off/(1-c.Off)) + math.Log((1-s)/s)
		if got := math.Log(off / (1 - off)); math.Abs(got-want) > 1e-3 {
			t.Errorf("sensitivity %g: log-odds of Off %g, want %g", s, got, want)
		}
	}
	c.Sensitivity = 0.5
	if l := c.limits(hop); l.on != 0.5 || l.off != 0.35 {
		t.Errorf("1/2 is not neutral: %+v", l)
	}
}

// More sensitivity never makes speech less, or later.
func TestSensitivityIsMonotonous(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 0))
	for range 50 {
		probs := make([]float64, 600)
		logit := -2.0
		for i := range probs {
			logit += 0.7*rng.NormFloat64() - 0.05*logit
			probs[i] = 1 / (1 + math.Exp(-logit))
		}
		last, least, most := -1, 0, 0
		for _, s := range []float64{0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98} {
			c := DefaultDecider(false)
			c.Sensitivity = s
			n := 0
			for _, x := range c.Segments(probs, hop) {
				n += x.End - x.Start
			}
			if n < last {
				t.Fatalf("sensitivity %g: %d frames of speech, the one before had %d", s, n, last)
			}
			if last < 0 {
				least = n
			}
			last, most = n, n
		}
		if most-least < 100 {
			t.Errorf("from %d to %d frames of speech only", least, most)
		}
	}
}

func TestRolls(t *testing.T) {
	c := DeciderConfig{On: 0.5, Off: 0.3, MinSpeech: 10 * time.Millisecond, MinSilence: 50 * time.Millisecond}
	for _, q := range []struct {
		pre, post  int // ms
		probs      []float64
		start, end int
	}{
		{0, 0, row(10, 0, 10, 1, 10, 0), 10, 20},
		{30, 20, row(10, 0, 10, 1, 10, 0), 7, 22},
		{0, -30, row(10, 0, 10, 1, 10, 0), 10, 17},
		{0, -35, row(10, 0, 10, 1, 10, 0), 10, 17},  // up to whole frames, below 0 too
		{0, -300, row(10, 0, 10, 1, 10, 0), 10, 11}, // a segment has a frame
		{40, -300, row(10, 0, 10, 1, 10, 0), 6, 11},
		{0, 50, row(10, 0, 10, 1, 2, 0), 10, 22}, // not behind what is known
		{0, -30, row(10, 0, 10, 1), 10, 20},      // interrupted, not held on to
		{0, -30, row(10, 0, 10, 1, 1, 0), 10, 17},
	} {
		c.PreRoll, c.PostRoll = time.Duration(q.pre)*time.Millisecond, time.Duration(q.post)*time.Millisecond
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		got := c.Segments(q.probs, hop)
		if len(got) != 1 || got[0].Start != q.start || got[0].End != q.end {
			t.Errorf("rolls of %d and %d ms: %+v, want %d..%d", q.pre, q.post, got, q.start, q.end)
		}
	}
}

// What Segments says of the probabilities of a session is what the session says.
func TestSegmentsAreThoseOfASession(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 0))
	for _, both := range []bool{false, true} {
		p := newPipeline(t, both, func(c *Config) { c.Frames, c.Decider.Sensitivity = true, 0.6 })
		s := open(t, p, 16000)
		events, probs := gather(nil, nil, s.Push(nil, bursts(rng, 16000, 5)))
		events, probs = gather(events, probs, s.Flush(nil))
		var got, want []int64
		for _, e := range events {
			switch e.Type {
			case SpeechStart, SpeechEnd:
				got = append(got, e.Sample)
			case SegmentType:
				got = append(got, e.Sample, e.Sample+int64(math.Round(16000*e.Duration)))
			}
		}
		c := DefaultDecider(both)
		c.Sensitivity = 0.6
		for _, x := range c.Segments(probs, p.Hop()) {
			want = append(want, 160*int64(x.Start), 160*int64(x.End))
		}
		if len(want) < 4 || !slices.Equal(got, want) {
			t.Errorf("both=%v: a session says %v, Segments %v", both, got, want)
		}
	}
}

// Whatever comes in, segments are in order, hold a frame each, and nothing is
// said of frames that are not there.
func TestSegmentsAreInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 0))
	for range 300 {
		ms := func(n int) time.Duration { return time.Duration(rng.IntN(n)) * time.Millisecond }
		c := DeciderConfig{On: 0.5, Off: 0.1 + 0.4*rng.Float64(), Sensitivity: rng.Float64(), Evidence: float64(rng.IntN(20)),
			MinSpeech: ms(100), MinSilence: ms(150), PreRoll: ms(200)}
		c.PostRoll = ms(300) - 300*time.Millisecond + c.MinSilence
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		probs := make([]float64, 400)
		for i := range probs {
			probs[i] = rng.Float64()
		}
		end := 0
		for _, s := range c.Segments(probs, hop) {
			if s.Start < end || s.End <= s.Start || s.Known < s.Start || s.End > len(probs) {
				t.Fatalf("%+v after an end at %d, %+v", s, end, c)
			}
			end = s.End
		}
	}
}

func TestBrokenNumbersDoNotStay(t *testing.T) {
	c := DefaultDecider(false)
	probs := row(20, 0.1, 3, math.NaN(), 2, math.Inf(1), 2, math.Inf(-1), 20, 0.1, 20, 0.95, 30, 0.1)
	got := c.Segments(probs, hop)
	if len(got) != 1 || got[0].Known < 47 {
		t.Errorf("%+v", got)
	}
}

func TestDeciderAllocatesNothing(t *testing.T) {
	d := decider{limits: DefaultDecider(false).limits(hop)}
	i := 0
	if n := testing.AllocsPerRun(1000, func() { d.step(float32(i%97) / 97); i++ }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
