package lab

import "math"

// Vectors and matrices in float64, for what is computed beside the engine.
// Products are rounded before they are added, float64(a*b), so that the numbers
// are the same on processors that would fuse the two.

// product is W x.
func product(w [][]float64, x []float64) []float64 {
	y := make([]float64, len(w))
	for i, row := range w {
		for j, v := range row {
			y[i] += float64(v * x[j])
		}
	}
	return y
}

func sum(list ...[]float64) []float64 {
	total := make([]float64, len(list[0]))
	for _, v := range list {
		for i := range v {
			total[i] += v[i]
		}
	}
	return total
}

func tanh(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Tanh(v)
	}
	return y
}

// softmax is e**x / sum(e**x).
func softmax(x []float64) []float64 {
	y, total := make([]float64, len(x)), 0.0
	for i, v := range x {
		y[i] = math.Exp(v)
		total += y[i]
	}
	for i := range y {
		y[i] /= total
	}
	return y
}

func oneHot(i, n int) []float64 {
	x := make([]float64, n)
	x[i] = 1
	return x
}

// narrow puts rows one after the other, as the engine has them.
func narrow(rows ...[]float64) (all []float32) {
	for _, row := range rows {
		for _, v := range row {
			all = append(all, float32(v))
		}
	}
	return all
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// each is x*y, value by value.
func each(x, y []float64) []float64 {
	z := make([]float64, len(x))
	for i, v := range x {
		z[i] = float64(v * y[i])
	}
	return z
}

func sigmoid(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = 1 / (1 + math.Exp(-v))
	}
	return y
}
