package oracle

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// Array is a named array of a golden, row-major. float32 values keep their
// value.
type Array struct {
	Shape []int
	Data  []float64
}

// NewArray returns float32 values as an Array, for weights of the engine.
func NewArray(shape []int, data []float32) Array {
	a := Array{Shape: shape, Data: make([]float64, len(data))}
	for i, v := range data {
		a.Data[i] = float64(v)
	}
	return a
}

// Float32 returns the values as float32; for an array stored as float32 that
// is exact.
func (a Array) Float32() []float32 {
	f := make([]float32, len(a.Data))
	for i, v := range a.Data {
		f[i] = float32(v)
	}
	return f
}

// Rows cuts the array along its first dimension: h0 [cells, lanes, hidden]
// becomes the [][]float64 that Batch.H0 wants.
func (a Array) Rows() [][]float64 {
	width := len(a.Data) / a.Shape[0]
	rows := make([][]float64, a.Shape[0])
	for i := range rows {
		rows[i] = a.Data[i*width:][:width]
	}
	return rows
}

// Load reads the golden testdata/<name>.safetensors of the module, for example
// Load(t, "torch/gru_bi"). A golden that cannot be read fails the test: goldens
// are part of the source.
func Load(t testing.TB, name string) map[string]Array {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(root, "testdata", filepath.FromSlash(name)+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := parse(b)
	if err != nil {
		t.Fatalf("golden %s: %v", name, err)
	}
	return arrays
}

// moduleRoot is the nearest folder upwards that holds go.mod: tests run in the
// folder of their package.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod in %s or above it", start)
		}
	}
}

// parse reads the safetensors format: the length of a JSON header (8 bytes,
// little-endian), the header, the values.
func parse(b []byte) (map[string]Array, error) {
	if len(b) < 8 || binary.LittleEndian.Uint64(b) > uint64(len(b)-8) {
		return nil, fmt.Errorf("the header does not fit into %d bytes", len(b))
	}
	n := int(binary.LittleEndian.Uint64(b))
	var header map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		return nil, err
	}
	delete(header, "__metadata__")
	arrays := map[string]Array{}
	for name, raw := range header {
		a, err := parseArray(raw, b[8+n:])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		arrays[name] = a
	}
	return arrays, nil
}

func parseArray(raw json.RawMessage, values []byte) (Array, error) {
	var spec struct {
		Type    string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		return Array{}, err
	}
	size, ok := map[string]int{"F32": 4, "F64": 8}[spec.Type]
	if !ok {
		return Array{}, fmt.Errorf("type %q is neither F32 nor F64", spec.Type)
	}
	want := size
	for _, d := range spec.Shape {
		want *= d
	}
	from, to := spec.Offsets[0], spec.Offsets[1]
	if from < 0 || to > len(values) || to-from != want {
		return Array{}, fmt.Errorf("bytes %d..%d do not hold shape %v", from, to, spec.Shape)
	}
	return Array{Shape: spec.Shape, Data: decode(values[from:to], size)}, nil
}

func decode(b []byte, size int) []float64 {
	data := make([]float64, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		if size == 4 {
			data = append(data, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
		} else {
			data = append(data, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	}
	return data
}
