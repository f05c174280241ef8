package tasks

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

var (
	teens = strings.Fields("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	tens  = strings.Fields("- - twenty thirty forty fifty sixty seventy eighty ninety")
)

// words is a number up to 9999 in English.
func words(n int) []string {
	switch {
	case n >= 1000:
		return group(n, 1000, "thousand")
	case n >= 100:
		return group(n, 100, "hundred")
	case n >= 20:
		list := []string{tens[n/10]}
		if n%10 > 0 {
			list = append(list, digitNames[n%10])
		}
		return list
	case n >= 10:
		return []string{teens[n-10]}
	}
	return []string{digitNames[n]}
}

func group(n, size int, name string) []string {
	list := append(words(n/size), name)
	if rest := n % size; rest > 0 {
		if rest < 100 {
			list = append(list, "and")
		}
		list = append(list, words(rest)...)
	}
	return list
}

// split draws which numbers below n are kept back, one in so many.
func split(rng *rand.Rand, n, one int) (training, testing []int) {
	for i, number := range rng.Perm(n) {
		if i%one == 0 {
			testing = append(testing, number)
		} else {
			training = append(training, number)
		}
	}
	return training, testing
}

// Characters of a spelling: 0 ends it, 1 is a space, 2 to 27 are a to z.
const characters = 28

func character(c byte) int {
	if c == ' ' {
		return 1
	}
	return int(c-'a') + 2
}

// seedWidth is that of the one input of OneToMany: hundreds, tens and units,
// one-hot.
const seedWidth = 30

// OneToMany spells a number below 1000 in letters: one vector in, then every
// letter that was drawn is the next input, until the end is drawn. Score:
// share of the numbers kept back from training that are spelt right when every
// letter is drawn at random from the answers.
func OneToMany(o Options) (Result, error) {
	const lanes, steps = 32, 1500
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	training, testing := split(rng, 1000, 8)
	net, err := train.NewNet(models.Arch{Input: seedWidth + characters, Outputs: characters, Head: models.SoftmaxHead,
		Layers: []models.Layer{{Cell: models.LSTM, Hidden: 96}}}, o.Seed)
	if err != nil {
		return Result{}, err
	}
	m, err := o.fit(net, o.config(lanes), steps, 1e-2, func() *train.Batch {
		var list []int
		for range lanes {
			list = append(list, training[rng.IntN(len(training))])
		}
		return spellings(list)
	})
	if err != nil {
		return Result{}, err
	}
	right, example := 0, ""
	for _, n := range testing {
		text := sample(m, n, rng)
		if text == strings.Join(words(n), " ") {
			right++
		}
		example = fmt.Sprintf("%d is %q", n, text)
	}
	return Result{Score: share(right, len(testing)), Steps: steps, Weights: weights(net), Example: example}, nil
}

// spellings is a batch that asks for every letter, given those before it.
func spellings(numbers []int) *train.Batch {
	const width = seedWidth + characters
	lanes := len(numbers)
	b := &train.Batch{Reset: anew(lanes)}
	var texts []string
	for _, n := range numbers {
		text := strings.Join(words(n), " ")
		texts, b.Lengths = append(texts, text), append(b.Lengths, len(text)+1)
		b.Steps = max(b.Steps, len(text)+1)
	}
	b.X, b.Classes = make([]float32, b.Steps*lanes*width), make([]int, b.Steps*lanes)
	for lane, text := range texts {
		copy(b.X[lane*width:], seedFrame(numbers[lane]))
		for i := range len(text) {
			b.Classes[i*lanes+lane] = character(text[i])
			b.X[((i+1)*lanes+lane)*width+seedWidth+character(text[i])] = 1
		}
	}
	return b
}

// seedFrame is the one input of OneToMany.
func seedFrame(n int) []float32 {
	frame := make([]float32, seedWidth+characters)
	frame[n/100], frame[10+n/10%10], frame[20+n%10] = 1, 1, 1
	return frame
}

// sample draws a spelling of n.
func sample(m *models.Model, n int, rng *rand.Rand) string {
	const longest = 40
	var text []byte
	s, frame, p := m.NewState(), seedFrame(n), make([]float32, characters)
	for len(text) < longest {
		s.Push(frame)
		s.Next(p)
		c := models.Sample(p, rng.Float64())
		if c == 0 {
			break
		}
		text = append(text, " abcdefghijklmnopqrstuvwxyz"[c-1])
		clear(frame)
		frame[seedWidth+c] = 1
	}
	return string(text)
}

// Translate turns numbers in English words into figures, with an encoder that
// reads all words and a decoder that begins with what the encoder remembers:
// "four thousand and seven" is 4007. Score: share of the numbers kept back
// from training that are right in every figure.
func Translate(o Options) (Result, error) {
	const lanes, steps, width, hidden = 64, 1500, 16, 96
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	training, testing := split(rng, 10000, 10)
	list := vocabulary()
	layers := []models.Layer{{Cell: models.GRU, Hidden: hidden}}
	encoder, err := train.NewNet(models.Arch{Input: width, Tokens: len(list), Encoding: models.Embedding, Head: models.NoHead, Layers: layers}, o.Seed)
	if err != nil {
		return Result{}, err
	}
	// Tokens of the decoder: figures, and 10 for the beginning and the end.
	decoder, err := train.NewNet(models.Arch{Input: 11, Tokens: 11, Encoding: models.OneHot, Outputs: 11, Head: models.SoftmaxHead, Layers: layers}, o.Seed+1)
	if err != nil {
		return Result{}, err
	}
	pair, err := train.NewEncoderDecoder(encoder, decoder, o.config(lanes))
	if err != nil {
		return Result{}, err
	}
	for i := range steps {
		var numbers []int
		for range lanes {
			numbers = append(numbers, training[rng.IntN(len(training))])
		}
		in, out := translations(numbers, list)
		if _, err := pair.Step(in, out, train.Cosine(1e-2, i, steps)); err != nil {
			return Result{}, err
		}
	}
	reader, err := encoder.Model(models.Info{Name: "reader"})
	if err != nil {
		return Result{}, err
	}
	writer, err := decoder.Model(models.Info{Name: "writer"})
	if err != nil {
		return Result{}, err
	}
	right, example := 0, ""
	for _, n := range testing {
		text := translate(reader, writer, words(n), list)
		if text == strconv.Itoa(n) {
			right++
		}
		example = fmt.Sprintf("%q is %s", strings.Join(words(n), " "), text)
	}
	return Result{Score: share(right, len(testing)), Steps: steps, Weights: weights(encoder, decoder), Example: example}, nil
}

// vocabulary numbers the words of all numbers.
func vocabulary() map[string]int {
	list := map[string]int{}
	for n := range 10000 {
		for _, w := range words(n) {
			if _, ok := list[w]; !ok {
				list[w] = len(list)
			}
		}
	}
	return list
}

const border = 10 // token that begins and ends figures

// translations is a batch of words, and one of the figures that they are.
func translations(numbers []int, list map[string]int) (in, out *train.Batch) {
	lanes := len(numbers)
	in, out = &train.Batch{Reset: anew(lanes)}, &train.Batch{}
	for _, n := range numbers {
		in.Lengths = append(in.Lengths, len(words(n)))
		out.Lengths = append(out.Lengths, len(strconv.Itoa(n))+1)
		in.Steps, out.Steps = max(in.Steps, in.Lengths[len(in.Lengths)-1]), max(out.Steps, out.Lengths[len(out.Lengths)-1])
	}
	in.X = make([]float32, in.Steps*lanes)
	out.X, out.Classes = make([]float32, out.Steps*lanes), make([]int, out.Steps*lanes)
	for lane, n := range numbers {
		for i, w := range words(n) {
			in.X[i*lanes+lane] = float32(list[w])
		}
		text := strconv.Itoa(n)
		out.X[lane] = border
		for i := range len(text) {
			out.Classes[i*lanes+lane] = int(text[i] - '0')
			out.X[(i+1)*lanes+lane] = float32(text[i] - '0')
		}
		out.Classes[len(text)*lanes+lane] = border
	}
	return in, out
}

// translate reads the words, then writes the best figure each time.
func translate(reader, writer *models.Model, text []string, list map[string]int) string {
	const longest = 8
	from, to := reader.NewState(), writer.NewState()
	for _, w := range text {
		from.Push([]float32{float32(list[w])})
	}
	to.SetMemory(from.AppendMemory(nil))
	var figures []byte
	p := make([]float32, writer.Arch().Outputs)
	for token := border; len(figures) < longest; {
		to.Push([]float32{float32(token)})
		to.Next(p)
		if token = models.Best(p); token == border {
			break
		}
		figures = append(figures, byte('0'+token))
	}
	return string(figures)
}
