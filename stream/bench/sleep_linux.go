package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// pause sleeps in the kernel: the timers of the Go runtime are up to a
// millisecond late on a machine that has nothing else to do.
func pause(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // woken early: the caller looks at the clock again
}
