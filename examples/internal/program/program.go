// Package program has the parts of each example that are no part of its lesson: flags,
// system calls in colour, Ctrl-C, and the exit status.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/berkeleysockets/sock"
)

// Main parses the flags, to which it adds -trace, and runs an example with the
// arguments that are left. Ctrl-C ends ctx; a second one ends the program on the spot.
// usage is what -h prints above the flags.
//
// What run returns is one line on stderr and exit status 1, or 2 if it is from
// [Wrong]; after Ctrl-C it is no failure.
func Main(usage string, run func(ctx context.Context, args []string) error) {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if word, _, ok := strings.Cut(usage, ":"); ok {
		name = word
	}
	trace := flag.Bool("trace", false, "print each system call on a socket to stderr")
	flag.CommandLine.Init(name, flag.ContinueOnError)
	flag.CommandLine.SetOutput(new(strings.Builder)) // the program prints the error itself, in one line
	switch err := flag.CommandLine.Parse(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		flag.CommandLine.SetOutput(os.Stdout)
		fmt.Printf("%s\n\nFlags:\n", strings.TrimSpace(usage))
		flag.PrintDefaults()
		return
	case err != nil:
		end(name, Wrong("%v: -h lists what there is", err))
	}
	if *trace {
		Trace()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := run(ctx, flag.Args()); err != nil && (ctx.Err() == nil || errors.Is(err, errWrong)) {
		end(name, err)
	}
}

func end(name string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	if errors.Is(err, errWrong) {
		os.Exit(2)
	}
	os.Exit(1)
}

// Wrong returns an error about the command line.
func Wrong(format string, args ...any) error {
	return wrong{fmt.Errorf(format, args...)}
}

var errWrong = errors.New("wrong usage")

type wrong struct{ error }

func (w wrong) Unwrap() []error { return []error{errWrong, w.error} }

// Trace prints each system call to stderr as it returns.
func Trace() { sock.SetTracer(Printer()) }

// Printer is the tracer of Trace, for an example that has a tracer of its own.
func Printer() func(sock.Call) {
	colour := terminal(os.Stderr)
	return func(c sock.Call) { fmt.Fprintln(os.Stderr, Line(c, colour)) }
}

// Line is a system call as -trace prints it.
func Line(c sock.Call, colour bool) string {
	const call, failed, plain = "\x1b[36m", "\x1b[31m", "\x1b[0m"
	line := c.String()
	if !colour {
		return line
	}
	line = call + c.Name + plain + line[len(c.Name):]
	if c.Err != nil {
		if at := strings.LastIndex(line, " = -1 "); at >= 0 {
			line = line[:at] + failed + line[at:] + plain
		}
	}
	return line
}

// terminal reports whether f shows colours: see https://no-color.org.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
