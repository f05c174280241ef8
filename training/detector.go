package training

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
)

// Detector gives a score to every 10 ms of a recording: the higher, the more likely is speech. Probabilities are best,
// since false alarms are counted at 0.5. A Detector may be asked by several goroutines at once.
type Detector interface {
	Name() string
	Timing() Timing
	// Scores returns item.Frames() numbers, none of them NaN.
	Scores(item *Item) ([]float64, error)
}

// Timing says when a score can be known.
type Timing struct {
	Bounded bool    // false: when the recording is over
	Hop     float64 // seconds of sound that one score is about; 0 means 10 ms
	Latency float64 // seconds after the end of a hop
}

// known is the time, in seconds, at which the score of the 10 ms frame i can be known at the earliest.
func (t Timing) known(i int) float64 {
	if t.Hop == 0 || t.Hop == frameSeconds {
		return float64(i+1)*frameSeconds + t.Latency
	}
	return float64(hopOf(i, t.Hop)+1)*t.Hop + t.Latency
}

const frameSeconds = float64(labelHop) / Rate

// hopOf is the index of the hop that covers the middle of the 10 ms frame i.
func hopOf(i int, hop float64) int { return int((float64(i) + 0.5) * frameSeconds / hop) }

// modelDetector is one of our models with the state reset before each recording.
type modelDetector struct {
	name   string
	model  *models.Model
	stream *features.Stream
}

// NewModelDetector returns a detector around a model that carries its feature recipe.
func NewModelDetector(name string, m *models.Model) (Detector, error) {
	config, err := features.Parse(m.Info().Features)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	stream, err := features.New(config)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	switch arch := m.Arch(); {
	case config.Rate != Rate:
		return nil, fmt.Errorf("model %s: works at %d Hz, evaluation at %d", name, config.Rate, Rate)
	case arch.Input != stream.Dim() || !arch.Detects():
		return nil, fmt.Errorf("model %s: takes %d features and gives %d outputs, %s; expected %d and 1, %s",
			name, arch.Input, arch.Outputs, arch.Head, stream.Dim(), models.SigmoidHead)
	}
	return &modelDetector{name, m, stream}, nil
}

func (d *modelDetector) Name() string { return d.name }

func (d *modelDetector) Timing() Timing {
	t := Timing{Hop: float64(d.stream.Shift()) / Rate}
	if ahead := d.model.Lookahead(); ahead != models.Unbounded {
		t.Bounded, t.Latency = true, float64(d.stream.Delay()+ahead*d.stream.Shift())/Rate
	}
	return t
}

func (d *modelDetector) Scores(item *Item) ([]float64, error) {
	e := d.open()
	scores := e.hear(nil, item.Samples)
	return regrid(e.flush(scores), float64(d.stream.Shift())/Rate, item.Frames()), nil
}

// ear is the way of one stream through a model, with features and state carried from one piece to the next.
type ear struct {
	stream *features.Stream
	state  *models.State
	frames []float32
	out    [1]float32
}

func (d *modelDetector) open() *ear { return &ear{stream: d.stream.Open(), state: d.model.NewState()} }

// hear appends the scores that are known once the samples have come.
func (e *ear) hear(scores []float64, samples []float32) []float64 {
	e.frames = Frames(e.frames[:0], e.stream, samples)
	return e.answer(scores)
}

// flush appends the scores that waited for the end of the stream.
func (e *ear) flush(scores []float64) []float64 {
	e.stream.Flush()
	e.frames = drain(e.frames[:0], e.stream, e.stream.Dim())
	scores = e.answer(scores)
	e.state.Flush()
	return e.fetch(scores)
}

func (e *ear) answer(scores []float64) []float64 {
	dim := e.stream.Dim()
	for rest := e.frames; len(rest) > 0; rest = rest[dim:] {
		e.state.Push(rest[:dim])
		scores = e.fetch(scores)
	}
	return scores
}

func (e *ear) fetch(scores []float64) []float64 {
	for e.state.Next(e.out[:]) {
		scores = append(scores, float64(e.out[0]))
	}
	return scores
}

// regrid returns, for each 10 ms, the score of the frame that covers its middle; the last one goes on to the end.
func regrid(scores []float64, hop float64, frames int) []float64 {
	if len(scores) == frames && hop == 0.01 {
		return scores
	}
	out := make([]float64, frames)
	for i := range out {
		if len(scores) > 0 {
			out[i] = scores[min(hopOf(i, hop), len(scores)-1)]
		}
	}
	return out
}

// probabilities are what some other program made of the same recordings.
type probabilities struct {
	name   string
	path   string
	timing Timing
	byName map[string]*probabilityLine
}

// probabilityLine is one line of a file of probabilities, as `streamer process --format json --frames` writes it.
type probabilityLine struct {
	File    string    `json:"file"`
	Model   string    `json:"model"`
	Hop     float64   `json:"hop_s"`
	Latency *float64  `json:"latency_s"` // null: the whole recording
	Prob    []float64 `json:"prob"`
}

// maxProbabilityLine bounds a line: a day of frames.
const maxProbabilityLine = 256 << 20

// ReadProbabilities reads a detector's answers from a file of JSON objects, one a line and recording:
//
//	{"file": "10dB-003.wav", "model": "silero", "hop_s": 0.032, "latency_s": 0, "prob": [0.01, ...]}
//
// prob[i] is about the audio of [i*hop_s, (i+1)*hop_s). Recordings are found by name, or by the stem of the name.
func ReadProbabilities(path string) (Detector, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("probabilities: %w", err)
	}
	defer f.Close()
	p := &probabilities{name: stem(path), path: path, byName: make(map[string]*probabilityLine)}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxProbabilityLine)
	number := 0
	for lines.Scan() {
		number++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := p.add(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, number+1, err)
	}
	return p, nil
}

func (p *probabilities) add(text []byte) error {
	l := new(probabilityLine)
	if err := json.Unmarshal(text, l); err != nil {
		return fmt.Errorf("%w: write one JSON object a line", err)
	}
	if l.File == "" || !(l.Hop >= 1e-4 && l.Hop <= 10) || len(l.Prob) == 0 {
		return fmt.Errorf("file %q, hop_s %g, %d values of prob: all three are needed, with a hop of 0.0001 to 10 s", l.File, l.Hop, len(l.Prob))
	}
	if l.Latency != nil && !(*l.Latency >= 0 && *l.Latency <= 3600) {
		return fmt.Errorf("latency_s %g: give 0 to 3600 s, or null for the whole recording", *l.Latency)
	}
	if l.Model != "" {
		p.name = l.Model
	}
	if len(p.byName) == 0 {
		p.timing = Timing{Hop: l.Hop}
		if l.Latency != nil {
			p.timing.Bounded, p.timing.Latency = true, *l.Latency
		}
	}
	for _, key := range []string{l.File, stem(l.File)} {
		if other := p.byName[key]; other != nil && other != l {
			return fmt.Errorf("%q stands here twice: keep one line a recording", key)
		}
		p.byName[key] = l
	}
	return nil
}

// stem is the name of a file without folders and extension.
func stem(path string) string {
	base := filepath.Base(filepath.FromSlash(path))
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func (p *probabilities) Name() string { return p.name }

func (p *probabilities) Timing() Timing { return p.timing }

func (p *probabilities) Scores(item *Item) ([]float64, error) {
	l := p.byName[item.ID]
	if l == nil {
		l = p.byName[stem(item.ID)]
	}
	if l == nil {
		return nil, fmt.Errorf("%s: no line for %q: run the detector on it, or leave the recording out", p.path, item.ID)
	}
	for i, v := range l.Prob {
		if math.IsNaN(v) {
			return nil, fmt.Errorf("%s: %q: prob[%d] is not a number", p.path, item.ID, i)
		}
	}
	return regrid(l.Prob, l.Hop, item.Frames()), nil
}
