package train_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// A small net learns to say again what it heard three frames ago, which it can
// only do by remembering.
func ExampleTrainer() {
	const lanes, steps, ago = 16, 20, 3
	arch := models.Arch{Input: 1, Outputs: 1, Head: models.SigmoidHead, Layers: []models.Layer{{Cell: models.GRU, Hidden: 16}}}
	net, err := train.NewNet(arch, 1)
	if err != nil {
		log.Fatal(err)
	}
	config := train.DefaultConfig()
	config.Lanes, config.Shards = lanes, 1
	trainer, err := train.NewTrainer(net, config)
	if err != nil {
		log.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := &train.Batch{Steps: steps, X: make([]float32, steps*lanes), Y: make([]float32, steps*lanes)}
		for i := range b.X { // time-major: frame t of a lane is lanes values after frame t-1
			b.X[i] = float32(rng.IntN(2))
			if i >= ago*lanes {
				b.Y[i] = b.X[i-ago*lanes]
			}
		}
		b.Reset = make([]bool, lanes)
		for lane := range b.Reset {
			b.Reset[lane] = true // sequences of their own, not one long stream
		}
		if _, err := trainer.Step(b, 0.02); err != nil {
			log.Fatal(err)
		}
	}

	model, err := net.Model(models.Info{Name: "echo"})
	if err != nil {
		log.Fatal(err)
	}
	s, out := model.NewState(), make([]float32, 1)
	heard, said := []int{1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1}, []int{}
	for _, x := range heard {
		s.Push([]float32{float32(x)})
		s.Next(out)
		said = append(said, int(out[0]+0.5))
	}
	fmt.Println("heard", heard)
	fmt.Println("said ", said)
	// Output:
	// heard [1 0 0 1 1 1 0 1 0 0 0 1]
	// said  [0 0 0 1 0 0 1 1 1 0 1 0]
}
