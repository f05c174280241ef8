package tasks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// corpus is what a task with spoken digits trains on and is judged on.
type corpus struct {
	training, testing []utterance
	width             int // values in a frame
	mean, scale       []float32
}

// record makes an utterance of up to so many digits for each of so many
// voices to train on, and tests of voices that were never heard.
func (o Options) record(count, longest int, pause, noise float64) (*corpus, error) {
	training, testing, err := readDigits(o.Digits)
	if err != nil {
		return nil, err
	}
	s, err := newSpeaker(o.Seed, true)
	if err != nil {
		return nil, err
	}
	c := &corpus{}
	for i := range count {
		c.training = append(c.training, s.say(&training[i%len(training)], s.text(longest), pause, noise))
	}
	s.vary = false
	for i := range 20 * len(testing) {
		digits := s.text(longest)
		if longest == 1 {
			digits[0] = i / len(testing) % 10
		}
		c.testing = append(c.testing, s.say(&testing[i%len(testing)], digits, pause, noise))
	}
	c.width = bands
	c.mean, c.scale = c.standard()
	return c, nil
}

// slow makes one frame of so many, side by side: fewer steps to take, and to
// remember.
func (c *corpus) slow(n int) *corpus {
	for _, list := range [][]utterance{c.training, c.testing} {
		for i := range list {
			u := &list[i]
			u.spoken = u.spoken[:len(u.spoken)/n]
			u.frames = u.frames[:len(u.spoken)*n*bands]
		}
	}
	c.width = n * bands
	c.mean, c.scale = c.standard()
	return c
}

func (s *speaker) text(longest int) []int {
	digits := make([]int, 1+s.rng.IntN(longest))
	for i := range digits {
		digits[i] = s.rng.IntN(10)
	}
	return digits
}

// draw makes a batch of utterances, padded to the longest of them.
func (c *corpus) draw(rng *rand.Rand, lanes int) (*train.Batch, []*utterance) {
	b := &train.Batch{Reset: anew(lanes)}
	var list []*utterance
	for range lanes {
		u := &c.training[rng.IntN(len(c.training))]
		list, b.Lengths = append(list, u), append(b.Lengths, len(u.spoken))
		b.Steps = max(b.Steps, len(u.spoken))
	}
	b.X = make([]float32, b.Steps*lanes*c.width)
	for lane, u := range list {
		laneOf(b.X, u.frames, lanes, lane, c.width)
	}
	return b, list
}

// net is a net of such layers on the frames of a corpus.
func (c *corpus) net(seed uint64, outputs int, head string, layers ...models.Layer) (*train.Net, error) {
	net, err := train.NewNet(models.Arch{Input: c.width, Layers: layers, Outputs: outputs, Head: head}, seed)
	if err != nil {
		return nil, err
	}
	return net, net.SetInput(c.mean, c.scale)
}

// OneToOne tells which digit a voice that was never heard has spoken, from one
// vector of fixed size: the mean spectrum of each fifth of the word. A plain
// dense net, nothing recurrent. Score: share of words that are right.
func OneToOne(o Options) (Result, error) {
	const lanes, steps, parts = 64, 1500, 5
	c, err := o.record(2600, 1, 0.1, 30)
	if err != nil {
		return Result{}, err
	}
	net, err := train.NewNet(models.Arch{Input: parts * bands, Outputs: 10, Head: models.SoftmaxHead,
		Layers: []models.Layer{{Cell: models.DenseReLU, Hidden: 64}, {Cell: models.DenseReLU, Hidden: 32}}}, o.Seed)
	if err != nil {
		return Result{}, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	m, err := o.fit(net, o.dropping(0.3, lanes), steps, 3e-3, func() *train.Batch {
		b := &train.Batch{Steps: 1, Reset: anew(lanes)}
		for range lanes {
			u := &c.training[rng.IntN(len(c.training))]
			b.X, b.Classes = append(b.X, c.profile(u, parts)...), append(b.Classes, u.digits[0])
		}
		return b
	})
	if err != nil {
		return Result{}, err
	}
	right := 0
	for i := range c.testing {
		u := &c.testing[i]
		if models.Best(answers(m, c.profile(u, parts))) == u.digits[0] {
			right++
		}
	}
	return Result{Score: share(right, len(c.testing)), Chance: 0.1, Steps: steps, Weights: weights(net),
		Example: fmt.Sprintf("%d of %d words of unknown voices", right, len(c.testing))}, nil
}

// profile is the mean of each part of a spoken word, standardised.
func (c *corpus) profile(u *utterance, parts int) []float32 {
	x, count := make([]float32, parts*bands), make([]float32, parts)
	first := slices.Index(u.spoken, true)
	n := 0
	for _, in := range u.spoken {
		if in {
			n++
		}
	}
	for i := range n {
		p := i * parts / n
		count[p]++
		for b, v := range u.frames[(first+i)*bands : (first+i+1)*bands] {
			x[p*bands+b] += (v - c.mean[b]) * c.scale[b]
		}
	}
	for i := range x {
		x[i] /= max(count[i/bands], 1)
	}
	return x
}

// ManyToOne tells the same from the frames as they come, answered at the last
// one. Score: share of words that are right.
func ManyToOne(o Options) (Result, error) {
	const lanes, steps = 32, 1500
	c, err := o.record(4000, 1, 0.3, 25)
	if err != nil {
		return Result{}, err
	}
	net, err := c.slow(3).net(o.Seed, 10, models.SoftmaxHead,
		models.Layer{Cell: models.DenseReLU, Hidden: 128}, models.Layer{Cell: models.GRU, Hidden: 128})
	if err != nil {
		return Result{}, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	m, err := o.fit(net, o.dropping(0.5, lanes), steps, 3e-3, func() *train.Batch {
		b, list := c.draw(rng, lanes)
		var classes []int
		for _, u := range list {
			classes = append(classes, u.digits[0])
		}
		b.Classes = train.LastStep(classes, b.Lengths, b.Steps)
		return b
	})
	if err != nil {
		return Result{}, err
	}
	right := 0
	for _, u := range c.testing {
		all := answers(m, u.frames)
		if models.Best(all[len(all)-10:]) == u.digits[0] {
			right++
		}
	}
	return Result{Score: share(right, len(c.testing)), Chance: 0.1, Steps: steps, Weights: weights(net),
		Example: fmt.Sprintf("%d of %d words of unknown voices", right, len(c.testing))}, nil
}

// ManyToMany says of every frame at once whether a word sounds, in noise
// that is hardly softer than the words. Score: area under the ROC curve.
func ManyToMany(o Options) (Result, error) {
	const lanes, steps = 32, 300
	c, err := o.record(800, 3, 0.8, 15)
	if err != nil {
		return Result{}, err
	}
	net, err := c.net(o.Seed, 1, models.SigmoidHead, models.Layer{Cell: models.GRU, Hidden: 32})
	if err != nil {
		return Result{}, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	m, err := o.fit(net, o.config(lanes), steps, 1e-2, func() *train.Batch {
		b, list := c.draw(rng, lanes)
		b.Y = make([]float32, b.Steps*lanes)
		for lane, u := range list {
			for t, in := range u.spoken {
				if in {
					b.Y[t*lanes+lane] = 1
				}
			}
		}
		return b
	})
	if err != nil {
		return Result{}, err
	}
	var scores []float64
	var spoken []bool
	for _, u := range c.testing {
		for i, p := range answers(m, u.frames) {
			scores, spoken = append(scores, float64(p)), append(spoken, u.spoken[i])
		}
	}
	return Result{Score: area(scores, spoken), Chance: 0.5, Steps: steps, Weights: weights(net),
		Example: fmt.Sprintf("%d frames of unknown voices", len(scores))}, nil
}

// area is that under the ROC curve.
func area(scores []float64, positive []bool) float64 {
	stat.SortWeightedLabeled(scores, positive, nil)
	tpr, fpr, _ := stat.ROC(nil, scores, positive, nil)
	return integrate.Trapezoidal(fpr, tpr)
}

// Transcribe writes down the digits of an utterance as they are spoken: many
// frames to a few labels, without being told when in training, by
// connectionist temporal classification. Score: one less the errors for each
// digit that was spoken.
func Transcribe(o Options) (Result, error) {
	const lanes, steps = 32, 1500
	c, err := o.record(4000, 4, 0.3, 25)
	if err != nil {
		return Result{}, err
	}
	net, err := c.slow(3).net(o.Seed, 11, models.SoftmaxHead,
		models.Layer{Cell: models.DenseReLU, Hidden: 128}, models.Layer{Cell: models.GRU, Hidden: 128})
	if err != nil {
		return Result{}, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	m, err := o.fit(net, o.dropping(0.5, lanes), steps, 3e-3, func() *train.Batch {
		b, list := c.draw(rng, lanes)
		for _, u := range list {
			var labels []int
			for _, d := range u.digits {
				labels = append(labels, d+1) // 0 is the blank
			}
			b.Labels = append(b.Labels, labels)
		}
		return b
	})
	if err != nil {
		return Result{}, err
	}
	errors, spoken, example := 0, 0, ""
	for _, u := range c.testing {
		heard := transcript(m, u.frames)
		errors += distance(heard, u.digits)
		spoken += len(u.digits)
		if len(u.digits) == 4 {
			example = fmt.Sprintf("spoken %s, heard %s", spell(u.digits), spell(heard))
		}
	}
	return Result{Score: 1 - share(errors, spoken), Steps: steps, Weights: weights(net), Example: example}, nil
}

// transcript hears an utterance frame by frame, as it would come live.
func transcript(m *models.Model, frames []float32) (digits []int) {
	var ctc models.CTC
	s, out := m.NewState(), make([]float32, m.Arch().Outputs)
	for width := m.Arch().Input; len(frames) > 0; frames = frames[width:] {
		s.Push(frames[:width])
		for s.Next(out) {
			if label, ok := ctc.Push(out); ok {
				digits = append(digits, label-1)
			}
		}
	}
	return digits
}

func spell(digits []int) string {
	var words []string
	for _, d := range digits {
		words = append(words, digitNames[d])
	}
	return strings.Join(words, " ")
}

// distance is the least number of insertions, deletions and substitutions that
// make b of a (Levenshtein 1966).
func distance(a, b []int) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		corner := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := corner
			if x != y {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

func share(part, whole int) float64 { return float64(part) / float64(whole) }
