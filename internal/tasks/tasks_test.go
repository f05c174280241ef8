package tasks

import (
	"sync"
	"testing"
	"time"
)

func parallel(n int, f func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// Each shape of task is learned from data in well under three minutes. Scores
// have room: other processors sum in another order.
func TestShapes(t *testing.T) {
	if testing.Short() {
		t.Skip("trains six nets")
	}
	for _, task := range []struct {
		name string
		run  func(Options) (Result, error)
		want float64
	}{
		{"one to one", OneToOne, 0.65},
		{"one to many", OneToMany, 0.8},
		{"many to one", ManyToOne, 0.75},
		{"many to many", ManyToMany, 0.88},
		{"transcribe", Transcribe, 0.65},
		{"translate", Translate, 0.95},
	} {
		t.Run(task.name, func(t *testing.T) {
			began := time.Now()
			r, err := task.run(Options{Seed: 1, Digits: "../../testdata/digits", Each: parallel})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(r, time.Since(began))
			if r.Score < task.want {
				t.Errorf("score %.3f is below %.3f", r.Score, task.want)
			}
		})
	}
}
