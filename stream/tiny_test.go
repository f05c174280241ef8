package stream

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/audio"
	"github.com/streamer-audio/streamer/features"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/pipeline"
)

// tinyModel has random weights, but for a head that follows loudness: without
// it the events would be few.
func tinyModel(t testing.TB, both bool) *models.Model {
	t.Helper()
	recipe, err := json.Marshal(features.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	arch := models.Arch{Input: 40, Outputs: 1, Head: models.SigmoidHead, Layers: []models.Layer{{Cell: models.GRU, Hidden: 4, Bidirectional: both}}}
	rng := rand.New(rand.NewPCG(1, 2))
	tensors := arch.Shapes()
	for i := range tensors {
		x := &tensors[i]
		x.Data = make([]float32, x.Len())
		for j := range x.Data {
			x.Data[j] = float32(rng.NormFloat64()) * .02
			switch x.Name {
			case "input.mean":
				x.Data[j] = -7
			case "input.scale":
				x.Data[j] = .25
			case "gru.weight_ih_l0", "gru.weight_ih_l0_reverse":
				if j >= 2*4*40 { // rows of the candidate
					x.Data[j] += .05
				}
			case "head.weight":
				x.Data[j] += 2
			}
		}
	}
	m, err := models.New(arch, models.Info{Name: "tiny", Task: "vad", Features: recipe}, tensors)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func tinyPipeline(t testing.TB, cfg pipeline.Config) *pipeline.Pipeline {
	t.Helper()
	p, err := pipeline.New(tinyModel(t, false), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tinyChoice holds tiny models that answer at once, after 70 ms, and in blocks
// after up to 100 ms.
func tinyChoice(t testing.TB) pipeline.Choice { return tinyChoiceOf(t, tinyModel(t, true)) }

// tinyChoiceOf is tinyChoice with some other final pass, or none.
func tinyChoiceOf(t testing.TB, final *models.Model) (choice pipeline.Choice) {
	t.Helper()
	causal := tinyModel(t, false)
	arch := causal.Arch()
	arch.Delays = []int{7}
	late, err1 := models.New(arch, models.Info{Name: "late", Task: "vad", Features: causal.Info().Features}, causal.Tensors())
	blocks, err2 := tinyModel(t, true).InBlocks(6, 5)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*models.Model{causal, late, blocks} {
		p, err := pipeline.New(m, pipeline.Config{MaxDelay: m.Lookahead(), Frames: true, Final: final})
		if err != nil {
			t.Fatal(err)
		}
		choice = append(choice, p)
	}
	return choice
}

// bursts is noise, loud and quiet in turns.
func bursts(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		level := .0003
		if i/6000%2 == 1 {
			level = .2
		}
		v[i] = float32(max(-1, min(1, level*rng.NormFloat64())))
	}
	return v
}

// randomChunks cuts three quarters of a second of s16le into random pieces.
func randomChunks(seed uint64) (chunks [][]byte) {
	rng := rand.New(rand.NewPCG(seed, 3))
	f := audio.Format{Encoding: audio.S16LE, Rate: 16000, Channels: 1}
	b := f.AppendBytes(nil, bursts(rng, 12000+rng.IntN(999)))
	for len(b) > 0 {
		n := min(len(b), 2+2*rng.IntN(700))
		chunks, b = append(chunks, b[:n]), b[n:]
	}
	return chunks
}

// requested is the latency that some of the streams ask for, as a header.
func requested(seed uint64) string {
	return []string{"Other: 1", "Max-Latency: 0", "Max-Latency: 75", "Max-Latency: 0.1s"}[seed%4]
}

func publishRandom(t testing.TB, nc *nats.Conn, name string, seed uint64) {
	chunks := randomChunks(seed)
	for i, b := range chunks {
		m := &nats.Msg{Subject: "audio." + name, Data: b, Header: header("Session: a", fmt.Sprintf("Seq: %d", i+1), requested(seed))}
		if err := nc.PublishMsg(m); err != nil {
			t.Error(err)
			return
		}
	}
	m := &nats.Msg{Subject: "audio." + name, Header: header("Session: a", "Control: end", fmt.Sprintf("Chunks: %d", len(chunks)))}
	if err := nc.PublishMsg(m); err != nil {
		t.Error(err)
	}
}

// solo is what the stream says when it is alone and nothing is in between.
func solo(t testing.TB, open opener, name string, seed uint64) (lines []string) {
	var count counters
	tr := track{stream: name, model: "fake", count: &count,
		open: open,
		emit: func(e *pipeline.Event) { lines = append(lines, string(e.AppendJSON(nil))) }}
	chunks := randomChunks(seed)
	for i, b := range chunks {
		c, err := ParseChunk("audio."+name, header("Session: a", "Seq: "+strconv.Itoa(i+1), requested(seed)), b)
		if err != nil {
			t.Fatal(err)
		}
		tr.handle(&c, nil)
	}
	tr.end(reasonEnd)
	return lines
}

// rawConnection speaks the NATS protocol by hand.
func rawConnection(t testing.TB, url string) func(string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	send := func(s string) {
		if _, err := conn.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	send("CONNECT {\"headers\":true,\"verbose\":false}\r\n")
	return send
}
