package main

// #include <stdlib.h>
// #include "roof_amd64.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// noRoof says why a roof is missing.
const noRoof = "needs AVX2 and FMA"

// vectorWidths are those that the machine has, in bits, the widest first.
func vectorWidths() []int {
	switch C.roof_width() {
	case C.ROOF_AVX512:
		return []int{512, 256}
	case C.ROOF_AVX2:
		return []int{256}
	}
	return nil
}

// fmaRound is how many floating-point operations one round of multiply-adds
// has, an addition and a multiplication each.
func fmaRound(width int) float64 { return C.ROOF_CHAINS * 2 * float64(width) / 32 }

// multiplyAdd does so many rounds of them in registers.
func multiplyAdd(width, rounds int) { C.roof_fma(C.int(width), C.long(rounds)) }

// buffer is memory to read.
type buffer struct {
	p     unsafe.Pointer
	bytes int // whole pieces
}

// newBuffer is a buffer of so many bytes, rounded to whole pieces.
func newBuffer(bytes int) *buffer {
	b := &buffer{bytes: max(1, (bytes+C.ROOF_PIECE/2)/C.ROOF_PIECE) * C.ROOF_PIECE}
	if b.p = C.roof_room(C.long(b.bytes)); b.p == nil {
		panic(fmt.Sprintf("no memory for a buffer of %d bytes", b.bytes))
	}
	runtime.AddCleanup(b, func(p unsafe.Pointer) { C.free(p) }, b.p)
	return b
}

// read reads the buffer so many times.
func (b *buffer) read(width, times int) {
	C.roof_read(C.int(width), b.p, C.long(b.bytes), C.long(times))
	runtime.KeepAlive(b)
}
