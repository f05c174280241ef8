package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/streamer-audio/streamer/cmd/streamer/demo"
	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/pretrained"
	"github.com/streamer-audio/streamer/stream"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"streamer": main})
}

// TestScripts runs testdata/script. Each script finds these in its folder:
//
//	demo.wav     the recording of streamer demo, with demo.txt, the truth about it
//	stereo.wav   its first six seconds in stereo at 44.1 kHz, half as loud on the right
//	noise.wav    five seconds of noise
//	short.wav    cut off in its data; lying.wav claims 300 channels; bare.wav has a header and no samples;
//	empty.wav    has no bytes; text.wav is no audio
//	late.safetensors answers seven frames late; all.safetensors hears everything first
//
// and $URL, where a NATS server may listen, at $ADDRESS, and $HTTP, where another server may.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "script"),
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "ready": ready, "heard": heard, "sameevents": sameEvents, "png": isPNG, "terminate": terminate, "fetch": fetch,
		},
	})
}

func setup(env *testscript.Env) error {
	address, err1 := freeAddress()
	other, err2 := freeAddress()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	env.Setenv("ADDRESS", address)
	env.Setenv("URL", "nats://"+address)
	env.Setenv("HTTP", other)
	wav, err := os.ReadFile(filepath.Join("demo", "demo.wav"))
	if err != nil {
		return err
	}
	truth, err := os.ReadFile(filepath.Join("demo", "demo.txt"))
	if err != nil {
		return err
	}
	recording, err := demo.Load()
	if err != nil {
		return err
	}
	lying := append([]byte(nil), wav...)
	binary.LittleEndian.PutUint16(lying[22:], 300) // channels
	late, all, err := modelFiles()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"late.safetensors": late, "all.safetensors": all,
		"demo.wav": wav, "demo.txt": truth, "stereo.wav": stereo(recording.Samples[:6*16000]), "noise.wav": noise(),
		"short.wav": wav[:100000], "lying.wav": lying, "bare.wav": wavFile(16000, 1, nil), "empty.wav": nil, "text.wav": []byte("no audio at all"),
	} {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// modelFiles are the shipped weights as files, the causal ones so that they answer late, though they have not learnt to.
func modelFiles() (late, all []byte, err error) {
	causal, err1 := pretrained.Load("vad", pretrained.Causal)
	both, err2 := pretrained.Load("vad", pretrained.Bidirectional)
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, err
	}
	arch := causal.Arch()
	arch.Delays = []int{7}
	delayed, err := models.New(arch, causal.Info(), causal.Tensors())
	if err != nil {
		return nil, nil, err
	}
	late, err1 = delayed.AppendBinary(nil)
	all, err2 = both.AppendBinary(nil)
	return late, all, errors.Join(err1, err2)
}

// wavFile is a 16-bit WAV file.
func wavFile(rate, channels int, samples []int16) []byte {
	b := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(36+2*len(samples)))...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*2))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*2))
	b = append(b, "\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(samples)))
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// stereo is a 16 kHz recording at 44.1 kHz, interpolated linearly: it only has to be something else than mono 16 kHz.
func stereo(samples []float32) []byte {
	n := len(samples)*441/160 - 3
	out := make([]int16, 0, 2*n)
	for i := range n {
		at := float64(i) * 160 / 441
		k := int(at)
		x := float64(samples[k]) + (at-float64(k))*float64(samples[k+1]-samples[k])
		out = append(out, int16(math.Round(32000*x)), int16(math.Round(16000*x)))
	}
	return wavFile(44100, 2, out)
}

func noise() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]int16, 5*16000)
	for i := range out {
		out[i] = int16(600 * r.NormFloat64())
	}
	return wavFile(16000, 1, out)
}

// exits runs a program that must end with a given status: exits STATUS PROGRAM ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil {
		ts.Fatalf("usage: exits STATUS PROGRAM ARG...")
	}
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s ends with status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// connected calls f with a connection to $URL until it returns nil.
func connected(ts *testscript.TestScript, what string, f func(*nats.Conn) error) {
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var nc *nats.Conn
		if nc, err = nats.Connect(ts.Getenv("URL")); err != nil {
			continue
		}
		err = f(nc)
		nc.Close()
		if err == nil {
			return
		}
	}
	ts.Fatalf("%s: %v", what, err)
}

// ready waits for a worker at $URL.
func ready(ts *testscript.TestScript, _ bool, _ []string) {
	connected(ts, "waiting for a worker", func(nc *nats.Conn) error {
		m, err := nc.Request(stream.StatusSubject, nil, time.Second)
		if err == nil && !strings.Contains(string(m.Data), `"serving"`) {
			err = fmt.Errorf("worker says %s", m.Data)
		}
		return err
	})
}

// heard waits until somebody at $URL subscribes to a subject. Whoever does must bear a message that is no event.
func heard(ts *testscript.TestScript, _ bool, args []string) {
	connected(ts, "waiting for a subscriber of "+args[0], func(nc *nats.Conn) error {
		_, err := nc.Request(args[0], nil, 100*time.Millisecond)
		if errors.Is(err, nats.ErrTimeout) { // it was delivered, and nobody answers
			return nil
		}
		return err
	})
}

var (
	causal = regexp.MustCompile(`"type":"speech_(start|end)"`)
	own    = regexp.MustCompile(`"(file|stream|session)":"[^"]*",|"seq":[0-9]+,`)
)

// sameEvents compares the causal events of two outputs byte for byte, without file, stream, session and seq.
func sameEvents(ts *testscript.TestScript, _ bool, args []string) {
	a, b := events(ts.ReadFile(args[0])), events(ts.ReadFile(args[1]))
	if a == "" || !strings.Contains(a, "speech_start") || !strings.Contains(a, "speech_end") {
		ts.Fatalf("%s holds no speech", args[0])
	}
	if a != b {
		ts.Fatalf("events differ\n%s:\n%s%s:\n%s", args[0], a, args[1], b)
	}
}

func events(output string) string {
	var kept strings.Builder
	for line := range strings.Lines(output) {
		if causal.MatchString(line) {
			kept.WriteString(own.ReplaceAllString(line, ""))
		}
	}
	return kept.String()
}

// terminate sends SIGTERM to what runs in the background, which testscript's own kill cannot.
func terminate(ts *testscript.TestScript, _ bool, _ []string) {
	for _, c := range ts.BackgroundCmds() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			ts.Fatalf("%v", err)
		}
	}
}

// fetch reads a page of $HTTP into a file: fetch STATUS PATH FILE. It must be answered with that status.
func fetch(ts *testscript.TestScript, _ bool, args []string) {
	response, err := http.Get("http://" + ts.Getenv("HTTP") + args[1])
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	if strconv.Itoa(response.StatusCode) != args[0] {
		ts.Fatalf("%s: %s: %s", args[1], response.Status, body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), body, 0o666))
}

func isPNG(ts *testscript.TestScript, _ bool, args []string) {
	if !strings.HasPrefix(ts.ReadFile(args[0]), "\x89PNG\r\n") {
		ts.Fatalf("%s is no PNG image", args[0])
	}
}

func TestStreamName(t *testing.T) {
	for file, want := range map[string]string{
		"call.wav": "call", "a/b/my call (2).v1.flac": "my-call--2--v1", "-": "stdin", "_x.wav": "x", "...": "audio",
		"Ärger.wav": "rger", strings.Repeat("x", 80) + ".wav": strings.Repeat("x", 64), "a_b-C9": "a_b-C9",
	} {
		got := streamName(file)
		if got != want || !stream.ValidStream(got) {
			t.Errorf("streamName(%q) = %q, want %q", file, got, want)
		}
	}
}
