package oracle

// Gradient is that of f with respect to x by central differences,
// (f(x+eps)-f(x-eps)) / 2eps for each value in turn. f must read x. With
// float64 and eps = 1e-5 the error is about 1e-10 for functions of ordinary
// curvature. x is left as it was.
func Gradient(f func() float64, x []float64, eps float64) []float64 {
	g := make([]float64, len(x))
	for i, v := range x {
		x[i] = v + eps
		up := f()
		x[i] = v - eps
		down := f()
		x[i] = v
		g[i] = (up - down) / (2 * eps)
	}
	return g
}
