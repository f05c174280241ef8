package lab

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// teacher is a net that says something to noise, of mean 0 and variance 1.
type teacher struct {
	model       *models.Model
	mean, scale float64
}

func newTeacher(layers int, seed uint64) (*teacher, error) {
	net, err := train.NewNet(noiseArch(layers, teacherUnits), seed+100) // not the weights that a pupil begins with
	if err != nil {
		return nil, err
	}
	for _, t := range net.Tensors() {
		if strings.HasPrefix(t.Name, "rnn.weight_ih") {
			for i := range t.Data {
				t.Data[i] *= teacherGain
			}
		}
	}
	m, err := net.Model(models.Info{Name: "teacher"})
	if err != nil {
		return nil, err
	}
	t := &teacher{m, 0, 1}
	said := wide(t.lesson(rand.New(rand.NewPCG(seed, 60)), 50, 100).Y)
	centre, variance := mean(said), 0.0
	for _, y := range said {
		variance += float64((y-centre)*(y-centre)) / float64(len(said))
	}
	t.mean, t.scale = centre, 1/math.Sqrt(variance)
	return t, nil
}

// lesson is noise, and what there is to say to it.
func (t *teacher) lesson(rng *rand.Rand, lanes, steps int) *train.Batch {
	b := &train.Batch{Steps: steps, X: make([]float32, lanes*steps*noiseWidth), Y: make([]float32, lanes*steps), Reset: anew(lanes)}
	noise := make([]float32, steps*noiseWidth)
	for lane := range lanes {
		for i := range noise {
			noise[i] = float32(rng.NormFloat64())
		}
		for step, y := range answers(t.model, noise) {
			at := step*lanes + lane
			copy(b.X[at*noiseWidth:], noise[step*noiseWidth:(step+1)*noiseWidth])
			b.Y[at] = float32((float64(y) - t.mean) * t.scale)
		}
	}
	return b
}
