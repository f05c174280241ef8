package lm_test

import (
	"fmt"
	"log"

	"github.com/streamer-audio/streamer/models/lm"
	"github.com/streamer-audio/streamer/models/pretrained/kitchen"
)

// How probable a sentence is, as a whole and word by word. Neither of the two was
// ever read; what goes with pears and pairs was.
func ExampleModel_Score() {
	m, err := kitchen.Load() // or lm.Load("some.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"The apple and pear salad", "The apple and pair salad"} {
		score, err := m.Score(text)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: log P %.1f, perplexity %.1f\n", text, score.LogProb, score.Perplexity())
		for _, t := range score.Tokens {
			fmt.Printf("  %-5s %5.1f\n", t.Token, t.LogProb)
		}
	}
	// Output:
	// The apple and pear salad: log P -9.5, perplexity 4.9
	//   the    -0.8
	//   apple  -3.6
	//   and    -0.5
	//   pear   -2.2
	//   salad  -1.5
	//   <EOS>  -0.9
	// The apple and pair salad: log P -22.1, perplexity 39.5
	//   the    -0.8
	//   apple  -3.6
	//   and    -0.5
	//   pair   -9.8
	//   salad  -6.9
	//   <EOS>  -0.5
}

// Sentences, drawn word by word until <EOS>. The seed decides them, on every
// machine.
func ExampleModel_NewSampler() {
	m, err := kitchen.Load()
	if err != nil {
		log.Fatal(err)
	}
	config := lm.DefaultSampleConfig()
	config.Temperature = 0.7 // a little surer than the model is
	s, err := m.NewSampler(1, config)
	if err != nil {
		log.Fatal(err)
	}
	for _, start := range []string{"", "", "", "slice the"} {
		if err := s.Start(start); err != nil {
			log.Fatal(err)
		}
		sentence, err := s.Next()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(sentence.Text)
	}
	// Output:
	// the orange and apple salad
	// there is a pair of gloves beside the stove
	// the old man would like a beetroot and cabbage soup
	// slice the soft peach and pair it with cheese
}

// What may come next, while the sentence is still being spoken.
func ExampleScorer() {
	m, err := kitchen.Load()
	if err != nil {
		log.Fatal(err)
	}
	s := m.NewScorer()
	for _, word := range []string{"put", "on", "a"} {
		s.Push(word)
	}
	best, list := 0, s.LogProbs(nil)
	for i, p := range list {
		if p > list[best] {
			best = i
		}
	}
	fmt.Println("put on a", m.Vocabulary().Token(best))
	fmt.Println("as improbable as a pear:", s.Push("pear").LogProb < -5)
	// Output:
	// put on a pair
	// as improbable as a pear: true
}

// A model of a text of one's own.
func ExampleTrainer() {
	sentences := []string{"the cat sleeps", "the dog sleeps", "the cat sees the dog", "a dog sees the cat"}
	config := lm.DefaultConfig()
	config.Hidden, config.Embedding, config.Lanes, config.Steps = 16, 8, 4, 200
	t, err := lm.NewTrainer(sentences, config, nil)
	if err != nil {
		log.Fatal(err)
	}
	for t.Done() < config.Steps {
		if _, err := t.Step(); err != nil {
			log.Fatal(err)
		}
	}
	m, err := t.Model()
	if err != nil {
		log.Fatal(err)
	}
	p, err := m.Perplexity(sentences)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("less in doubt than between two words:", p < 2)
	// Output: less in doubt than between two words: true
}
