package features

import "github.com/streamer-audio/streamer/internal/kernel"

// newMelBank returns triangular filters over the bins of a power spectrum.
// Neighbours overlap by half: the peak of one is the foot of the next.
// Triangles are linear in Hz and peak at 1 (no area normalisation), as
// torchaudio's melscale_fbanks with norm=None, mel_scale="htk".
func newMelBank(c Config) *kernel.Bands {
	bins := c.NFFT/2 + 1
	low, high := mel(c.LowHz), mel(c.HighHz)
	edge := make([]float64, c.Mels+2)
	for i := range edge {
		edge[i] = invMel(low + (high-low)*float64(i)/float64(c.Mels+1))
	}
	first, weights := make([]int, c.Mels), make([][]float32, c.Mels) // a band narrower than a bin may be empty
	for m := range c.Mels {
		for k := range bins {
			hz := float64(k) * float64(c.Rate) / float64(c.NFFT)
			up := (hz - edge[m]) / (edge[m+1] - edge[m])
			down := (edge[m+2] - hz) / (edge[m+2] - edge[m+1])
			w := min(up, down)
			if w <= 0 {
				continue
			}
			if len(weights[m]) == 0 {
				first[m] = k
			}
			weights[m] = append(weights[m], float32(w))
		}
	}
	return kernel.NewBands(first, weights, bins)
}
