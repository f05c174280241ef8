package models

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCTCReadsLabelsOffAPath(t *testing.T) {
	for _, c := range []struct{ path, want []int }{
		{[]int{0, 0, 0}, nil},
		{[]int{1, 1, 0, 1, 2, 2}, []int{1, 1, 2}},
		{[]int{2, 1, 2}, []int{2, 1, 2}},
		{nil, nil},
	} {
		var ctc CTC
		for range 2 { // the second time after Reset
			var got []int
			for _, k := range c.path {
				p := []float32{0.2, 0.2, 0.2}
				p[k] = 0.6
				if label, ok := ctc.Push(p); ok {
					got = append(got, label)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("path %v: labels %v, want %v", c.path, got, c.want)
			}
			ctc.Reset()
		}
	}
}

// Draws come as often as the probabilities say (chi-square, five degrees of
// freedom: 20.5 is exceeded once in a thousand times).
func TestSampleFollowsTheProbabilities(t *testing.T) {
	p := []float32{0.5, 0, 0.25, 0.125, 0.0625, 0.0625, 0}
	rng := rand.New(rand.NewPCG(1, 0))
	const draws = 100000
	counts := make([]float64, len(p))
	for range draws {
		counts[Sample(p, rng.Float64())]++
	}
	var chi float64
	for i, n := range counts {
		want := draws * float64(p[i])
		if want == 0 {
			if n > 0 {
				t.Errorf("%d was drawn %g times", i, n)
			}
			continue
		}
		chi += (n - want) * (n - want) / want
	}
	if chi > 20.5 {
		t.Errorf("chi-square %.1f, counts %v", chi, counts)
	}
	if i := Sample([]float32{0.3, 0.3, 0}, math.Nextafter(1, 0)); i != 1 {
		t.Errorf("the last draw is %d, which has no probability", i)
	}
}

func TestBestTakesTheFirst(t *testing.T) {
	if i := Best([]float32{1, 3, 3, 2}); i != 1 {
		t.Errorf("best is %d", i)
	}
}

func TestWrongTokensPanic(t *testing.T) {
	s := randomModel(t, archs["one-hot"], 1).NewState()
	for _, token := range []float32{-2, 11, 0.5, float32(math.NaN()), float32(math.Inf(1))} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("token %v was taken", token)
				}
			}()
			s.Push([]float32{token})
		}()
	}
}

func TestArchitecturesThatMakeNoSenseAreRefused(t *testing.T) {
	good := Arch{Input: 4, Outputs: 2, Head: SoftmaxHead, Layers: []Layer{{Cell: LSTM, Hidden: 3}}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(a *Arch){
		"cell":               func(a *Arch) { a.Layers[0].Cell = "lstn" },
		"dense both ways":    func(a *Arch) { a.Layers[0] = Layer{Cell: Dense, Hidden: 3, Bidirectional: true} },
		"sum of one":         func(a *Arch) { a.Layers[0].Sum = true },
		"tokens of frames":   func(a *Arch) { a.Tokens = 3 },
		"one-hot too narrow": func(a *Arch) { a.Encoding, a.Tokens = OneHot, 5 },
		"no tokens":          func(a *Arch) { a.Encoding = Embedding },
		"encoding":           func(a *Arch) { a.Encoding, a.Tokens = "two-hot", 4 },
		"outputs of no head": func(a *Arch) { a.Head = NoHead },
		"no outputs":         func(a *Arch) { a.Outputs = 0 },
		"head":               func(a *Arch) { a.Head = "arm" },
		"no layers":          func(a *Arch) { a.Layers = nil },
	} {
		a := good
		a.Layers = slices.Clone(good.Layers)
		spoil(&a)
		if a.Validate() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
