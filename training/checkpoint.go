package training

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/streamer-audio/streamer/internal/kernel"
	"github.com/streamer-audio/streamer/internal/snapshot"
	"github.com/streamer-audio/streamer/models/train"
)

// Files that a run keeps in its folder.
const (
	CheckpointFile = "checkpoint.bin"
	CurveFile      = "loss.csv"
)

const (
	checkpointMagic   = "STRC"
	checkpointVersion = 2
	maxCheckpoint     = 1 << 30
)

// Point is one step of the loss curve.
type Point struct {
	Step     int     // 1, 2, ...
	Loss     float64 // mean binary cross-entropy of the batch, nats
	GradNorm float64 // before clipping
	LR       float64
}

// progress is what a run has achieved: all that is needed to go on with it bit for bit.
type progress struct {
	points   []Point
	position []LanePosition
}

// identity is what must be equal for a checkpoint to be continued.
type identity struct{ recipe, material, kernel string }

func identify(r *Recipe, m *Material) identity {
	return identity{r.Hash(), m.Digest(), kernel.ID()}
}

func (id identity) list() []string { return []string{id.recipe, id.material, id.kernel} }

// saveCheckpoint writes the state of a run, in a new file that then takes the place of the old one: a crash in between
// leaves the old one whole.
func saveCheckpoint(path string, id identity, t *train.Trainer, p progress) error {
	b := snapshot.Begin(nil, checkpointMagic, checkpointVersion)
	for _, s := range id.list() {
		b = snapshot.AppendBytes(b, []byte(s))
	}
	b = snapshot.AppendInt(b, int64(len(p.points)))
	for _, q := range p.points {
		b = snapshot.AppendFloat(snapshot.AppendFloat(snapshot.AppendFloat(b, q.Loss), q.GradNorm), q.LR)
	}
	b = snapshot.AppendInt(b, int64(len(p.position)))
	for _, l := range p.position {
		fresh := int64(0)
		if l.Fresh {
			fresh = 1
		}
		b = snapshot.AppendInt(snapshot.AppendInt(snapshot.AppendInt(b, int64(l.Number)), int64(l.Used)), fresh)
	}
	state, err := t.AppendBinary(nil)
	if err != nil {
		return err
	}
	return replaceFile(path, snapshot.AppendBytes(b, state))
}

// replaceFile puts content at path in one step.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// loadCheckpoint brings a fresh trainer to the state of a checkpoint. found is false when there is none.
func loadCheckpoint(path string, id identity, r *Recipe, t *train.Trainer) (p progress, found bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	if info.Size() > maxCheckpoint {
		return p, false, fmt.Errorf("checkpoint %s: larger than %d MiB: this is no checkpoint", path, maxCheckpoint>>20)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return p, false, err
	}
	s := snapshot.Open(b, checkpointMagic, checkpointVersion)
	p = readProgress(s, id, r)
	state := s.Bytes("trainer", maxCheckpoint)
	if err := s.Close(); err != nil {
		return p, false, fmt.Errorf("checkpoint %s: %w: continue with the recipe, recordings and program that it was made with, or remove it", path, err)
	}
	if err := t.UnmarshalBinary(state); err != nil {
		return p, false, fmt.Errorf("checkpoint %s: %w: remove it to begin anew", path, err)
	}
	if t.Steps() != int64(len(p.points)) {
		return p, false, fmt.Errorf("checkpoint %s: %d steps but a curve of %d: remove it to begin anew", path, t.Steps(), len(p.points))
	}
	return p, true, nil
}

func readProgress(s *snapshot.Reader, id identity, r *Recipe) (p progress) {
	for i, name := range []string{"recipe", "recordings", "kernel"} {
		if got := string(s.Bytes(name, 128)); s.Err() == nil && got != id.list()[i] {
			s.Fail("its %s is %q, not %q", name, got, id.list()[i])
		}
	}
	steps := int(s.Int("steps", 0, int64(r.Optimiser.Steps)))
	for i := 0; i < steps && s.Err() == nil; i++ {
		p.points = append(p.points, Point{Step: i + 1, Loss: s.Float(), GradNorm: s.Float(), LR: s.Float()})
	}
	lanes := s.Int("lanes", int64(r.Batch.Lanes), int64(r.Batch.Lanes))
	for i := int64(0); i < lanes && s.Err() == nil; i++ {
		p.position = append(p.position, LanePosition{Number: uint64(s.Int("sequence", 0, math.MaxInt64)),
			Used: int(s.Int("frame", 0, math.MaxInt32)), Fresh: s.Int("fresh", 0, 1) == 1})
	}
	return p
}

// WriteCurve writes the loss curve as CSV.
func WriteCurve(path string, points []Point) error {
	rows := [][]string{{"step", "loss", "grad_norm", "lr"}}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }
	for _, p := range points {
		rows = append(rows, []string{strconv.Itoa(p.Step), number(p.Loss), number(p.GradNorm), number(p.LR)})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	return errors.Join(w.WriteAll(rows), f.Close())
}
