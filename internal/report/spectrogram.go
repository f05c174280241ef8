package report

import (
	"image"
	"image/color"
	"math"
	"math/cmplx"

	"github.com/mjibson/go-dsp/fft"
	"github.com/mjibson/go-dsp/window"
	"gonum.org/v1/plot/palette/moreland"
)

const (
	maxColumns = 1600 // of a spectrogram: more than the picture has pixels
	rangeDB    = 70   // from black to white
)

// spectrogram returns power in dB as [column][bin], bins 0 to nFFT/2: Hann windows of about 30 ms, as many columns
// as there are hops of 10 ms, at most maxColumns. Empty when there is less sound than one window.
func spectrogram(samples []float32, rate int) [][]float64 {
	nFFT := 64
	for nFFT < rate/40 {
		nFFT *= 2
	}
	if len(samples) < nFFT {
		return nil
	}
	columns := min((len(samples)-nFFT)/max(rate/100, 1)+1, maxColumns)
	hann, block := window.Hann(nFFT), make([]float64, nFFT)
	power := make([][]float64, columns)
	for c := range power {
		at := c * (len(samples) - nFFT) / max(columns-1, 1)
		for i := range block {
			block[i] = hann[i] * float64(samples[at+i])
		}
		power[c] = decibels(fft.FFTReal(block)[:nFFT/2+1])
	}
	return power
}

func decibels(spectrum []complex128) []float64 {
	db := make([]float64, len(spectrum))
	for i, x := range spectrum {
		db[i] = 20 * math.Log10(cmplx.Abs(x)+1e-10)
	}
	return db
}

// spectrogramImage paints power, the loudest point brightest and everything rangeDB below it black; low
// frequencies at the bottom.
func spectrogramImage(power [][]float64) image.Image {
	top := math.Inf(-1)
	for _, column := range power {
		for _, db := range column {
			top = max(top, db)
		}
	}
	colors := blackBody(256)
	bins := len(power[0])
	img := image.NewRGBA(image.Rect(0, 0, len(power), bins))
	for x, column := range power {
		for k, db := range column {
			shade := 255 * (1 + (db-top)/rangeDB)
			img.Set(x, bins-1-k, colors[int(max(shade, 0))])
		}
	}
	return img
}

func blackBody(n int) []color.Color {
	m := moreland.ExtendedBlackBody()
	m.SetMin(0)
	m.SetMax(1)
	return m.Palette(n).Colors()
}
