package training

import (
	"math"
	"sync"
)

// Room is an impulse response at Rate, normalised to unit energy, so that speech keeps its level in it. What came before
// the direct path has been cut off: the sound stays where it was, and with it the labels.
type Room struct {
	Name     string
	Response []float32
}

const (
	// roomFFT is the size of the transform that convolves, roomLongest the longest response that leaves a useful
	// share of it for the signal.
	roomFFT     = 1 << 15
	roomLongest = roomFFT / 2
	directPath  = 0.3 // the direct path is the first sample of at least this share of the peak
)

// NewRoom prepares an impulse response. It cuts off what precedes the direct path but for 2 ms, and what lasts longer
// than about a second, where it fades out. It returns nil for a silent response.
func NewRoom(name string, response []float32) *Room {
	var peak float32
	for _, x := range response {
		peak = max(peak, x, -x)
	}
	if peak == 0 {
		return nil
	}
	first := 0
	for max(response[first], -response[first]) < directPath*peak {
		first++
	}
	cut := response[max(0, first-Rate/500):]
	r := &Room{Name: name, Response: append([]float32(nil), cut[:min(len(cut), roomLongest)]...)}
	if len(cut) > roomLongest {
		fadeOut(r.Response, roomLongest/4)
	}
	var energy float64
	for _, x := range r.Response {
		energy += float64(x) * float64(x)
	}
	scale := float32(1 / math.Sqrt(energy))
	for i := range r.Response {
		r.Response[i] *= scale
	}
	return r
}

// drawRoom makes a room: a direct path, a few early reflections and a noise tail that dies away exponentially and loses
// its high part first (Moorer 1979; a statistical model, no geometry).
func drawRoom(r *random) *Room {
	decay := r.geometric(0.08, 1.3) // RT60, seconds
	n := min(int(decay*Rate), roomLongest)
	response := make([]float32, n)
	delay := int(r.between(0.001, 0.02) * Rate) // between the direct path and the tail
	fall := math.Exp2(-math.Log2(1000) / (decay * Rate))
	level, smooth := 1.0, float32(0)
	bright := float32(r.between(0.1, 0.9))
	var energy float64
	for i := delay; i < n; i++ {
		smooth += bright * (r.white() - smooth)
		x := float32(level) * smooth
		response[i] = x
		energy += float64(x) * float64(x)
		level *= fall
	}
	for range r.below(6) {
		response[r.below(n)] += float32(r.between(-0.5, 0.5) * math.Sqrt(energy))
	}
	// Direct to reverberant ratio: from a far corner to a close microphone.
	response[0] = max(1e-3, float32(math.Sqrt(energy)*decibels(r.between(-8, 15))))
	return NewRoom("made", response)
}

// convolver applies rooms by the overlap-add method. It belongs to one goroutine.
type convolver struct {
	fft                    *fft
	re, im                 []float32 // two blocks of signal, one in each part
	responseRe, responseIm []float32
	out                    []float32
}

// roomTransform makes the tables that all convolvers share.
var roomTransform = sync.OnceValue(func() *fft { return newFFT(roomFFT) })

func newConvolver() *convolver {
	c := &convolver{fft: roomTransform()}
	for _, part := range []*[]float32{&c.re, &c.im, &c.responseRe, &c.responseIm} {
		*part = make([]float32, roomFFT)
	}
	return c
}

// apply replaces samples by what the room makes of them; the tail that lasts longer is dropped. The pre-delay of 2 ms
// that NewRoom may leave is small against a label frame.
//
// The response h is real, so one complex transform takes two blocks a and b at once: (a + ib)*h = a*h + i b*h. A transform of
// less than roomFFT points is enough when both blocks fit into it.
func (c *convolver) apply(samples []float32, room *Room) {
	size := roomFFT
	for size/2 >= (len(samples)+1)/2+len(room.Response) {
		size /= 2
	}
	re, im, responseRe, responseIm := c.re[:size], c.im[:size], c.responseRe[:size], c.responseIm[:size]
	pad(responseRe, room.Response)
	clear(responseIm)
	c.fft.forward(responseRe, responseIm)
	if cap(c.out) < len(samples) {
		c.out = make([]float32, len(samples))
	}
	out := c.out[:len(samples)]
	clear(out)
	step := size - len(room.Response) + 1
	for start := 0; start < len(samples); start += 2 * step {
		second := min(start+step, len(samples))
		pad(re, samples[start:second])
		pad(im, samples[second:min(second+step, len(samples))])
		c.fft.forward(re, im)
		for i, hr := range responseRe {
			hi, xr, xi := responseIm[i], re[i], im[i]
			re[i] = float32(xr*hr) - float32(xi*hi)
			im[i] = float32(xr*hi) + float32(xi*hr)
		}
		c.fft.backward(re, im)
		addScaled(out[start:], re)
		addScaled(out[second:], im)
	}
	copy(samples, out)
}

// pad copies samples to the head of dst and clears the rest.
func pad(dst, samples []float32) { clear(dst[copy(dst, samples):]) }

// addScaled adds what of block fits into dst, without the factor that the transforms leave: their size.
func addScaled(dst, block []float32) {
	scale := 1 / float32(len(block))
	for i, x := range block[:min(len(block), len(dst))] {
		dst[i] += float32(x * scale)
	}
}
