//go:build !race

// Package race tells tests about the race detector: with it a sync.Pool throws
// things away at random, so that allocations mean nothing.
package race

// Enabled tells whether the race detector is in the program.
const Enabled = false
