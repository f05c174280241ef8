//go:build !purego

package kernel

func init() {
	for name, x := range map[string]*vectors{"avx2": avx2, "avx512": avx512} {
		if fast != nil && x.lanes <= fast.lanes {
			variants = append(variants, variant{name, fastID, x.gemm, x.gruGates, x.gruGatesBack, x.gruStep, x.products, x.centre, x.logSum, x.dot,
				x.decodeInt16, x.sigmoidSum, x.tanhSum, x.reluSum, x.blend, x.addProduct, x.mulTanh})
		}
	}
}
