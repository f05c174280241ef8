package models_test

import (
	"fmt"
	"log"

	"github.com/streamer-audio/streamer/models"
)

// summer returns the least of all recurrent models, made by hand: one unit
// whose state is the sum of what it heard, a<t> = relu(1 a<t-1> + 1 x<t>).
func summer() *models.Model {
	arch := models.Arch{Input: 1, Outputs: 1, Head: models.LinearHead, Layers: []models.Layer{{Cell: models.RNNReLU, Hidden: 1}}}
	tensors := arch.Shapes()
	for i := range tensors {
		t := &tensors[i]
		t.Data = make([]float32, t.Len()) // biases and the mean of the input: 0
		switch t.Name {
		case "input.scale", "rnn-relu.weight_ih_l0", "rnn-relu.weight_hh_l0", "head.weight":
			t.Data[0] = 1
		}
	}
	m, err := models.New(arch, models.Info{Name: "sum"}, tensors)
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// Frames go in, answers come out; what was heard is in the state.
func ExampleState() {
	m := summer()
	s, other := m.NewState(), m.NewState() // a state for each stream
	out := make([]float32, m.Arch().Outputs)
	for _, x := range []float32{1, 2, 3} {
		s.Push([]float32{x})
		for s.Next(out) {
			fmt.Println(x, "makes", out[0])
		}
	}
	other.Push([]float32{10})
	other.Next(out)
	fmt.Println("the other stream is at", out[0])
	// Output:
	// 1 makes 1
	// 2 makes 3
	// 3 makes 6
	// the other stream is at 10
}

// A snapshot is what a stream needs to go on elsewhere, to the bit.
func ExampleState_AppendBinary() {
	m := summer()
	s := m.NewState()
	out := make([]float32, m.Arch().Outputs)
	for _, x := range []float32{1, 2, 3} {
		s.Push([]float32{x})
		s.Next(out)
	}
	snapshot, err := s.AppendBinary(nil)
	if err != nil {
		log.Fatal(err)
	}

	restored := m.NewState() // in another process, on another day
	if err := restored.UnmarshalBinary(snapshot); err != nil {
		log.Fatal(err)
	}
	restored.Push([]float32{4})
	restored.Next(out)
	fmt.Println("1 + 2 + 3 + 4 =", out[0])

	// The snapshot names its model: another one refuses it.
	arch := m.Arch()
	arch.Outputs, arch.Head = 0, models.NoHead
	silent, err := models.New(arch, models.Info{Name: "sum without a head"}, m.Tensors()[:6])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("refused elsewhere:", silent.NewState().UnmarshalBinary(snapshot) != nil)
	// Output:
	// 1 + 2 + 3 + 4 = 10
	// refused elsewhere: true
}

// A stack of one's own: any cells, any depth, either direction. The list of
// its tensors is what New wants, and what a training would fill.
func ExampleArch() {
	arch := models.Arch{Input: 40, Outputs: 11, Head: models.SoftmaxHead, Layers: []models.Layer{
		{Cell: models.DenseReLU, Hidden: 128},
		{Cell: models.LSTM, Hidden: 96},
		{Cell: models.GRU, Hidden: 64},
	}}
	if err := arch.Validate(); err != nil {
		log.Fatal(err)
	}
	weights := 0
	for _, t := range arch.Shapes() {
		weights += t.Len()
	}
	fmt.Println(weights, "weights; answers at once:", arch.Causal())

	arch.Layers[1].Bidirectional, arch.Layers[1].Sum = true, true
	fmt.Println("with a layer that hears the future; answers at once:", arch.Causal())

	arch.Layers[1].Hidden = 0
	fmt.Println(arch.Validate())
	// Output:
	// 123931 weights; answers at once: true
	// with a layer that hears the future; answers at once: false
	// models: layer 1: hidden size 0 is not within 1..4096
}
