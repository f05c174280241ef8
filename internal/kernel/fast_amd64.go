//go:build !purego

package kernel

import "sync"

// vectors is a set of instructions: its vectors and the tiles of c that its
// assembly has.
type vectors struct {
	lanes int
	// widest is the number of vectors that a tile of so many rows can have.
	widest []int
	// Columns of b that many rows use, or that are too long for the first
	// cache as they lie, are laid side by side first, panelDepth rows at a
	// time: half a cache.
	packRows   int
	packDeep   int // rows that are many enough where k is above panelDepth
	panelDepth int
}

var (
	avx2   = &vectors{8, []int{0, 12, 6, 4, 3, 2, 2}, 40, 12, 256}
	avx512 = &vectors{16, []int{0, 24, 12, 8, 6, 4, 4, 3, 3, 2, 2, 2, 2, 2}, 80, 13, 128}
)

// packWide is how many columns may lie as they are: a few rows after the
// other still fit where they must.
const packWide = 128

// panelRoom is the number of values that are packed at once.
const panelRoom = 1 << 15

var rooms = sync.Pool{New: func() any { return new([panelRoom]float32) }}

// masks holds a mask of r lanes at masks[16-r].
var masks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// tiling cuts the rows of c into tiles of nearly one height: high ones of
// rows+1, then low ones of rows.
type tiling struct{ rows, high, low int }

func tile(m, tallest int) tiling {
	if m <= tallest {
		return tiling{m, 0, 1}
	}
	tiles := (m + tallest - 1) / tallest
	high := m % tiles
	return tiling{m / tiles, high, tiles - high}
}

// strip is a number of neighbouring columns: vectors, of which the last one
// may be partial.
type strip struct{ vectors, lanes int }

func (s strip) mask() *int32 { return &masks[16-s.lanes] }

// strips cuts n columns into strips of nearly one width.
type strips struct{ n, lanes, width, wider, count int }

func cut(n, lanes, wide int) strips {
	vectors := (n + lanes - 1) / lanes
	count := (vectors + wide - 1) / wide
	return strips{n, lanes, vectors / count, vectors % count, count}
}

// at returns strip number i, which begins at column j.
func (s *strips) at(i, j int) strip {
	v := s.width
	if i < s.wider {
		v++
	}
	return strip{v, min(s.lanes, s.n-j-s.lanes*(v-1))}
}

// gemm is gemmPlain with fused multiply-adds.
func (x *vectors) gemm(c, bias, a, b []float32, m, n, k, rs, cs int) {
	t := tile(m, len(x.widest)-1)
	height := t.rows
	if t.high > 0 {
		height++
	}
	s := cut(n, x.lanes, x.widest[height])
	if m >= x.packRows || m >= x.packDeep && k > x.panelDepth && n > packWide {
		if bias != nil {
			fillRows(c, bias)
		}
		x.gemmPacked(c, a, b, t, s, k, rs, cs)
		return
	}
	for i, j := 0, 0; i < s.count; i++ {
		at := s.at(i, j)
		x.mul(t, c[j:], bias[min(j, len(bias)):], a, &b[j], at, n, k, rs, cs, n)
		j += x.lanes * at.vectors
	}
}

// gemmPacked is gemm for packDeep rows and more: strips of b that fit into the
// second cache are laid side by side, and some rows of c at a time go through
// all of them, so that c is walked through once.
func (x *vectors) gemmPacked(c, a, b []float32, t tiling, s strips, k, rs, cs int) {
	panels := rooms.Get().(*[panelRoom]float32)
	defer rooms.Put(panels)
	for l := 0; l < k; l += x.panelDepth {
		depth := min(x.panelDepth, k-l)
		for i, j := 0, 0; i < s.count; {
			first, from, size := i, j, 0
			for ; i < s.count; i++ {
				at := s.at(i, j)
				width := x.lanes * at.vectors
				if size+depth*width > panelRoom {
					break
				}
				x.pack(&panels[size], &b[l*s.n+j], at, 4*s.n, depth)
				size, j = size+depth*width, j+width
			}
			x.mulPanels(c, a[l*cs:], panels[:size], t, &s, first, i, from, depth, rs, cs)
		}
	}
}

// tilesAtOnce is how many tiles of c go through a strip before it is the next
// one's turn: their rows of a stay in the first cache.
const tilesAtOnce = 4

// mulPanels adds the product of a and the strips first to end, packed, to
// their columns of c, of which the first one is from.
func (x *vectors) mulPanels(c, a, panels []float32, t tiling, s *strips, first, end, from, depth, rs, cs int) {
	for tile, row := 0, 0; tile < t.high+t.low; {
		rows, count := t.rows, t.high+t.low-tile
		if tile < t.high {
			rows, count = t.rows+1, t.high-tile
		}
		count = min(count, tilesAtOnce)
		for i, j, at := first, from, 0; i < end; i++ {
			strip := s.at(i, j)
			width := x.lanes * strip.vectors
			x.tiles(&c[row*s.n+j], nil, &a[row*rs], &panels[at], strip, s.n, rs, cs, width, count*rows*s.n, depth, count, rows)
			at, j = at+depth*width, j+width
		}
		tile, row = tile+count, row+count*rows
	}
}

func (x *vectors) pack(dst, src *float32, s strip, stride, k int) {
	if x == avx512 {
		packPanel512(dst, src, s.mask(), stride, k, s.vectors)
	} else {
		packPanel(dst, src, s.mask(), stride, k, s.vectors)
	}
}

// mul adds the product of a and a strip of b to a strip of c. ldc and ldb are
// the distances between rows.
func (x *vectors) mul(t tiling, c, bias, a []float32, b *float32, s strip, ldc, k, rs, cs, ldb int) {
	row := 0
	if t.high > 0 {
		row = t.high * (t.rows + 1)
		x.tiles(&c[0], first(bias), &a[0], b, s, ldc, rs, cs, ldb, 0, k, t.high, t.rows+1)
	}
	x.tiles(&c[row*ldc], first(bias), &a[row*rs], b, s, ldc, rs, cs, ldb, 0, k, t.low, t.rows)
}

func (x *vectors) tiles(c, bias, a, b *float32, s strip, ldc, rs, cs, ldb, ahead, k, count, rows int) {
	full, shape := s.lanes/x.lanes, 32*rows+s.vectors
	if x == avx512 {
		mulTiles512(c, bias, a, b, s.mask(), 4*ldc, 4*rs, 4*cs, 4*ldb, 4*ahead, k, count, full, shape)
	} else {
		mulTiles(c, bias, a, b, s.mask(), 4*ldc, 4*rs, 4*cs, 4*ldb, 4*ahead, k, count, full, shape)
	}
}

// gruGates is gruGatesPlain, to the bit.
func (x *vectors) gruGates(h, gx, gh []float32) {
	k := len(h)
	gx, gh = gx[:3*k], gh[:3*k]
	if k == 0 {
		return
	}
	if x == avx512 {
		sigmoidVectors512(&gx[0], &gh[0], x.tail(2*k), 2*k/16)
		gruState512(&h[0], &gx[0], &gx[k], &gx[2*k], &gh[2*k], x.tail(k), k/16)
		return
	}
	sigmoidVectors(&gx[0], &gh[0], x.tail(2*k), 2*k/8)
	gruState(&h[0], &gx[0], &gx[k], &gx[2*k], &gh[2*k], x.tail(k), k/8)
}

// gruStep is GRUStep. Units that do not fill the vectors of AVX2 are done in
// two goes.
func (x *vectors) gruStep(next, prev, in, h, wx, wh, bx, bh []float32) {
	u := len(next)
	if x == avx512 {
		stepUnits512(&next[0], &prev[0], first(in), first(h), first(wx), first(wh), &bx[0], &bh[0],
			&masks[16-((u-1)%16+1)], len(in), len(h), u, (u+15)/16)
		return
	}
	if u%8 != 0 {
		x.gruStepParts(next, prev, in, h, wx, wh, bx, bh)
		return
	}
	for i := 0; i < u; i += 16 {
		stepUnits(&next[i], &prev[i], first(in), first(h), first(wx[min(i, len(wx)):]), first(wh[min(i, len(wh)):]), &bx[i], &bh[i],
			nil, len(in), len(h), u, min(2, (u-i)/8))
	}
}

// gruStepParts is GRUStep made of its parts.
func (x *vectors) gruStepParts(next, prev, in, h, wx, wh, bx, bh []float32) {
	var roomX, roomH [3 * GRUUnits]float32
	n := len(bx)
	gx, gh := roomX[:n], roomH[:n]
	copy(gx, bx)
	copy(gh, bh)
	if len(in) > 0 {
		x.gemm(gx, nil, in, wx, 1, n, len(in), len(in), 1)
	}
	if len(h) > 0 {
		x.gemm(gh, nil, h, wh, 1, n, len(h), len(h), 1)
	}
	copy(next, prev)
	x.gruGates(next, gx, gh)
}

func first(a []float32) *float32 {
	if len(a) == 0 {
		return nil
	}
	return &a[0]
}

// gruGatesBack is gruGatesBackPlain, to the bit.
func (x *vectors) gruGatesBack(dh, dy, prev, gx, gh []float32) {
	k := len(dh)
	if k == 0 {
		return
	}
	dy, prev, gx, gh = dy[:k], prev[:k], gx[:3*k], gh[:3*k]
	if x == avx512 {
		gruBack512(&dh[0], &dy[0], &prev[0], &gx[0], &gx[k], &gx[2*k], &gh[0], &gh[k], &gh[2*k], x.tail(k), k/16)
		return
	}
	gruBack(&dh[0], &dy[0], &prev[0], &gx[0], &gx[k], &gx[2*k], &gh[0], &gh[k], &gh[2*k], x.tail(k), k/8)
}

// dot is dotPlain with fused multiply-adds. Both sets of instructions do it
// alike, sixteen products at a time, so the mask has the lanes of AVX-512.
func (x *vectors) dot(a, b []float32) float32 {
	n := len(a)
	if n == 0 {
		return 0
	}
	return dot(&a[0], &b[:n][0], avx512.tail(n), n)
}

func (x *vectors) products(dst, a, b []float32) {
	n := len(dst)
	if n == 0 {
		return
	}
	a, b = a[:n], b[:n]
	if x == avx512 {
		mulVectors512(&dst[0], &a[0], &b[0], x.tail(n), n/16)
	} else {
		mulVectors(&dst[0], &a[0], &b[0], x.tail(n), n/8)
	}
}

// decodeInt16 is decodeInt16Plain, to the bit.
func (x *vectors) decodeInt16(dst []float32, src []byte, scale float32) {
	done := len(dst) / x.lanes * x.lanes
	if done > 0 {
		if x == avx512 {
			int16Vectors512(&dst[0], &src[0], &scale, done/16)
		} else {
			int16Vectors(&dst[0], &src[0], &scale, done/8)
		}
	}
	decodeInt16Plain(dst[done:], src[2*done:], scale)
}

func (x *vectors) centre(dst, a, mean, scale []float32) {
	n := len(dst)
	if n == 0 {
		return
	}
	a, mean, scale = a[:n], mean[:n], scale[:n]
	if x == avx512 {
		centreVectors512(&dst[0], &a[0], &mean[0], &scale[0], x.tail(n), n/16)
	} else {
		centreVectors(&dst[0], &a[0], &mean[0], &scale[0], x.tail(n), n/8)
	}
}

func (x *vectors) logSum(a []float32, c float32) {
	n := len(a)
	switch {
	case n == 0:
	case x == avx512:
		logVectors512(&a[0], &c, x.tail(n), n/16)
	default:
		logVectors(&a[0], &c, x.tail(n), n/8)
	}
}

func (x *vectors) sigmoidSum(a, b []float32) {
	n := len(a)
	if n == 0 {
		return
	}
	b = b[:n]
	if x == avx512 {
		sigmoidVectors512(&a[0], &b[0], x.tail(n), n/16)
	} else {
		sigmoidVectors(&a[0], &b[0], x.tail(n), n/8)
	}
}

func (x *vectors) tanhSum(a, b []float32) {
	n := len(a)
	if n == 0 {
		return
	}
	b = b[:n]
	if x == avx512 {
		tanhVectors512(&a[0], &b[0], x.tail(n), n/16)
	} else {
		tanhVectors(&a[0], &b[0], x.tail(n), n/8)
	}
}

func (x *vectors) reluSum(a, b []float32) {
	n := len(a)
	if n == 0 {
		return
	}
	b = b[:n]
	if x == avx512 {
		reluVectors512(&a[0], &b[0], x.tail(n), n/16)
	} else {
		reluVectors(&a[0], &b[0], x.tail(n), n/8)
	}
}

func (x *vectors) blend(h, z, c []float32) {
	n := len(h)
	if n == 0 {
		return
	}
	z, c = z[:n], c[:n]
	if x == avx512 {
		blendVectors512(&h[0], &z[0], &c[0], x.tail(n), n/16)
	} else {
		blendVectors(&h[0], &z[0], &c[0], x.tail(n), n/8)
	}
}

func (x *vectors) addProduct(dst, a, b []float32) {
	n := len(dst)
	if n == 0 {
		return
	}
	a, b = a[:n], b[:n]
	if x == avx512 {
		addProductVectors512(&dst[0], &a[0], &b[0], x.tail(n), n/16)
	} else {
		addProductVectors(&dst[0], &a[0], &b[0], x.tail(n), n/8)
	}
}

func (x *vectors) mulTanh(h, o, c []float32) {
	n := len(h)
	if n == 0 {
		return
	}
	o, c = o[:n], c[:n]
	if x == avx512 {
		mulTanhVectors512(&h[0], &o[0], &c[0], x.tail(n), n/16)
	} else {
		mulTanhVectors(&h[0], &o[0], &c[0], x.tail(n), n/8)
	}
}

// tail is the mask for what n values leave over beyond whole vectors, nil if
// nothing.
func (x *vectors) tail(n int) *int32 {
	if n%x.lanes == 0 {
		return nil
	}
	return &masks[16-n%x.lanes]
}
