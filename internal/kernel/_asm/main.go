// Command asm writes the AVX2+FMA and AVX-512 kernels of package kernel. It is run by
// go generate from the folder above and is a module of its own, so that the
// product does not depend on the generator.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!purego")
	constants := newTable()
	for _, set := range []instructions{avx2, avx512} {
		mulTiles(set)
		packPanel(set)
		g := gates{constants, set}
		g.gru()
		g.gruBack()
		g.products()
		g.logSum()
		g.gruStep()
		g.centred()
		g.cells()
		g.int16s()
	}
	dot()
	transform()
	bandSums()
	Generate()
}
