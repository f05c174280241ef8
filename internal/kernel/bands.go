package kernel

// Bands adds up weighted values of a row, band by band: filters with few
// weights that are not zero, neighbours of each other. It is immutable and may
// be shared.
//
// Bands go together in groups of eight, which begin anywhere and are of one
// length: shorter ones have zeros at their ends, where the row ends at their
// beginnings.
type Bands struct {
	count, values int
	groups        []bandGroup
	whole         bool // all groups are as the assembly needs them
}

const (
	bandLanes = 8
	bandSteps = 4 // a group has a multiple of so many, if the row has
)

// bandGroup is eight bands: [steps × 8] weights, and what each begins with.
type bandGroup struct {
	first   [bandLanes]int
	weights []float32
}

// NewBands returns the bands that begin at first in a row of so many values
// and have these weights.
func NewBands(first []int, weights [][]float32, values int) *Bands {
	if len(first) != len(weights) {
		panic("kernel: a band needs a beginning and weights")
	}
	b := &Bands{count: len(first), values: values, whole: true}
	for at := 0; at < b.count; at += bandLanes {
		end := min(at+bandLanes, b.count)
		b.groups = append(b.groups, b.group(first[at:end], weights[at:end]))
	}
	return b
}

func (b *Bands) group(first []int, weights [][]float32) (g bandGroup) {
	steps := 0
	for lane, w := range weights {
		if first[lane] < 0 || first[lane]+len(w) > b.values {
			panic("kernel: a band reaches beyond the row")
		}
		steps = max(steps, len(w))
	}
	if n := (steps + bandSteps - 1) / bandSteps * bandSteps; n <= b.values {
		steps = n
	} else {
		b.whole = false
	}
	g.weights = make([]float32, bandLanes*steps)
	for lane, w := range weights {
		g.first[lane] = min(first[lane], b.values-steps)
		for i, v := range w {
			g.weights[bandLanes*(first[lane]-g.first[lane]+i)+lane] = v
		}
	}
	return g
}

// Sum writes the sum of the weighted values of each band of x [values] to dst
// [bands]. Products are rounded and added in their order, so all variants give
// the same bits. dst must not overlap x.
func (b *Bands) Sum(dst, x []float32) {
	if len(dst) != b.count || len(x) != b.values {
		panic("kernel: slices do not match the bands")
	}
	b.sum(dst, x)
}

func (b *Bands) sumPlain(dst, x []float32) {
	for i := range b.groups {
		sums := b.groups[i].sumPlain(x)
		copy(dst[bandLanes*i:], sums[:])
	}
}

func (g *bandGroup) sumPlain(x []float32) (sums [bandLanes]float32) {
	for i := 0; bandLanes*i < len(g.weights); i++ {
		w := g.weights[bandLanes*i:][:bandLanes]
		for lane, at := range g.first {
			sums[lane] += float32(w[lane] * x[at+i])
		}
	}
	return sums
}
