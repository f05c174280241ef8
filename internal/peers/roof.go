package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// readRun reads so many bytes, from the first to the last. Nil where there is
// no roof to measure.
func readRun(bytes int) func(n int) {
	widths := vectorWidths()
	if widths == nil {
		return nil
	}
	buffer := newBuffer(bytes)
	return func(n int) { buffer.read(widths[0], n) }
}

// fmaRun does so many operations as multiply-adds, and nothing else. Nil where
// there is no roof to measure.
func fmaRun(flops float64) func(n int) {
	widths := vectorWidths()
	if widths == nil {
		return nil
	}
	rounds := int(math.Ceil(flops / fmaRound(widths[0])))
	return func(n int) { multiplyAdd(widths[0], n*rounds) }
}

// ceiling is one figure of the machine.
type ceiling struct {
	name   string
	amount float64 // of the unit, in one run
	unit   string  // a billion of it a second
	run    func(n int)
}

// ceilings are the rate of multiply-adds for each width of vectors, and the
// rate of reads from each cache and from memory.
func ceilings() []ceiling {
	var all []ceiling
	for _, width := range vectorWidths() {
		const rounds = 1000
		name := map[int]string{256: "multiply-adds, AVX2", 512: "multiply-adds, AVX-512"}[width]
		all = append(all, ceiling{name, rounds * fmaRound(width), "GFLOP/s", func(n int) { multiplyAdd(width, n*rounds) }})
	}
	for _, level := range levels() {
		if run := readRun(level.bytes); run != nil {
			name := fmt.Sprintf("reads from %s, %s", level.name, size(level.bytes))
			all = append(all, ceiling{name, float64(level.bytes), "GB/s", run})
		}
	}
	return all
}

// level is a part of the memory, and a buffer that fits there but not in the
// part that is closer.
type level struct {
	name  string
	bytes int
}

// mostMemory bounds the buffer that is read from memory. A cache that is
// larger than that has some of it.
const mostMemory = 1 << 30

func levels() []level {
	l1, l2, l3 := cacheBytes(1), cacheBytes(2), cacheBytes(3)
	return []level{{"L1", l1 / 2}, {"L2", (l1 + l2) / 2}, {"L3", min((l2+l3)/2, 4*l2)},
		{"memory", min(4*max(l2, l3), mostMemory)}}
}

// cacheBytes is the size of the first core's data cache of a level, or a usual
// size where the system does not say.
func cacheBytes(level int) int {
	for i := range 8 {
		dir := fmt.Sprintf("/sys/devices/system/cpu/cpu0/cache/index%d/", i)
		if content(dir+"level") != strconv.Itoa(level) || content(dir+"type") == "Instruction" {
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSuffix(content(dir+"size"), "K")); err == nil {
			return n << 10
		}
	}
	return []int{32 << 10, 1 << 20, 32 << 20}[level-1]
}

// content is what a file of one line says; nothing if there is none.
func content(path string) string {
	b, _ := os.ReadFile(path)
	return strings.TrimSpace(string(b))
}

func size(bytes int) string {
	if bytes >= 10<<20 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%d KiB", bytes>>10)
}
