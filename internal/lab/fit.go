package lab

import (
	"context"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// config is that of trainings: two shards, so that two processors have work.
func (o Options) config(lanes int) train.Config {
	c := train.DefaultConfig()
	c.Lanes, c.Shards, c.Each, c.Seed = lanes, 2, o.Each, o.Seed
	return c
}

// plan is how long a net is trained, at a rate that falls from lr to nothing
// along a cosine. what is for those who wait.
type plan struct {
	what  string
	steps int
	lr    float64
}

// follow takes so many steps at the rates of a plan and returns their losses.
func (o Options) follow(ctx context.Context, p plan, step func(lr float64) (train.StepResult, error)) (losses []float64, err error) {
	for i := range p.steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o.progress(p.what, i, p.steps)
		r, err := step(train.Cosine(p.lr, i, p.steps))
		if err != nil {
			return nil, err
		}
		losses = append(losses, r.Loss)
	}
	return losses, nil
}

// fit trains a net by a plan on the batches that next returns.
func (o Options) fit(ctx context.Context, p plan, net *train.Net, c train.Config, next func() *train.Batch) (*models.Model, error) {
	m, _, err := o.fitLosses(ctx, p, net, c, next)
	return m, err
}

// fitLosses is fit, and returns the losses as well.
func (o Options) fitLosses(ctx context.Context, p plan, net *train.Net, c train.Config, next func() *train.Batch) (*models.Model, []float64, error) {
	t, err := train.NewTrainer(net, c)
	if err != nil {
		return nil, nil, err
	}
	losses, err := o.follow(ctx, p, func(lr float64) (train.StepResult, error) { return t.Step(next(), lr) })
	if err != nil {
		return nil, nil, err
	}
	m, err := net.Model(models.Info{Name: "lab"})
	return m, losses, err
}

// anew says that all lanes begin anew.
func anew(lanes int) []bool {
	list := make([]bool, lanes)
	for i := range list {
		list[i] = true
	}
	return list
}

// values is how many a model has to learn.
func values(a models.Arch) (n int) {
	for _, t := range a.Shapes() {
		if t.Name != "input.mean" && t.Name != "input.scale" {
			n += t.Len()
		}
	}
	return n
}
