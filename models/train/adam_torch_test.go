package train

import (
	"fmt"
	"testing"

	"github.com/streamer-audio/streamer/internal/oracle"
	"github.com/streamer-audio/streamer/models"
)

// The optimiser alone, with gradients that are given: what comes through a
// whole net is in torch_test.go.

// tensorsOf takes the arrays prefix+"a" and prefix+"b" of a golden.
func tensorsOf(g map[string]oracle.Array, prefix string) []models.Tensor {
	var list []models.Tensor
	for _, name := range []string{"a", "b"} {
		a := g[prefix+name]
		list = append(list, models.Tensor{Name: name, Shape: a.Shape, Data: a.Float32()})
	}
	return list
}

func TestAdamWAgreesWithTorch(t *testing.T) {
	g := oracle.Load(t, "torch/adamw")
	tensors := tensorsOf(g, "")
	oracle.Close(t, "eps", []float64{adamEps}, g["f64.eps"].Data, 0)
	a := newAdam(Config{WeightDecay: g["decay"].Data[0], Beta1: g["f64.beta1"].Data[0], Beta2: g["f64.beta2"].Data[0]}, tensors)
	for i, lr := range g["lr"].Data {
		a.step(tensors, tensorsOf(g, fmt.Sprintf("grad%d.", i+1)), lr, 1)
		for _, w := range tensors {
			what := fmt.Sprintf("step %d: %s", i+1, w.Name)
			oracle.Close(t, what, w.Data, g[fmt.Sprintf("f64.after%d.%s", i+1, w.Name)].Data, 5e-7)
		}
	}
}

// Clipping to a norm below that of the gradients, and to one above.
func TestClippingAgreesWithTorch(t *testing.T) {
	g := oracle.Load(t, "torch/clip")
	grads := tensorsOf(g, "grad.")
	norm := globalNorm(grads, 0)
	oracle.Close(t, "norm", []float64{norm}, g["f64.norm"].Data, 1e-12)
	for _, limit := range []string{"tight", "loose"} {
		scale := clipScale(norm, g["f64."+limit].Data[0])
		for _, grad := range grads {
			clipped := oracle.NewArray(grad.Shape, grad.Data).Data
			for i := range clipped {
				clipped[i] *= scale
			}
			oracle.Close(t, limit+": "+grad.Name, clipped, g["f64."+limit+"."+grad.Name].Data, 1e-12)
		}
	}
}
