package training

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/streamer-audio/streamer/audio"
)

// Sources says which recordings to use for what.
type Sources struct {
	Speech []Selection `json:"speech"`
	Noise  []Selection `json:"noise"`
	Rooms  []Selection `json:"rooms,omitempty"` // impulse responses
	// MaxMinutes bounds what is kept in memory (1.9 MB a minute); 0 means 600.
	MaxMinutes float64 `json:"max_minutes,omitempty"`
}

// Validate reports the first selection that could not be read.
func (s Sources) Validate() error {
	if !(s.MaxMinutes >= 0 && s.MaxMinutes <= 1e5) {
		return fmt.Errorf("max_minutes is %g: give a number up to 100000, or 0 for the default of 600", s.MaxMinutes)
	}
	for _, list := range [][]Selection{s.Speech, s.Noise, s.Rooms} {
		for _, sel := range list {
			if err := sel.Validate(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Pool is the clips of one selection.
type Pool struct {
	Weight float64 // how often to draw from it, relative to the other pools
	Clips  []*Clip
}

// Material is all that a mixer draws from. It is read only and shared.
type Material struct {
	Speech, Noise []Pool
	Rooms         []*Room
}

// Digest names the content of the material: equal for equal clips in equal order.
func (m *Material) Digest() string {
	h := sha256.New()
	for _, pools := range [][]Pool{m.Speech, m.Noise} {
		for _, p := range pools {
			fmt.Fprintf(h, "pool %d %g\n", len(p.Clips), p.Weight)
			for _, c := range p.Clips {
				sum := c.digest()
				h.Write(sum[:])
			}
		}
	}
	for _, r := range m.Rooms {
		fmt.Fprintf(h, "room %s %d\n", r.Name, len(r.Response))
		for _, x := range r.Response {
			h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Seconds returns how much speech recording and noise there is.
func (m *Material) Seconds() (speech, noise float64) { return seconds(m.Speech), seconds(m.Noise) }

func seconds(pools []Pool) float64 {
	var n int
	for _, p := range pools {
		for _, c := range p.Clips {
			n += len(c.Samples)
		}
	}
	return float64(n) / Rate
}

// Load reads the selected recordings under root into memory, jobs files at a time, resampled to Rate and labelled. The
// result depends on neither jobs nor timing. Recordings in which no speech is found, and silent noises, are left out.
func (s Sources) Load(ctx context.Context, root string, jobs int) (*Material, error) {
	l := &loading{jobs: max(1, jobs), room: int64(s.MaxMinutes * 60 * Rate)}
	if l.room == 0 {
		l.room = 600 * 60 * Rate
	}
	m := new(Material)
	var err error
	if m.Speech, err = l.pools(ctx, root, s.Speech, NewSpeech); err != nil {
		return nil, err
	}
	if m.Noise, err = l.pools(ctx, root, s.Noise, NewNoise); err != nil {
		return nil, err
	}
	for _, sel := range s.Rooms {
		entries, err := sel.Entries(root)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			samples, err := ReadEntry(e)
			if err != nil {
				return nil, err
			}
			if r := NewRoom(e.Name, samples); r != nil {
				m.Rooms = append(m.Rooms, r)
			}
		}
	}
	return m, nil
}

// loading is the state of one Load.
type loading struct {
	jobs int
	mu   sync.Mutex
	room int64 // samples that may still be loaded
}

func (l *loading) pools(ctx context.Context, root string, selections []Selection, prepare func(Entry, []float32) *Clip) ([]Pool, error) {
	var pools []Pool
	for _, sel := range selections {
		entries, err := sel.Entries(root)
		if err != nil {
			return nil, err
		}
		clips := make([]*Clip, len(entries))
		err = parallel(ctx, l.jobs, len(entries), func(_, i int) error {
			samples, err := ReadEntry(entries[i])
			if err != nil {
				return err
			}
			if err := l.take(len(samples)); err != nil {
				return fmt.Errorf("%s: %w", sel.Manifest, err)
			}
			clips[i] = prepare(entries[i], samples)
			return nil
		})
		if err != nil {
			return nil, err
		}
		pool := Pool{Weight: sel.Weight}
		if pool.Weight == 0 {
			pool.Weight = 1
		}
		for _, c := range clips {
			if c != nil {
				pool.Clips = append(pool.Clips, c)
			}
		}
		if len(pool.Clips) == 0 {
			return nil, fmt.Errorf("%s: none of the %d selected files is usable: all are silent or without speech", sel.Manifest, len(entries))
		}
		pools = append(pools, pool)
	}
	return pools, nil
}

// take accounts for n samples in memory.
func (l *loading) take(n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.room -= int64(n); l.room < 0 {
		return errors.New("more audio is selected than max_minutes allows: select less, or raise it if the memory is there")
	}
	return nil
}

// parallel calls do(worker, i) for each i in [0, n), jobs at a time, and returns the first error in the order of i; after
// an error nothing more is begun. Worker numbers are in [0, jobs); no two calls with one number run at once.
func parallel(ctx context.Context, jobs, n int, do func(worker, i int) error) error {
	errs := make([]error, n)
	var failed atomic.Bool
	next := make(chan int)
	var workers sync.WaitGroup
	for w := range min(jobs, n) {
		workers.Go(func() {
			for i := range next {
				if errs[i] = do(w, i); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil && !failed.Load(); i++ {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// maxEntryMinutes bounds one recording: an hour-long file is to be cut by offsets in the manifest.
const maxEntryMinutes = 60

// ReadEntry reads the stretch of audio that an entry names, at Rate. Errors name the file.
func ReadEntry(e Entry) ([]float32, error) {
	f, err := audio.Open(e.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rate := f.Info().Rate
	if e.Rate != 0 && e.Rate != rate {
		return nil, fmt.Errorf("%s: has %d Hz, the manifest says %d: correct the manifest", e.Path, rate, e.Rate)
	}
	first, end := int64(math.Round(e.Offset*float64(rate))), int64(math.MaxInt64)
	if e.Seconds > 0 { // manifests round: a millisecond more loses nothing of a whole file
		end = first + int64(math.Ceil((e.Seconds+0.001)*float64(rate)))
	}
	samples, err := readAt(f, rate, first, end)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Path, err)
	}
	return samples, nil
}

// readAt returns the samples first to end of a reader, resampled to Rate.
func readAt(r audio.Reader, rate int, first, end int64) ([]float32, error) {
	resampler, err := audio.NewResampler(rate, Rate)
	if err != nil {
		return nil, err
	}
	var out []float32
	buf := make([]float32, 1<<14)
	for at := int64(0); at < end; {
		n, err := r.ReadSamples(buf)
		lo, hi := min(max(first-at, 0), int64(n)), min(end-at, int64(n))
		out = resampler.Push(out, buf[lo:max(lo, hi)])
		at += int64(n)
		if len(out) > maxEntryMinutes*60*Rate {
			return nil, fmt.Errorf("longer than %d minutes: cut it with offset and duration in a JSONL manifest", maxEntryMinutes)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return resampler.Flush(out), nil
}
