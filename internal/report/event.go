package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/streamer-audio/streamer/pipeline"
)

// EventLine is one readable line about an event, without a newline: where it is in the sound, whose it is, what
// happened and how long after the sound it was decided.
func EventLine(e *pipeline.Event) string {
	who := e.Stream
	if e.Session != "" {
		who += "/" + e.Session
	}
	line := fmt.Sprintf("%9.3f s  %-20s  %s", e.Start, who, what(e))
	return strings.TrimRight(line, " ")
}

func what(e *pipeline.Event) string {
	switch e.Type {
	case pipeline.SpeechStart:
		return fmt.Sprintf("speech starts  p %.2f  %s", e.Prob, decided(e))
	case pipeline.SpeechEnd:
		return fmt.Sprintf("speech ends    p %.2f  %s", e.Prob, decided(e))
	case pipeline.SegmentType:
		if e.Duration == 0 {
			return "no speech after all  " + revises(e)
		}
		return fmt.Sprintf("speech until %.3f s  p %.2f  %s", e.Start+e.Duration, e.Prob, revises(e))
	case pipeline.FrameType:
		return fmt.Sprintf("%d frames  p %s", len(e.Probs), extent(e.Probs))
	case pipeline.GapType:
		return fmt.Sprintf("gap: %d samples lost, state: %s", e.LostSamples, e.Policy)
	case pipeline.ErrorType:
		return fmt.Sprintf("error %s: %s", e.Code, e.Message)
	case pipeline.BeginType:
		return fmt.Sprintf("session begins (%s)  latency %s", e.Reason, latency(e.Latency))
	case pipeline.EndType:
		return fmt.Sprintf("session ends (%s)", e.Reason)
	}
	return e.Type + " " + e.Word
}

// decided says how much later than the place it speaks of an event was decided, in time of the sound. The rate
// follows from the place's two forms; at sample 0 it is unknown.
func decided(e *pipeline.Event) string {
	if e.Sample == 0 || e.Start == 0 {
		return ""
	}
	return fmt.Sprintf("decided %.0f ms later", 1000*float64(e.At-e.Sample)*e.Start/float64(e.Sample))
}

// latency is how long the answers of a session wait for what follows a sound.
func latency(seconds float64) string {
	if math.IsInf(seconds, 1) {
		return "not bounded"
	}
	return fmt.Sprintf("%.4g ms", 1000*seconds)
}

func revises(e *pipeline.Event) string {
	if len(e.Revises) == 0 {
		return ""
	}
	n := make([]string, len(e.Revises))
	for i, v := range e.Revises {
		n[i] = fmt.Sprint(v)
	}
	return "revises " + strings.Join(n, ", ")
}

// extent is the lowest and the highest of some values.
func extent(v []float64) string {
	if len(v) == 0 {
		return "none"
	}
	low, high := v[0], v[0]
	for _, x := range v {
		low, high = min(low, x), max(high, x)
	}
	return fmt.Sprintf("%.2f to %.2f", low, high)
}
