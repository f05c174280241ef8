package training

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/streamer-audio/streamer/models"
)

// CalibrationConfig says how scores are made probabilities when training is done: on the development mixes of another seed.
type CalibrationConfig struct {
	Seed uint64 `json:"seed"`
}

// Calibration corrects a model that is surer of itself on recordings that it knows than it is right on others: the logit x
// of a score becomes Slope*x + Offset (Platt 1999, "Probabilistic outputs for support vector machines"). It changes no
// order of scores, and so no ROC curve.
type Calibration struct{ Slope, Offset float64 }

// Calibrate returns the model with its head corrected, so that of the frames of the mixes that it gives 0.8, say, as nearly
// as two numbers can do it eight in ten hold speech. m is the material of the recipe's eval.sources.
func (r *Recipe) Calibrate(ctx context.Context, model *models.Model, m *Material, jobs int) (*models.Model, Calibration, error) {
	if r.Calibration == nil {
		return nil, Calibration{}, fmt.Errorf("recipe %s has no calibration", r.Name)
	}
	config := r.Eval
	config.Seed = r.Calibration.Seed
	set, err := config.Mixes(m)
	if err != nil {
		return nil, Calibration{}, err
	}
	detector, err := NewModelDetector(r.Name, model)
	if err != nil {
		return nil, Calibration{}, err
	}
	logits, labels := make([][]float64, set.Len()), make([][]bool, set.Len())
	err = parallel(ctx, max(1, jobs), set.Len(), func(_, i int) error {
		item, err := set.Item(i)
		if err != nil {
			return err
		}
		labels[i] = item.Labels()
		logits[i], err = detector.Scores(item)
		for k, p := range logits[i] {
			p = max(1e-7, min(p, 1-1e-7))
			logits[i][k] = math.Log(p) - math.Log(1-p)
		}
		return err
	})
	if err != nil {
		return nil, Calibration{}, err
	}
	c, err := fitCalibration(logits, labels)
	if err != nil {
		return nil, c, err
	}
	model, err = c.apply(model, m.Digest())
	return model, c, err
}

// fitCalibration minimises the binary cross-entropy over all frames by Newton's method. The result is rounded to
// thousandths, so that the last bits of exp, which differ between processors, don't reach the weights.
func fitCalibration(logits [][]float64, labels [][]bool) (Calibration, error) {
	c := Calibration{Slope: 1}
	for range 50 {
		var ga, gb, haa, hab, hbb float64
		for i, row := range logits {
			for k, x := range row {
				p := 1 / (1 + math.Exp(-float64(float64(c.Slope*x)+c.Offset)))
				d, w := p, float64(p*(1-p))
				if labels[i][k] {
					d--
				}
				ga, gb = ga+float64(d*x), gb+d
				haa, hab, hbb = haa+float64(float64(w*x)*x), hab+float64(w*x), hbb+w
			}
		}
		det := float64(haa*hbb) - float64(hab*hab)
		da, db := (float64(hbb*ga)-float64(hab*gb))/det, (float64(haa*gb)-float64(hab*ga))/det
		c.Slope, c.Offset = c.Slope-da, c.Offset-db
		if !(c.Slope > 0 && c.Slope < 100 && math.Abs(c.Offset) < 100) {
			break
		}
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			return Calibration{math.Round(c.Slope*1000) / 1000, math.Round(c.Offset*1000) / 1000}, nil
		}
	}
	return c, errors.New("the scores cannot be calibrated: on the development mixes they do not rise with speech, or divide it without an error")
}

// apply returns the model with its head times the slope and the offset added, and says so in its provenance.
func (c Calibration) apply(m *models.Model, material string) (*models.Model, error) {
	tensors := make([]models.Tensor, len(m.Tensors()))
	for i, t := range m.Tensors() {
		data := make([]float32, len(t.Data))
		for k, v := range t.Data {
			switch t.Name {
			case "head.weight":
				v = float32(float64(v) * c.Slope)
			case "head.bias":
				v = float32(float64(float64(v)*c.Slope) + c.Offset)
			}
			data[k] = v
		}
		t.Data = data
		tensors[i] = t
	}
	info := m.Info()
	info.Provenance = maps.Clone(info.Provenance)
	info.Provenance["calibration"] = fmt.Sprintf("slope %.3f, offset %.3f, on %s", c.Slope, c.Offset, material)
	return models.New(m.Arch(), info, tensors)
}
