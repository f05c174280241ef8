package training

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ReadLabels reads the stretches of speech of a recording from dir: <stem>.txt, an Audacity label track (start, end and
// label separated by tabs, in seconds), or <stem>.rttm (SPEAKER lines). In a label track the label "speech", or none,
// counts; others are ignored. An empty file says that there is no speech. Spans are sorted, at Rate, and do not touch.
func ReadLabels(dir, stem string) ([]Span, error) {
	for _, kind := range []struct {
		extension string
		parse     func(line string) (start, end float64, speech bool, err error)
	}{{".txt", audacityLine}, {".rttm", rttmLine}} {
		path := filepath.Join(dir, stem+kind.extension)
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("labels: %w", err)
		}
		defer f.Close()
		return parseLabels(path, bufio.NewScanner(f), kind.parse)
	}
	return nil, fmt.Errorf("labels of %s: neither %s.txt nor %s.rttm in %s: write one (start TAB end TAB speech, a line per stretch)",
		stem, stem, stem, dir)
}

func parseLabels(path string, lines *bufio.Scanner, parse func(string) (float64, float64, bool, error)) ([]Span, error) {
	var spans []Span
	line := 0
	for lines.Scan() {
		line++
		text := strings.TrimRight(lines.Text(), "\r\n ")
		if text == "" {
			continue
		}
		start, end, speech, err := parse(text)
		if err == nil && speech && !(start >= 0 && end >= start && end < 1e6) {
			err = fmt.Errorf("from %g to %g s: give 0 <= start <= end", start, end)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		if speech && end > start {
			spans = append(spans, Span{int(math.Round(start * Rate)), int(math.Round(end * Rate))})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w: this is no label file", path, line+1, err)
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	return joinSpans(nil, spans), nil
}

func audacityLine(line string) (start, end float64, speech bool, err error) {
	if strings.HasPrefix(line, "\\") { // frequency range of the label above
		return 0, 0, false, nil
	}
	fields := strings.SplitN(line, "\t", 3)
	if len(fields) < 2 {
		return 0, 0, false, fmt.Errorf("%q: write start TAB end TAB speech", line)
	}
	if start, end, err = twoNumbers(fields[0], fields[1]); err != nil {
		return 0, 0, false, err
	}
	label := ""
	if len(fields) == 3 {
		label = strings.ToLower(strings.TrimSpace(fields[2]))
	}
	return start, end, label == "" || label == "speech", nil
}

// rttmLine reads onset and duration, the fourth and fifth field (NIST RT-09 evaluation plan, appendix A).
func rttmLine(line string) (start, end float64, speech bool, err error) {
	fields := strings.Fields(line)
	if len(fields) == 0 || fields[0] != "SPEAKER" {
		return 0, 0, false, nil
	}
	if len(fields) < 5 {
		return 0, 0, false, fmt.Errorf("%q: a SPEAKER line has the file, channel, onset and duration in front", line)
	}
	start, duration, err := twoNumbers(fields[3], fields[4])
	return start, start + duration, true, err
}

func twoNumbers(a, b string) (x, y float64, err error) {
	x, errX := strconv.ParseFloat(strings.TrimSpace(a), 64)
	y, errY := strconv.ParseFloat(strings.TrimSpace(b), 64)
	if errX != nil || errY != nil {
		return 0, 0, fmt.Errorf("%q and %q: both must be numbers of seconds", a, b)
	}
	return x, y, nil
}
