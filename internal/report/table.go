package report

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/streamer-audio/streamer/pipeline"
)

// Pass is one way in which a recording was heard, for the table that sets several side by side.
type Pass struct {
	Name    string
	Waits   string // what is heard before an answer, in words
	Decided []Decided
}

// WritePasses prints how each pass compares with the truth, a column each. hop and duration are those of the
// recording, in seconds.
func WritePasses(w io.Writer, truth []pipeline.Segment, passes []Pass, hop, duration float64) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(name string, cell func(p *Pass, s Score) string) {
		fmt.Fprint(t, "  ", name)
		for i := range passes {
			fmt.Fprint(t, "\t", cell(&passes[i], Compare(truth, passes[i].Decided)))
		}
		fmt.Fprintln(t)
	}
	row("", func(p *Pass, _ Score) string { return p.Name })
	row("waits for", func(p *Pass, _ Score) string { return p.Waits })
	row("onset known after", func(_ *Pass, s Score) string { return worst(s.Answer) })
	row("onset error", func(_ *Pass, s Score) string { return worst(s.Onset) })
	row("end error", func(_ *Pass, s Score) string { return worst(s.Offset) })
	row("missed, false", func(_ *Pass, s Score) string { return fmt.Sprintf("%d, %d of %d", s.Missed, s.False, len(truth)) })
	row("frames unlike the truth", func(p *Pass, _ Score) string {
		return share(Differ(truth, Segments(p.Decided), hop, duration))
	})
	return t.Flush()
}

// worst prints mean and worst of some errors in milliseconds.
func worst(e Errors) string {
	if e.N == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f ms, worst %+.0f", 1000*e.Mean, 1000*e.Worst)
}

func share(differ, frames int) string {
	return fmt.Sprintf("%d of %d, %.1f %%", differ, frames, 100*float64(differ)/float64(max(frames, 1)))
}
