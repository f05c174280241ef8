package training

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/dsp/fourier"
)

func TestFourierAgainstGonum(t *testing.T) {
	const n = 256
	r := newRandom(1)
	re, im := make([]float32, n), make([]float32, n)
	signal := make([]complex128, n)
	for i := range re {
		re[i], im[i] = r.white(), r.white()
		signal[i] = complex(float64(re[i]), float64(im[i]))
	}
	f := newFFT(n)
	f.forward(re, im)
	want := fourier.NewCmplxFFT(n).Coefficients(nil, signal)
	for i := range re {
		k := 0 // bit reversal of i
		for b := range 8 {
			k |= i >> b & 1 << (7 - b)
		}
		if d := math.Hypot(float64(re[i])-real(want[k]), float64(im[i])-imag(want[k])); d > 1e-4 {
			t.Fatalf("bin %d is off by %g", k, d)
		}
	}
	f.backward(re, im)
	for i := range re {
		if d := math.Hypot(float64(re[i])/n-real(signal[i]), float64(im[i])/n-imag(signal[i])); d > 1e-6 {
			t.Fatalf("sample %d comes back off by %g", i, d)
		}
	}
}

func TestConvolverAgainstDirectSum(t *testing.T) {
	r := newRandom(2)
	for _, length := range []int{1, 7, 300, roomLongest} {
		response := make([]float32, length)
		for range min(12, length) { // few taps: the direct sum stays quick
			response[r.below(length)] = r.white()
		}
		response[0] = 5
		room := NewRoom("x", response)
		for _, n := range []int{0, 1, 1000, roomFFT - len(room.Response) + 1, 50000} {
			x := make([]float32, n)
			for i := range x {
				x[i] = r.white()
			}
			want := make([]float64, n)
			for k, h := range room.Response {
				if h == 0 {
					continue
				}
				for i := k; i < n; i++ {
					want[i] += float64(h) * float64(x[i-k])
				}
			}
			newConvolver().apply(x, room)
			for i := range x {
				if math.Abs(float64(x[i])-want[i]) > 2e-5 {
					t.Fatalf("response %d, signal %d: sample %d is %g, want %g", length, n, i, x[i], want[i])
				}
			}
		}
	}
}

func TestRoomBeginsWithItsDirectPath(t *testing.T) {
	response := make([]float32, 4000)
	response[1000], response[1500] = 0.2, -0.5
	response[20] = 0.01 // what comes before is no direct path
	r := NewRoom("x", response)
	if max(r.Response[Rate/500], -r.Response[Rate/500]) < 0.3 {
		t.Errorf("the direct path is not 2 ms after the beginning: %v", r.Response[:40])
	}
	if e := sumSquares(r.Response); math.Abs(e-1) > 1e-5 {
		t.Errorf("energy %g", e)
	}
	if NewRoom("x", make([]float32, 10)) != nil || NewRoom("x", nil) != nil {
		t.Error("a silent response makes a room")
	}
}

func TestMadeRooms(t *testing.T) {
	for seed := range uint64(40) {
		r := drawRoom(newRandom(seed))
		if r == nil || len(r.Response) > roomLongest || math.Abs(sumSquares(r.Response)-1) > 1e-5 {
			t.Fatalf("seed %d: not a room of unit energy", seed)
		}
		n := len(r.Response)
		if n > 2000 {
			if head, tail := sumSquares(r.Response[:n/2]), sumSquares(r.Response[n/2:]); tail > head {
				t.Errorf("seed %d: the tail does not die away", seed)
			}
		}
	}
}
