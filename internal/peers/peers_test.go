package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

// Everything that is measured agrees with the reference, wherever it is there;
// ORT_LIB and the tag openblas say whether it is.
func TestAllAgreeWithTheReference(t *testing.T) {
	s := &setup{}
	var err error
	if s.ort, err = openORT(os.Getenv("ORT_LIB")); err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		contests, err := f.checked(s)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		for _, c := range contests {
			for _, w := range c.works {
				if w.run == nil {
					t.Logf("%s: %s is not there: %s", c.title, w.name, w.absent)
				} else {
					w.run(2)
				}
			}
		}
	}
}

// A layer with one wrong weight is not the layer that was asked for.
func TestAWrongWeightIsNoticed(t *testing.T) {
	right, wrong := newCell(40, 64, 1), newCell(40, 64, 1)
	for _, w := range [][]float32{wrong.wi, wrong.wh, wrong.bi, wrong.bh} {
		last := len(w) - 1
		kept := w[last]
		w[last] += 0.1
		frames := normal(ring*40, 2)
		want := right.reference(frames)
		if gap := oursStepGap(wrong, frames, want); gap <= gruTolerance {
			t.Errorf("ours hides a wrong weight: off by %g only", gap)
		}
		if gap := follow(newGonum(wrong), frames, 40, want); gap <= gruTolerance {
			t.Errorf("a peer hides a wrong weight: off by %g only", gap)
		}
		w[last] = kept
	}
}

// The checks do compare something: ours differs from float64 by a little.
func TestNothingIsExact(t *testing.T) {
	for _, f := range fields {
		contests, err := f.checked(&setup{ort: library{absent: "not asked for"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range contests {
			for _, w := range c.works {
				if w.run != nil && !w.roof && w.gap == 0 {
					t.Errorf("%s: %s agrees to the last bit with float64, so it was not compared", c.title, w.name)
				}
			}
		}
	}
}

func TestContest(t *testing.T) {
	c := &contest{title: "work", tolerance: 0.1, per: 2}
	wait := func(n int) { time.Sleep(time.Duration(n) * time.Millisecond) }
	c.add("ours", 0.05, wait)
	c.miss("theirs", "it is away")
	c.add("wrong", worst([]float32{1, 2}, []float64{1, 2.5}), wait)
	if c.err == nil || strings.Contains(c.err.Error(), "ours") || !strings.Contains(c.err.Error(), "wrong") {
		t.Errorf("error %v, and it should be about the wrong one", c.err)
	}
	all := c.measure(&setup{rounds: 3, block: 2 * time.Millisecond})
	if all[0].least < 0.5e6 || all[0].median < all[0].least || all[1].median != 0 {
		t.Errorf("times %v, and half a run takes at least half a millisecond", all)
	}
	if text := c.report(all); !strings.Contains(text, "Not measured: theirs (it is away).") {
		t.Errorf("the report hides who is absent:\n%s", text)
	}
}

func TestReplaceBlock(t *testing.T) {
	const page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n"
	got, err := replaceBlock([]byte(page), "x", "new\n")
	if want := "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n"; err != nil || string(got) != want {
		t.Fatalf("%q, %v instead of %q", got, err, want)
	}
	if got, err = replaceBlock(got, "y", "1"); err != nil || !strings.HasSuffix(string(got), "<!-- y -->\n\n1\n\n<!-- /y -->\n") {
		t.Errorf("%q, %v: an empty block should take one, too", got, err)
	}
	for _, bad := range []string{"", "\n<!-- z -->\n", "\n<!-- /z -->\n<!-- z -->\n", "\n<!-- z -->\n<!-- z -->\n<!-- /z -->\n"} {
		if _, err := replaceBlock([]byte(bad), "z", ""); err == nil {
			t.Errorf("page %q has no block z, and was accepted", bad)
		}
	}
}

// The page of the project has a block for each group.
func TestPageHasAllBlocks(t *testing.T) {
	page, err := os.ReadFile("../../docs/PERFORMANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups() {
		if _, err := replaceBlock(page, g.name, ""); err != nil {
			t.Errorf("docs/PERFORMANCE.md: %v", err)
		}
	}
}

// Without PyTorch the table has our side, for every cell that has a state.
func TestEveryCellHasARow(t *testing.T) {
	none, err := openTorch("")
	if err != nil {
		t.Fatal(err)
	}
	s := &setup{rounds: 1, block: time.Microsecond, torch: none}
	text, err := cellsTable(s, 5, 7)
	if err != nil {
		t.Fatal(err)
	}
	if rows := strings.Count(text, "\n") - 2; rows != 7 {
		t.Errorf("%d rows:\n%s", rows, text)
	}
}
