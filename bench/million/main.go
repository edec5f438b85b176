//go:build linux

// Million holds a million idle TCP connections in one process and one Poller. It reports the
// memory of the process and of the kernel for each, the cost of an echo with few connections
// and with all, and what is left after all are closed.
//
//	go -C bench run ./million                    in a virtual machine, as many as its memory allows
//	go -C bench run ./million -n 100000 -m 4     in a virtual machine with 4 GiB
//	go -C bench run ./million -here -n 10000     without a machine: as many as the limits of a process allow
//
// The machine is qemu with Debian's cloud kernel and this program as its init, without an
// image, a disk or a network. README.md has the requirements and the results.
//
// Read server.go first, the measured program, then clients.go and hold.go.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// clientsEnv is set in the process of the clients.
const clientsEnv = "SOCK_MILLION_CLIENTS"

func main() {
	err := run()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "million: %v\n", err)
	if errors.Is(err, errUsage) {
		os.Exit(2)
	}
	os.Exit(1)
}

// errUsage is an error of the command line.
var errUsage = errors.New("-h lists what there is")

func run() error {
	switch {
	case os.Getpid() == 1 && os.Getenv(inside) != "":
		return bootstrap()
	case os.Getenv(clientsEnv) != "":
		return runClients(os.Args[2:])
	}
	var m machine
	f := flag.NewFlagSet("million", flag.ContinueOnError)
	f.SetOutput(io.Discard) // the program prints the error itself, in one line
	n := f.Int("n", 1_000_000, "how many `connections`")
	here := f.Bool("here", false, "without a virtual machine")
	asJSON := f.Bool("json", false, "print the report as JSON")
	f.IntVar(&m.gigabytes, "m", 0, "the machine's memory in `GiB`; 0: what is free, less 4, at most 20")
	f.StringVar(&m.accel, "accel", "auto", "how the machine runs: kvm, icount (emulated, counts instructions), tcg (emulated), auto: kvm where it works, else icount")
	f.StringVar(&m.kernel, "kernel", "", "its kernel, a `file`; none: that of Debian's package")
	f.DurationVar(&m.limit, "limit", 2*time.Hour, "give up after so `long`")
	err := f.Parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Println("million: holds idle TCP connections in one Poller, and reports what that takes.\n\nFlags:")
		f.SetOutput(os.Stdout)
		f.PrintDefaults()
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", err, errUsage)
	case f.NArg() > 0:
		return fmt.Errorf("there are no arguments, only flags: %w", errUsage)
	case *n < 1 || m.gigabytes < 0 || m.limit <= 0:
		return fmt.Errorf("-n and -limit are above 0, -m not below: %w", errUsage)
	case !slices.Contains(accels, m.accel):
		return fmt.Errorf("-accel %s is none of %v: %w", m.accel, accels, errUsage)
	}
	var r report
	if *here {
		r, err = holdHere(*n)
	} else {
		m.connections = *n
		r, err = m.run()
	}
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	r.print(os.Stdout)
	return nil
}

// holdHere holds as many connections as the limit on descriptors allows this process.
func holdHere(n int) (report, error) {
	limit, err := allDescriptors()
	if err != nil {
		return report{}, err
	}
	const others = 100 // descriptors
	asked := n
	if n > limit-others {
		n = limit - others
		fmt.Fprintf(os.Stderr, "million: %d connections, not %d: a process may have %d descriptors\n", n, asked, limit)
	}
	r, err := hold(plan{connections: n, step: 10_000, say: progress(os.Stderr)})
	r.System, r.Asked = system(), asked
	return r, err
}

// allDescriptors raises the limit to the hard limit.
func allDescriptors() (int, error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	l.Cur = l.Max
	return int(min(l.Max, 1<<30)), syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // the children inherit it
}

// progress prints each step with its time.
func progress(w *os.File) func(string, ...any) {
	start := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(w, "%7.1f  "+format+"\n", append([]any{time.Since(start).Seconds()}, args...)...)
	}
}

func system() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err.Error()
	}
	word := func(b []byte) string { s, _, _ := bytes.Cut(b, []byte{0}); return string(s) }
	return word(u.Sysname[:]) + " " + word(u.Release[:]) + " " + word(u.Machine[:])
}
