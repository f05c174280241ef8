package kernel

import "runtime"

// plainID names the arithmetic of the plain twins: products are rounded, then
// added.
const plainID = "plain-2-" + runtime.GOARCH

// gemmPlain adds the product of a and b [k×n] to c [m×n]. Element (i, l) of a
// is a[i*rs+l*cs]. m and n are positive, k is unless there is
// a bias [n]: then c is taken to hold that in every row.
func gemmPlain(c, bias, a, b []float32, m, n, k, rs, cs int) {
	if bias != nil {
		fillRows(c, bias)
	}
	for i := range m {
		row, l := c[i*n:(i+1)*n], 0
		for ; l+4 <= k; l += 4 {
			p := i*rs + l*cs
			addRows4(row, b[l*n:(l+4)*n], a[p], a[p+cs], a[p+2*cs], a[p+3*cs])
		}
		for ; l < k; l++ {
			addRow(row, b[l*n:(l+1)*n], a[i*rs+l*cs])
		}
	}
}

// fillRows writes row to every row of c.
func fillRows(c, row []float32) {
	for at := 0; at < len(c); at += len(row) {
		copy(c[at:], row)
	}
}

func addRow(c, b []float32, a float32) {
	for j, v := range b[:len(c)] {
		c[j] += float32(a * v)
	}
}

// addRows4 is four times addRow, with c loaded and stored once.
func addRows4(c, b []float32, a0, a1, a2, a3 float32) {
	n := len(c)
	b0, b1, b2, b3 := b[:n], b[n:][:n], b[2*n:][:n], b[3*n:][:n]
	for j, v := range c {
		v += float32(a0 * b0[j])
		v += float32(a1 * b1[j])
		v += float32(a2 * b2[j])
		c[j] = v + float32(a3*b3[j])
	}
}

// dotPlain is Dot.
func dotPlain(a, b []float32) float32 {
	var sum [dotLanes]float32
	for ; len(a) > 0; a, b = a[min(dotLanes, len(a)):], b[min(dotLanes, len(b)):] {
		for l := range min(dotLanes, len(a)) {
			sum[l] += float32(a[l] * b[l])
		}
	}
	for n := dotLanes / 2; n > 0; n /= 2 {
		for l := range n {
			sum[l] += sum[l+n]
		}
	}
	return sum[0]
}

// gruGatesPlain is GRUGates, unit by unit.
func gruGatesPlain(h, gx, gh []float32) {
	k := len(h)
	r, z, n := gx[:k], gx[k:2*k], gx[2*k:3*k]
	hr, hz, hn := gh[:k], gh[k:2*k], gh[2*k:3*k]
	for i, hi := range h {
		r[i] = Sigmoid(r[i] + hr[i])
		z[i] = Sigmoid(z[i] + hz[i])
		n[i] = Tanh(n[i] + float32(r[i]*hn[i]))
		h[i] = n[i] + float32(z[i]*(hi-n[i]))
	}
}

// gruGatesBackPlain is GRUGatesBack, unit by unit.
func gruGatesBackPlain(dh, dy, prev, gx, gh []float32) {
	k := len(dh)
	r, z, n := gx[:k], gx[k:2*k], gx[2*k:3*k]
	hr, hz, hn := gh[:k], gh[k:2*k], gh[2*k:3*k]
	for i := range dh {
		d := dh[i] + dy[i]
		ri, zi, ni := r[i], z[i], n[i]
		an := float32(float32(d*(1-zi)) * (1 - float32(ni*ni)))
		az := float32(float32(d*(prev[i]-ni)) * float32(zi*(1-zi)))
		ar := float32(float32(an*hn[i]) * float32(ri*(1-ri)))
		r[i], z[i], n[i] = ar, az, an
		hr[i], hz[i], hn[i] = ar, az, float32(an*ri)
		dh[i] = float32(d * zi)
	}
}
