package models

import "github.com/streamer-audio/streamer/internal/kernel"

// arithmetic is how products are added up. All else in a step has the same bits
// on all machines anyhow.
type arithmetic bool

const (
	native   arithmetic = false // as fast as the machine does it
	portable arithmetic = true  // as all machines do it
)

func (a arithmetic) mulBias(c, bias, x, w []float32, m, n, k int) {
	if a == portable {
		kernel.PortableMulBias(c, bias, x, w, m, n, k)
	} else {
		kernel.MulBias(c, bias, x, w, m, n, k)
	}
}

func (a arithmetic) dot(x, w []float32) float32 {
	if a == portable {
		return kernel.PortableDot(x, w)
	}
	return kernel.Dot(x, w)
}

// id names the arithmetic.
func (a arithmetic) id() string {
	if a == portable {
		return kernel.PortableID
	}
	return kernel.ID()
}
