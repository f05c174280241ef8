// Package snapshot is the byte format of saved state: a magic, a version, then
// little-endian integers, strings and float32 slices. Each State, Stream and
// Session of the project writes and reads its own fields with it.
package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrFormat is wrapped by every error about bytes that are not a snapshot of
// the kind asked for.
var ErrFormat = errors.New("not a valid snapshot")

// Begin appends the magic (4 letters) and the version.
func Begin(b []byte, magic string, version byte) []byte {
	return append(append(b, magic...), version)
}

// AppendInt appends an integer.
func AppendInt(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) }

// AppendFloat appends a float64.
func AppendFloat(b []byte, v float64) []byte { return AppendInt(b, int64(math.Float64bits(v))) }

// AppendBytes appends a length and the bytes.
func AppendBytes(b, v []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(v))), v...)
}

// AppendFloats appends a length and float32 values.
func AppendFloats(b []byte, v []float32) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// Reader reads what the Append functions wrote. After the first error every
// method returns zero values; Err tells it.
type Reader struct {
	b   []byte
	err error
}

// Open checks magic and version and returns a Reader of what follows.
func Open(b []byte, magic string, version byte) *Reader {
	r := &Reader{b: b}
	switch head := r.take(len(magic) + 1); {
	case r.err != nil:
	case string(head[:len(magic)]) != magic:
		r.Fail("it does not begin with %q", magic)
	case head[len(magic)] != version:
		r.Fail("%s version %d, this program reads version %d", magic, head[len(magic)], version)
	}
	return r
}

// Fail records an error about the content, unless there is one already.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
	}
}

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Close reports the first error, or bytes that nobody asked for.
func (r *Reader) Close() error {
	if r.err == nil && len(r.b) != 0 {
		r.Fail("%d bytes too many at its end", len(r.b))
	}
	return r.err
}

func (r *Reader) take(n int) []byte {
	if r.err == nil && n > len(r.b) {
		r.Fail("it ends too early")
	}
	if r.err != nil {
		return nil
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

// Int reads an integer and checks that lo <= v <= hi.
func (r *Reader) Int(name string, lo, hi int64) int64 {
	head := r.take(8)
	if head == nil {
		return 0
	}
	v := int64(binary.LittleEndian.Uint64(head))
	if v < lo || v > hi {
		r.Fail("%s is %d, not between %d and %d", name, v, lo, hi)
		return 0
	}
	return v
}

// Float reads a float64.
func (r *Reader) Float() float64 {
	return math.Float64frombits(uint64(r.Int("number", math.MinInt64, math.MaxInt64)))
}

// Bytes reads a byte string of at most limit bytes. It aliases the input.
func (r *Reader) Bytes(name string, limit int) []byte {
	return r.take(r.length(name, limit, 1))
}

// Floats reads at most limit float32 values, all finite, into dst[:0].
func (r *Reader) Floats(name string, dst []float32, limit int) []float32 {
	n := r.length(name, limit, 4)
	raw := r.take(4 * n)
	dst = dst[:0]
	for i := 0; i < len(raw); i += 4 {
		v := math.Float32frombits(binary.LittleEndian.Uint32(raw[i:]))
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			r.Fail("%s holds a value that is not finite", name)
			return dst[:0]
		}
		dst = append(dst, v)
	}
	return dst
}

// FloatsInto reads exactly len(dst) float32 values.
func (r *Reader) FloatsInto(name string, dst []float32) {
	if got := r.Floats(name, dst[:0:len(dst)], len(dst)); r.err == nil && len(got) != len(dst) {
		r.Fail("%s has %d values instead of %d", name, len(got), len(dst))
	}
}

func (r *Reader) length(name string, limit, size int) int {
	head := r.take(4)
	if head == nil {
		return 0
	}
	n := binary.LittleEndian.Uint32(head)
	if int64(n) > int64(limit) || int64(n)*int64(size) > int64(len(r.b)) {
		r.Fail("%s claims a length of %d", name, n)
		return 0
	}
	return int(n)
}
