package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// Runs: a letter and how often it comes, up to three times over. The writer has
// the letters and a token that begins and ends.
const (
	runLetters = 3
	runMost    = 3 // of a letter, and of runs
	runEnd     = runLetters
)

// otherLength reads runs with one net, and writes them out with another that
// begins with what the first remembers.
func otherLength(ctx context.Context, o Options) (l learnt, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 14))
	all := rng.Perm(runCount)
	learning, kept := split(all, 8)
	layers := []models.Layer{{Cell: models.GRU, Hidden: either(o, 64, 48)}}
	reader, err := train.NewNet(models.Arch{Input: runLetters + runMost, Tokens: runLetters + runMost, Encoding: models.OneHot, Head: models.NoHead, Layers: layers}, o.Seed)
	if err != nil {
		return l, err
	}
	writer, err := train.NewNet(models.Arch{Input: runLetters + 1, Tokens: runLetters + 1, Encoding: models.OneHot, Outputs: runLetters + 1,
		Head: models.SoftmaxHead, Layers: layers}, o.Seed+1)
	if err != nil {
		return l, err
	}
	pair, err := train.NewEncoderDecoder(reader, writer, o.config(shapeLanes))
	if err != nil {
		return l, err
	}
	l.weights = values(reader.Arch()) + values(writer.Arch())
	l.losses, err = o.follow(ctx, plan{"many to many, other length: update", either(o, 1500, 500), 1e-2}, func(lr float64) (train.StepResult, error) {
		in, out := runBatch(rng, learning)
		return pair.Step(in, out, lr)
	})
	if err != nil {
		return l, err
	}
	from, err := reader.Model(models.Info{Name: "reader"})
	if err != nil {
		return l, err
	}
	to, err := writer.Model(models.Info{Name: "writer"})
	if err != nil {
		return l, err
	}
	for _, number := range kept {
		in, out := runs(number)
		text := writeOut(from, to, in)
		l.score(slices.Equal(text, out))
		l.example = fmt.Sprintf("%q is %q", named(in, "abc123"), named(text, "abc"))
	}
	return l, nil
}

// runCount is how many texts of up to runMost runs there are.
const runCount = 9 + 9*9 + 9*9*9

// runs is the text of a number below runCount, and what it stands for.
func runs(number int) (in, out []int) {
	length, first := 1, 9
	for number >= first {
		number, length, first = number-first, length+1, first*9
	}
	for range length {
		letter, times := number%9/3, number%3
		in = append(in, letter, runLetters+times)
		for range times + 1 {
			out = append(out, letter)
		}
		number /= 9
	}
	return in, out
}

func runBatch(rng *rand.Rand, from []int) (in, out *train.Batch) {
	in = &train.Batch{Steps: 2 * runMost, Reset: anew(shapeLanes), X: make([]float32, 2*runMost*shapeLanes)}
	out = &train.Batch{Steps: runMost*runMost + 1, Reset: anew(shapeLanes)}
	out.X, out.Classes = make([]float32, out.Steps*shapeLanes), make([]int, out.Steps*shapeLanes)
	for lane := range shapeLanes {
		read, written := runs(from[rng.IntN(len(from))])
		in.Lengths, out.Lengths = append(in.Lengths, len(read)), append(out.Lengths, len(written)+1)
		for i, v := range read {
			in.X[i*shapeLanes+lane] = float32(v)
		}
		before := runEnd
		for i, v := range append(written, runEnd) {
			out.X[i*shapeLanes+lane], out.Classes[i*shapeLanes+lane] = float32(before), v
			before = v
		}
	}
	return in, out
}

// writeOut reads a text and writes until the end comes.
func writeOut(reader, writer *models.Model, in []int) (out []int) {
	from, to, p := reader.NewState(), writer.NewState(), make([]float32, runLetters+1)
	for _, v := range in {
		from.Push([]float32{float32(v)})
	}
	to.SetMemory(from.AppendMemory(nil))
	for token := runEnd; len(out) < 2*runMost*runMost; {
		to.Push([]float32{float32(token)})
		to.Next(p)
		if token = models.Best(p); token == runEnd {
			break
		}
		out = append(out, token)
	}
	return out
}

func named(tokens []int, names string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte(names[t])
	}
	return b.String()
}
