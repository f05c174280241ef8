package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/streamer-audio/streamer/pipeline"
)

// appendJSON writes the object by hand: the order and rounding of its fields are part of the format.
func appendJSON(b []byte, r *pipeline.Result, frames bool) []byte {
	b = appendString(append(b, `{"file":`...), r.File)
	b = appendString(append(b, `,"model":`...), r.Model)
	b = appendString(append(b, `,"mode":`...), r.Mode)
	b = pipeline.AppendNumber(append(b, `,"hop_s":`...), r.HopS)
	b = append(b, `,"latency_s":`...)
	if r.LatencyS == nil {
		b = append(b, "null"...)
	} else {
		b = pipeline.AppendNumber(b, *r.LatencyS)
	}
	b = append(b, `,"segments":[`...)
	for i, s := range r.Segments {
		if i > 0 {
			b = append(b, ',')
		}
		b = pipeline.AppendNumber(append(b, `{"start":`...), s.Start)
		b = pipeline.AppendNumber(append(b, `,"end":`...), s.End)
		b = append(pipeline.AppendNumber(append(b, `,"prob":`...), s.Prob), '}')
	}
	b = append(b, ']')
	if frames {
		b = pipeline.AppendNumbers(append(b, `,"prob":`...), r.Prob)
	}
	return append(b, "}\n"...)
}

// appendJSONL puts "file" before the fields of the event, whose encoding is the one that goes out on NATS.
func appendJSONL(b []byte, r *pipeline.Result) []byte {
	for i := range r.Events {
		b = appendString(append(b, `{"file":`...), r.File)
		b = append(b, ',')
		at := len(b)
		b = r.Events[i].AppendJSON(b)
		b = append(b[:at], b[at+1:]...) // the event's own "{"
		b = append(b, '\n')
	}
	return b
}

// appendString appends s as a JSON string and leaves <, > and & alone: this is no web page.
func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// appendCSV writes a row per segment, or a row per frame with the start of the frame.
func appendCSV(b []byte, r *pipeline.Result, frames bool) []byte {
	name := csvField(r.File)
	if frames {
		for i, p := range r.Prob {
			b = append(append(b, name...), ',')
			b = append(pipeline.AppendNumber(b, float64(i)*r.HopS), ',')
			b = append(pipeline.AppendNumber(b, p), '\n')
		}
		return b
	}
	for _, s := range r.Segments {
		b = append(append(b, name...), ',')
		b = append(pipeline.AppendNumber(b, s.Start), ',')
		b = append(pipeline.AppendNumber(b, s.End), ',')
		b = append(pipeline.AppendNumber(b, s.Prob), '\n')
	}
	return b
}

// csvField quotes s where RFC 4180 wants it.
func csvField(s string) string {
	var buf strings.Builder
	w := csv.NewWriter(&buf)
	_ = w.Write([]string{s, ""}) // a strings.Builder takes everything
	w.Flush()
	return strings.TrimSuffix(buf.String(), ",\n")
}

// fixed prints x with a fixed number of decimals.
func fixed(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }
