package kernel

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"
)

// edge keeps floats that end, or begin, where memory does: touching what lies
// beyond kills the process.
type edge struct {
	page []byte // the accessible bytes
	end  bool
}

func newEdge(t *testing.T, bytes int, end bool) edge {
	page := syscall.Getpagesize()
	size := (bytes + page - 1) / page * page
	whole, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(whole); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{whole[:page], whole[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return edge{whole[page : page+size], end}
}

func (e edge) put(a []float32) []float32 {
	if len(a) == 0 {
		return a
	}
	at := 0
	if e.end {
		at = len(e.page) - 4*len(a)
	}
	v := unsafe.Slice((*float32)(unsafe.Pointer(&e.page[at])), len(a))
	copy(v, a)
	return v
}

func bytesOf(a []float32) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(&a[0])), 4*len(a)) }

// Masked vectors must not so much as read past the ends of their buffers.
func TestNothingOutsideIsTouched(t *testing.T) {
	for _, end := range []bool{false, true} {
		c, a, b := newEdge(t, 1<<20, end), newEdge(t, 1<<21, end), newEdge(t, 1<<21, end)
		d, e := newEdge(t, 1<<12, end), newEdge(t, 1<<12, end)
		eachVariant(t, func(t *testing.T, v variant) {
			rng := rand.New(rand.NewPCG(30, 0))
			for range 200 {
				p := randomProduct(rng)
				want := p.run(v)
				p.a, p.b = a.put(p.a), b.put(p.b)
				got := c.put(p.c)
				v.gemm(got, d.put(random(rng, p.n)), p.a, p.b, p.m, p.n, p.k, p.rs, p.cs)
				got = c.put(p.c)
				v.gemm(got, nil, p.a, p.b, p.m, p.n, p.k, p.rs, p.cs)
				if !bitsEqual(got, want) {
					t.Fatalf("%v: bits differ by place", &p)
				}
			}
			for hidden := 1; hidden < 80; hidden++ {
				h := c.put(random(rng, hidden))
				v.gruGates(h, a.put(random(rng, 3*hidden)), b.put(random(rng, 3*hidden)))
				v.gruBack(h, d.put(random(rng, hidden)), e.put(random(rng, hidden)), a.put(random(rng, 3*hidden)), b.put(random(rng, 3*hidden)))
			}
			for n := 1; n < 80; n++ {
				x := c.put(random(rng, n))
				v.products(x, a.put(random(rng, n)), b.put(random(rng, n)))
				v.centre(x, a.put(random(rng, n)), b.put(random(rng, n)), d.put(random(rng, n)))
				v.logSum(x, 1)
				v.decodeInt16(x, bytesOf(a.put(random(rng, (n+1)/2)))[n%2*2:], 1)
				v.dot(a.put(random(rng, n)), b.put(random(rng, n)))
				for _, cell := range cells {
					cell.run(v, a.put(random(rng, n)), b.put(random(rng, n)), c.put(random(rng, n)))
				}
			}
			for range 100 {
				values := 1 + rng.IntN(100)
				n := 1 + rng.IntN(values)
				b := NewBands([]int{values - n, 0}, [][]float32{random(rng, n), random(rng, n)}, values)
				b.Sum(c.put(make([]float32, 2)), a.put(random(rng, values)))
			}
			for n := 8; n <= 4096; n *= 2 {
				NewRealFFT(n).Power(c.put(random(rng, n/2+1)), a.put(random(rng, n)), b.put(random(rng, 2*n)))
			}
		})
	}
}

func TestGRUStepReadsWhatItIsGivenOnly(t *testing.T) {
	for _, end := range []bool{false, true} {
		var place [8]edge
		for i := range place {
			place[i] = newEdge(t, 1<<16, end)
		}
		eachVariant(t, func(t *testing.T, v variant) {
			rng := rand.New(rand.NewPCG(61, 0))
			for u := 1; u <= GRUUnits; u++ {
				for _, in := range []int{0, 1, 40} {
					a := stepArgs(rng, u, in, u+rng.IntN(50))
					for i := range a {
						a[i] = place[i].put(a[i])
					}
					v.gruStep(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7])
				}
			}
		})
	}
}
