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
	"regexp"
	"runtime"
	"strconv"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/nats-io/nats.go"

	"github.com/streamer-audio/streamer/stream"
)

// cli is the whole command line.
type cli struct {
	LogLevel  slog.Level `placeholder:"LEVEL" default:"info" help:"Least level of what is logged to stderr: debug, info, warn or error (${default})."`
	LogFormat string     `placeholder:"FORMAT" enum:"text,json" default:"text" help:"Form of what is logged: ${enum} (${default})."`

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
	LM      lmCmd      `cmd:"" name:"lm" help:"Language models: train, score, sample."`
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
	slog.SetDefault(slog.New(c.logHandler(std.err)))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	parsed.BindTo(ctx, (*context.Context)(nil))
	return c.status(std.err, parsed.Run(std))
}

// logHandler writes the log in the form that was asked for.
func (c *cli) logHandler(w io.Writer) slog.Handler {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

// usage tells what is wrong with a command line, and how to find out more.
func usage(parser *kong.Kong, err error) int {
	help := "streamer --help"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context.Selected() != nil {
		help = parse.Context.Selected().FullPath() + " --help"
	}
	fmt.Fprintf(parser.Stderr, "streamer: %s\nSee %s.\n", dashed.ReplaceAllString(err.Error(), "$1: write $1=VALUE for a value that begins with -"), help)
	return 2
}

// dashed is how the parser refuses a value that begins with a dash, and repeats it: a password or the content of a key file perhaps.
var dashed = regexp.MustCompile(`(?s)(--\S+): expected .* but got "-.*$`)

// status reports how a verb ended. Who reads JSON gets that as a record too.
func (c *cli) status(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	text, code := err.Error(), 1
	var wrong usageError
	if errors.As(err, &wrong) {
		code = 2
	} else if errors.Is(err, context.Canceled) {
		text = "interrupted"
	}
	if c.LogFormat == "json" {
		slog.Error(text, "status", code)
	} else {
		fmt.Fprintf(w, "streamer: %s\n", text)
	}
	return code
}
