package report

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/streamer-audio/streamer/pipeline"
)

const label = "speech"

// appendAudacity writes Audacity's label track: start TAB end TAB text.
func appendAudacity(b []byte, r *pipeline.Result) []byte {
	for _, s := range r.Segments {
		b = fmt.Appendf(b, "%s\t%s\t%s\n", fixed(s.Start, 6), fixed(s.End, 6), label)
	}
	return b
}

// appendRTTM writes the ten fields of a SPEAKER line (NIST RT-09 evaluation plan, appendix A): type, file id,
// channel, onset, duration, orthography, speaker type, speaker name, confidence, look-ahead.
func appendRTTM(b []byte, r *pipeline.Result) []byte {
	for _, s := range r.Segments {
		b = fmt.Appendf(b, "SPEAKER %s 1 ", FileID(r.File))
		b = append(pipeline.AppendNumber(b, s.Start), ' ')
		b = pipeline.AppendNumber(b, s.End-s.Start)
		b = append(b, " <NA> <NA> "+label+" "...)
		b = append(pipeline.AppendNumber(b, s.Prob), " <NA>\n"...)
	}
	return b
}

// FileID is the recording's name in RTTM, whose fields are separated by spaces: the stem with every space,
// control and separator character replaced by an underscore.
func FileID(path string) string {
	id := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, Stem(path))
	if id == "" {
		return "_"
	}
	return id
}

// appendVTT writes WebVTT cues (W3C), each after an empty line.
func appendVTT(b []byte, r *pipeline.Result) []byte {
	for _, s := range r.Segments {
		b = fmt.Appendf(b, "\n%s --> %s\n%s\n", clock(s.Start, '.'), clock(s.End, '.'), label)
	}
	return b
}

// appendSRT writes SubRip captions: a number, the times with a decimal comma, the text, an empty line.
func appendSRT(b []byte, r *pipeline.Result) []byte {
	for i, s := range r.Segments {
		b = fmt.Appendf(b, "%d\n%s --> %s\n%s\n\n", i+1, clock(s.Start, ','), clock(s.End, ','), label)
	}
	return b
}

// clock prints seconds as hh:mm:ss and milliseconds after the given mark; hours go past 99 where needed.
func clock(seconds float64, mark rune) string {
	ms := int64(math.Round(seconds * 1000))
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3600000, ms/60000%60, ms/1000%60, mark, ms%1000)
}
