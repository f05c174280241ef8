package training

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Entry is one line of a manifest: a recording, or a stretch of one.
type Entry struct {
	Path    string  // where the file is
	Name    string  // as the manifest calls it, with slashes
	Offset  float64 // seconds into the file at which the stretch begins
	Seconds float64 // its length; 0 means to the end of the file
	Rate    int     // Hz; 0 when the manifest does not say
	Speaker string
	Label   string // class of a sound, or transcript
	Split   string // train, dev, ...; empty when the manifest has no splits
}

// noCorpus is the corpus of entries whose names have no folder.
const noCorpus = "-"

// Corpus returns the first folder of the name, which is how the entries of one origin are told apart.
func (e Entry) Corpus() string {
	corpus, _, found := strings.Cut(e.Name, "/")
	if !found || corpus == "" {
		return noCorpus
	}
	return corpus
}

// columns of a CSV manifest. Only path is required to be filled in.
var columns = []string{"path", "seconds", "sample_rate", "speaker", "label_or_transcript", "split"}

// ReadManifest reads a list of recordings. Two formats are known, told apart by the file's extension:
//
//	.csv           a header line with path, seconds, sample_rate, speaker, label_or_transcript, split
//	.jsonl, .json  one object a line as NeMo writes it: audio_filepath, duration, offset, text or label, speaker, split
//
// Relative paths are relative to the manifest's folder. Errors name the file, the line and the remedy.
func ReadManifest(file string) ([]Entry, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	defer f.Close()
	var entries []Entry
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv":
		entries, err = parseCSV(f)
	case ".jsonl", ".json":
		entries, err = parseNeMo(f)
	default:
		return nil, fmt.Errorf("manifest %s: unknown extension: name it .csv or .jsonl", file)
	}
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w", file, err)
	}
	for i := range entries {
		e := &entries[i]
		e.Path = filepath.FromSlash(e.Name)
		if !filepath.IsAbs(e.Path) {
			e.Path = filepath.Join(filepath.Dir(file), e.Path)
		}
	}
	return entries, nil
}

func parseCSV(r io.Reader) ([]Entry, error) {
	c := csv.NewReader(r)
	header, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("line 1: no header (%w): the first line must be %s", err, strings.Join(columns, ","))
	}
	place := make(map[string]int)
	for i, name := range header {
		place[strings.TrimSpace(name)] = i
	}
	for _, name := range columns {
		if _, ok := place[name]; !ok {
			return nil, fmt.Errorf("line 1: no column %q: the header must be %s", name, strings.Join(columns, ","))
		}
	}
	var entries []Entry
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: quote fields that contain commas or quotes", err)
		}
		line, _ := c.FieldPos(0)
		e, err := entryOf(func(name string) string { return strings.TrimSpace(row[place[name]]) })
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		entries = append(entries, e)
	}
}

func entryOf(field func(name string) string) (Entry, error) {
	e := Entry{Name: filepath.ToSlash(field("path")), Speaker: field("speaker"),
		Label: field("label_or_transcript"), Split: field("split")}
	if e.Name == "" {
		return e, errors.New("path is empty: name the audio file or remove the line")
	}
	if s := field("seconds"); s != "" {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !validSeconds(v) {
			return e, fmt.Errorf("seconds is %q: write the length in seconds, such as 1.25", s)
		}
		e.Seconds = v
	}
	if s := field("sample_rate"); s != "" {
		v, err := strconv.Atoi(s)
		if err != nil || v < 4000 || v > 192000 {
			return e, fmt.Errorf("sample_rate is %q: write a rate of 4000 to 192000 Hz, or leave it empty", s)
		}
		e.Rate = v
	}
	return e, nil
}

// validSeconds refuses negative lengths, NaN, infinities and anything longer than a day.
func validSeconds(v float64) bool { return v >= 0 && v <= 86400 }

// maxManifestLine bounds what one JSON line may take, whatever the file says.
const maxManifestLine = 1 << 20

func parseNeMo(r io.Reader) ([]Entry, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxManifestLine)
	var entries []Entry
	line := 0
	for lines.Scan() {
		line++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		e, err := nemoEntry(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w: write one JSON object a line, each under 1 MiB", line+1, err)
	}
	return entries, nil
}

func nemoEntry(text []byte) (Entry, error) {
	var v struct {
		File     string  `json:"audio_filepath"`
		Duration float64 `json:"duration"`
		Offset   float64 `json:"offset"`
		Rate     int     `json:"sample_rate"`
		Text     string  `json:"text"`
		Label    string  `json:"label"`
		Speaker  string  `json:"speaker"`
		Split    string  `json:"split"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return Entry{}, fmt.Errorf("%w: write one JSON object a line", err)
	}
	if v.File == "" {
		return Entry{}, errors.New(`no "audio_filepath": name the audio file or remove the line`)
	}
	if !validSeconds(v.Duration) || !validSeconds(v.Offset) {
		return Entry{}, fmt.Errorf("duration %g, offset %g: give both in seconds, 0 to 86400", v.Duration, v.Offset)
	}
	if v.Rate != 0 && (v.Rate < 4000 || v.Rate > 192000) {
		return Entry{}, fmt.Errorf("sample_rate %d: give a rate of 4000 to 192000 Hz, or leave it out", v.Rate)
	}
	e := Entry{Name: filepath.ToSlash(v.File), Offset: v.Offset, Seconds: v.Duration, Rate: v.Rate,
		Speaker: v.Speaker, Label: v.Text, Split: v.Split}
	if v.Label != "" {
		e.Label = v.Label
	}
	return e, nil
}

// Selection picks entries of one manifest. A pattern of Include and Exclude follows path.Match and selects an entry
// when it matches the whole name or any folder that leads to it: "librispeech", "*_music" and "esc10/5-*.flac" all
// work. An empty Include takes everything.
type Selection struct {
	Manifest string   `json:"manifest"`          // relative to the data root
	Split    string   `json:"split,omitempty"`   // empty takes every split
	Include  []string `json:"include,omitempty"` // patterns
	Exclude  []string `json:"exclude,omitempty"` // patterns, stronger than Include
	Labels   []string `json:"labels,omitempty"`  // exact labels; empty takes every label
	Weight   float64  `json:"weight,omitempty"`  // how often to draw from this selection, relative to the others; 0 means 1
}

// Validate reports a selection that could not be read, with the remedy.
func (s Selection) Validate() error {
	if s.Manifest == "" {
		return errors.New(`a selection has no "manifest": name a CSV or JSONL file relative to the data root`)
	}
	if s.Weight < 0 || s.Weight > 1e6 {
		return fmt.Errorf("selection of %s: weight %g: give a number of 0 to 1e6", s.Manifest, s.Weight)
	}
	for _, p := range slices.Concat(s.Include, s.Exclude) {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("selection of %s: pattern %q: %w: see path.Match for the syntax", s.Manifest, p, err)
		}
	}
	return nil
}

// Matches reports whether the selection takes e.
func (s Selection) Matches(e Entry) bool {
	if s.Split != "" && s.Split != e.Split {
		return false
	}
	if len(s.Labels) > 0 && !slices.Contains(s.Labels, e.Label) {
		return false
	}
	if len(s.Include) > 0 && !matchesAny(s.Include, e.Name) {
		return false
	}
	return !matchesAny(s.Exclude, e.Name)
}

func matchesAny(patterns []string, name string) bool {
	for prefix := name; prefix != "." && prefix != "/"; prefix = path.Dir(prefix) {
		for _, p := range patterns {
			if ok, _ := path.Match(p, prefix); ok {
				return true
			}
		}
	}
	return false
}

// Entries reads the manifest and returns what the selection takes of it, in the manifest's order. root is the data root, or
// several as in PATH, of which the first that has the manifest counts. Taking nothing is an error: a recipe that silently
// trains without a corpus is worse than one that stops.
func (s Selection) Entries(root string) ([]Entry, error) {
	file := s.find(root)
	all, err := ReadManifest(file)
	if err != nil {
		return nil, fmt.Errorf("%w (data root %q: set it with --data or STREAMER_DATA)", err, root)
	}
	taken := slices.DeleteFunc(all, func(e Entry) bool { return !s.Matches(e) })
	if len(taken) == 0 {
		return nil, fmt.Errorf("manifest %s: the selection (split %q, include %q, exclude %q, labels %q) takes nothing: widen it",
			file, s.Split, s.Include, s.Exclude, s.Labels)
	}
	return taken, nil
}

// find returns where the manifest is, or would be.
func (s Selection) find(root string) string {
	name := filepath.FromSlash(s.Manifest)
	roots := filepath.SplitList(root)
	for _, r := range roots {
		if file := filepath.Join(r, name); len(roots) == 1 || exists(file) {
			return file
		}
	}
	return filepath.Join(root, name)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
