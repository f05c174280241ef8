package models

import "github.com/streamer-audio/streamer/internal/kernel"

// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget
// gate of Gers et al. 2000) carries a memory c beside its output h:
//
//	i  = sigmoid(W_xi x + b_xi + W_hi h + b_hi + p_i*c)
//	f  = sigmoid(W_xf x + b_xf + W_hf h + b_hf + p_f*c)
//	g  = tanh   (W_xg x + b_xg + W_hg h + b_hg)
//	c' = f*c + i*g
//	o  = sigmoid(W_xo x + b_xo + W_ho h + b_ho + p_o*c')
//	h' = o*tanh(c')
//
// The peepholes p (Gers et al. 2002) are there in lstm-peephole only. Rows of
// the weights are i, f, g, o, as PyTorch has them, of the peepholes i, f, o.
// In the notation of the course Gamma_u = i, Gamma_f = f, Gamma_o = o, c~ = g,
// c<t> = c', a<t> = h'.
var (
	lstm         = Cell{Name: "lstm", Gates: 4, Memory: 2, Forward: lstmForward, Backward: lstmBackward}
	lstmPeephole = Cell{Name: "lstm-peephole", Gates: 4, Memory: 2, Peeps: 3, Forward: lstmForward, Backward: lstmBackward}
)

func lstmForward(s *Step) {
	k := len(s.H)
	in, f, g, o := s.X[:k], s.X[k:2*k], s.X[2*k:3*k], s.X[3*k:]
	if len(s.Peep) > 0 {
		kernel.AddProduct(in, s.Peep[:k], s.PrevC)
		kernel.AddProduct(f, s.Peep[k:2*k], s.PrevC)
	}
	kernel.SigmoidSum(s.X[:2*k], s.R[:2*k])
	kernel.TanhSum(g, s.R[2*k:3*k])
	kernel.Mul(s.C, f, s.PrevC)
	kernel.AddProduct(s.C, in, g)
	if len(s.Peep) > 0 {
		kernel.AddProduct(o, s.Peep[2*k:], s.C)
	}
	kernel.SigmoidSum(o, s.R[3*k:])
	kernel.MulTanh(s.H, o, s.C)
}

// lstmBackward, with d = dh + dy:
//
//	da_o = d tanh(c') o (1-o)
//	dc  += d o (1-tanh(c')^2) + da_o p_o
//	da_i = dc g i (1-i)    da_f = dc c f (1-f)    da_g = dc i (1-g^2)
//	dc  := dc f + da_i p_i + da_f p_f             dh := 0
func lstmBackward(s *Step) {
	k := len(s.DH)
	in, f, g, o := s.X[:k], s.X[k:2*k], s.X[2*k:3*k], s.X[3*k:]
	for j, c := range s.PrevC {
		i, f1, g1, o1, t := in[j], f[j], g[j], o[j], kernel.Tanh(s.C[j])
		d := s.DH[j] + s.DY[j]
		ao := float32(float32(d*t) * float32(o1*(1-o1)))
		dc := s.DC[j] + float32(float32(d*o1)*(1-float32(t*t)))
		if len(s.Peep) > 0 {
			dc += float32(ao * s.Peep[2*k+j])
		}
		in[j] = float32(float32(dc*g1) * float32(i*(1-i)))
		f[j] = float32(float32(dc*c) * float32(f1*(1-f1)))
		g[j] = float32(float32(dc*i) * (1 - float32(g1*g1)))
		o[j] = ao
		s.DC[j] = float32(dc * f1)
	}
	if len(s.Peep) > 0 {
		peepholesBack(s, in, f, o)
	}
	copy(s.R, s.X)
	clear(s.DH)
}

func peepholesBack(s *Step, in, f, o []float32) {
	k := len(s.DC)
	for j, c := range s.PrevC {
		s.DC[j] += float32(in[j]*s.Peep[j]) + float32(f[j]*s.Peep[k+j])
		s.DPeep[j] += float32(in[j] * c)
		s.DPeep[k+j] += float32(f[j] * c)
		s.DPeep[2*k+j] += float32(o[j] * s.C[j])
	}
}
