package pipeline

import (
	"encoding"
	"math"

	"github.com/streamer-audio/streamer/internal/snapshot"
)

const (
	magic   = "STRP"
	version = 2 // 2: evidence
	// maxStage bounds what one stage may have saved.
	maxStage = 1 << 30
)

// AppendBinary implements encoding.BinaryAppender: all that a causal session
// needs to go on bit for bit. The audio of an open segment that waits for its
// final pass is not in it; such a segment gets no revision after a restore.
func (s *Session) AppendBinary(b []byte) ([]byte, error) {
	b = snapshot.Begin(b, magic, version)
	for _, v := range s.fixed() {
		b = snapshot.AppendInt(b, v)
	}
	for _, v := range s.counters() {
		b = snapshot.AppendInt(b, *v)
	}
	b = snapshot.AppendInt(b, int64(boolInt(s.decider.speech)))
	for _, v := range []float64{s.decider.sum, s.decider.tail, float64(s.decider.evidence)} {
		b = snapshot.AppendFloat(b, v)
	}
	for _, stage := range s.stages() {
		raw, err := stage.AppendBinary(nil)
		if err != nil {
			return nil, err
		}
		b = snapshot.AppendBytes(b, raw)
	}
	return b, nil
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler for a snapshot of a
// session of the same pipeline and rate. After an error the session is as Open
// made it, at position 0.
func (s *Session) UnmarshalBinary(b []byte) error {
	err := s.restore(b)
	if err != nil {
		s.restart()
		for _, v := range s.counters() {
			*v = 0
		}
	}
	return err
}

func (s *Session) restore(b []byte) error {
	r := snapshot.Open(b, magic, version)
	for i, want := range s.fixed() {
		if got := r.Int("setting", math.MinInt64, math.MaxInt64); r.Err() == nil && got != want {
			r.Fail("%s is %d, this session has %d", [...]string{"rate", "threshold on", "threshold off", "evidence", "minimum of speech",
				"minimum of silence", "pre-roll", "post-roll"}[i], got, want)
		}
	}
	for _, v := range s.counters() {
		*v = r.Int("counter", 0, maxPosition)
	}
	s.decider.speech = r.Int("speech", 0, 1) == 1
	s.decider.sum, s.decider.tail = weight(r, "sum", maxPosition), weight(r, "tail", maxPosition)
	s.decider.evidence = float32(weight(r, "evidence", float64(s.decider.enough)))
	for _, stage := range s.stages() {
		raw := r.Bytes("stage", maxStage)
		if err := r.Err(); err != nil {
			return err
		}
		if err := stage.UnmarshalBinary(raw); err != nil {
			return err
		}
	}
	if s.final != nil {
		s.final.reset()
		s.final.first = s.framed
		s.final.said = s.framed
	}
	return r.Close()
}

// weight reads a number that is not below 0.
func weight(r *snapshot.Reader, name string, most float64) float64 {
	v := r.Float()
	if !(v >= 0 && v <= most) {
		r.Fail("%s is %g, not between 0 and %g", name, v, most)
		return 0
	}
	return v
}

// fixed are the settings that a snapshot must share with its session.
func (s *Session) fixed() [8]int64 {
	l := &s.p.limits
	return [8]int64{int64(s.rate), int64(math.Float32bits(l.on)), int64(math.Float32bits(l.off)),
		int64(math.Float32bits(l.enough)), l.minSpeech, l.minSilence, l.preRoll, l.postRoll}
}

// counters are the numbers of a session and of its decider.
func (s *Session) counters() [12]*int64 {
	d := &s.decider
	return [12]*int64{&s.base, &s.pushed, &s.framed, &s.n.event, &s.n.final, &s.n.frame, &s.started, &s.opened,
		&d.next, &d.begin, &d.silent, &d.lastEnd}
}

// stage is a part of a session that saves itself.
type stage interface {
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

func (s *Session) stages() [3]stage { return [3]stage{s.resampler, s.features, s.state} }

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
