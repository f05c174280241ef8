//go:build !purego

package kernel

const (
	tallest = 6 // rows of the tallest tile
	// Columns of b that many rows use, or that are too long for the L1 cache
	// as they lie, are laid side by side first, panelDepth rows at a time:
	// half a cache.
	packRows   = 40
	packDeep   = 12 // rows that are many enough where k is above panelDepth
	panelDepth = 256
)

// widest is the number of vectors of 8 columns that a tile of so many rows
// can have.
var widest = [tallest + 1]int{0, 12, 6, 4, 3, 2, 2}

// masks holds a mask of r lanes at masks[8-r].
var masks = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// tiling cuts the rows of c into tiles of nearly one height: high ones of
// rows+1, then low ones of rows.
type tiling struct{ rows, high, low int }

func tile(m int) tiling {
	if m <= tallest {
		return tiling{m, 0, 1}
	}
	tiles := (m + tallest - 1) / tallest
	high := m % tiles
	return tiling{m / tiles, high, tiles - high}
}

// strip is a number of neighbouring columns: vectors of 8, of which the last
// one may be partial.
type strip struct{ vectors, lanes int }

func (s strip) mask() *int32 { return &masks[8-s.lanes] }

// strips cuts n columns into strips of nearly one width.
type strips struct{ n, width, wider, count int }

func cut(n, wide int) strips {
	vectors := (n + 7) / 8
	count := (vectors + wide - 1) / wide
	return strips{n, vectors / count, vectors % count, count}
}

// at returns strip number i, which begins at column j.
func (s *strips) at(i, j int) strip {
	v := s.width
	if i < s.wider {
		v++
	}
	return strip{v, min(8, s.n-j-8*(v-1))}
}

// gemmFast is gemmPlain with fused multiply-adds.
func gemmFast(c, a, b []float32, m, n, k, rs, cs int) {
	t := tile(m)
	height := t.rows
	if t.high > 0 {
		height++
	}
	s := cut(n, widest[height])
	if m >= packRows || m >= packDeep && k > panelDepth {
		gemmPacked(c, a, b, t, s, k, rs, cs)
		return
	}
	for i, j := 0, 0; i < s.count; i++ {
		at := s.at(i, j)
		t.mul(c[j:], a, &b[j], at, n, k, rs, cs, n)
		j += 8 * at.vectors
	}
}

// gemmPacked is gemmFast for packDeep rows and more: some of their tiles have
// five rows or six, so that no strip is wider than the panel's two vectors.
func gemmPacked(c, a, b []float32, t tiling, s strips, k, rs, cs int) {
	var panel [panelDepth * 16]float32
	for l := 0; l < k; l += panelDepth {
		depth := min(panelDepth, k-l)
		for i, j := 0, 0; i < s.count; i++ {
			at := s.at(i, j)
			packPanel(&panel[0], &b[l*s.n+j], at.mask(), 4*s.n, depth, at.vectors)
			t.mul(c[j:], a[l*cs:], &panel[0], at, s.n, depth, rs, cs, 8*at.vectors)
			j += 8 * at.vectors
		}
	}
}

// mul adds the product of a and a strip of b to a strip of c. ldc and ldb are
// the distances between rows.
func (t tiling) mul(c, a []float32, b *float32, s strip, ldc, k, rs, cs, ldb int) {
	full, row := s.lanes/8, 0
	if t.high > 0 {
		row = t.high * (t.rows + 1)
		mulTiles(&c[0], &a[0], b, s.mask(), 4*ldc, 4*rs, 4*cs, 4*ldb, k, t.high, full, 16*(t.rows+1)+s.vectors)
	}
	mulTiles(&c[row*ldc], &a[row*rs], b, s.mask(), 4*ldc, 4*rs, 4*cs, 4*ldb, k, t.low, full, 16*t.rows+s.vectors)
}

// gruGatesFast is gruGatesPlain, to the bit.
func gruGatesFast(h, gx, gh []float32) {
	k := len(h)
	gx, gh = gx[:3*k], gh[:3*k]
	if k == 0 {
		return
	}
	sigmoidSum(&gx[0], &gh[0], tailMask(2*k), 2*k/8)
	gruState(&h[0], &gx[0], &gx[k], &gx[2*k], &gh[2*k], tailMask(k), k/8)
}

// tailMask is the mask for what n values leave over beyond whole vectors, nil
// if nothing.
func tailMask(n int) *int32 {
	if n%8 == 0 {
		return nil
	}
	return &masks[8-n%8]
}
