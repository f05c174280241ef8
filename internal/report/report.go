// Package report writes what the pipeline found: result formats for files, one readable line per live event,
// the comparison of two passes with the truth, and pictures.
//
// Everything here is a pure function of its input: the same result gives the same bytes.
package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/streamer-audio/streamer/pipeline"
)

// Format names a result format.
type Format string

// The result formats. JSON and CSV can carry per-frame values; Audacity, VTT and SRT hold one recording a
// document, since nothing in them says which recording a line is about.
const (
	Text     Format = "text"     // for people: a heading per recording, a line per segment
	JSON     Format = "json"     // one object a line per recording
	JSONL    Format = "jsonl"    // one event a line
	CSV      Format = "csv"      // one segment a row; with frames one frame a row
	Audacity Format = "audacity" // start TAB end TAB speech
	RTTM     Format = "rttm"     // NIST Rich Transcription SPEAKER lines
	VTT      Format = "vtt"      // WebVTT captions
	SRT      Format = "srt"      // SubRip captions
)

var extensions = map[Format]string{
	Text: "txt", JSON: "json", JSONL: "jsonl", CSV: "csv", Audacity: "txt", RTTM: "rttm", VTT: "vtt", SRT: "srt",
}

// Extension is the file name extension of a format, without the dot.
func (f Format) Extension() string { return extensions[f] }

// Frames says whether the format can carry per-frame values.
func (f Format) Frames() bool { return f == JSON || f == CSV }

// OneRecording says whether a document of this format can be about one recording only.
func (f Format) OneRecording() bool { return f == Audacity || f == VTT || f == SRT }

// Header is what a document of this format begins with, before its first result. frames as in Append.
func (f Format) Header(frames bool) string {
	switch {
	case f == VTT:
		return "WEBVTT\n"
	case f == CSV && frames:
		return "file,start,prob\n"
	case f == CSV:
		return "file,start,end,prob\n"
	}
	return ""
}

// Append appends r in format f to b. With frames, formats that can (Format.Frames) carry the probability of
// every frame. Times are in seconds, rounded to a microsecond; probabilities to six decimals.
func Append(b []byte, f Format, r *pipeline.Result, frames bool) []byte {
	switch f {
	case Text:
		return appendText(b, r)
	case JSON:
		return appendJSON(b, r, frames)
	case JSONL:
		return appendJSONL(b, r)
	case CSV:
		return appendCSV(b, r, frames)
	case Audacity:
		return appendAudacity(b, r)
	case RTTM:
		return appendRTTM(b, r)
	case VTT:
		return appendVTT(b, r)
	case SRT:
		return appendSRT(b, r)
	}
	panic(fmt.Sprintf("report: unknown format %q", string(f)))
}

// appendText: people read it, so it may change; programs take json or csv.
func appendText(b []byte, r *pipeline.Result) []byte {
	ahead := "the whole recording"
	if r.LatencyS != nil {
		ahead = milliseconds(*r.LatencyS) + " ahead"
	}
	b = fmt.Appendf(b, "%s  %.2f s, %s %s, hears %s\n", r.File, r.Duration, r.Model, r.Mode, ahead)
	for _, s := range r.Segments {
		b = fmt.Appendf(b, "%10.3f %10.3f  %6.3f s  p %.2f\n", s.Start, s.End, s.End-s.Start, s.Prob)
	}
	if len(r.Segments) == 0 {
		b = append(b, "     no speech\n"...)
	}
	return b
}

// milliseconds prints seconds as whole milliseconds, or with one decimal where that is more exact.
func milliseconds(s float64) string {
	return strconv.FormatFloat(math.Round(s*1e4)/10, 'f', -1, 64) + " ms"
}

// Stem is the name of a recording: the last element of its path without its extension.
func Stem(path string) string {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return name[:i]
	}
	return name
}
