package bench

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Host is the machine and the program, as far as results depend on them.
type Host struct {
	CPU        string  `json:"cpu"`
	Cores      int     `json:"cores"` // that Go uses
	OS         string  `json:"os"`
	Go         string  `json:"go"`
	Version    string  `json:"version"` // of the program, a commit if it was built from one
	Model      string  `json:"model,omitempty"`
	Hash       string  `json:"model_hash,omitempty"`
	GOGC       string  `json:"gogc,omitempty"`
	MemLimit   string  `json:"gomemlimit,omitempty"`
	Used       float64 `json:"cores_used"`   // by this process, while it measured
	Others     float64 `json:"cores_others"` // busy with something else meanwhile
	Stolen     float64 `json:"cores_stolen"` // that the hypervisor gave to others
	KnowsOther bool    `json:"knows_others"` // Others and Stolen are measured
}

// Noisy says what, if anything, made the machine too busy with other things for
// its times to be trusted.
func (h *Host) Noisy() string {
	switch {
	case !h.KnowsOther:
		return ""
	case h.Others > 0.1*float64(h.Cores):
		return fmt.Sprintf("other programs used %.2f of %d cores", h.Others, h.Cores)
	case h.Stolen > 0.02*float64(h.Cores):
		return fmt.Sprintf("the hypervisor took %.2f of %d cores away", h.Stolen, h.Cores)
	}
	return ""
}

// String is one line about the machine.
func (h *Host) String() string {
	s := fmt.Sprintf("%s, %d cores, %s, %s", h.CPU, h.Cores, h.OS, h.Go)
	if h.Hash != "" {
		s += fmt.Sprintf(", model %s %s", h.Model, h.Hash)
	}
	return s
}

// meter watches the load of the machine while something is measured.
type meter struct {
	begun time.Time
	own   time.Duration
	all   cpuTicks
}

func startMeter() *meter {
	return &meter{begun: time.Now(), own: cpuTime(), all: readTicks()}
}

// cores is how many cores this process has kept busy since the start.
func (m *meter) cores() float64 {
	return round2((cpuTime() - m.own).Seconds() / time.Since(m.begun).Seconds())
}

// stop describes the machine and what it did since the start.
func (m *meter) stop(h *Host) {
	seconds := time.Since(m.begun).Seconds()
	h.CPU, h.Cores, h.OS, h.Go = cpuModel(), runtime.GOMAXPROCS(0), runtime.GOOS+"/"+runtime.GOARCH, runtime.Version()
	h.Version = revision(h.Version)
	h.GOGC, h.MemLimit = os.Getenv("GOGC"), os.Getenv("GOMEMLIMIT")
	h.Used = m.cores()
	now := readTicks()
	if !now.ok || !m.all.ok {
		return
	}
	const hz = 100 // of /proc/stat on every Linux
	h.KnowsOther = true
	h.Others = round2(max(0, float64(now.busy-m.all.busy)/hz/seconds-h.Used))
	h.Stolen = round2(float64(now.steal-m.all.steal) / hz / seconds)
}

func round2(v float64) float64 { return float64(int(v*100+0.5)) / 100 }

// revision is the commit of the program, or what is known otherwise.
func revision(known string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return known
}

// cpuTicks is what all cores have done since the machine started, in hundredths
// of a second.
type cpuTicks struct {
	busy, steal int64
	ok          bool
}

// readTicks reads the first line of /proc/stat: user, nice, system, idle,
// iowait, irq, softirq, steal (proc(5)). Elsewhere than on Linux it is not ok.
func readTicks() (t cpuTicks) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return t
	}
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return t
	}
	v := make([]int64, 9)
	for i := 1; i < 9; i++ {
		if v[i], err = strconv.ParseInt(f[i], 10, 64); err != nil {
			return t
		}
	}
	return cpuTicks{busy: v[1] + v[2] + v[3] + v[6] + v[7], steal: v[8], ok: true}
}

// cpuModel is what the processor calls itself.
func cpuModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// memory is what the process holds, and how.
type memory struct {
	Heap       int64 `json:"heap_bytes"` // live after a collection
	Goroutines int   `json:"goroutines"`
}

func readMemory() memory {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{int64(m.HeapAlloc), runtime.NumGoroutine()}
}
