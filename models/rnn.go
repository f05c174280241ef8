package models

import "github.com/streamer-audio/streamer/internal/kernel"

// The plain recurrent unit (Elman 1990), and the unit of a plain dense net,
// which has no state:
//
//	rnn    h' = g(W_x x + b_x + W_h h + b_h)      g = tanh or relu
//	dense  y  = g(W_x x + b_x)
//
// In the notation of the course a<t> = g(Waa a<t-1> + Wax x<t> + ba). Its
// y<t> = g(Wya a<t> + by) is the head of the model.
var (
	rnnTanh   = Cell{Name: "rnn", Gates: 1, Memory: 1, Forward: tanhForward, Backward: tanhBackward}
	rnnReLU   = Cell{Name: "rnn-relu", Gates: 1, Memory: 1, Forward: reluForward, Backward: reluBackward}
	denseTanh = Cell{Name: "dense", Gates: 1, Forward: tanhForward, Backward: tanhBackward}
	denseReLU = Cell{Name: "dense-relu", Gates: 1, Forward: reluForward, Backward: reluBackward}
)

func tanhForward(s *Step) {
	kernel.TanhSum(s.X, s.R)
	copy(s.H, s.X)
}

func tanhBackward(s *Step) {
	for i, h := range s.X {
		s.X[i] = float32((s.DH[i] + s.DY[i]) * (1 - float32(h*h)))
	}
	copy(s.R, s.X)
	clear(s.DH)
}

func reluForward(s *Step) {
	kernel.ReLUSum(s.X, s.R)
	copy(s.H, s.X)
}

// reluBackward takes the slope at 0 for 0, as PyTorch.
func reluBackward(s *Step) {
	for i, h := range s.X {
		d := s.DH[i] + s.DY[i]
		if !(h > 0) {
			d = 0
		}
		s.X[i] = d
	}
	copy(s.R, s.X)
	clear(s.DH)
}
