package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"github.com/streamer-audio/streamer/audio"
)

// PublishConfig says how [Publish] sends a recording.
type PublishConfig struct {
	Stream  string
	Session string // empty: a new unique one
	// Encoding of the payload; ExactEncoding finds one that loses nothing.
	// Empty: s16le.
	Encoding audio.Encoding
	Rate     int           // Hz
	Chunk    time.Duration // length of a chunk; 0: 20 ms
	// Speed 1 is real time, 2 twice as fast; 0 as fast as the worker answers.
	Speed float64
	// MaxLatency is the greatest algorithmic latency to ask for, 0 to 1h. nil:
	// what the worker gives by itself.
	MaxLatency *time.Duration
	// Started, if set, is called with the time at which the first sample is
	// meant to sound, before the first chunk is sent.
	Started func(time.Time)
}

// Published tells what was sent.
type Published struct {
	Session string
	Chunks  int64
	Samples int64
	// Late is how far behind its schedule the latest chunk was sent, which is
	// this machine's doing.
	Late time.Duration
}

// ExactEncoding is the smallest encoding that brings the samples of a recording
// to the worker unchanged: s16le for mono recordings of at most 16 bits, f32le
// for all others. Averaged channels do not fit into 16 bits.
func ExactEncoding(info audio.Info) audio.Encoding {
	if info.Channels == 1 && info.Bits <= 16 && !info.Float {
		return audio.S16LE
	}
	return audio.F32LE
}

// Publish sends what r gives to audio.<stream>, chunk after chunk on an
// absolute schedule: a chunk is due when its last sample has sounded, whatever
// became late before it. It ends the session in any case, also when ctx is done
// early (that is no error) or r fails.
func Publish(ctx context.Context, nc *nats.Conn, r audio.Reader, cfg PublishConfig) (Published, error) {
	p, err := newPublisher(nc, cfg)
	if err != nil {
		return Published{}, err
	}
	err = p.send(ctx, r)
	if e := p.end(); err == nil {
		err = e
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("publishing to %s: %w", p.subject, err)
	}
	return p.done, err
}

// publisher is one Publish under way.
type publisher struct {
	nc      *nats.Conn
	cfg     PublishConfig
	subject string
	format  audio.Format
	size    int // samples of a full chunk
	epoch   time.Time
	window  int  // bytes since the worker was last waited for
	heedful bool // the worker is waited for
	done    Published
	payload []byte
}

// Between two answers of the worker at most this much is sent at speed 0: well
// below what a worker queues.
const (
	windowChunks = 64
	windowBytes  = 512 << 10
	answerWait   = 10 * time.Second
)

// headerRoom is more than the headers of a chunk take.
const headerRoom = 1024

func newPublisher(nc *nats.Conn, cfg PublishConfig) (*publisher, error) {
	if cfg.Chunk == 0 {
		cfg.Chunk = 20 * time.Millisecond
	}
	if cfg.Encoding == "" {
		cfg.Encoding = audio.S16LE
	}
	if cfg.Session == "" {
		cfg.Session = nuid.Next()
	}
	p := &publisher{nc: nc, cfg: cfg, subject: audioPrefix + cfg.Stream, heedful: cfg.Speed == 0,
		format: audio.Format{Encoding: cfg.Encoding, Rate: cfg.Rate, Channels: 1}}
	p.done.Session = cfg.Session
	if err := p.check(); err != nil {
		return nil, err
	}
	p.size = max(1, int(cfg.Chunk.Nanoseconds()*int64(cfg.Rate)/int64(time.Second)))
	if bytes := int64(p.size*frameBytes(p.format)) + headerRoom; bytes > nc.MaxPayload() {
		return nil, fmt.Errorf("publishing: chunks of %s are messages of %d bytes, the NATS server takes %d: send shorter chunks or s16le", cfg.Chunk, bytes, nc.MaxPayload())
	}
	return p, nil
}

// check refuses what a worker would refuse, before anything is sent.
func (p *publisher) check() error {
	c := &p.cfg
	if !ValidStream(c.Stream) {
		return badStream(c.Stream)
	}
	if len(c.Session) > maxSession || !printable(c.Session) {
		return fmt.Errorf("session %s: give at most %d bytes of printable text", quote(c.Session), maxSession)
	}
	if !(c.Speed >= 0 && c.Speed <= 1e6) { // NaN too
		return fmt.Errorf("speed %v: give 1 for real time, 0 for as fast as it takes", c.Speed)
	}
	if c.Chunk < 0 || c.Chunk > time.Hour {
		return fmt.Errorf("chunks of %s: give a length of up to an hour, as 20ms", c.Chunk)
	}
	if err := checkLatency(c.MaxLatency); err != nil {
		return err
	}
	return p.format.Validate()
}

// send publishes all of r.
func (p *publisher) send(ctx context.Context, r audio.Reader) error {
	samples := make([]float32, p.size)
	p.epoch = time.Now()
	if p.cfg.Started != nil {
		p.cfg.Started(p.epoch)
	}
	for {
		n, err := readFull(r, samples)
		if n > 0 {
			if e := p.chunk(ctx, samples[:n]); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readFull fills dst unless the recording ends first.
func readFull(r audio.Reader, dst []float32) (n int, err error) {
	for idle := 0; n < len(dst) && err == nil; {
		var m int
		m, err = r.ReadSamples(dst[n:])
		if n += m; m > 0 {
			idle = 0
		} else if idle++; idle > 100 && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

// chunk sends samples when they are due.
func (p *publisher) chunk(ctx context.Context, samples []float32) error {
	sounds := p.due(p.done.Samples)
	if err := p.wait(ctx, p.due(p.done.Samples+int64(len(samples)))); err != nil {
		return err
	}
	if p.cfg.Speed == 0 {
		sounds = time.Now()
	}
	p.payload = p.format.AppendBytes(p.payload[:0], samples)
	m := p.message(p.payload)
	m.Header[HeaderSeq] = []string{strconv.FormatInt(p.done.Chunks+1, 10)}
	m.Header[HeaderSample] = []string{strconv.FormatInt(p.done.Samples, 10)}
	m.Header[HeaderTime] = []string{strconv.FormatInt(sounds.UnixMicro(), 10)}
	if err := p.publish(ctx, m); err != nil {
		return err
	}
	p.done.Chunks++
	p.done.Samples += int64(len(samples))
	return p.heed(ctx, len(p.payload))
}

// message is a message of this session with all that counts on its first chunk:
// that one may be lost.
func (p *publisher) message(payload []byte) *nats.Msg {
	m := &nats.Msg{Subject: p.subject, Data: payload, Header: nats.Header{
		HeaderSession:  {p.cfg.Session},
		HeaderEncoding: {string(p.cfg.Encoding)},
		HeaderRate:     {strconv.Itoa(p.cfg.Rate)},
	}}
	if p.cfg.MaxLatency != nil {
		m.Header[HeaderMaxLatency] = []string{p.cfg.MaxLatency.String()}
	}
	return m
}

// due is when the sample at a position is meant to have sounded.
func (p *publisher) due(position int64) time.Time {
	if p.cfg.Speed == 0 {
		return p.epoch
	}
	s := float64(position) / float64(p.cfg.Rate) / p.cfg.Speed
	return p.epoch.Add(time.Duration(math.Round(s * 1e9)))
}

// wait sleeps until t and takes down how late it woke up.
func (p *publisher) wait(ctx context.Context, t time.Time) error {
	if p.cfg.Speed == 0 {
		return ctx.Err()
	}
	if err := sleep(ctx, time.Until(t)); err != nil {
		return err
	}
	p.done.Late = max(p.done.Late, time.Since(t))
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publish hands the message to the client. While the connection is away, the
// client keeps some megabytes; beyond that the chunk waits here.
func (p *publisher) publish(ctx context.Context, m *nats.Msg) error {
	for {
		err := p.nc.PublishMsg(m)
		if !errors.Is(err, nats.ErrReconnectBufExceeded) {
			return err
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// heed waits, at speed 0, until the worker has answered what was sent. When
// nobody answers, nobody is overrun either: then the server sets the pace.
func (p *publisher) heed(ctx context.Context, bytes int) error {
	p.window += bytes
	if p.cfg.Speed != 0 || p.window < windowBytes && p.done.Chunks%windowChunks != 0 {
		return nil
	}
	p.window = 0
	if !p.heedful {
		return flush(ctx, p.nc)
	}
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	m := p.message(nil)
	m.Header[HeaderControl] = []string{string(Keepalive)}
	_, err := p.nc.RequestMsgWithContext(ctx, m)
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, context.DeadlineExceeded) {
		p.heedful = false
		return nil
	}
	return err
}

// end tells the worker that this was all, and waits until the server has it.
func (p *publisher) end() error {
	m := p.message(nil)
	m.Header[HeaderControl] = []string{string(End)}
	m.Header[HeaderChunks] = []string{strconv.FormatInt(p.done.Chunks, 10)}
	if err := p.nc.PublishMsg(m); err != nil {
		return err
	}
	return flush(context.Background(), p.nc)
}
