package audio

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
)

// inputBuffer is how many bytes of a file are read ahead.
const inputBuffer = 1 << 16

// File is an open recording. It holds a constant amount of memory, whatever
// the length of the recording.
type File struct {
	path string
	file *os.File
	rec  recording
}

type recording interface {
	Reader
	Info() Info
}

// Open opens a WAV or FLAC recording, recognised by its first bytes whatever
// its name. Errors, later ones too, name the file.
//
// A recording that is shorter than its header claims, or has a damaged part,
// is opened; its good samples are read and the error follows them.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err // names the file already
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		file.Close()
		return nil, fmt.Errorf("%s: is a folder: give the recordings in it, for example %s/*.wav", path, path)
	}
	rec, err := open(bufio.NewReaderSize(file, inputBuffer))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File{path: path, file: file, rec: rec}, nil
}

// ReadSamples implements [Reader].
func (f *File) ReadSamples(dst []float32) (int, error) {
	n, err := f.rec.ReadSamples(dst)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", f.path, err)
	}
	return n, err
}

// Info returns what the header says.
func (f *File) Info() Info { return f.rec.Info() }

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// open tells the container by its first bytes and reads its header.
func open(br *bufio.Reader) (recording, error) {
	head, err := br.Peek(12)
	if len(head) == 0 {
		if err == io.EOF {
			return nil, formatError("the file is empty: record or copy it again")
		}
		return nil, err
	}
	switch {
	case isWAV(head):
		return newWAVReader(br)
	case isFLAC(head):
		return newFLACReader(br)
	}
	return nil, formatError("%s, not WAV or FLAC: convert it, for example: ffmpeg -i IN OUT.wav", describe(head))
}

// others are the containers that people are likeliest to try.
var others = []struct {
	name   string
	offset int
	magic  string
}{
	{"an Ogg file", 0, "OggS"},
	{"an MP4 or M4A file", 4, "ftyp"},
	{"an AIFF file", 0, "FORM"},
	{"a Core Audio file", 0, "caff"},
	{"a Sun/NeXT .au file", 0, ".snd"},
	{"a Matroska or WebM file", 0, "\x1aE\xdf\xa3"},
	{"a Wave64 file", 0, "riff"},
	{"a RIFF file without audio samples", 0, "RIFF"},
	{"an MP3 file", 0, "\xff\xfb"},
	{"a NIST SPHERE file", 0, "NIST"},
}

func describe(head []byte) string {
	for _, o := range others {
		if len(head) >= o.offset && bytes.HasPrefix(head[o.offset:], []byte(o.magic)) {
			return "this is " + o.name
		}
	}
	return fmt.Sprintf("the file begins with %q", head)
}
