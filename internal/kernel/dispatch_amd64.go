//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// fast says that processor and operating system have what the assembly uses.
var fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// fastID names the arithmetic of the assembly: a product and its addition are
// rounded once.
const fastID = "avx2-fma-1"

// ID names the arithmetic of this program. It goes into snapshots and into the
// provenance of trained weights.
func ID() string {
	if fast {
		return fastID
	}
	return plainID
}

func gemm(c, a, b []float32, m, n, k, rs, cs int) {
	if fast {
		gemmFast(c, a, b, m, n, k, rs, cs)
	} else {
		gemmPlain(c, a, b, m, n, k, rs, cs)
	}
}

func gruGates(h, gx, gh []float32) {
	if fast {
		gruGatesFast(h, gx, gh)
	} else {
		gruGatesPlain(h, gx, gh)
	}
}

func (f *RealFFT) power(dst, frame, scratch []float32) {
	if fast && f.n >= fastFFT {
		f.powerFast(dst, frame, scratch)
	} else {
		f.powerPlain(dst, frame, scratch)
	}
}
