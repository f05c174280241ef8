package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// A model file is a safetensors file: eight bytes little-endian length, that
// much JSON, then the values. The JSON's __metadata__ carries what the weights
// mean, each member as text: format, arch, name, task, features, provenance, and
// vocabulary where there is one.

// ErrFormat is wrapped by every error about bytes that are not a model file.
var ErrFormat = errors.New("not a valid model file")

const (
	fileFormat    = "streamer-model-1"
	maxFileBytes  = 256 << 20
	maxHeader     = 1 << 20
	headerAlign   = 8
	metadataEntry = "__metadata__"
)

type tensorEntry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Load reads a model file.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Parse reads a model from the bytes of a model file. Every length in them is
// checked against what is there before it is believed.
func Parse(b []byte) (*Model, error) {
	if len(b) > maxFileBytes {
		return nil, fmt.Errorf("%w: more than %d MiB", ErrFormat, maxFileBytes>>20)
	}
	header, data, err := split(b)
	if err != nil {
		return nil, err
	}
	var meta map[string]string
	if err := json.Unmarshal(header[metadataEntry], &meta); err != nil || meta["format"] != fileFormat {
		return nil, fmt.Errorf("%w: its metadata does not say format %q; was it written by `streamer train`?", ErrFormat, fileFormat)
	}
	delete(header, metadataEntry)
	arch, info, err := parseMetadata(meta)
	if err != nil {
		return nil, err
	}
	tensors, err := parseTensors(header, data)
	if err != nil {
		return nil, err
	}
	m, err := New(arch, info, tensors)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return m, nil
}

func split(b []byte) (header map[string]json.RawMessage, data []byte, err error) {
	if len(b) < 8 {
		return nil, nil, fmt.Errorf("%w: %d bytes are too few", ErrFormat, len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	if n > maxHeader || n > uint64(len(b)-8) {
		return nil, nil, fmt.Errorf("%w: header claims %d bytes of a file of %d", ErrFormat, n, len(b))
	}
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		return nil, nil, fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	return header, b[8+n:], nil
}

func parseMetadata(meta map[string]string) (Arch, Info, error) {
	var arch Arch
	d := json.NewDecoder(strings.NewReader(meta["arch"]))
	d.DisallowUnknownFields() // an unknown member would change the answers silently
	if err := d.Decode(&arch); err != nil {
		return arch, Info{}, fmt.Errorf("%w: arch: %w", ErrFormat, err)
	}
	info := Info{Name: meta["name"], Task: meta["task"]}
	if f := meta["features"]; f != "" {
		if !json.Valid([]byte(f)) {
			return arch, info, fmt.Errorf("%w: the feature recipe is not JSON", ErrFormat)
		}
		info.Features = json.RawMessage(f)
	}
	if v := meta["vocabulary"]; v != "" {
		if !json.Valid([]byte(v)) {
			return arch, info, fmt.Errorf("%w: the vocabulary is not JSON", ErrFormat)
		}
		info.Vocabulary = json.RawMessage(v)
	}
	if p := meta["provenance"]; p != "" {
		if err := json.Unmarshal([]byte(p), &info.Provenance); err != nil {
			return arch, info, fmt.Errorf("%w: provenance: %w", ErrFormat, err)
		}
	}
	return arch, info, nil
}

// parseTensors reads the values. The tensors must tile the data: in the order
// of their offsets, each begins where the last one ended.
func parseTensors(header map[string]json.RawMessage, data []byte) ([]Tensor, error) {
	entries := make(map[string]tensorEntry, len(header))
	names := make([]string, 0, len(header))
	for name, raw := range header {
		var e tensorEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fmt.Errorf("%w: tensor %.64q: %w", ErrFormat, name, err)
		}
		entries[name], names = e, append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		d := entries[a].Offsets[0] - entries[b].Offsets[0]
		return int(max(-1, min(1, d)))
	})
	var tensors []Tensor
	at := int64(0)
	for _, name := range names {
		e := entries[name]
		if e.Offsets[0] != at || e.Offsets[1] < at || e.Offsets[1] > int64(len(data)) {
			return nil, fmt.Errorf("%w: tensor %.64q lies at %d..%d, expected from %d within %d bytes",
				ErrFormat, name, e.Offsets[0], e.Offsets[1], at, len(data))
		}
		t, err := parseTensor(name, e, data[at:e.Offsets[1]])
		if err != nil {
			return nil, err
		}
		tensors, at = append(tensors, t), e.Offsets[1]
	}
	if at != int64(len(data)) {
		return nil, fmt.Errorf("%w: %d bytes behind the last tensor", ErrFormat, int64(len(data))-at)
	}
	return tensors, nil
}

func parseTensor(name string, e tensorEntry, raw []byte) (Tensor, error) {
	if e.DType != "F32" {
		return Tensor{}, fmt.Errorf("%w: tensor %.64q has type %.16q, only F32 is read", ErrFormat, name, e.DType)
	}
	want := int64(4)
	for _, d := range e.Shape {
		if d < 0 || d > maxFileBytes {
			want = -1
			break
		}
		if want *= int64(d); want > maxFileBytes {
			want = -1
			break
		}
	}
	if want != int64(len(raw)) {
		return Tensor{}, fmt.Errorf("%w: tensor %.64q of shape %v has %d bytes", ErrFormat, name, e.Shape, len(raw))
	}
	t := Tensor{Name: name, Shape: e.Shape, Data: make([]float32, len(raw)/4)}
	for i := range t.Data {
		t.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return t, nil
}

// AppendBinary implements encoding.BinaryAppender: the model as the bytes of a
// model file, the same bytes for the same model.
func (m *Model) AppendBinary(b []byte) ([]byte, error) { return m.appendFile(b), nil }

func (m *Model) appendFile(b []byte) []byte {
	header := m.header()
	b = binary.LittleEndian.AppendUint64(b, uint64(len(header)))
	b = append(b, header...)
	for _, t := range m.tensors {
		for _, v := range t.Data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	return b
}

// header is the JSON in front of the values, padded with spaces as safetensors
// asks so that they begin at a multiple of eight.
func (m *Model) header() []byte {
	meta := map[string]string{"format": fileFormat, "name": m.info.Name, "task": m.info.Task,
		"arch": mustJSON(m.arch), "features": string(m.info.Features), "provenance": mustJSON(m.info.Provenance)}
	if len(m.info.Vocabulary) > 0 {
		meta["vocabulary"] = string(m.info.Vocabulary)
	}
	var b bytes.Buffer
	b.WriteString(`{"` + metadataEntry + `":` + mustJSON(meta))
	at := int64(0)
	for _, t := range m.tensors {
		end := at + 4*int64(len(t.Data))
		b.WriteString("," + mustJSON(t.Name) + ":" + mustJSON(tensorEntry{"F32", t.Shape, [2]int64{at, end}}))
		at = end
	}
	b.WriteByte('}')
	for b.Len()%headerAlign != 0 {
		b.WriteByte(' ')
	}
	return b.Bytes()
}

func mustJSON(v any) string {
	b, err := json.Marshal(v) // maps are written in the order of their keys
	if err != nil {
		panic(err) // only plain strings and numbers come here
	}
	return string(b)
}

func hashOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:8])
}
