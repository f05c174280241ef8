package lab

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDeep(t *testing.T) {
	if testing.Short() {
		t.Skip("trains nets")
	}
	r := quick(t, "deep", false)
	o := r.Outcome
	if one, three := o["error of 1 layers, from a net of depth 3"], o["error of 3 layers, from a net of depth 3"]; !r.Holds || !(three < 0.9*one) {
		t.Errorf("holds: %v, three layers leave %g, one %g", r.Holds, three, one)
	}
	if e := o["error of 1 layers, from a net of depth 1"]; e > 0.2 {
		t.Errorf("one layer leaves %g of what one layer says", e)
	}
	weights := func(row []any) float64 { return float64(row[4].(int)) }
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			if share := weights(row) / weights(table.Rows[0]); math.Abs(share-1) > 0.05 {
				t.Errorf("%v has %g times the weights of the first net", row, share)
			}
		}
	}
	for name, v := range o {
		if math.IsNaN(v) || v <= 0 {
			t.Errorf("%s is %g", name, v)
		}
	}
}

// A teacher says something of mean 0 and variance 1, which depends on noise
// alone.
func TestTeacher(t *testing.T) {
	for layers := 1; layers <= 3; layers++ {
		one, err := newTeacher(layers, 1)
		if err != nil {
			t.Fatal(err)
		}
		var said []float64
		for _, y := range one.lesson(rand.New(rand.NewPCG(7, 7)), 100, 50).Y {
			said = append(said, float64(y))
		}
		m, square := mean(said), 0.0
		for _, y := range said {
			square += (y - m) * (y - m) / float64(len(said))
		}
		if math.Abs(m) > 0.1 || math.Abs(square-1) > 0.15 {
			t.Errorf("%d layers: mean %g, variance %g", layers, m, square)
		}
	}
}
