// Command streamer finds speech in live audio on NATS and in recordings.
//
// Each verb lives in a file of its own, which reads flags, calls the packages that do the work and prints.
// Results go to stdout, everything else to stderr. The exit status is 0, 1 for a failure, 2 for wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/stream"
)

// cli is the whole command line.
type cli struct {
	LogLevel slog.Level `placeholder:"LEVEL" default:"info" help:"Least level of what is logged to stderr: debug, info, warn or error (${default})."`

	Demo    demoCmd    `cmd:"" help:"See it work: live and whole-recording answers side by side."`
	Serve   serveCmd   `cmd:"" help:"Answer the audio streams of a NATS server."`
	Publish publishCmd `cmd:"" help:"Send recordings as live audio streams."`
	Watch   watchCmd   `cmd:"" help:"Show the answers of streams as they come."`
	Process processCmd `cmd:"" help:"Find speech in recordings."`
	Compare compareCmd `cmd:"" help:"See what waiting buys: accuracy over latency, on your recordings."`
	Bench   benchCmd   `cmd:"" help:"Measure latency, capacity and speed on this machine."`
	Train   trainCmd   `cmd:"" help:"Train a model by a recipe."`
	Eval    evalCmd    `cmd:"" help:"Measure models on labelled recordings."`
	Model   modelCmd   `cmd:"" help:"Look into model files."`
	Lab     labCmd     `cmd:"" help:"Run a section of the course note as an experiment."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// streams are where a verb reads and writes.
type streams struct {
	in  io.Reader
	out io.Writer // results
	err io.Writer // everything else
}

// usageError is a failure that a different command line would avoid: exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() { os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) }

// run runs one command line and returns the exit status.
func run(args []string, std streams) int {
	var c cli
	live := stream.DefaultConfig()
	parser := kong.Must(&c, kong.Name("streamer"),
		kong.Description("Finds speech in live audio on NATS and in recordings, in pure Go."),
		kong.Writers(std.out, std.err), kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Vars{"cpus": strconv.Itoa(runtime.GOMAXPROCS(0)), "natsurl": nats.DefaultURL,
			"maxstreams": strconv.Itoa(live.MaxStreams), "idle": live.IdleTimeout.String()})
	parsed, err := parser.Parse(args)
	if err != nil {
		return usage(parser, err)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: c.LogLevel})))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	parsed.BindTo(ctx, (*context.Context)(nil))
	return status(std.err, parsed.Run(std))
}

// usage tells what is wrong with a command line, and how to find out more.
func usage(parser *kong.Kong, err error) int {
	help := "streamer --help"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context.Selected() != nil {
		help = parse.Context.Selected().FullPath() + " --help"
	}
	fmt.Fprintf(parser.Stderr, "streamer: %v\nSee %s.\n", err, help)
	return 2
}

// status reports how a verb ended.
func status(w io.Writer, err error) int {
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintf(w, "streamer: %v\n", err)
		return 2
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "streamer: interrupted")
	default:
		fmt.Fprintf(w, "streamer: %v\n", err)
	}
	return 1
}
