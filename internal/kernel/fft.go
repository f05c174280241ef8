package kernel

import (
	"math"
	"math/bits"
)

// RealFFT computes power spectra of real frames of one size. It is immutable
// and may be shared; scratch comes from the caller.
//
// A real frame of N samples is transformed as N/2 complex numbers (even
// samples real, odd samples imaginary) and separated afterwards (Press et al.,
// "Numerical Recipes", 12.3). The complex transform is decimation in time,
// radix 2.
type RealFFT struct {
	n       int
	swap    []int32   // bit reversal: position of the j-th complex input
	cos     []float32 // cos(2 pi k/(N/2)), k < N/4
	sin     []float32 // -sin of the same
	sepCos  []float32 // cos(2 pi k/N), k <= N/4
	sepSin  []float32 // -sin of the same
	logHalf int
	tables  fftTables
}

// NewRealFFT returns the transform of n samples; n is a power of two >= 8.
func NewRealFFT(n int) *RealFFT {
	if n < 8 || n&(n-1) != 0 {
		panic("kernel: FFT size must be a power of two and at least 8")
	}
	half := n / 2
	f := &RealFFT{n: n, logHalf: bits.Len(uint(half)) - 1}
	for j := range half {
		f.swap = append(f.swap, int32(bits.Reverse32(uint32(j))>>(32-f.logHalf)))
	}
	for k := range half / 2 {
		s, c := math.Sincos(2 * math.Pi * float64(k) / float64(half))
		f.cos, f.sin = append(f.cos, float32(c)), append(f.sin, float32(-s))
	}
	for k := range n/4 + 1 {
		s, c := math.Sincos(2 * math.Pi * float64(k) / float64(n))
		f.sepCos, f.sepSin = append(f.sepCos, float32(c)), append(f.sepSin, float32(-s))
	}
	f.tables = newFFTTables(f)
	return f
}

// Size is the number of samples of a frame.
func (f *RealFFT) Size() int { return f.n }

// Power writes the power spectrum |X[k]|^2, k = 0..N/2, of the frame into dst
// [N/2+1]. scratch is [2N]. None of them may overlap another. All variants
// give the same bits.
func (f *RealFFT) Power(dst, frame, scratch []float32) {
	if len(dst) != f.n/2+1 || len(frame) != f.n || len(scratch) != 2*f.n {
		panic("kernel: slices do not match the size of the FFT")
	}
	f.power(dst, frame, scratch)
}

func (f *RealFFT) powerPlain(dst, frame, scratch []float32) {
	half := f.n / 2
	re, im := scratch[:half], scratch[half:f.n]
	for j, p := range f.swap {
		re[p], im[p] = frame[2*j], frame[2*j+1]
	}
	f.transform(re, im)
	f.separate(dst, re, im)
}

// transform is the complex FFT of N/2 points over bit-reversed input.
func (f *RealFFT) transform(re, im []float32) {
	half := len(re)
	for span := 1; span < half; span *= 2 {
		stride := half / (2 * span)
		for base := 0; base < half; base += 2 * span {
			ar, ai := re[base:base+span], im[base:base+span]
			br, bi := re[base+span:base+2*span], im[base+span:base+2*span]
			for j := range ar {
				wr, wi := f.cos[j*stride], f.sin[j*stride]
				tr := float32(br[j]*wr) - float32(bi[j]*wi)
				ti := float32(br[j]*wi) + float32(bi[j]*wr)
				br[j], bi[j] = ar[j]-tr, ai[j]-ti
				ar[j], ai[j] = ar[j]+tr, ai[j]+ti
			}
		}
	}
}

// separate turns the complex spectrum Z of the packed frame into the power of
// the real one: X[k] = E + w O with E = (Z[k]+conj Z[-k])/2,
// O = (Z[k]-conj Z[-k])/2i, w = e^(-2 pi i k/N); X[N/2-k] = conj(E - w O).
func (f *RealFFT) separate(dst, re, im []float32) {
	half := len(re)
	sum, diff := re[0]+im[0], re[0]-im[0]
	dst[0], dst[half] = sum*sum, diff*diff
	for k := 1; k <= half/2; k++ {
		m := half - k
		er, ei := 0.5*(re[k]+re[m]), 0.5*(im[k]-im[m])
		or, oi := 0.5*(im[k]+im[m]), 0.5*(re[m]-re[k])
		wr, wi := f.sepCos[k], f.sepSin[k]
		tr := float32(or*wr) - float32(oi*wi)
		ti := float32(or*wi) + float32(oi*wr)
		ur, ui := er+tr, ei+ti
		vr, vi := er-tr, ei-ti
		dst[k] = float32(ur*ur) + float32(ui*ui)
		dst[m] = float32(vr*vr) + float32(vi*vi)
	}
}
