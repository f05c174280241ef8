package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

type versionCmd struct{}

func (versionCmd) Help() string {
	return `The version is that of the module, or the revision it was built from.

Example:

    streamer version`
}

// Run prints one line: version, toolchain, platform.
func (versionCmd) Run(std streams) error {
	_, err := fmt.Fprintf(std.out, "streamer %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is the version of the module, or the revision it was built from, as far as the binary knows.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return s.Value
		}
	}
	return info.Main.Version
}

// semanticVersion is the version as a NATS service must state it; 0.0.0 for a build without one.
func semanticVersion() string {
	v, ok := strings.CutPrefix(version(), "v")
	if !ok {
		return "0.0.0"
	}
	return v
}
