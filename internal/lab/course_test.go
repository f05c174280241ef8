package lab

import (
	"bufio"
	"bytes"
	"encoding/json"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What docs/course.sh writes.
const (
	coursePage   = "../../docs/COURSE.md"
	courseFolder = "../../docs/course"
)

// kept is a Result as it is in a file.
type kept struct {
	Lab, Section, Kernel, Sentence string
	Seed                           uint64
	Quick, Holds                   bool
	Outcome                        map[string]*float64
	Tables                         []struct {
		Title            string
		Columns, Formats []string
		Rows             [][]any
	}
}

func readKept(t *testing.T, b []byte) *kept {
	t.Helper()
	k, d := &kept{}, json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(k); err != nil {
		t.Fatalf("%v in %.80s", err, b)
	}
	return k
}

// result is the Result again, but for its picture.
func (k *kept) result() *Result {
	r := &Result{Lab: k.Lab, Section: k.Section, Kernel: k.Kernel, Sentence: k.Sentence, Seed: k.Seed, Quick: k.Quick, Holds: k.Holds}
	for _, from := range k.Tables {
		to := Table{Title: from.Title}
		for i, name := range from.Columns {
			to.Columns = append(to.Columns, Column{name, from.Formats[i]})
		}
		for _, row := range from.Rows {
			var cells []any
			for i, cell := range row {
				cells = append(cells, keptCell(cell, from.Formats[i]))
			}
			to.Add(cells...)
		}
		r.Tables = append(r.Tables, to)
	}
	return r
}

// keptCell is a float64 if it has a format, or an int, or a string.
func keptCell(cell any, format string) any {
	switch v := cell.(type) {
	case nil:
		return math.NaN()
	case json.Number:
		if n, err := v.Int64(); err == nil && format == "" {
			return int(n)
		}
		f, _ := v.Float64()
		return f
	}
	return cell
}

// The page shows the numbers that are kept, digit for digit, and the pictures
// of the same run.
func TestCoursePageShowsWhatIsKept(t *testing.T) {
	page, err := os.ReadFile(coursePage)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range All() {
		b, err := os.ReadFile(filepath.Join(courseFolder, e.Name+".json"))
		if err != nil {
			t.Errorf("%v: run docs/course.sh", err)
			continue
		}
		k := readKept(t, b)
		if k.Lab != e.Name || k.Section != e.Section || k.Quick || k.Seed != 1 {
			t.Errorf("%s: kept is %s, %q, seed %d, quick %v", e.Name, k.Lab, k.Section, k.Seed, k.Quick)
		}
		text := "<!-- " + e.Name + " -->\n```\n" + print(t, k.result()) + "```\n<!-- /" + e.Name + " -->\n"
		if !strings.Contains(string(page), text) {
			t.Errorf("%s: the page does not show\n%s", e.Name, text)
		}
		if !strings.Contains(string(page), "(course/"+e.Name+".png)") {
			t.Errorf("%s: the page has no picture", e.Name)
		}
		checkPicture(t, filepath.Join(courseFolder, e.Name+".png"))
	}
}

func checkPicture(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := png.DecodeConfig(bytes.NewReader(b)); err != nil || len(b) > 100_000 {
		t.Errorf("%s: %d bytes, error %v", path, len(b), err)
	}
}

// keptQuick is the kept result of a quick form.
func keptQuick(t *testing.T, name string) *kept {
	t.Helper()
	f, err := os.Open(filepath.Join(courseFolder, "quick.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if k := readKept(t, lines.Bytes()); k.Lab == name {
			return k
		}
	}
	t.Fatalf("no quick form of %s is kept, error %v: run docs/course.sh WORK quick", name, lines.Err())
	return nil
}

// sameAsKept compares with the result of another machine, to the last digit, if
// that has the same arithmetic.
func sameAsKept(t *testing.T, r *Result) {
	t.Helper()
	k := keptQuick(t, r.Lab)
	if k.Kernel != r.Kernel {
		t.Logf("kept with arithmetic %s, this is %s: digits are not compared", k.Kernel, r.Kernel)
		return
	}
	for name, v := range r.Outcome {
		want, known := k.Outcome[name]
		if !known || (want == nil) != (finite(v) == nil) || want != nil && *want != v {
			t.Errorf("%s is %v, kept is another number: if that is meant, run docs/course.sh", name, v)
		}
	}
	if was, is := print(t, k.result()), print(t, r); was != is || len(r.Outcome) != len(k.Outcome) {
		t.Errorf("kept is\n%s\nand not\n%s", was, is)
	}
}

// Every link of the page leads to a file, and every function that it names is
// in one of the files named before it in the row.
func TestCoursePageNamesWhatThereIs(t *testing.T) {
	page, err := os.ReadFile(coursePage)
	if err != nil {
		t.Fatal(err)
	}
	link, name := regexp.MustCompile(`\]\(([^)#]+)\)`), regexp.MustCompile("`(\\w+)`")
	functions := 0
	for _, line := range strings.Split(string(page), "\n") {
		var code strings.Builder
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			path := filepath.Join(filepath.Dir(coursePage), m[1])
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			if filepath.Ext(path) == ".go" {
				b, _ := os.ReadFile(path)
				code.Write(b)
			}
		}
		if code.Len() == 0 {
			continue
		}
		columns := strings.Split(line, "|")
		for _, m := range name.FindAllStringSubmatch(columns[len(columns)-2], -1) {
			functions++
			if !regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|var )` + m[1] + `\b`).MatchString(code.String()) {
				t.Errorf("%q: there is no %s", line, m[1])
			}
		}
	}
	if functions < 50 {
		t.Errorf("only %d functions are named", functions)
	}
}
