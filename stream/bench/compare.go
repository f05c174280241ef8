package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// ErrWorse is wrapped when a report is worse than an older one.
var ErrWorse = errors.New("worse than before")

// compared are the numbers that matter of each measurement.
var compared = map[string][]struct {
	path   []string
	larger bool // is better
}{
	"latency":  {{path: []string{"ours", "p50_us"}}, {path: []string{"ours", "p99_us"}}, {path: []string{"echo", "p50_us"}}},
	"capacity": {{path: []string{"max_streams"}, larger: true}, {path: []string{"echo_max_msgs_per_s"}, larger: true}, {path: []string{"cpu_ms_per_audio_second"}}, {path: []string{"bytes_per_stream"}}},
	"step":     {{path: []string{"features_us"}}, {path: []string{"model_us"}}, {path: []string{"session_us"}}},
	"offline": {{path: []string{"rows", "0", "hours_per_hour_one_core"}, larger: true}, {path: []string{"rows", "0", "hours_per_hour_all_cores"}, larger: true},
		{path: []string{"rows", "1", "hours_per_hour_one_core"}, larger: true}},
	"soak": {{path: []string{"dropped"}}, {path: []string{"heap_growth"}}},
}

// Compare prints how a report differs from an older one of the same
// measurement, both as JSON. The error wraps [ErrWorse] when a number is worse
// by more than the tolerance, 0.1 being a tenth.
func Compare(out io.Writer, older, newer []byte, tolerance float64) error {
	var a, b map[string]any
	if err := json.Unmarshal(older, &a); err != nil {
		return fmt.Errorf("the older report: %w", err)
	}
	if err := json.Unmarshal(newer, &b); err != nil {
		return fmt.Errorf("the newer report: %w", err)
	}
	for _, key := range []string{"bench", "streams", "chunk_ms"} {
		if a[key] != b[key] {
			return fmt.Errorf("the reports are not of the same measurement: %s %v and %v", key, a[key], b[key])
		}
	}
	kind, _ := b["bench"].(string)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tbefore\tnow\tratio\t\t")
	var worse []string
	for _, m := range compared[kind] {
		before, ok := number(a, m.path)
		now, also := number(b, m.path)
		if !ok || !also {
			continue
		}
		name, verdict := strings.Join(m.path, "."), ""
		if beyond(before, now, m.larger, tolerance) {
			verdict = "worse"
			worse = append(worse, name)
		}
		fmt.Fprintf(w, "%s\t%.4g\t%.4g\t%.3f\t%s\t\n", name, before, now, ratio(now, before), verdict)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	before, _ := a["host"].(map[string]any)
	now, _ := b["host"].(map[string]any)
	for _, key := range []string{"cpu", "cores", "go", "model_hash"} {
		if x, y := before[key], now[key]; x != y {
			fmt.Fprintf(out, "%s differs: %v, now %v\n", key, x, y)
		}
	}
	if len(worse) > 0 {
		return fmt.Errorf("%w, beyond %.0f %%: %v", ErrWorse, 100*tolerance, worse)
	}
	return nil
}

// beyond tells whether now is worse than before by more than the tolerance.
func beyond(before, now float64, larger bool, tolerance float64) bool {
	if larger {
		return now < before/(1+tolerance)
	}
	return now > before*(1+tolerance)
}

// number finds a number in decoded JSON.
func number(v any, path []string) (float64, bool) {
	for _, key := range path {
		switch t := v.(type) {
		case map[string]any:
			v = t[key]
		case []any:
			i := int(key[0] - '0')
			if i >= len(t) {
				return 0, false
			}
			v = t[i]
		default:
			return 0, false
		}
	}
	f, ok := v.(float64)
	return f, ok
}
