package features

// melBank is a bank of triangular filters, stored as the few weights that are
// not zero. Neighbours overlap by half: the peak of one is the foot of the
// next. Triangles are linear in Hz and peak at 1 (no area normalisation), as
// torchaudio's melscale_fbanks with norm=None, mel_scale="htk".
type melBank struct {
	first   []int // first bin of each band
	end     []int // end of each band's weights in weights
	weights []float32
}

func newMelBank(c Config) *melBank {
	bins := c.NFFT/2 + 1
	low, high := mel(c.LowHz), mel(c.HighHz)
	edge := make([]float64, c.Mels+2)
	for i := range edge {
		edge[i] = invMel(low + (high-low)*float64(i)/float64(c.Mels+1))
	}
	b := &melBank{}
	for m := range c.Mels {
		first := -1
		for k := range bins {
			hz := float64(k) * float64(c.Rate) / float64(c.NFFT)
			up := (hz - edge[m]) / (edge[m+1] - edge[m])
			down := (edge[m+2] - hz) / (edge[m+2] - edge[m+1])
			w := min(up, down)
			if w <= 0 {
				continue
			}
			if first < 0 {
				first = k
			}
			b.weights = append(b.weights, float32(w))
		}
		b.first = append(b.first, max(first, 0)) // a band narrower than a bin may be empty
		b.end = append(b.end, len(b.weights))
	}
	return b
}

// apply writes the power in each band to dst [mels] from power [nFFT/2+1].
func (b *melBank) apply(dst, power []float32) {
	from := 0
	for m, end := range b.end {
		w := b.weights[from:end]
		p := power[b.first[m]:][:len(w)]
		var sum float32
		for i, v := range w {
			sum += float32(v * p[i])
		}
		dst[m], from = sum, end
	}
}
