package training

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// What docs/TRADEOFF.md claims of the trained variants is in the figures beside it.
func TestTradeoffFigures(t *testing.T) {
	b, err := os.ReadFile("../docs/tradeoff.json")
	if err != nil {
		t.Fatal(err)
	}
	var r Comparison
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	var curve []ComparedPoint // the same net, waiting longer and longer; then the one that hears everything
	for _, p := range r.Points {
		if strings.HasPrefix(p.Model, "delay-") || p.Model == r.Full {
			curve = append(curve, p)
		}
	}
	if len(curve) < 8 || r.Full == "" || curve[len(curve)-1].Model != r.Full || curve[0].Latency != 0 {
		t.Fatalf("%d points on the curve, from %s to %q", len(curve), curve[0].Model, r.Full)
	}
	for i, p := range curve {
		if len(p.Seeds) < 3 {
			t.Errorf("%s: %d seeds", p.Model, len(p.Seeds))
		}
		if i > 0 && p.Hi < curve[i-1].Lo {
			t.Errorf("%s is surely worse than %s, which waits less: %.4f..%.4f after %.4f..%.4f", p.Model, curve[i-1].Model, p.Lo, p.Hi, curve[i-1].Lo, curve[i-1].Hi)
		}
	}
	full := curve[len(curve)-1]
	if full.GainLo <= 0 {
		t.Errorf("hearing everything gains %.4f, from %.4f", full.Gain, full.GainLo)
	}
	best := Figure(0)
	for _, p := range curve[:len(curve)-1] {
		if p.Latency <= 100 {
			best = max(best, p.Recovered)
		}
	}
	if best < 0.5 || best > 1 {
		t.Errorf("within 100 ms %.0f %% of the gain is recovered", 100*best)
	}
}
