//go:build !unix

package bench

import "time"

// cpuTime is not known here: shares of cores are shown as 0.
func cpuTime() time.Duration { return 0 }
