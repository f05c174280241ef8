package pipeline

import (
	"slices"
	"testing"
	"time"
)

// run feeds probabilities in tenths and lists the decisions as frame numbers.
func run(c DeciderConfig, tenths string) (starts, ends []int64) {
	d := decider{limits: c.limits(10 * time.Millisecond)}
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
	d := decider{limits: DeciderConfig{On: 0.5, Off: 0.3, MinSpeech: 0, MinSilence: 20 * time.Millisecond}.limits(10 * time.Millisecond)}
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
	} {
		c := DefaultDecider()
		change(&c)
		if c.Validate() == nil {
			t.Errorf("change %d was taken", i)
		}
	}
	if err := DefaultDecider().Validate(); err != nil {
		t.Error(err)
	}
}
