package pretrained_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// table is the rows of a block of the card that belong to a group, cell by cell.
func table(t *testing.T, block string) map[string][]string {
	t.Helper()
	card, err := os.ReadFile("MODEL_CARD.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(card), "<!-- "+block+" -->")
	text, _, ended := strings.Cut(text, "<!-- /"+block+" -->")
	if !found || !ended {
		t.Fatalf("the card has no block %s", block)
	}
	rows := make(map[string][]string)
	part := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, word := range []string{"Segments", "Differences"} { // below them the same rows come again
			if strings.HasPrefix(line, word) {
				part = word + ","
			}
		}
		if cells := regexp.MustCompile(`\s{2,}`).Split(line, -1); len(cells) > 2 {
			rows[part+cells[0]+" "+cells[1]] = cells[2:]
		}
	}
	return rows
}

func number(t *testing.T, rows map[string][]string, row string, column int) float64 {
	t.Helper()
	if len(rows[row]) <= column {
		t.Fatalf("the card has no row %q with %d columns", row, column+1)
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(rows[row][column], "*"), 64)
	if err != nil {
		t.Fatalf("row %q: %v", row, err)
	}
	return v
}

// interval is the 95 % interval of a difference.
func interval(t *testing.T, rows map[string][]string, row string) (low, high float64) {
	t.Helper()
	if len(rows[row]) != 2 {
		t.Fatalf("the card has no difference %q", row)
	}
	from, to, _ := strings.Cut(rows[row][1], "..")
	for _, end := range []struct {
		text string
		to   *float64
	}{{from, &low}, {to, &high}} {
		var err error
		if *end.to, err = strconv.ParseFloat(end.text, 64); err != nil {
			t.Fatalf("difference %q: %v", row, err)
		}
	}
	return low, high
}

// What the project promises of its detector must be what the card says was measured.
func TestCardKeepsWhatIsPromised(t *testing.T) {
	const auc, onset, onsetP95 = 2, 5, 6 // columns behind group and detector
	const falseSegments, pairs = 0, "Differences,"
	rows := table(t, "scores")
	for _, mode := range []string{"vad causal", "vad bidirectional"} {
		for _, group := range []string{"music", "noise"} {
			if v := number(t, rows, "Segments,"+group+" "+mode, falseSegments); v > 2 {
				t.Errorf("%s: %.2f false segments a minute of %s", mode, v, group)
			}
		}
	}
	if m, p := number(t, rows, "all vad causal", onset), number(t, rows, "all vad causal", onsetP95); m > 70 || p > 260 {
		t.Errorf("onsets are found after %.0f ms, 95 %% after %.0f", m, p)
	}
	if v := number(t, rows, "all vad causal", auc); v < 0.97 {
		t.Errorf("area %.4f", v)
	}
	for _, group := range []string{"all", "clean", "10dB", "5dB", "0dB", "far", "phone", "quiet"} {
		if low, _ := interval(t, rows, pairs+group+" vad bidirectional - vad causal"); low <= 0 {
			t.Errorf("%s: bidirectional is not surely better than causal", group)
		}
		for _, peer := range []string{"energy", "webrtc 2.0.14.post1", "silero 6.2.3"} {
			low, high := interval(t, rows, pairs+group+" vad causal - "+peer)
			if low <= 0 && !(group == "5dB" && strings.HasPrefix(peer, "silero") && high > 0) { // a tie, and the card says so
				t.Errorf("%s: causal is not surely better than %s: %g..%g", group, peer, low, high)
			}
		}
	}
	for _, row := range []string{"end - start", "quiet - fresh"} {
		if v := number(t, table(t, "drift"), "vad "+row, 0); v > 0.005 || v < -0.005 {
			t.Errorf("drift %s: %+.4f", row, v)
		}
	}
}
