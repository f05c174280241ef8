package main

import (
	"fmt"

	ort "github.com/yalue/onnxruntime_go"
)

// openORT loads the library at the path. No path is no error, but a path that
// leads nowhere is one: who names a library wants it measured.
func openORT(path string) (library, error) {
	if path == "" {
		return library{absent: "no -ort PATH given"}, nil
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(); err != nil {
		return library{}, fmt.Errorf("ONNX Runtime %s: %w", path, err)
	}
	return library{version: ort.GetVersion()}, nil
}

// ortLayer is a GRU layer in ONNX Runtime on one thread. Its tensors are bound
// once, so that a run allocates nothing and looks nothing up by name.
type ortLayer struct {
	session *ort.DynamicAdvancedSession
	x, y    *ort.Tensor[float32]
	// A stateful layer reads one and writes the other; the next run has them
	// change places.
	h     [2]*ort.Tensor[float32]
	bound [2]*ort.IoBinding
	turn  int
}

func newORT(steps, batch int, stateful bool, cells ...*cell) *ortLayer {
	options := must(ort.NewSessionOptions())
	defer options.Destroy()
	check(options.SetIntraOpNumThreads(1))
	check(options.SetInterOpNumThreads(1))
	check(options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll))
	inputs, outputs := []string{"x"}, []string{"y"}
	if stateful {
		inputs, outputs = []string{"x", "h0"}, []string{"hn"}
	}
	model := onnxGRU(steps, batch, stateful, cells...)
	l := &ortLayer{session: must(ort.NewDynamicAdvancedSessionWithONNXData(model, inputs, outputs, options))}
	l.x = tensor(steps, batch, cells[0].input)
	l.y = tensor(steps, len(cells), batch, cells[0].hidden)
	for i := range l.h {
		l.h[i] = tensor(len(cells), batch, cells[0].hidden)
	}
	l.bind(stateful)
	return l
}

func (l *ortLayer) bind(stateful bool) {
	for i := range l.bound {
		b := must(l.session.CreateIoBinding())
		check(b.BindInput("x", l.x))
		if stateful {
			check(b.BindInput("h0", l.h[i]))
			check(b.BindOutput("hn", l.h[1-i]))
		} else {
			check(b.BindOutput("y", l.y))
		}
		l.bound[i] = b
	}
}

func tensor(shape ...int) *ort.Tensor[float32] {
	dims := make([]int64, len(shape))
	for i, d := range shape {
		dims[i] = int64(d)
	}
	return must(ort.NewEmptyTensor[float32](ort.NewShape(dims...)))
}

func (l *ortLayer) run() {
	check(l.session.RunWithBinding(l.bound[l.turn]))
	l.turn = 1 - l.turn
}

// step takes a frame [batch × input]; answer is then the state
// [batch × hidden].
func (l *ortLayer) step(frame []float32) {
	copy(l.x.GetData(), frame)
	l.run()
}

func (l *ortLayer) answer() []float32 { return l.h[l.turn].GetData() }

// sequence takes a recording and writes the hidden states to y
// [frames × cells*hidden].
func (l *ortLayer) sequence(y, frames []float32) {
	copy(l.x.GetData(), frames)
	l.run()
	copy(y, l.y.GetData())
}

// must and check end the program: sizes and names are all our own, so an error
// of the library leaves nothing to measure.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(fmt.Sprintf("ONNX Runtime: %v", err))
	}
}
