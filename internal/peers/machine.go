package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/streamer-audio/streamer/internal/kernel"
)

// cpuName is the name of the processor, with family and model, because that of
// a virtual one may say little.
func cpuName() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	found := map[string]string{}
	for text := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(text, ":")
		if key = strings.TrimSpace(key); found[key] == "" {
			found[key] = strings.TrimSpace(value)
		}
	}
	if found["model name"] == "" {
		return runtime.GOARCH + " processor of unknown name"
	}
	return fmt.Sprintf("%s (family %s, model %s)", found["model name"], found["cpu family"], found["model"])
}

func goVersion() string { return runtime.Version() }

// peerModules are those whose versions matter.
var peerModules = []string{"github.com/mjibson/go-dsp", "github.com/tphakala/simd", "github.com/viterin/vek",
	"github.com/yalue/onnxruntime_go", "gonum.org/v1/gonum"}

// versions lists who takes part.
func versions(s *setup) []string {
	all := []string{"kernel " + kernel.ID()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if slices.Contains(peerModules, m.Path) {
				all = append(all, m.Path+" "+m.Version)
			}
		}
	}
	for _, l := range []struct {
		name string
		library
	}{{"ONNX Runtime", s.ort}, {"OpenBLAS", openblas}} {
		if l.absent != "" {
			all = append(all, l.name+" not measured: "+l.absent)
		} else {
			all = append(all, l.name+" "+strings.TrimSpace(strings.TrimPrefix(l.version, l.name)))
		}
	}
	return all
}

// machineReport says what was measured on and against what, and measures the
// machine itself.
func machineReport(s *setup) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s, one core\n- %s, %s/%s\n", cpuName(),
		goVersion(), runtime.GOOS, runtime.GOARCH)
	for _, v := range versions(s) {
		fmt.Fprintf(&b, "- %s\n", v)
	}
	all := ceilings()
	if len(all) == 0 {
		return b.String() + "\nRoofs not measured: " + noRoof + ".\n", nil
	}
	c := &contest{}
	for _, ceiling := range all {
		c.limit(ceiling.name, ceiling.run)
	}
	rows := [][]string{{"one core can do", "at most", "median", ""}}
	for i, t := range c.measure(s) {
		rows = append(rows, []string{all[i].name, digits(all[i].amount / t.least), digits(all[i].amount / t.median), all[i].unit})
	}
	return b.String() + "\n" + table(rows), nil
}
