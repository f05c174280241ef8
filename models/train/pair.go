package train

import (
	"fmt"
	"math"
)

// EncoderDecoder trains two nets as one (Cho et al. 2014, Sutskever et al.
// 2014): the encoder takes a sequence in and answers nothing, the decoder
// begins with the encoder's last memory and answers a sequence of another
// length. The gradient of the decoder's first memory is that of the encoder's
// last.
type EncoderDecoder struct {
	enc, dec *Trainer
	config   Config
}

// NewEncoderDecoder returns a trainer that has taken no step. The encoder must
// be causal and without a head, the layers of both alike in cell and size.
func NewEncoderDecoder(encoder, decoder *Net, c Config) (*EncoderDecoder, error) {
	a, b := encoder.arch, decoder.arch
	if a.Outputs != 0 || !a.Causal() || !b.Causal() || len(a.Layers) != len(b.Layers) {
		return nil, fmt.Errorf("train: an encoder needs no head, and as many causal layers as the decoder: %v, %v", a, b)
	}
	for i, l := range a.Layers {
		if l != b.Layers[i] {
			return nil, fmt.Errorf("train: layer %d of the encoder is %v, of the decoder %v", i, l, b.Layers[i])
		}
	}
	c.setDefaults()
	enc, err := NewTrainer(encoder, c)
	if err != nil {
		return nil, err
	}
	dec, err := NewTrainer(decoder, c)
	return &EncoderDecoder{enc, dec, c}, err
}

// Step computes the gradient of a batch of pairs, clips it and moves the
// weights of both nets. in has no targets; every lane of both begins anew.
func (p *EncoderDecoder) Step(in, out *Batch, lr float64) (StepResult, error) {
	r, err := p.Gradient(in, out)
	if err != nil {
		return r, err
	}
	scale := clipScale(math.Hypot(p.enc.norm(), p.dec.norm()), p.config.Clip)
	p.enc.update(lr, scale)
	p.dec.update(lr, scale)
	return r, nil
}

// Gradient computes loss and gradients, which the nets' Gradients then hold.
func (p *EncoderDecoder) Gradient(in, out *Batch) (StepResult, error) {
	p.enc.checkInput(in)
	if err := in.checkValues(p.enc.net.arch); err != nil {
		return StepResult{}, err
	}
	count, err := p.dec.check(out)
	if err != nil {
		return StepResult{}, err
	}
	p.enc.shared.refresh()
	p.dec.shared.refresh()
	p.config.Each(len(p.enc.graphs), func(i int) {
		p.enc.begin(in, i)
		p.dec.begin(out, i)
		from, to := p.enc.graphs[i], p.dec.graphs[i]
		for lane := range from.lanes {
			from.reset(lane)
		}
		from.forward(&p.enc.shards[i])
		to.beginWith(from, in.Steps)
		to.run(&p.dec.shards[i], count)
		from.endWith(to, in.Steps)
		from.backward(&p.enc.shards[i])
	})
	p.enc.gather()
	r := StepResult{Loss: p.dec.gather() / count,
		GradNorm: math.Hypot(globalNorm(p.enc.net.grads, 0), globalNorm(p.dec.net.grads, 0))}
	if bad := r.Loss + r.GradNorm; math.IsNaN(bad) || math.IsInf(bad, 0) {
		return r, ErrDiverged
	}
	return r, nil
}

// beginWith makes the last memory of a graph that has gone forward the first
// of this one.
func (g *graph) beginWith(from *graph, steps int) {
	for i := range g.layers {
		f, to := from.layers[i].cells[0], g.layers[i].cells[0]
		last := steps - 1
		copy(to.h0, part(f.y, last*g.lanes, g.lanes, f.Hidden))
		copy(to.c0, part(f.c, last*g.lanes, g.lanes, f.Hidden))
	}
}

// endWith makes the gradient by the first memory of a graph that has gone back
// the gradient by the last memory of this one, of which nothing else was used.
func (g *graph) endWith(from *graph, steps int) {
	rows := steps * g.lanes
	top := g.layers[len(g.layers)-1].cells[0]
	g.dy = resize(g.dy, rows*top.Hidden)
	clear(g.dy)
	for i := range g.layers {
		f, to := from.layers[i].cells[0], g.layers[i].cells[0]
		copy(to.dh, f.dh)
		copy(to.dc, f.dc)
	}
}
