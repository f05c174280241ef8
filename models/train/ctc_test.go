package train

import (
	"math"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/internal/oracle"
	"github.com/streamer-audio/streamer/models"
)

// Losses to a part in 10^12, and gradients as near as float32 can say them.
func TestCTCAgreesWithTorch(t *testing.T) {
	for _, name := range []string{"ctc_tiny", "ctc", "ctc_long"} {
		g := oracle.Load(t, "torch/"+name)
		steps, lanes, outputs := g["logits"].Shape[0], g["logits"].Shape[1], g["logits"].Shape[2]
		b := &Batch{Steps: steps}
		for lane := range lanes {
			labels := []int{}
			for _, v := range g["labels"].Rows()[lane][:int(g["label_lengths"].Data[lane])] {
				labels = append(labels, int(v))
			}
			b.Labels, b.Lengths = append(b.Labels, labels), append(b.Lengths, int(g["lengths"].Data[lane]))
		}
		if err := checkLabels(b, outputs); err != nil {
			t.Fatal(err)
		}
		logits := g["logits"].Float32()
		loss := new(ctc).loss(logits, b, lanes, outputs, float64(lanes))
		want := g["f64.loss"].Data[0]
		oracle.Close(t, name+": loss", []float64{loss / float64(lanes)}, []float64{want}, 1e-12*want)
		oracle.Close(t, name+": gradient", logits, g["f64.grad.logits"].Data, 1e-7)
	}
}

// A lane without frames has one transcript, that of no labels, and no loss.
func TestCTCOfNothing(t *testing.T) {
	logits := []float32{1, 2}
	b := &Batch{Steps: 1, Lengths: []int{0}, Labels: [][]int{{}}}
	if loss := new(ctc).loss(logits, b, 1, 2, 1); loss != 0 || logits[0] != 0 || logits[1] != 0 {
		t.Fatalf("loss %g, gradient %v", loss, logits)
	}
}

func TestLabelsThatNoPathGivesAreRefused(t *testing.T) {
	a := arch(1, gruLayer(2, false))
	a.Outputs, a.Head = 3, models.SoftmaxHead
	c := DefaultConfig()
	c.Lanes, c.Shards = 2, 1
	tr := newTrainer(t, a, c)
	for want, labels := range map[string][]int{
		"3 labels need 5 frames": {1, 1, 1}, "4 labels need 4": {1, 2, 1, 2}, "label 0": {0}, "label 3": {3},
	} {
		_, err := tr.Step(&Batch{Steps: 3, X: make([]float32, 6), Labels: [][]int{{1}, labels}}, 0.1)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "lane 1") {
			t.Errorf("%v: error %v does not say %q of lane 1", labels, err, want)
		}
	}
}

func TestLogAdd(t *testing.T) {
	inf := math.Inf(-1)
	if v := logAdd(inf, inf); !math.IsInf(v, -1) {
		t.Errorf("nothing and nothing: %v", v)
	}
	oracle.Close(t, "sum", []float64{logAdd(math.Log(2), math.Log(3)), logAdd(inf, 1), logAdd(-1000, -1000)},
		[]float64{math.Log(5), 1, -1000 + math.Log(2)}, 1e-14)
}
