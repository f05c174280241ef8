package stream

import (
	"strings"

	"github.com/streamer-audio/streamer/pipeline"
)

// Subjects of the wire format.
const (
	// AudioSubjects is what a worker subscribes to. It is wider than the valid
	// audio.<stream>, so that a name with a dot in it gets an answer too.
	AudioSubjects = "audio.>"

	audioPrefix  = "audio."
	speechPrefix = "speech."
	// invalidStream stands for the stream of a message that has none.
	invalidStream = "_invalid"
)

// maxStreamName is the longest stream name, in bytes.
const maxStreamName = 64

// ValidStream reports whether name is a stream name:
// [A-Za-z0-9][A-Za-z0-9_-]{0,63}.
func ValidStream(name string) bool {
	if len(name) == 0 || len(name) > maxStreamName || !alphanumeric(name[0]) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// Kinds of output subject, the last token of speech.<stream>.<kind>.
const (
	KindEvent  = "event"  // causal answers
	KindFinal  = "final"  // bidirectional answers
	KindFrame  = "frame"  // values of frames
	KindStatus = "status" // begin, end, gap, error
)

// Kind is the last token of the subject that e is published on.
func Kind(e *pipeline.Event) string {
	switch e.Type {
	case pipeline.BeginType, pipeline.EndType, pipeline.GapType, pipeline.ErrorType:
		return KindStatus
	case pipeline.FrameType:
		return KindFrame
	}
	if e.Pass == pipeline.Bidirectional {
		return KindFinal
	}
	return KindEvent
}

// Subject is the subject that e is published on; e.Stream must be set.
func Subject(e *pipeline.Event) string {
	return speechPrefix + e.Stream + "." + Kind(e)
}

// streamOf returns the stream of a subject audio.<stream>.
func streamOf(subject string) (name string, ok bool) {
	name, ok = strings.CutPrefix(subject, audioPrefix)
	return name, ok && ValidStream(name)
}
