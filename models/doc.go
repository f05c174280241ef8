// Package models is the recurrent engine: frames in, answers out, one at a
// time, with the past kept in a small State.
//
//	m, _ := models.Load("vad.safetensors")
//	s := m.NewState()
//	for each frame {
//		s.Push(frame)
//		for s.Next(out) { ... }
//	}
//	s.Flush() // the recording is over: the answers that waited for it
//
// A Model is immutable and shared by all streams; a State belongs to one
// stream and one goroutine. A causal model answers each frame at once. A
// bidirectional one keeps its answers back until Flush; that is the whole
// difference between live and offline.
//
// An [Arch] says what a model is made of: how a frame becomes the input of the
// first layer (frames, one-hot tokens, an embedding), layers of any cells on
// each other, each in one direction or both, and a head (sigmoid, softmax,
// linear, none).
//
// # Cells and their notation
//
// A [Cell] is its equations, a step forward and the same step back; what
// surrounds them (blocks of weights, batches, padding, snapshots, files) is the
// same for all. The files rnn.go, gru.go and lstm.go have the equations. They
// and the tensors are in PyTorch's notation, the course has its own:
//
//	                 here        PyTorch               the course
//	every cell       x, h        x_t, h_t              x<t>, a<t>
//	rnn              W_x, W_h    weight_ih, weight_hh  Wax, Waa
//	                 b_x + b_h   bias_ih + bias_hh     ba
//	                 the head    nn.Linear             y<t> = g(Wya a<t> + by)
//	every gru        1-z         1-z_t                 Gamma_u, the update gate
//	                 n           n_t                   c~<t>
//	                 h           h_t                   c<t> = a<t>
//	gru, gru-before  r           r_t                   Gamma_r, the relevance gate
//	lstm             i           i_t                   Gamma_u
//	                 f           f_t                   Gamma_f
//	                 o           o_t                   Gamma_o
//	                 g           g_t                   c~<t>
//	                 c, h        c_t, h_t              c<t>, a<t>
//
// The course joins matrices: its Wa is [Waa, Wax], and its Wu is the rows of a
// gate of W_h and W_x side by side. Its update gate says how much is new, z how
// much stays. Its simplified GRU is gru-simple. Its full GRU takes the reset
// gate before the product, which PyTorch does not have: gru-before is that one,
// and gru is PyTorch's.
//
// # Shapes of tasks
//
//	one to one         dense layers, one frame a sequence
//	one to many        answers drawn with Sample and pushed as the next token
//	many to one        the last answer counts (train.LastStep)
//	many to many       an answer for each frame
//	  other length     CTC, live: many frames to few labels
//	                   an encoder without a head and a decoder that begins with
//	                   its memory (State.AppendMemory, SetMemory), offline
package models
