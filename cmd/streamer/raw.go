package main

import (
	"fmt"
	"io"

	"github.com/streamer-audio/streamer/audio"
)

// rawReader reads headerless samples from a pipe, as they come: it does not wait for more than one sample.
type rawReader struct {
	r      io.Reader
	format audio.Format
	buf    []byte // partial frame of the last read at its beginning
	kept   int
}

var sampleBytes = map[audio.Encoding]int{audio.S16LE: 2, audio.F32LE: 4, audio.Mulaw: 1, audio.Alaw: 1}

// ReadSamples implements audio.Reader.
func (r *rawReader) ReadSamples(dst []float32) (int, error) {
	size := sampleBytes[r.format.Encoding] * r.format.Channels
	if need := len(dst) * size; len(r.buf) < need {
		r.buf = append(r.buf, make([]byte, need-len(r.buf))...)
	}
	if len(dst) == 0 {
		return 0, nil
	}
	n, err := r.r.Read(r.buf[r.kept : len(dst)*size])
	n += r.kept
	whole := n / size * size
	samples, bad := r.format.AppendSamples(dst[:0], r.buf[:whole])
	r.kept = copy(r.buf, r.buf[whole:n])
	switch {
	case bad != nil:
		return 0, fmt.Errorf("stdin: %w", bad)
	case err == io.EOF && r.kept > 0:
		err = fmt.Errorf("stdin: %d bytes at the end are no whole sample of %s with %d channels: check --encoding and --channels",
			r.kept, r.format.Encoding, r.format.Channels)
	}
	return len(samples), err
}
