// Package twin runs the micro-benchmarks of one side, as c/micro.c does in C.
//
// Each line of the standard input is NAME SIZE N: do the work NAME, of size SIZE, N
// times. The answer is a line: the nanoseconds of wall-clock time and of CPU time, and the
// allocations. The first line of a work opens its sockets; that is not counted.
package twin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"time"
)

// A Work opens a Job for a size, which is then done any number of times.
type Work func(size int) (Job, error)

// A Job is an open work.
type Job interface {
	Do(n int) error
	io.Closer
}

// Main runs the whole program.
func Main(works map[string]Work) {
	if err := run(works, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "micro:", err)
		os.Exit(1)
	}
}

func run(works map[string]Work, in io.Reader, out io.Writer) error {
	// A goroutine waits in the runtime poller meanwhile, as in any server. Without
	// one Go does not poll, and descriptors in the poller would be cheaper than in a
	// real program.
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	go l.Accept()

	var job Job
	var opened string
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var name string
		var size, n int
		if _, err := fmt.Sscan(lines.Text(), &name, &size, &n); err != nil {
			return fmt.Errorf("NAME SIZE N, not %q", lines.Text())
		}
		if key := fmt.Sprint(name, size); key != opened {
			if job != nil {
				job.Close()
			}
			work, ok := works[name]
			if !ok {
				return fmt.Errorf("%s: no such work", name)
			}
			if job, err = work(size); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			opened = key
		}
		took, used, allocated, err := measure(job, n)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := fmt.Fprintln(out, took.Nanoseconds(), used.Nanoseconds(), allocated); err != nil {
			return err
		}
	}
	if job != nil {
		return errors.Join(lines.Err(), job.Close())
	}
	return lines.Err()
}

func measure(job Job, n int) (took, used time.Duration, allocated uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := cpuTime(), time.Now()
	err = job.Do(n)
	took, used = time.Since(start), cpuTime()-cpu
	runtime.ReadMemStats(&after)
	return took, used, after.Mallocs - before.Mallocs, err
}

// Both runs the two sides of a work, each in a goroutine, and waits for both.
func Both(a, b func() error) error {
	other := make(chan error, 1)
	go func() { other <- b() }()
	return errors.Join(a(), <-other)
}

// CloseAll closes all of them.
func CloseAll[T io.Closer](all ...T) error {
	var err error
	for _, c := range all {
		err = errors.Join(err, c.Close())
	}
	return err
}

const (
	MiB     = 1 << 20
	Chunk   = 256 << 10 // bytes of one call with bulk data
	Segment = 1200      // bytes of a datagram that the kernel cuts
	Small   = 64        // bytes of a datagram of a batch
	Backlog = 4096
)
