package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tile is the code of one shape, and the registers that all shapes share.
type tile struct {
	set              instructions
	rows, vectors    int
	c, a, b          reg.Register
	ldc, rs, cs, ldb reg.Register
	count, mask      reg.Register
	a0, bp, left     reg.Register
	third            []reg.Register // pointers to rows 3, 6 and so on
	kept             reg.VecVirtual // the words of the mask, nil where registers are short
	name             string
}

// mulTiles is the one product kernel. c += a b for count tiles of rows×vectors,
// one below the other. Element (i, l) of a is at a + i*rs + l*cs, so the same
// code multiplies by a matrix and by its transpose. All strides are in bytes.
// The last vector of a row is masked; full says that its mask is all ones and
// spares the slow masked store. ahead is how far behind a tile lies the one
// that is to be fetched from memory meanwhile, 0 if none; it need not exist.
// If there is a bias, c is taken to hold it in every row. shape is
// 32*rows+vectors.
func mulTiles(set instructions) {
	TEXT("mulTiles"+set.suffix, NOSPLIT, "func(c, bias, a, b *float32, mask *int32, ldc, rs, cs, ldb, ahead, k, count, full, shape int)")
	Doc("mulTiles" + set.suffix + " adds a product to tiles of c, one below the other.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	t := tile{set: set, c: load("c"), a: load("a"), b: load("b"), ldc: load("ldc"), rs: load("rs"),
		cs: load("cs"), ldb: load("ldb"), count: load("count"), mask: set.loadMask("mask"),
		a0: GP64(), bp: GP64(), left: GP64()}
	for range (len(set.widest) - 2) / 3 {
		t.third = append(t.third, GP64())
	}
	var shapes []int
	for rows := 1; rows < len(set.widest); rows++ {
		for v := 1; v <= set.widest[rows]; v++ {
			shapes = append(shapes, 32*rows+v)
		}
	}
	find(load("shape"), shapes)
	for _, s := range shapes {
		t.rows, t.vectors, t.name = s/32, s%32, shapeLabel(s)
		t.emit()
	}
}

func shapeLabel(s int) string { return fmt.Sprintf("tile%dx%d", s/32, s%32) }

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

// row is the operand at a row of a matrix whose rows 0, 3, 6 and so on are at
// the pointers.
func row(pointers []reg.Register, stride reg.Register, i, disp int) Mem {
	m := Mem{Base: pointers[i/3], Disp: disp}
	if i%3 > 0 {
		m.Index, m.Scale = stride, uint8(i%3)
	}
	return m
}

// point makes third the pointers to rows 3, 6 and so on.
func point(base, stride reg.Register, third []reg.Register) {
	for _, p := range third {
		LEAQ(Mem{Base: base, Index: stride, Scale: 2}, p)
		ADDQ(stride, p)
		base = p
	}
}

// rows points at the rows of a matrix.
func (t *tile) pointers(base, stride reg.Register) []reg.Register {
	third := t.third[:(t.rows-1)/3]
	point(base, stride, third)
	return append([]reg.Register{base}, third...)
}

func (t *tile) emit() {
	Label(t.name)
	acc := make([][]reg.VecVirtual, t.rows)
	t.kept = nil
	if t.rows*t.vectors+min(t.rows, t.vectors)+2 <= 16 {
		t.kept = t.set.words(t.mask)
	}
	for i := range acc {
		acc[i] = each(t.vectors, func(int) reg.VecVirtual { return t.set.vector() })
	}
	t.start(acc)
	if t.rows > 3 {
		t.fetch()
	}
	MOVQ(t.a, t.a0)
	MOVQ(t.b, t.bp)
	Load(Param("k"), t.left)
	t.inner(acc)
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

// start sets the accumulators to c, or to the bias.
func (t *tile) start(acc [][]reg.VecVirtual) {
	biased, started := t.name+"biased", t.name+"started"
	Load(Param("bias"), t.bp)
	TESTQ(t.bp, t.bp)
	JNZ(LabelRef(biased))
	c := t.pointers(t.c, t.ldc)
	for i := range acc {
		for v, y := range acc[i] {
			t.load(v, row(c, t.ldc, i, t.set.bytes*v), y)
		}
	}
	JMP(LabelRef(started))
	Label(biased)
	for i := range acc {
		for v, y := range acc[i] {
			if i == 0 {
				t.load(v, Mem{Base: t.bp, Disp: t.set.bytes * v}, y)
			} else {
				VMOVUPS(acc[0][v], y)
			}
		}
	}
	Label(started)
}

// load loads vector v of a row.
func (t *tile) load(v int, m Mem, y reg.VecVirtual) {
	if v == t.vectors-1 {
		t.set.loadMasked(m, t.mask, t.kept, y)
	} else {
		VMOVUPS(m, y)
	}
}

// fetch asks for a tile of c that comes later.
func (t *tile) fetch() {
	none := t.name + "near"
	Load(Param("ahead"), t.bp)
	TESTQ(t.bp, t.bp)
	JZ(LabelRef(none))
	ADDQ(t.c, t.bp)
	for i, p := 0, t.pointers(t.bp, t.ldc); i < t.rows; i++ {
		for at := 0; at < t.vectors*t.set.bytes; at += 64 {
			PREFETCHT1(row(p, t.ldc, i, at))
		}
	}
	Label(none)
}

// inner is the loop over k. Flat tiles keep the values of a in registers and
// take b one vector at a time; tall ones the other way round.
func (t *tile) inner(acc [][]reg.VecVirtual) {
	a := t.pointers(t.a0, t.rs)
	loop := t.name + "k"
	Label(loop)
	b := func(v int) reg.VecVirtual {
		y := t.set.vector()
		t.load(v, Mem{Base: t.bp, Disp: t.set.bytes * v}, y)
		return y
	}
	if t.rows <= 3 {
		as := each(t.rows, func(i int) reg.VecVirtual {
			y := t.set.vector()
			VBROADCASTSS(row(a, t.rs, i, 0), y)
			return y
		})
		for v := range t.vectors {
			y := b(v)
			for i := range acc {
				VFMADD231PS(y, as[i], acc[i][v])
			}
		}
	} else {
		bs := each(t.vectors, b)
		for i := range acc {
			t.set.addScaled(row(a, t.rs, i, 0), bs, acc[i])
		}
	}
	for _, p := range a {
		ADDQ(t.cs, p)
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

// store writes the accumulators back. On AMD a masked store of AVX2 takes a
// dozen cycles and more, so whole vectors go without.
func (t *tile) store(acc [][]reg.VecVirtual) {
	last, partial, done := t.vectors-1, t.name+"partial", t.name+"stored"
	c := t.pointers(t.c, t.ldc)
	for i := range acc {
		for v := range last {
			VMOVUPS(acc[i][v], row(c, t.ldc, i, t.set.bytes*v))
		}
	}
	Load(Param("full"), t.left)
	TESTQ(t.left, t.left)
	JZ(LabelRef(partial))
	for i := range acc {
		VMOVUPS(acc[i][last], row(c, t.ldc, i, t.set.bytes*last))
	}
	JMP(LabelRef(done))
	Label(partial)
	words := t.set.words(t.mask)
	for i := range acc {
		t.set.storeMasked(acc[i][last], t.mask, words, row(c, t.ldc, i, t.set.bytes*last))
	}
	Label(done)
}

// packPanel copies k rows of some vectors, the last one masked, so that they
// lie side by side. Lanes outside the mask become 0.
func packPanel(set instructions) {
	TEXT("packPanel"+set.suffix, NOSPLIT, "func(dst, src *float32, mask *int32, stride, k, vectors int)")
	Doc("packPanel" + set.suffix + " copies k rows of so many vectors side by side.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	dst, src, stride, k, whole := load("dst"), load("src"), load("stride"), load("k"), load("vectors")
	mask, x, at, left := set.loadMask("mask"), set.vector(), GP64(), GP64()
	DECQ(whole)
	Label("row")
	MOVQ(src, at)
	MOVQ(whole, left)
	TESTQ(left, left)
	JZ(LabelRef("last"))
	Label("whole")
	VMOVUPS(Mem{Base: at}, x)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(U32(uint32(set.bytes)), at)
	ADDQ(U32(uint32(set.bytes)), dst)
	DECQ(left)
	JNZ(LabelRef("whole"))
	Label("last")
	set.loadMasked(Mem{Base: at}, mask, nil, x)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(U32(uint32(set.bytes)), dst)
	ADDQ(stride, src)
	DECQ(k)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// dot is the twin of dotPlain with fused multiply-adds.
func dot() {
	TEXT("dot", NOSPLIT, "func(a, b *float32, mask *int32, k int) float32")
	Doc("dot is Dot for k/16 times sixteen products, and one more time under the mask if there is one.")
	Pragma("noescape")
	load := func(name string) reg.Register { return Load(Param(name), GP64()) }
	a, b, left := load("a"), load("b"), load("k")
	sum := lanes{YMM(), YMM()}
	do(func(v []reg.VecVirtual) { VXORPS(v[0], v[0], v[0]) }, sum)
	at := func(p reg.Register, i int) Mem { return Mem{Base: p, Disp: 32 * i} }
	SHRQ(Imm(4), left)
	JZ(LabelRef("less"))
	Label("sixteen")
	for i, s := range sum {
		x := YMM()
		VMOVUPS(at(a, i), x)
		VFMADD231PS(at(b, i), x, s)
	}
	ADDQ(Imm(64), a)
	ADDQ(Imm(64), b)
	DECQ(left)
	JNZ(LabelRef("sixteen"))
	Label("less")
	mask := load("mask")
	TESTQ(mask, mask)
	JZ(LabelRef("fold"))
	for i, s := range sum {
		m, x, y := YMM(), YMM(), YMM()
		VMOVUPS(at(mask, i), m)
		VMASKMOVPS(at(a, i), m, x)
		VMASKMOVPS(at(b, i), m, y)
		VFMADD231PS(y, x, s)
	}
	Label("fold")
	x, y := XMM(), XMM()
	VADDPS(sum[1], sum[0], sum[0])
	VEXTRACTF128(Imm(1), sum[0], x)
	VADDPS(x, sum[0].AsX(), x)
	VMOVHLPS(x, x, y)
	VADDPS(y, x, x)
	VMOVSHDUP(x, y)
	VADDSS(y, x, x)
	Store(x, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
