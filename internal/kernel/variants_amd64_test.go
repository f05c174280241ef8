//go:build !purego

package kernel

func init() {
	if fast != nil {
		variants = append(variants, variant{"avx2", fastID, avx2.gemm, avx2.gruGates, avx2.gruGatesBack})
	}
	if fast == avx512 {
		variants = append(variants, variant{"avx512", fastID, avx512.gemm, avx512.gruGates, avx512.gruGatesBack})
	}
}
