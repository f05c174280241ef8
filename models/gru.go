package models

import "github.com/streamer-audio/streamer/internal/kernel"

// The gated recurrent unit (Cho et al. 2014) in three forms. An update gate z
// says how much of the old state stays:
//
//	z  = sigmoid(W_xz x + b_xz + W_hz h + b_hz)
//	h' = (1-z)*n + z*h
//
// The forms differ in what the candidate n hears of the old state. A reset
// gate r says how much, if there is one:
//
//	r  = sigmoid(W_xr x + b_xr + W_hr h + b_hr)
//
//	gru         n = tanh(W_xn x + b_xn + r*(W_hn h + b_hn))   reset after the product: PyTorch, cuDNN
//	gru-before  n = tanh(W_xn x + b_xn + W_hn (r*h) + b_hn)   reset before it: Cho et al., the course
//	gru-simple  n = tanh(W_xn x + b_xn + W_hn h + b_hn)       the update gate alone
//
// Rows of the weights are r, z, n. In the notation of the course Gamma_u =
// 1-z, Gamma_r = r, c~ = n, and c<t> = a<t> = h'.
var (
	gruAfter = Cell{Name: "gru", Gates: 3, Memory: 1, Forward: gruAfterForward, Backward: gruAfterBackward,
		fused: kernel.GRUStep}
	gruBefore = Cell{Name: "gru-before", Gates: 3, Late: 1, Memory: 1, Forward: gruBeforeForward, Backward: gruBeforeBackward,
		Reset: gruReset, ResetBack: gruResetBack}
	gruSimple = Cell{Name: "gru-simple", Gates: 2, Memory: 1, Forward: gruSimpleForward, Backward: gruSimpleBackward}
)

func gruAfterForward(s *Step) {
	copy(s.H, s.PrevH)
	kernel.GRUGates(s.H, s.X, s.R)
}

func gruAfterBackward(s *Step) {
	kernel.GRUGatesBack(s.DH, s.DY, s.PrevH, s.X, s.R)
}

func gruSimpleForward(s *Step) {
	k := len(s.H)
	kernel.SigmoidSum(s.X[:k], s.R[:k])
	kernel.TanhSum(s.X[k:], s.R[k:])
	copy(s.H, s.PrevH)
	kernel.Blend(s.H, s.X[:k], s.X[k:])
}

func gruSimpleBackward(s *Step) {
	k := len(s.DH)
	blendBack(s, s.X[:k], s.X[k:])
	copy(s.R, s.X)
}

// gruReset is the first half of a step: what the candidate will hear.
func gruReset(s *Step) {
	k := len(s.V)
	kernel.SigmoidSum(s.X[:2*k], s.R)
	kernel.Mul(s.V, s.X[:k], s.PrevH)
}

func gruBeforeForward(s *Step) {
	k := len(s.H)
	kernel.TanhSum(s.X[2*k:], s.Late)
	copy(s.H, s.PrevH)
	kernel.Blend(s.H, s.X[k:2*k], s.X[2*k:])
}

func gruBeforeBackward(s *Step) {
	k := len(s.DH)
	blendBack(s, s.X[k:2*k], s.X[2*k:])
	copy(s.Late, s.X[2*k:])
}

// gruResetBack goes back through v = r*h.
func gruResetBack(s *Step) {
	k := len(s.DH)
	for i, r := range s.X[:k] {
		d := s.DV[i]
		s.X[i] = float32(float32(d*s.PrevH[i]) * float32(r*(1-r)))
		s.DH[i] += float32(d * r)
	}
	copy(s.R, s.X[:2*k])
}

// blendBack goes back through h' = n + z*(h-n), z = sigmoid(a_z), n =
// tanh(a_n), with z and n replaced by d loss / d a_z and d a_n:
//
//	da_n = dh (1-z) (1-n^2)    da_z = dh (h-n) z (1-z)    dh := dh z
func blendBack(s *Step, z, n []float32) {
	for i, h := range s.PrevH {
		d, zi, ni := s.DH[i]+s.DY[i], z[i], n[i]
		n[i] = float32(float32(d*(1-zi)) * (1 - float32(ni*ni)))
		z[i] = float32(float32(d*(h-ni)) * float32(zi*(1-zi)))
		s.DH[i] = float32(d * zi)
	}
}
