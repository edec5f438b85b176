//go:build linux

// Million holds a million idle TCP connections in one process and one Poller, and
// reports what that takes: memory of the process and of the kernel for each, the
// cost of an echo on one of them with few and with all, and what is left when all
// are closed.
//
//	go run ./bench/million                    in a virtual machine, as many as its memory allows
//	go run ./bench/million -n 100000 -m 4     of 4 GiB
//	go run ./bench/million -here -n 10000     no machine: what the limits of a process allow
//
// The machine is qemu with Debian's cloud kernel and this program as its init: no
// image, no disk, no network. README.md says what it needs, and what was seen.
//
// Read server.go first, which is what is measured, then clients.go and hold.go.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// clientsEnv is set in the process of the clients.
const clientsEnv = "SOCK_MILLION_CLIENTS"

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "million: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	switch {
	case os.Getpid() == 1 && os.Getenv(inside) != "":
		return bootstrap()
	case os.Getenv(clientsEnv) != "":
		return runClients(os.Args[2:])
	}
	m := machine{}
	n := flag.Int("n", 1_000_000, "how many `connections`")
	here := flag.Bool("here", false, "without a virtual machine")
	asJSON := flag.Bool("json", false, "print the report as JSON")
	flag.IntVar(&m.gigabytes, "m", 0, "the machine's memory in `GiB`; 0: what is free, less 4, at most 20")
	flag.StringVar(&m.accel, "accel", "auto", "how the machine runs: `kvm`, icount (emulated, counting instructions), tcg (emulated), or auto: kvm where it works, else icount")
	flag.StringVar(&m.kernel, "kernel", "", "its kernel, a `file`; none: that of Debian's package")
	flag.DurationVar(&m.limit, "limit", 2*time.Hour, "give up after so `long`")
	flag.Parse()
	if flag.NArg() > 0 || *n < 1 {
		flag.Usage()
		os.Exit(2)
	}
	var r report
	var err error
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

// holdHere holds what the limit on descriptors lets this process.
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

// allDescriptors makes the limit as high as it may be.
func allDescriptors() (int, error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	l.Cur = l.Max
	return int(min(l.Max, 1<<30)), syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // and so do our children
}

// progress prints what happens, and when.
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
