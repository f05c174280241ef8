// Package features turns samples into feature frames, online: samples are
// pushed in pieces of any size, and a frame comes out as soon as the last
// sample that it depends on has arrived. A recording is the same thing with a
// Flush at its end; there is no other path.
//
//	s, _ := features.New(features.DefaultConfig())
//	frame := make([]float32, s.Dim())
//	s.Push(samples)
//	for s.Next(frame) {
//		// use frame
//	}
//
// Frame i stands for the samples [i*hop, (i+1)*hop) and looks back: its window
// ends with its last sample, so it costs no look-ahead. What lies before the
// first sample counts as silence.
package features

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/mjibson/go-dsp/window"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/internal/snapshot"
)

// Extractor is what turns samples into frames. An Extractor belongs to one
// goroutine.
type Extractor interface {
	Dim() int                // values in a frame
	Shift() int              // samples from one frame to the next
	Delay() int              // samples after a frame's own last one that it depends on
	Push(samples []float32)  // takes mono samples in [-1, 1]; keeps no reference
	Next(dst []float32) bool // writes the next finished frame to dst [Dim]
	Flush()                  // pads with silence to a whole hop; afterwards only Next and Reset
	Reset()                  // forgets everything
}

// Stream computes log-mel frames: window, FFT, power, mel bands, logarithm.
type Stream struct {
	plan *plan
	// pending holds the samples that a coming frame needs: at first a window
	// less a hop of silence, then what was pushed. done counts the used up
	// ones at its head; they are moved out when pending runs full.
	pending []float32
	done    int
	partial int // samples since the last hop boundary, all pushed counted
}

// plan is what the streams of one recipe share.
type plan struct {
	config Config
	window []float32
	fft    *kernel.RealFFT
	mel    *kernel.Bands
	rooms  sync.Pool // of *room
}

// room is what a frame is computed in. Streams borrow one: with thousands of
// them, a room for each would have left the caches whenever it is needed.
type room struct{ frame, power, scratch []float32 }

// New returns a Stream for the recipe.
func New(c Config) (*Stream, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &plan{config: c, fft: kernel.NewRealFFT(c.NFFT), mel: newMelBank(c)}
	p.rooms.New = func() any {
		return &room{make([]float32, c.NFFT), make([]float32, c.NFFT/2+1), make([]float32, 2*c.NFFT)}
	}
	for _, w := range window.Hann(c.Window) {
		p.window = append(p.window, float32(w))
	}
	return p.open(), nil
}

// Open returns a fresh Stream of the same recipe; it shares the tables.
func (s *Stream) Open() *Stream { return s.plan.open() }

func (p *plan) open() *Stream {
	s := &Stream{plan: p}
	s.Reset()
	return s
}

// Config returns the recipe.
func (s *Stream) Config() Config { return s.plan.config }

// Dim is the number of mel bands.
func (s *Stream) Dim() int { return s.plan.config.Mels }

// Shift is the hop.
func (s *Stream) Shift() int { return s.plan.config.Hop }

// Delay is 0: a window ends with its hop.
func (s *Stream) Delay() int { return 0 }

// Reset forgets everything.
func (s *Stream) Reset() {
	s.pending = append(s.pending[:0], make([]float32, s.plan.config.Window-s.plan.config.Hop)...)
	s.done, s.partial = 0, 0
}

// Push takes samples. They wait until Next has used them, so a caller bounds
// the memory by asking for frames between pushes.
func (s *Stream) Push(samples []float32) {
	if len(s.pending)+len(samples) > cap(s.pending) {
		s.pending = s.pending[:copy(s.pending, s.pending[s.done:])]
		s.done = 0
	}
	s.pending = append(s.pending, samples...)
	s.partial = (s.partial + len(samples)) % s.plan.config.Hop
}

// Next writes the next frame to dst, if all its samples have come.
func (s *Stream) Next(dst []float32) bool {
	c := &s.plan.config
	if len(dst) != c.Mels {
		panic("features: dst is not Dim() long")
	}
	if len(s.pending)-s.done < c.Window {
		return false
	}
	r := s.plan.rooms.Get().(*room)
	kernel.Mul(r.frame[:c.Window], s.pending[s.done:s.done+c.Window], s.plan.window) // beyond it are zeros
	s.done += c.Hop
	s.plan.fft.Power(r.power, r.frame, r.scratch)
	s.plan.mel.Sum(dst, r.power)
	s.plan.rooms.Put(r)
	kernel.LogSum(dst, float32(c.Floor))
	return true
}

// Flush completes the last frame with silence. Without a partial hop it does
// nothing: the number of frames is samples/hop, rounded up.
func (s *Stream) Flush() {
	if s.partial > 0 {
		s.Push(make([]float32, s.plan.config.Hop-s.partial))
	}
}

const (
	magic   = "STRF"
	version = 1
)

// AppendBinary implements encoding.BinaryAppender: the samples that coming
// frames need.
func (s *Stream) AppendBinary(b []byte) ([]byte, error) {
	b = snapshot.Begin(b, magic, version)
	b = snapshot.AppendBytes(b, []byte(s.plan.config.Hash()))
	b = snapshot.AppendInt(b, int64(s.partial))
	return snapshot.AppendFloats(b, s.pending[s.done:]), nil
}

// maxPending bounds what a snapshot may hold: ten minutes at 16 kHz.
const maxPending = 10 * 60 * 16000

// UnmarshalBinary implements encoding.BinaryUnmarshaler for a snapshot of a
// stream with the same recipe. After an error the stream is as Reset left it.
func (s *Stream) UnmarshalBinary(b []byte) error {
	c := &s.plan.config
	r := snapshot.Open(b, magic, version)
	if hash := r.Bytes("recipe hash", 64); r.Err() == nil && string(hash) != c.Hash() {
		r.Fail("it was made with feature recipe %.64q, this stream has %s", hash, c.Hash())
	}
	partial := int(r.Int("partial hop", 0, int64(c.Hop-1)))
	pending := r.Floats("pending samples", nil, maxPending)
	rest := len(pending) - (c.Window - c.Hop)
	if r.Err() == nil && (rest < 0 || rest%c.Hop != partial) {
		r.Fail("%d pending samples do not fit a partial hop of %d", len(pending), partial)
	}
	s.Reset()
	if err := r.Close(); err != nil {
		return err
	}
	s.pending, s.partial = append(s.pending[:0], pending...), partial
	return nil
}

func strictJSON(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
