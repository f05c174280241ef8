package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// statusLine is one line on a terminal that is written over again and again; elsewhere it is silent.
type statusLine struct {
	w    io.Writer // nil: silent
	last time.Time
}

func newStatusLine(w io.Writer) *statusLine {
	f, ok := w.(*os.File)
	if !ok {
		return &statusLine{}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &statusLine{}
	}
	return &statusLine{w: w}
}

// show replaces the line, at most ten times a second.
func (l *statusLine) show(format string, args ...any) {
	if l.w == nil || time.Since(l.last) < 100*time.Millisecond {
		return
	}
	l.last = time.Now()
	fmt.Fprintf(l.w, "\r\x1b[K"+format, args...)
}

// clear empties the line, so that something else can be printed.
func (l *statusLine) clear() {
	if l.w != nil {
		fmt.Fprint(l.w, "\r\x1b[K")
		l.last = time.Time{}
	}
}
