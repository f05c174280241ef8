// Package lm is a language model on the engine of package models: it tells how
// probable a sentence is, and writes sentences of its own.
//
// A sentence is a sequence of tokens, words or characters, that ends with <EOS>:
//
//	P(y<1> ... y<T>) = product over t of P(y<t> | y<1> ... y<t-1>)      y<T> = <EOS>
//
// The net gets x<1> = 0, the zero vector, then x<t> = y<t-1>, and its softmax at
// step t is the distribution of y<t>. It is trained by cross-entropy with the
// tokens of a text, a sentence a line. Logarithms are natural; the perplexity is
// e**(-log P / T), <EOS> counted in T.
//
//	m, _ := lm.Load("kitchen.safetensors")
//	score, _ := m.Score("the apple and pear salad")
//	fmt.Println(score.LogProb, score.Perplexity())
//
//	s, _ := m.NewSampler(1, lm.DefaultSampleConfig())
//	sentence, _ := s.Next()
//
// A model file is that of any other model, with the vocabulary in its metadata.
// Sampling is exact and portable: the same model, seed and settings give the same
// sentences on every machine. Scores have the bits of the kernel, as all answers.
package lm
