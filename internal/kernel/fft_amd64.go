//go:build !purego

package kernel

import "math/bits"

// fastFFT is the smallest frame that the assembly takes.
const fastFFT = 128

// fftTables are the factors of the plain transform in the order in which the
// assembly needs them.
type fftTables struct {
	// Factor of block b in the stages done by rows: the blocks lie in
	// bit-reversed order, so all stages share one table.
	rowRe, rowIm []float32
	// Factors of the last three stages: for each group of 8 frequencies seven
	// times 8 cosines and 8 sines.
	last []float32
}

const lastFactors = 7 * 16 // values of a group

func newFFTTables(f *RealFFT) fftTables {
	var t fftTables
	if f.n < fastFFT {
		return t
	}
	half := f.n / 2
	for b := range half / 16 {
		k := bits.Reverse32(uint32(b)) >> (33 - f.logHalf)
		t.rowRe, t.rowIm = append(t.rowRe, f.cos[k]), append(t.rowIm, f.sin[k])
	}
	span := half / 8 // frequencies when the last three stages begin
	for g := 0; g < span; g += 8 {
		for _, at := range [7]struct{ stride, from int }{{4, 0}, {2, 0}, {2, 1}, {1, 0}, {1, 2}, {1, 1}, {1, 3}} {
			first := (g + at.from*span) * at.stride
			for lane := range 8 {
				t.last = append(t.last, f.cos[first+lane*at.stride])
			}
			for lane := range 8 {
				t.last = append(t.last, f.sin[first+lane*at.stride])
			}
		}
	}
	return t
}

// powerFast is powerPlain, to the bit.
func (f *RealFFT) powerFast(dst, frame, scratch []float32) {
	half, t := f.n/2, &f.tables
	re, im := scratch[:half], scratch[half:f.n]
	fftSplit(&re[0], &im[0], &frame[0], half/8)
	blocks := 1
	if f.logHalf%2 == 0 { // half/8 blocks are an odd power of 2
		fftRows2(&re[0], &im[0], &t.rowRe[0], &t.rowIm[0], half/16)
		blocks = 2
	}
	for ; blocks < half/8; blocks *= 4 {
		fftRows4(&re[0], &im[0], &t.rowRe[0], &t.rowIm[0], blocks, half/(32*blocks))
	}
	toRe, toIm := scratch[f.n:f.n+half], scratch[f.n+half:2*f.n]
	t.finish(toRe, toIm, re, im)
	sum, diff := toRe[0]+toIm[0], toRe[0]-toIm[0]
	dst[0], dst[half] = sum*sum, diff*diff
	fftPower(&dst[0], &toRe[0], &toIm[0], &f.sepCos[0], &f.sepSin[0], half)
}

// finish does the last three stages. Group g of 8 columns comes from the place
// whose group has the bits of g reversed.
func (t *fftTables) finish(toRe, toIm, re, im []float32) {
	stride := len(re) / 8
	groups := stride / 8
	shift := 33 - bits.Len(uint(groups))
	for g := range groups {
		from := 8 * int(bits.Reverse32(uint32(g))>>shift)
		fftLast(&toRe[8*g], &toIm[8*g], &re[from], &im[from], &t.last[g*lastFactors], 4*stride)
	}
}
