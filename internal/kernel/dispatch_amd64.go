//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// fast is the best set of instructions that processor and operating system
// have, nil if that is none.
var fast = choose()

func choose() *vectors {
	x := cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return nil
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL:
		return avx512
	}
	return avx2
}

// fastID names the arithmetic of the assembly: a product and its addition are
// rounded once. Both sets of instructions have it.
const fastID = "avx2-fma-2"

// ID names the arithmetic of this program. It goes into snapshots and into the
// provenance of trained weights.
func ID() string {
	if fast != nil {
		return fastID
	}
	return plainID
}

func gemm(c, bias, a, b []float32, m, n, k, rs, cs int) {
	if fast != nil {
		fast.gemm(c, bias, a, b, m, n, k, rs, cs)
	} else {
		gemmPlain(c, bias, a, b, m, n, k, rs, cs)
	}
}

func gruGates(h, gx, gh []float32) {
	if fast != nil {
		fast.gruGates(h, gx, gh)
	} else {
		gruGatesPlain(h, gx, gh)
	}
}

func gruGatesBack(dh, dy, prev, gx, gh []float32) {
	if fast != nil {
		fast.gruGatesBack(dh, dy, prev, gx, gh)
	} else {
		gruGatesBackPlain(dh, dy, prev, gx, gh)
	}
}

func gruStep(next, prev, x, h, wx, wh, bx, bh []float32) {
	if fast != nil {
		fast.gruStep(next, prev, x, h, wx, wh, bx, bh)
	} else {
		gruStepPlain(next, prev, x, h, wx, wh, bx, bh)
	}
}

func dotProduct(a, b []float32) float32 {
	if fast != nil {
		return fast.dot(a, b)
	}
	return dotPlain(a, b)
}

func products(dst, x, y []float32) {
	if fast != nil {
		fast.products(dst, x, y)
	} else {
		productsPlain(dst, x, y)
	}
}

func centre(dst, x, mean, scale []float32) {
	if fast != nil {
		fast.centre(dst, x, mean, scale)
	} else {
		centrePlain(dst, x, mean, scale)
	}
}

func logSum(x []float32, c float32) {
	if fast != nil {
		fast.logSum(x, c)
	} else {
		logSumPlain(x, c)
	}
}

func sigmoidSum(x, y []float32) {
	if fast != nil {
		fast.sigmoidSum(x, y)
	} else {
		sigmoidSumPlain(x, y)
	}
}

func tanhSum(x, y []float32) {
	if fast != nil {
		fast.tanhSum(x, y)
	} else {
		tanhSumPlain(x, y)
	}
}

func reluSum(x, y []float32) {
	if fast != nil {
		fast.reluSum(x, y)
	} else {
		reluSumPlain(x, y)
	}
}

func blend(h, z, n []float32) {
	if fast != nil {
		fast.blend(h, z, n)
	} else {
		blendPlain(h, z, n)
	}
}

func addProduct(x, a, b []float32) {
	if fast != nil {
		fast.addProduct(x, a, b)
	} else {
		addProductPlain(x, a, b)
	}
}

func mulTanh(h, o, c []float32) {
	if fast != nil {
		fast.mulTanh(h, o, c)
	} else {
		mulTanhPlain(h, o, c)
	}
}

func (f *RealFFT) power(dst, frame, scratch []float32) {
	if fast != nil && f.n >= fastFFT {
		f.powerFast(dst, frame, scratch)
	} else {
		f.powerPlain(dst, frame, scratch)
	}
}

func (b *Bands) sum(dst, x []float32) {
	if fast == nil || !b.whole {
		b.sumPlain(dst, x)
		return
	}
	for i := range b.groups {
		g := &b.groups[i]
		if to := dst[bandLanes*i:]; len(to) >= bandLanes {
			g.sumFast(to[:bandLanes], x)
		} else {
			var sums [bandLanes]float32
			g.sumFast(sums[:], x)
			copy(to, sums[:])
		}
	}
}

// sumFast is sumPlain, to the bit.
func (g *bandGroup) sumFast(dst, x []float32) {
	if len(g.weights) == 0 {
		clear(dst)
		return
	}
	bandSums(&dst[0], &x[0], &g.first[0], &g.weights[0], len(g.weights)/(bandLanes*bandSteps))
}

func decodeInt16(dst []float32, src []byte, scale float32) {
	if fast != nil {
		fast.decodeInt16(dst, src, scale)
	} else {
		decodeInt16Plain(dst, src, scale)
	}
}
