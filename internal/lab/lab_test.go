package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/streamer-audio/streamer/models"
	"github.com/streamer-audio/streamer/models/train"
)

// quick runs the small form of an experiment, and checks what holds for all of
// them: that there is something to print and to draw, that it is what another
// machine found, and the same the second time (again says so, where that takes
// no time).
func quick(t *testing.T, name string, again bool) *Result {
	t.Helper()
	e, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Seed: 1, Quick: true}
	r, err := e.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	text := print(t, r)
	t.Log("\n" + text)
	sameAsKept(t, r)
	if !strings.Contains(text, strings.Fields(r.Sentence)[0]) || len(r.Tables) == 0 || len(r.Outcome) == 0 {
		t.Error("no table, no outcome or no sentence")
	}
	b, err := json.Marshal(r)
	if err != nil || !bytes.Contains(b, []byte(`"lab":"`+name+`"`)) {
		t.Errorf("JSON is %.80s, error %v", b, err)
	}
	var png bytes.Buffer
	if err := r.Picture.WritePNG(&png); err != nil || !bytes.HasPrefix(png.Bytes(), []byte("\x89PNG")) {
		t.Errorf("no picture: %v", err)
	}
	if again {
		second, err := e.Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if print(t, second) != text {
			t.Error("the second run differs")
		}
	}
	return r
}

func print(t *testing.T, r *Result) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExperimentsHaveDifferentNames(t *testing.T) {
	seen := map[string]bool{"all": true}
	for _, e := range All() {
		if seen[e.Name] || e.Section == "" || !strings.HasSuffix(e.Question, "?") {
			t.Errorf("%q: name taken, no section or no question", e.Name)
		}
		seen[e.Name] = true
	}
	if _, err := Named("alchemy"); err == nil || !strings.Contains(err.Error(), "notation") {
		t.Errorf("error %v does not list what there is", err)
	}
}

func TestTable(t *testing.T) {
	table := Table{Title: "T", Columns: []Column{{Name: "cell"}, {"share", "%.2f"}, {Name: "n"}}}
	table.Add("gru", 0.125, 3)
	table.Add("Γ", math.NaN(), 10)
	table.Add("lstm", math.Inf(1), 2)
	var b strings.Builder
	table.write(&b)
	want := "T\n  cell  share   n\n  gru    0.12   3\n  Γ         -  10\n  lstm   +Inf   2\n"
	if b.String() != want {
		t.Errorf("table is\n%swant\n%s", b.String(), want)
	}
	got, err := json.Marshal(table)
	if err != nil || string(got) != `{"title":"T","columns":["cell","share","n"],"formats":["","%.2f",""],"rows":[["gru",0.125,3],["Γ",null,10],["lstm","+Inf",2]]}` {
		t.Errorf("JSON is %s, error %v", got, err)
	}
}

func TestWrap(t *testing.T) {
	if got := wrap("one two  three\nfour", 9); got != "one two\nthree\nfour\n" {
		t.Errorf("wrapped to %q", got)
	}
}

// A net that must remember one bit for three steps learns it, and stops when
// it is told to.
func TestFit(t *testing.T) {
	arch := models.Arch{Input: 1, Outputs: 2, Head: models.SoftmaxHead, Layers: []models.Layer{{Cell: models.GRU, Hidden: 4}}}
	next := func() *train.Batch {
		return &train.Batch{Steps: 3, X: []float32{1, -1, 0, 0, 0, 0}, Classes: train.LastStep([]int{0, 1}, nil, 3), Reset: anew(2)}
	}
	net, err := train.NewNet(arch, 1)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Seed: 1}
	m, err := o.fit(context.Background(), plan{"", either(o, 100, 1), 0.05}, net, o.config(2), next)
	if err != nil {
		t.Fatal(err)
	}
	s, out := m.NewState(), make([]float32, 2)
	for _, x := range []float32{1, 0, 0} {
		s.Push([]float32{x})
		s.Next(out)
	}
	if out[0] < 0.9 {
		t.Errorf("the right answer has probability %g", out[0])
	}
	if n := values(arch); n != 3*4*(1+4+2)+2*4+2 {
		t.Errorf("%d values to learn", n)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := o.fit(stopped, plan{"", 1, 0.05}, net, o.config(2), next); err == nil {
		t.Error("goes on when it should stop")
	}
}
