package training

import "math"

// fft is a complex transform of one power-of-two size for convolution alone: the spectrum stays in bit-reversed order,
// which products do not mind, so that no time goes into sorting (decimation in frequency forward, in time backward; Cooley
// and Tukey 1965). It halves its way down depth first, so that the small transforms run in the nearest cache. Several times
// faster than a general transform in double precision, at 24 bits, which is what audio has.
type fft struct {
	// Twiddles of the transform of n points are cos, -sin of 2 pi j/n at [n/2+j], j < n/2.
	cos, sin []float32
}

func newFFT(size int) *fft {
	f := &fft{make([]float32, size), make([]float32, size)}
	for half := 1; half < size; half *= 2 {
		for j := range half {
			s, c := math.Sincos(math.Pi * float64(j) / float64(half))
			f.cos[half+j], f.sin[half+j] = float32(c), float32(-s)
		}
	}
	return f
}

// forward transforms re + i im in place; the result is in bit-reversed order.
func (f *fft) forward(re, im []float32) {
	half := len(re) / 2
	if half == 0 {
		return
	}
	ar, ai, br, bi := re[:half], im[:half], re[half:][:half], im[half:][:half]
	cos, sin := f.cos[half:][:half], f.sin[half:][:half]
	for j := range ar {
		xr, xi := ar[j]-br[j], ai[j]-bi[j]
		ar[j], ai[j] = ar[j]+br[j], ai[j]+bi[j]
		br[j] = float32(xr*cos[j]) - float32(xi*sin[j])
		bi[j] = float32(xr*sin[j]) + float32(xi*cos[j])
	}
	f.forward(ar, ai)
	f.forward(br, bi)
}

// backward undoes forward but for a factor of the size.
func (f *fft) backward(re, im []float32) {
	half := len(re) / 2
	if half == 0 {
		return
	}
	ar, ai, br, bi := re[:half], im[:half], re[half:][:half], im[half:][:half]
	f.backward(ar, ai)
	f.backward(br, bi)
	cos, sin := f.cos[half:][:half], f.sin[half:][:half]
	for j := range ar {
		xr := float32(br[j]*cos[j]) + float32(bi[j]*sin[j])
		xi := float32(bi[j]*cos[j]) - float32(br[j]*sin[j])
		br[j], bi[j] = ar[j]-xr, ai[j]-xi
		ar[j], ai[j] = ar[j]+xr, ai[j]+xi
	}
}
