//go:build race

package race

// Enabled tells whether the race detector is in the program.
const Enabled = true
