//go:build openblas

package main

// #cgo LDFLAGS: -lopenblas
// #include <cblas.h>
import "C"

import "unsafe"

var openblas = openOpenBLAS()

// openOpenBLAS looks at which processor OpenBLAS takes this one for. One that
// it does not know gets kernels for the oldest of all, and a comparison with
// those would say nothing.
func openOpenBLAS() library {
	C.openblas_set_num_threads(1)
	core := C.GoString(C.openblas_get_corename())
	if core == "Prescott" && len(vectorWidths()) > 0 {
		return library{absent: "it does not know this processor and takes it for a " + core +
			"; set OPENBLAS_CORETYPE to Haswell, or to SkylakeX if there is AVX-512"}
	}
	return library{version: C.GoString(C.openblas_get_config())}
}

func openblasGemm(c, a, b []float32, m, n, k int) {
	pointer := func(v []float32) *C.float { return (*C.float)(unsafe.Pointer(unsafe.SliceData(v))) }
	C.cblas_sgemm(C.CblasRowMajor, C.CblasNoTrans, C.CblasNoTrans, C.blasint(m), C.blasint(n), C.blasint(k),
		1, pointer(a), C.blasint(k), pointer(b), C.blasint(n), 1, pointer(c), C.blasint(n))
}
