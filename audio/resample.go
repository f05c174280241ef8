package audio

import (
	"fmt"

	"github.com/streamer-audio/streamer/internal/snapshot"
)

const (
	// Input is taken in blocks of this size, which bounds the buffer.
	resampleBlock = 1024
	// maxPosition bounds positions in a saved state, 12 000 years of audio.
	maxPosition = 1 << 56

	resamplerMagic   = "RSMP"
	resamplerVersion = 1
)

// Resampler converts one stream of samples from one rate to another by the
// exact ratio of the two, with a polyphase FIR filter (Crochiere and Rabiner,
// "Multirate Digital Signal Processing", 1983).
//
// Below 0.45 of the lower rate the signal is kept to 0.05 dB; what lies at or
// above half the lower rate, and would alias, is at least 80 dB down, and so
// are the images of a conversion upward. Samples are expected to be finite.
//
// Output sample n is the signal at the time n/to. The filter is symmetric
// around it and so shifts nothing; it waits for the future it needs: 48
// samples of the lower rate, which is 3 ms if that is 16 kHz and 6 ms if it is
// 8 kHz. [Resampler.Needed] states it to the sample. Before the first sample
// and, by Flush, after the last the signal counts as zero.
//
// If the two rates are the same, samples pass untouched and at once.
//
// A Resampler belongs to one goroutine. The zero value can only be restored by
// UnmarshalBinary.
type Resampler struct {
	from, to int
	filter   *filter   // nil if from == to
	in       int64     // samples pushed
	out      int64     // samples given
	phase    int       // of the next output: its distance from an input, in 1/up
	buf      []float32 // input from the first sample that the next output needs
}

// NewResampler returns a Resampler between two rates in Hz, each within
// [MinRate], [MaxRate].
func NewResampler(from, to int) (*Resampler, error) {
	if err := checkRate(from); err != nil {
		return nil, fmt.Errorf("resampler input: %w", err)
	}
	if err := checkRate(to); err != nil {
		return nil, fmt.Errorf("resampler output: %w", err)
	}
	r := &Resampler{from: from, to: to}
	if from != to {
		g := gcd(from, to)
		r.filter = sharedFilter(to/g, from/g)
		r.buf = make([]float32, 0, 2*r.filter.half+resampleBlock)
	}
	r.Reset()
	return r, nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Reset forgets all input: the next sample pushed is the first of a stream.
func (r *Resampler) Reset() {
	r.in, r.out, r.phase = 0, 0, 0
	if r.filter != nil {
		r.buf = r.buf[:r.filter.half-1]
		clear(r.buf) // the silence before the stream
	}
}

// Needed returns how many samples must have been pushed before Push gives
// output sample n (n >= 0, counted from the last Reset or Flush): it does so in
// the Push that brings sample Needed(n)-1, and depends on nothing after it.
func (r *Resampler) Needed(n int64) int64 {
	if r.filter == nil {
		return n + 1
	}
	// The position of the output in the input is n*down/up; dividing first
	// keeps the product small.
	up, down := int64(r.filter.up), int64(r.filter.down)
	return n/up*down + (n%up*down+up-1)/up + int64(r.filter.half)
}

// ready is the number of outputs for which in samples suffice: of those n with
// Needed(n) <= in.
func (r *Resampler) ready(in int64) int64 {
	in -= int64(r.filter.half)
	if in < 0 {
		return 0
	}
	up, down := int64(r.filter.up), int64(r.filter.down)
	return in/down*up + in%down*up/down + 1
}

// Push takes samples and appends to dst what can be told of the output.
func (r *Resampler) Push(dst, samples []float32) []float32 {
	if r.filter == nil {
		r.in += int64(len(samples))
		r.out = r.in
		return append(dst, samples...)
	}
	for len(samples) > 0 {
		n := min(len(samples), resampleBlock)
		r.buf = append(r.buf, samples[:n]...)
		r.in += int64(n)
		dst = r.emit(dst, r.ready(r.in))
		samples = samples[n:]
	}
	return dst
}

// Flush ends the stream: it appends what is left of the output, so that N
// samples in all gave ceil(N*to/from), and resets r.
func (r *Resampler) Flush(dst []float32) []float32 {
	if r.filter != nil {
		f := r.filter
		up, down := int64(f.up), int64(f.down)
		total := r.in/down*up + (r.in%down*up+down-1)/down
		for silence := f.half; silence > 0; {
			n := min(silence, resampleBlock)
			at := len(r.buf)
			r.buf = r.buf[:at+n]
			clear(r.buf[at:])
			r.in += int64(n)
			dst = r.emit(dst, min(total, r.ready(r.in)))
			silence -= n
		}
	}
	r.Reset()
	return dst
}

// emit appends the outputs before limit and drops the input that no later one
// needs.
func (r *Resampler) emit(dst []float32, limit int64) []float32 {
	f := r.filter
	start := 0
	for ; r.out < limit; r.out++ {
		dst = append(dst, f.at(r.buf[start:], r.phase))
		r.phase += f.down % f.up
		start += f.down / f.up
		if r.phase >= f.up {
			r.phase -= f.up
			start++
		}
	}
	r.buf = r.buf[:copy(r.buf, r.buf[start:])]
	return dst
}

// at is the output at phase/up after sample half-1 of x.
func (f *filter) at(x []float32, phase int) float32 {
	if phase == 0 {
		// On a sample the filter ends one earlier.
		return dot(f.row(0)[:2*f.half-1], x)
	}
	if f.exact {
		return dot(f.row(phase), x)
	}
	p, rest := phase*f.rows/f.up, phase*f.rows%f.up
	y := dot(f.row(p), x)
	return y + float32(float32(rest)/float32(f.up)*(dot(f.row(p+1), x)-y))
}

// dot is the inner product of a and the beginning of b. Four sums that do not
// wait for each other, each product and each sum rounded: the same bits on
// every machine. Eight at a time, as the compiler keeps its checks per step.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	i := 0
	for ; i+8 <= len(a); i += 8 {
		x, y := a[i:i+8:i+8], b[i:i+8:i+8]
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
		s0 += float32(x[4] * y[4])
		s1 += float32(x[5] * y[5])
		s2 += float32(x[6] * y[6])
		s3 += float32(x[7] * y[7])
	}
	for ; i < len(a); i++ {
		s0 += float32(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// AppendBinary appends the state of r to b, at most 20 KiB. What is pushed
// into a Resampler restored from it gives the same bits as pushed into r.
func (r *Resampler) AppendBinary(b []byte) ([]byte, error) {
	b = snapshot.Begin(b, resamplerMagic, resamplerVersion)
	b = snapshot.AppendInt(b, int64(r.from))
	b = snapshot.AppendInt(b, int64(r.to))
	b = snapshot.AppendInt(b, r.in)
	return snapshot.AppendFloats(b, r.buf), nil
}

// UnmarshalBinary restores what AppendBinary wrote. The state must be of the
// rates of r, unless r is the zero value. After an error r is as before.
func (r *Resampler) UnmarshalBinary(b []byte) error {
	s, err := readResampler(b)
	if err != nil {
		return fmt.Errorf("resampler state: %w", err)
	}
	if r.from != 0 && (r.from != s.from || r.to != s.to) {
		return fmt.Errorf("resampler state: it is of %d to %d Hz, this stream is of %d to %d Hz: restore it into a stream of its own rates", s.from, s.to, r.from, r.to)
	}
	*r = *s
	return nil
}

func readResampler(b []byte) (*Resampler, error) {
	src := snapshot.Open(b, resamplerMagic, resamplerVersion)
	from := int(src.Int("input rate", MinRate, MaxRate))
	to := int(src.Int("output rate", MinRate, MaxRate))
	in := src.Int("position", 0, maxPosition)
	if err := src.Err(); err != nil {
		return nil, err
	}
	r, err := NewResampler(from, to)
	if err != nil {
		return nil, err
	}
	r.seek(in)
	src.FloatsInto("input", r.buf)
	return r, src.Close()
}

// seek sets the position to where in samples were pushed, and the buffer to
// the size that it has there.
func (r *Resampler) seek(in int64) {
	r.in, r.out = in, in
	if r.filter == nil {
		return
	}
	up, down := int64(r.filter.up), int64(r.filter.down)
	r.out = r.ready(in)
	r.phase = int(r.out % up * down % up)
	start := r.out/up*down + r.out%up*down/up - int64(r.filter.half) + 1
	r.buf = r.buf[:in-start]
}
