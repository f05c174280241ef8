package models

import "testing"

func TestBatchRefusesWhatItCannotStep(t *testing.T) {
	m, other := randomModel(t, archs["gru"], 1), randomModel(t, archs["gru"], 2)
	frame := make([]float32, m.Arch().Input)
	for name, call := range map[string]func(){
		"bidirectional": func() { randomModel(t, archs["gru bidirectional"], 1).NewBatch(1) },
		"no room":       func() { m.NewBatch(0) },
		"other model":   func() { m.NewBatch(1).Push([]*State{other.NewState()}, [][]float32{frame}) },
		"portable":      func() { m.NewBatch(1).Push([]*State{m.NewPortableState()}, [][]float32{frame}) },
		"no frame":      func() { m.NewBatch(1).Push([]*State{m.NewState()}, nil) },
		"short frame":   func() { m.NewBatch(1).Push([]*State{m.NewState()}, [][]float32{frame[1:]}) },
		"other numbers of frames": func() {
			m.NewBatch(2).Push([]*State{m.NewState(), m.NewState()}, [][]float32{frame, append(frame, frame...)})
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
