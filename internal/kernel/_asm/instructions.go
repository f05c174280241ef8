package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// instructions is a set of vector instructions. What is generated for one
// does the same operations in the same order as for another, on more lanes at
// a time.
type instructions struct {
	suffix string // of the names of functions
	bytes  int    // of a vector
	// widest is the number of vectors that a tile of so many rows can have:
	// as many accumulators as leave registers for what is multiplied, and
	// enough of them to hide the latency of the multiply-add.
	widest []int
}

var (
	avx2   = instructions{"", 32, []int{0, 12, 6, 4, 3, 2, 2}}
	avx512 = instructions{"512", 64, []int{0, 24, 12, 8, 6, 4, 4, 3, 3, 2, 2, 2, 2, 2}}
)

func (s instructions) wide() bool { return s.bytes == 64 }

func (s instructions) vector() reg.VecVirtual {
	if s.wide() {
		return ZMM()
	}
	return YMM()
}

// loadMask makes the parameter of that name a mask: in AVX2 a pointer to one
// word for each lane, in AVX-512 a register of one bit for each.
func (s instructions) loadMask(param string) reg.Register {
	return s.maskAt(Load(Param(param), GP64()))
}

func (s instructions) maskAt(p reg.Register) reg.Register {
	if !s.wide() {
		return p
	}
	words, k := ZMM(), K()
	VMOVUPS(Mem{Base: p}, words)
	VPMOVD2M(words, k)
	return k
}

// words loads the words of a mask of AVX2.
func (s instructions) words(mask reg.Register) reg.VecVirtual {
	if s.wide() {
		return nil
	}
	y := YMM()
	VMOVUPS(Mem{Base: mask}, y)
	return y
}

// loadMasked loads the lanes of the mask and makes the others 0. words are
// those of the mask if somebody has loaded them.
func (s instructions) loadMasked(m Mem, mask reg.Register, words, v reg.VecVirtual) {
	switch {
	case s.wide():
		VMOVUPS_Z(m, mask, v)
	case words != nil:
		VMASKMOVPS(m, words, v)
	default:
		VMOVUPS(Mem{Base: mask}, v)
		VMASKMOVPS(m, v, v)
	}
}

func (s instructions) storeMasked(v reg.VecVirtual, mask reg.Register, words reg.VecVirtual, m Mem) {
	if s.wide() {
		VMOVUPS(v, mask, m)
	} else {
		VMASKMOVPS(v, words, m)
	}
}

// addScaled adds the vectors times the number at m to acc.
func (s instructions) addScaled(m Mem, vectors, acc []reg.VecVirtual) {
	if s.wide() {
		for i := range acc {
			VFMADD231PS_BCST(m, vectors[i], acc[i])
		}
		return
	}
	a := YMM()
	VBROADCASTSS(m, a)
	for i := range acc {
		VFMADD231PS(vectors[i], a, acc[i])
	}
}

func (s instructions) xor(m Mem, v reg.VecVirtual) {
	if s.wide() {
		VPXORD(m, v, v)
	} else {
		VXORPS(m, v, v)
	}
}

func (s instructions) and(m Mem, v reg.VecVirtual) {
	if s.wide() {
		VPANDD(m, v, v)
	} else {
		VPAND(m, v, v)
	}
}

// unlessFinite makes x be y, but where it is above all finite numbers or NaN.
func (g gates) unlessFinite(x, y reg.VecVirtual) {
	const notAtMost = 0x16 // quiet
	if g.wide() {
		k := K()
		VCMPPS(Imm(notAtMost), g.bits(0x7f7fffff), x, k)
		VBLENDMPS(x, y, k, x)
		return
	}
	mask := g.vector()
	VCMPPS(Imm(notAtMost), g.bits(0x7f7fffff), x, mask)
	VBLENDVPS(mask, x, y, x)
}
