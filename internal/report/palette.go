package report

import (
	"cmp"
	"image"
	"image/color"
	"maps"
	"slices"
)

// reduce returns the picture in at most 256 colours, which takes less than half the bytes: smoothing a spectrogram makes tens
// of thousands of colours that nobody tells apart. The most frequent ones are kept exactly, unless one much like them is
// (the popularity algorithm, Heckbert 1982); all others become the nearest of those.
func reduce(img *image.RGBA) *image.Paletted {
	counts := make(map[color.RGBA]int)
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			counts[img.RGBAAt(x, y)]++
		}
	}
	byCount := slices.SortedFunc(maps.Keys(counts), func(p, q color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[q], counts[p]), cmp.Compare(key(p), key(q)))
	})
	kept := popular(byCount)
	index := make(map[color.RGBA]uint8, len(byCount))
	out := image.NewPaletted(b, nil)
	for _, c := range byCount {
		at, _ := nearest(kept, c)
		index[c] = uint8(at)
	}
	for _, c := range kept {
		out.Palette = append(out.Palette, c)
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.SetColorIndex(x, y, index[img.RGBAAt(x, y)])
		}
	}
	return out
}

// popular returns up to 256 colours, most frequent first, of which no two are closer to each other than it takes to keep
// their number so low.
func popular(byCount []color.RGBA) []color.RGBA {
	for apart := 1; ; apart *= 2 {
		var kept []color.RGBA
		for _, c := range byCount {
			if _, distance := nearest(kept, c); distance >= apart {
				kept = append(kept, c)
			}
			if len(kept) > 256 {
				break
			}
		}
		if len(kept) <= 256 {
			return kept
		}
	}
}

// nearest returns the index of the colour that is nearest to c, and the square of its distance.
func nearest(list []color.RGBA, c color.RGBA) (at, distance int) {
	distance = 1 << 30
	for i, p := range list {
		r, g, b := int(p.R)-int(c.R), int(p.G)-int(c.G), int(p.B)-int(c.B)
		if d := r*r + g*g + b*b; d < distance {
			at, distance = i, d
		}
	}
	return at, distance
}

func key(c color.RGBA) uint32 {
	return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A)
}
