package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/streamer-audio/streamer/internal/snapshot"
	"github.com/streamer-audio/streamer/models"
)

const pairMagic = "STRE"

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
	late := !a.Causal() || !b.Causal() || slices.ContainsFunc(a.Layers, func(l models.Layer) bool { return l.Cell == models.RowConv })
	if a.Outputs != 0 || b.Outputs == 0 || late || !slices.Equal(a.Layers, b.Layers) {
		return nil, fmt.Errorf("train: an encoder without a head and a decoder with one have equal causal layers of cells, these do not: %v, %v", a, b)
	}
	if c.Lags {
		return nil, errors.New("train: the gradient by time lag is recorded for a single net")
	}
	c.setDefaults()
	enc, err := NewTrainer(encoder, c)
	if err != nil {
		return nil, err
	}
	own := c
	own.Seed ^= 1 << 63 // the two do not leave out the same values
	dec, err := NewTrainer(decoder, own)
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
	if p.enc.checkInput(in); in.Y != nil || in.Classes != nil || in.Labels != nil || in.Mask != nil {
		panic("train: an encoder has no targets")
	}
	if err := in.checkValues(p.enc.net.arch, p.config.Lanes); err != nil {
		return StepResult{}, err
	}
	if err := p.dec.check(out); err != nil {
		return StepResult{}, err
	}
	count, err := p.dec.count(out)
	if err != nil {
		return StepResult{}, err
	}
	p.enc.shared.refresh()
	p.dec.shared.refresh()
	p.config.Each(len(p.enc.graphs), func(i int) {
		p.enc.begin(in, i)
		p.dec.begin(out, i)
		from, to := p.enc.graphs[i], p.dec.graphs[i]
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

// AppendBinary implements encoding.BinaryAppender: both trainers. One restored
// from it goes on bit for bit.
func (p *EncoderDecoder) AppendBinary(b []byte) ([]byte, error) {
	enc, err := p.enc.AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	b = snapshot.AppendBytes(snapshot.Begin(b, pairMagic, version), enc)
	return p.dec.AppendBinary(b)
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler for a checkpoint of
// nets of the same architectures and Config. After an error the trainer must
// not be used.
func (p *EncoderDecoder) UnmarshalBinary(b []byte) error {
	r := snapshot.Open(b, pairMagic, version)
	enc := r.Bytes("encoder", math.MaxInt32)
	if r.Err() != nil {
		return r.Err()
	}
	if err := p.enc.UnmarshalBinary(enc); err != nil {
		return fmt.Errorf("encoder: %w", err)
	}
	rest := b[len(snapshot.AppendBytes(snapshot.Begin(nil, pairMagic, version), enc)):]
	if err := p.dec.UnmarshalBinary(rest); err != nil {
		return fmt.Errorf("decoder: %w", err)
	}
	return nil
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
