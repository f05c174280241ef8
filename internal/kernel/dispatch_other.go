//go:build !amd64 || purego

package kernel

// ID names the arithmetic of this program. It goes into snapshots and into the
// provenance of trained weights.
func ID() string { return plainID }

func gemm(c, bias, a, b []float32, m, n, k, rs, cs int) { gemmPlain(c, bias, a, b, m, n, k, rs, cs) }

func gruGates(h, gx, gh []float32) { gruGatesPlain(h, gx, gh) }

func gruGatesBack(dh, dy, prev, gx, gh []float32) { gruGatesBackPlain(dh, dy, prev, gx, gh) }

func gruStep(next, prev, x, h, wx, wh, bx, bh []float32) {
	gruStepPlain(next, prev, x, h, wx, wh, bx, bh)
}

func dotProduct(a, b []float32) float32 { return dotPlain(a, b) }

func products(dst, x, y []float32) { productsPlain(dst, x, y) }

func centre(dst, x, mean, scale []float32) { centrePlain(dst, x, mean, scale) }

func logSum(x []float32, c float32) { logSumPlain(x, c) }

func sigmoidSum(x, y []float32) { sigmoidSumPlain(x, y) }

func tanhSum(x, y []float32) { tanhSumPlain(x, y) }

func reluSum(x, y []float32) { reluSumPlain(x, y) }

func blend(h, z, n []float32) { blendPlain(h, z, n) }

func addProduct(x, a, b []float32) { addProductPlain(x, a, b) }

func mulTanh(h, o, c []float32) { mulTanhPlain(h, o, c) }

type fftTables struct{}

func newFFTTables(*RealFFT) fftTables { return fftTables{} }

func (f *RealFFT) power(dst, frame, scratch []float32) { f.powerPlain(dst, frame, scratch) }

func (b *Bands) sum(dst, x []float32) { b.sumPlain(dst, x) }

func decodeInt16(dst []float32, src []byte, scale float32) { decodeInt16Plain(dst, src, scale) }
