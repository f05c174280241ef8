package lab

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

const shapeLanes = 64

// oneToOne is a plain net: a point in, whether it lies in a ring out.
func oneToOne(ctx context.Context, o Options) (l learnt, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 10))
	points := func(n int) *train.Batch {
		b := &train.Batch{Steps: 1}
		for range n {
			x, y := 2*rng.Float64()-1, 2*rng.Float64()-1
			class := 0
			if r := math.Hypot(x, y); r > 0.4 && r < 0.9 {
				class = 1
			}
			b.X, b.Classes = append(b.X, float32(x), float32(y)), append(b.Classes, class)
		}
		return b
	}
	arch := models.Arch{Input: 2, Outputs: 2, Head: models.SoftmaxHead,
		Layers: []models.Layer{{Cell: models.DenseReLU, Hidden: 32}, {Cell: models.DenseReLU, Hidden: 32}}}
	m, err := l.learn(ctx, o, arch, plan{"one to one: update", either(o, 1500, 600), 1e-2}, func() *train.Batch { return points(shapeLanes) })
	if err != nil {
		return l, err
	}
	test := points(2000)
	inside := 0
	for i, class := range test.Classes {
		p := answers(m, test.X[2*i:2*i+2])
		l.score(models.Best(p) == class)
		inside += class
		l.example = fmt.Sprintf("(%.2f, %.2f): %.3f", test.X[2*i], test.X[2*i+1], p[1])
	}
	share := float64(inside) / float64(len(test.Classes))
	l.chance = max(share, 1-share)
	return l, nil
}

// A scene is one of each of these; empty is nothing to say.
var scenes = [][]string{{"", "big", "tiny"}, {"red", "blue", "green", "grey"}, {"ball", "cube", "cat", "cup"}, {"", "on the left", "on the right", "in the middle"}}

// sceneWords are what captions are made of; 0 ends them.
var sceneWords = strings.Fields(". a big tiny red blue green grey ball cube cat cup on in the left right middle")

const (
	sceneInput = 3 + 4 + 4 + 4 // a scene is one-hot in each of its parts
	sceneCount = 3 * 4 * 4 * 4
	sceneEnd   = 0
)

// oneToMany describes a scene: one frame in, and then each word that it says is
// its next input.
func oneToMany(ctx context.Context, o Options) (l learnt, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 11))
	learning, kept := split(rng.Perm(sceneCount), 6)
	arch := models.Arch{Input: sceneInput + len(sceneWords), Outputs: len(sceneWords), Head: models.SoftmaxHead,
		Layers: []models.Layer{{Cell: models.LSTM, Hidden: 32}}}
	m, err := l.learn(ctx, o, arch, plan{"one to many: update", either(o, 500, 400), 1e-2}, func() *train.Batch {
		const longest = 8
		b := &train.Batch{Steps: longest, Reset: anew(shapeLanes), X: make([]float32, longest*shapeLanes*arch.Input), Classes: make([]int, longest*shapeLanes)}
		for lane := range shapeLanes {
			frame, words := scene(learning[rng.IntN(len(learning))])
			b.Lengths = append(b.Lengths, len(words))
			for i, word := range words {
				at := i*shapeLanes + lane
				copy(b.X[at*arch.Input:], frame)
				b.Classes[at] = word
				frame = wordFrame(word)
			}
		}
		return b
	})
	if err != nil {
		return l, err
	}
	for _, number := range kept {
		frame, words := scene(number)
		said := describe(m, frame)
		l.score(slices.Equal(said, words))
		l.example = fmt.Sprintf("%q", caption(said))
	}
	return l, nil
}

// scene is what is seen, and the words for it.
func scene(number int) (frame []float32, words []int) {
	frame, words = make([]float32, sceneInput+len(sceneWords)), []int{slices.Index(sceneWords, "a")}
	at := 0
	for _, part := range scenes {
		choice := number % len(part)
		frame[at+choice] = 1
		for _, w := range strings.Fields(part[choice]) {
			words = append(words, slices.Index(sceneWords, w))
		}
		at, number = at+len(part), number/len(part)
	}
	return frame, append(words, sceneEnd)
}

func wordFrame(word int) []float32 {
	frame := make([]float32, sceneInput+len(sceneWords))
	frame[sceneInput+word] = 1
	return frame
}

// describe says words until it ends.
func describe(m *models.Model, frame []float32) (words []int) {
	s, p := m.NewState(), make([]float32, len(sceneWords))
	for len(words) < 2*len(scenes)*2 {
		s.Push(frame)
		s.Next(p)
		word := models.Best(p)
		words, frame = append(words, word), wordFrame(word)
		if word == sceneEnd {
			break
		}
	}
	return words
}

func caption(words []int) string {
	var list []string
	for _, w := range words {
		list = append(list, sceneWords[w])
	}
	return strings.TrimSuffix(strings.Join(list, " "), " .")
}

// Words of reviews: three good ones, three bad ones, "not", and others.
var reviewWords = strings.Fields("good great fun bad dull slow not the film was and so")

const (
	badWord   = 3
	notWord   = 6
	otherWord = 7
)

// manyToOne reads a review and says at its end whether it is a good one: more
// praise than blame, where "not" turns the next word around.
func manyToOne(ctx context.Context, o Options) (l learnt, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 12))
	const longest = 10
	reviews := func(lanes int) *train.Batch {
		b := &train.Batch{Steps: longest, Reset: anew(lanes), X: make([]float32, lanes*longest)}
		classes := make([]int, lanes)
		for lane := range lanes {
			words, class := review(rng, 3+rng.IntN(longest-2))
			for i, w := range words {
				b.X[i*lanes+lane] = float32(w)
			}
			b.Lengths, classes[lane] = append(b.Lengths, len(words)), class
		}
		b.Classes = train.LastStep(classes, b.Lengths, longest)
		return b
	}
	arch := models.Arch{Input: 8, Tokens: len(reviewWords), Encoding: models.Embedding, Outputs: 2, Head: models.SoftmaxHead,
		Layers: []models.Layer{{Cell: models.GRU, Hidden: 32}}}
	m, err := l.learn(ctx, o, arch, plan{"many to one: update", either(o, 1000, 300), 1e-2}, func() *train.Batch { return reviews(shapeLanes) })
	if err != nil {
		return l, err
	}
	l.chance = 0.5
	lanes := either(o, 1000, 300)
	test := reviews(lanes)
	for lane, length := range test.Lengths {
		var words []float32
		var text []string
		for i := range length {
			words = append(words, test.X[i*lanes+lane])
			text = append(text, reviewWords[int(words[i])])
		}
		p := answers(m, words)
		p = p[len(p)-2:]
		l.score(models.Best(p) == test.Classes[(length-1)*lanes+lane])
		l.example = fmt.Sprintf("%q: %.3f", strings.Join(text, " "), p[1])
	}
	return l, nil
}

// review draws words until they say something, as often good as bad.
func review(rng *rand.Rand, length int) (words []int, class int) {
	for want := rng.IntN(2); ; {
		words = words[:0]
		praise := 0
		for i := range length {
			w := rng.IntN(len(reviewWords))
			words = append(words, w)
			sign := 0
			if w < badWord {
				sign = 1
			} else if w < notWord {
				sign = -1
			}
			if i > 0 && words[i-1] == notWord {
				sign = -sign
			}
			praise += sign
		}
		if praise > 0 && want == 1 || praise < 0 && want == 0 {
			return words, want
		}
	}
}

// Words of texts with names: a title, a verb, and words that may be either.
const (
	titleWord  = 0
	verbWord   = 1
	textWords  = 8
	textLength = 16
)

// manyToMany says of each word whether it is part of a name, as soon as it is
// read: words are from a title on, up to the next verb.
func manyToMany(ctx context.Context, o Options) (l learnt, err error) {
	rng := rand.New(rand.NewPCG(o.Seed, 13))
	texts := func(lanes int) *train.Batch {
		b := &train.Batch{Steps: textLength, Reset: anew(lanes), X: make([]float32, lanes*textLength), Classes: make([]int, lanes*textLength)}
		for lane := range lanes {
			name := 0
			for i := range textLength {
				at, word := i*lanes+lane, rng.IntN(textWords)
				b.X[at] = float32(word)
				switch word {
				case titleWord:
					name = 1
				case verbWord:
					name = 0
				default:
					b.Classes[at] = name
				}
			}
		}
		return b
	}
	arch := models.Arch{Input: textWords, Tokens: textWords, Encoding: models.OneHot, Outputs: 2, Head: models.SoftmaxHead,
		Layers: []models.Layer{{Cell: models.GRU, Hidden: 16}}}
	m, err := l.learn(ctx, o, arch, plan{"many to many: update", either(o, 500, 150), 1e-2}, func() *train.Batch { return texts(shapeLanes) })
	if err != nil {
		return l, err
	}
	names, count := 0, either(o, 500, 200)
	for range count {
		b := texts(1)
		p, text := answers(m, b.X), ""
		for i, class := range b.Classes {
			l.score(models.Best(p[2*i:2*i+2]) == class)
			names += class
			letter := "TVabcdef"[int(b.X[i])]
			text += map[bool]string{false: string(letter), true: "[" + string(letter) + "]"}[p[2*i+1] > 0.5]
		}
		l.example = strings.ReplaceAll(text, "][", "")
	}
	share := float64(names) / float64(count*textLength)
	l.chance = max(share, 1-share)
	return l, nil
}
