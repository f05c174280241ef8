package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// widest is the number of vectors of 8 columns that a tile of so many rows
// can have: 12 accumulators hide the latency of the multiply-add and leave
// room among 16 registers for what is multiplied.
var widest = [...]int{0, 12, 6, 4, 3, 2, 2}

// tile is the code of one shape, and the registers that all shapes share.
type tile struct {
	rows, vectors      int
	c, a, b            reg.Register
	ldc, rs, cs, ldb   reg.Register
	count, mask        reg.Register
	a0, row3, bp, left reg.Register
	name               string
}

// mulTiles is the one product kernel. c += a b for count tiles of rows×vectors,
// one below the other. Element (i, l) of a is at a + i*rs + l*cs, so the same
// code multiplies by a matrix and by its transpose. All strides are in bytes.
// The last vector of a row is masked; full says that its mask is all ones and
// spares the slow masked store. shape is 16*rows+vectors.
func mulTiles() {
	TEXT("mulTiles", NOSPLIT, "func(c, a, b *float32, mask *int32, ldc, rs, cs, ldb, k, count, full, shape int)")
	Doc("mulTiles adds a product to tiles of c, one below the other.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	t := tile{c: load("c"), a: load("a"), b: load("b"), ldc: load("ldc"), rs: load("rs"),
		cs: load("cs"), ldb: load("ldb"), count: load("count"), mask: load("mask"),
		a0: GP64(), row3: GP64(), bp: GP64(), left: GP64()}
	shape := load("shape")
	var shapes []int
	for rows := 1; rows < len(widest); rows++ {
		for v := 1; v <= widest[rows]; v++ {
			shapes = append(shapes, 16*rows+v)
		}
	}
	find(shape, shapes)
	for _, s := range shapes {
		t.rows, t.vectors, t.name = s/16, s%16, shapeLabel(s)
		t.emit()
	}
}

func shapeLabel(s int) string { return fmt.Sprintf("tile%dx%d", s/16, s%16) }

// find jumps to the code of the shape by halving.
func find(shape reg.Register, shapes []int) {
	if len(shapes) == 1 {
		JMP(LabelRef(shapeLabel(shapes[0])))
		return
	}
	half := len(shapes) / 2
	upper := fmt.Sprintf("from%d", shapes[half])
	CMPQ(shape, U32(uint32(shapes[half])))
	JGE(LabelRef(upper))
	find(shape, shapes[:half])
	Label(upper)
	find(shape, shapes[half:])
}

// row is the operand at a row of a matrix whose first row is at base, whose
// fourth is at row3.
func row(base, row3, stride reg.Register, i, disp int) Mem {
	m := Mem{Base: base, Disp: disp}
	if i >= 3 {
		m.Base = row3
	}
	if i%3 > 0 {
		m.Index, m.Scale = stride, uint8(i%3)
	}
	return m
}

func (t *tile) emit() {
	Label(t.name)
	acc := make([][]reg.VecVirtual, t.rows)
	t.fourth(t.c, t.ldc)
	mask := YMM()
	VMOVUPS(Mem{Base: t.mask}, mask)
	for i := range acc {
		for v := range t.vectors {
			y := YMM()
			acc[i] = append(acc[i], y)
			if m := row(t.c, t.row3, t.ldc, i, 32*v); v == t.vectors-1 {
				VMASKMOVPS(m, mask, y)
			} else {
				VMOVUPS(m, y)
			}
		}
	}
	MOVQ(t.a, t.a0)
	t.fourth(t.a, t.rs)
	MOVQ(t.b, t.bp)
	Load(Param("k"), t.left)
	t.inner(acc, mask)
	t.store(acc)
	for range t.rows {
		ADDQ(t.ldc, t.c)
		ADDQ(t.rs, t.a)
	}
	DECQ(t.count)
	JNZ(LabelRef(t.name))
	VZEROUPPER()
	RET()
}

// fourth points row3 at the fourth row.
func (t *tile) fourth(base, stride reg.Register) {
	if t.rows > 3 {
		LEAQ(Mem{Base: base, Index: stride, Scale: 2}, t.row3)
		ADDQ(stride, t.row3)
	}
}

// inner is the loop over k. Flat tiles keep the values of a in registers and
// take b one vector at a time; tall ones the other way round.
func (t *tile) inner(acc [][]reg.VecVirtual, mask reg.VecVirtual) {
	flat := t.rows <= 3
	// Where registers are short the mask is fetched anew for every k.
	scarce := t.rows*t.vectors+1+min(t.rows, t.vectors)+1 > 16
	loop := t.name + "k"
	Label(loop)
	a := func(i int) reg.VecVirtual {
		y := YMM()
		VBROADCASTSS(row(t.a0, t.row3, t.rs, i, 0), y)
		return y
	}
	b := func(v int) reg.VecVirtual {
		y, m := YMM(), Mem{Base: t.bp, Disp: 32 * v}
		switch {
		case v < t.vectors-1:
			VMOVUPS(m, y)
		case scarce:
			VMOVUPS(Mem{Base: t.mask}, y)
			VMASKMOVPS(m, y, y)
		default:
			VMASKMOVPS(m, mask, y)
		}
		return y
	}
	if flat {
		as := each(t.rows, a)
		for v := range t.vectors {
			y := b(v)
			for i := range acc {
				VFMADD231PS(y, as[i], acc[i][v])
			}
		}
	} else {
		bs := each(t.vectors, b)
		for i := range acc {
			y := a(i)
			for v := range bs {
				VFMADD231PS(bs[v], y, acc[i][v])
			}
		}
	}
	ADDQ(t.cs, t.a0)
	if t.rows > 3 {
		ADDQ(t.cs, t.row3)
	}
	ADDQ(t.ldb, t.bp)
	DECQ(t.left)
	JNZ(LabelRef(loop))
}

func each(n int, f func(int) reg.VecVirtual) []reg.VecVirtual {
	var vs []reg.VecVirtual
	for i := range n {
		vs = append(vs, f(i))
	}
	return vs
}

// store writes the accumulators back. On AMD a masked store takes a dozen
// cycles and more, so whole vectors go without.
func (t *tile) store(acc [][]reg.VecVirtual) {
	last, partial, done := t.vectors-1, t.name+"partial", t.name+"stored"
	t.fourth(t.c, t.ldc)
	for i := range acc {
		for v := range last {
			VMOVUPS(acc[i][v], row(t.c, t.row3, t.ldc, i, 32*v))
		}
	}
	Load(Param("full"), t.left)
	TESTQ(t.left, t.left)
	JZ(LabelRef(partial))
	for i := range acc {
		VMOVUPS(acc[i][last], row(t.c, t.row3, t.ldc, i, 32*last))
	}
	JMP(LabelRef(done))
	Label(partial)
	mask := YMM()
	VMOVUPS(Mem{Base: t.mask}, mask)
	for i := range acc {
		VMASKMOVPS(acc[i][last], mask, row(t.c, t.row3, t.ldc, i, 32*last))
	}
	Label(done)
}

// packPanel copies k rows of one or two vectors, the last one masked, so that
// they lie side by side. Lanes outside the mask become 0.
func packPanel() {
	TEXT("packPanel", NOSPLIT, "func(dst, src *float32, mask *int32, stride, k, vectors int)")
	Doc("packPanel copies k rows of one or two vectors side by side.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	dst, src, mp, stride, k, vectors := load("dst"), load("src"), load("mask"), load("stride"), load("k"), load("vectors")
	mask, x, y := YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: mp}, mask)
	CMPQ(vectors, Imm(2))
	JE(LabelRef("two"))
	Label("one")
	VMASKMOVPS(Mem{Base: src}, mask, x)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(stride, src)
	ADDQ(Imm(32), dst)
	DECQ(k)
	JNZ(LabelRef("one"))
	VZEROUPPER()
	RET()
	Label("two")
	VMOVUPS(Mem{Base: src}, x)
	VMASKMOVPS(Mem{Base: src, Disp: 32}, mask, y)
	VMOVUPS(x, Mem{Base: dst})
	VMOVUPS(y, Mem{Base: dst, Disp: 32})
	ADDQ(stride, src)
	ADDQ(Imm(64), dst)
	DECQ(k)
	JNZ(LabelRef("two"))
	VZEROUPPER()
	RET()
}
