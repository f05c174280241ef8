package audio

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

var ratePairs = [][2]int{
	{16000, 16000}, {8000, 16000}, {16000, 8000}, {44100, 16000}, {11025, 16000},
	{48000, 8000}, {44099, 16000}, {16001, 16000}, {192000, 8000}, {4000, 20011},
}

func eachRatePair(t *testing.T, test func(t *testing.T, r *Resampler, rng *rand.Rand)) {
	for _, pair := range ratePairs {
		t.Run(fmt.Sprint(pair), func(t *testing.T) {
			test(t, mustResampler(t, pair[0], pair[1]), rand.New(rand.NewPCG(7, uint64(pair[0]))))
		})
	}
}

func mustResampler(t testing.TB, from, to int) *Resampler {
	t.Helper()
	r, err := NewResampler(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func noise(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x
}

// pushChunks pushes in pieces of random length, none and one among them.
func pushChunks(r *Resampler, rng *rand.Rand, dst, in []float32, largest int) []float32 {
	for len(in) > 0 {
		n := min(rng.IntN(largest+1), len(in))
		dst = r.Push(dst, in[:n])
		in = in[n:]
	}
	return dst
}

func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func TestResamplerChunking(t *testing.T) {
	eachRatePair(t, func(t *testing.T, r *Resampler, rng *rand.Rand) {
		for _, length := range []int{0, 1, 2, 47, 48, 49, 160, 1023, 1024, 1025, 3989} {
			in := noise(rng, length)
			want := r.Flush(r.Push(nil, in))
			for _, largest := range []int{1, 7, 160, 1031, 5000} {
				got := r.Flush(pushChunks(r, rng, nil, in, largest))
				if !same(got, want) {
					t.Fatalf("%d samples in chunks of up to %d differ from one push", length, largest)
				}
			}
		}
	})
}

func TestResamplerLength(t *testing.T) {
	eachRatePair(t, func(t *testing.T, r *Resampler, rng *rand.Rand) {
		for range 20 {
			n := rng.IntN(3000)
			got := len(r.Flush(r.Push(nil, noise(rng, n))))
			if want := (n*r.to + r.from - 1) / r.from; got != want {
				t.Fatalf("%d samples gave %d, want %d", n, got, want)
			}
		}
	})
}

// Push gives output n with the sample that Needed names, not earlier and not
// later.
func TestResamplerNeededIsWhenItIsGiven(t *testing.T) {
	eachRatePair(t, func(t *testing.T, r *Resampler, rng *rand.Rand) {
		var given int64
		for pushed := int64(1); pushed <= 3000; pushed++ {
			given += int64(len(r.Push(nil, []float32{1})))
			if given > 0 && r.Needed(given-1) > pushed {
				t.Fatalf("output %d came with sample %d, Needed says %d", given-1, pushed, r.Needed(given-1))
			}
			if r.Needed(given) <= pushed {
				t.Fatalf("output %d did not come with sample %d, Needed says %d", given, pushed, r.Needed(given))
			}
		}
	})
}

// The last sample that Needed counts matters; none after it does.
func TestResamplerNeededIsWhatMatters(t *testing.T) {
	eachRatePair(t, func(t *testing.T, r *Resampler, rng *rand.Rand) {
		for range 10 {
			n := rng.Int64N(700)
			need := r.Needed(n)
			in := make([]float32, need+300)
			give := func(at int64) float32 {
				clear(in)
				in[at] = 1000
				return r.Flush(r.Push(nil, in))[n]
			}
			if give(need-1) == 0 {
				t.Errorf("sample %d does not change output %d", need-1, n)
			}
			for _, at := range []int64{need, need + 1, need + rng.Int64N(300)} {
				if v := give(at); v != 0 {
					t.Errorf("sample %d changes output %d by %v, which needs only %d", at, n, v, need)
				}
			}
		}
	})
}

func TestResamplerLookAheadIsShort(t *testing.T) {
	for _, pair := range ratePairs {
		r := mustResampler(t, pair[0], pair[1])
		for n := range int64(1000) {
			ahead := float64(r.Needed(n)-1)/float64(pair[0]) - float64(n)/float64(pair[1])
			limit := float64(halfWidth+1) / float64(min(pair[0], pair[1]))
			if pair[0] == pair[1] {
				limit = 0
			}
			if ahead > limit+1e-12 {
				t.Fatalf("%v: output %d waits %.2f ms for the future", pair, n, 1000*ahead)
			}
		}
	}
}

func TestResamplerSnapshot(t *testing.T) {
	eachRatePair(t, func(t *testing.T, r *Resampler, rng *rand.Rand) {
		for range 8 {
			in := noise(rng, 1+rng.IntN(3000))
			want := r.Flush(r.Push(nil, in))
			cut := rng.IntN(len(in) + 1)
			got := pushChunks(r, rng, nil, in[:cut], 700)
			state, err := r.AppendBinary([]byte("prefix"))
			if err != nil {
				t.Fatal(err)
			}
			r.Reset()
			// Once into a fresh value, once into one that was in use.
			var zero Resampler
			used := mustResampler(t, r.from, r.to)
			used.Push(nil, in)
			for _, restored := range []*Resampler{&zero, used} {
				if err := restored.UnmarshalBinary(state[len("prefix"):]); err != nil {
					t.Fatal(err)
				}
				if all := restored.Flush(pushChunks(restored, rng, slices.Clone(got), in[cut:], 700)); !same(all, want) {
					t.Fatalf("cut at %d of %d: the restored stream differs", cut, len(in))
				}
			}
			if len(state) > 20<<10 {
				t.Fatalf("a state of %d bytes", len(state))
			}
		}
	})
}

func TestResamplerStateErrors(t *testing.T) {
	r := mustResampler(t, 44100, 16000)
	in := noise(rand.New(rand.NewPCG(1, 2)), 3000)
	r.Push(nil, in)
	state, _ := r.AppendBinary(nil)
	other := mustResampler(t, 48000, 16000)
	before, _ := other.AppendBinary(nil)
	if err := other.UnmarshalBinary(state); err == nil || !strings.Contains(err.Error(), "44100 to 16000") {
		t.Errorf("a state of other rates: %v", err)
	}
	for n := range len(state) {
		if err := r.UnmarshalBinary(state[:n]); err == nil {
			t.Fatalf("%d of %d bytes were accepted", n, len(state))
		}
	}
	if err := r.UnmarshalBinary(append(state, 0)); err == nil {
		t.Error("a byte too many was accepted")
	}
	if after, _ := other.AppendBinary(nil); string(after) != string(before) {
		t.Error("a refused state changed the resampler")
	}
	if after, _ := r.AppendBinary(nil); string(after) != string(state) {
		t.Error("a refused state changed the resampler")
	}
}

func TestResamplerResetIsFresh(t *testing.T) {
	eachRatePair(t, func(t *testing.T, r *Resampler, rng *rand.Rand) {
		in := noise(rng, 3000)
		want := mustResampler(t, r.from, r.to).Push(nil, in)
		r.Push(nil, noise(rng, 1234))
		r.Reset()
		if !same(r.Push(nil, in), want) {
			t.Error("after Reset the output differs from that of a new Resampler")
		}
		r.Flush(nil)
		if !same(r.Push(nil, in), want) {
			t.Error("after Flush the output differs from that of a new Resampler")
		}
	})
}

func TestResamplerPassesEqualRatesUntouched(t *testing.T) {
	r := mustResampler(t, 16000, 16000)
	in := []float32{0, float32(math.Copysign(0, -1)), 1e-42, -7, float32(math.Inf(1))}
	if got := r.Push([]float32{3}, in); !same(got[1:], in) {
		t.Errorf("got %v", got)
	}
}

func TestResamplerAllocatesNothing(t *testing.T) {
	eachRatePair(t, func(t *testing.T, r *Resampler, rng *rand.Rand) {
		in := noise(rng, 1500)
		dst := make([]float32, 0, 1600*max(1, r.to/r.from+1))
		if n := testing.AllocsPerRun(5, func() { r.Push(dst, in) }); n != 0 {
			t.Errorf("%v allocations a push", n)
		}
	})
}

func TestResamplerRates(t *testing.T) {
	for _, pair := range [][2]int{{0, 16000}, {16000, 0}, {3999, 16000}, {192001, 16000}, {16000, 1e9}, {-16000, 16000}} {
		if _, err := NewResampler(pair[0], pair[1]); err == nil {
			t.Errorf("%v was accepted", pair)
		}
	}
}

// Filters are shared, their number is bounded, and streams may be opened from
// several goroutines.
func TestFilterCache(t *testing.T) {
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 12 {
				mustResampler(t, 16000, 4000+4000*((i+g)%12))
			}
		})
	}
	wg.Wait()
	if a, b := mustResampler(t, 44100, 16000), mustResampler(t, 22050, 8000); a.filter != b.filter {
		t.Error("the same ratio has two filters")
	}
	for rate := range 2 * maxFilters {
		mustResampler(t, 16000, 5000+rate)
	}
	if n := len(filters.list); n != maxFilters {
		t.Errorf("%d filters are kept", n)
	}
	for _, f := range filters.list {
		if len(f.coeffs) > maxCoefficients {
			t.Errorf("%d coefficients for %d:%d", len(f.coeffs), f.up, f.down)
		}
	}
}
