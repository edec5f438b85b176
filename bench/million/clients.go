//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The clients run in a separate process, which has its own descriptors. It uses plain
// system calls, so that all measured memory of the library is the server's. It reads one
// command a line, and answers with a line of numbers.
//
//	connect N       make N more
//	echo I R        send and receive R messages on connection I: the time in ns
//	close N         ask the server to reset the last N
//	reset N         reset the last N here
//	memory          RSS in bytes

// A clients is that process, seen from its parent.
type clients struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

const clientsArg = "-clients"

func startClients(port int) (*clients, error) {
	c := &clients{cmd: exec.Command("/proc/self/exe", clientsArg, strconv.Itoa(port))}
	c.cmd.Stderr = os.Stderr
	c.cmd.Env = append(os.Environ(), clientsEnv+"=1")
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return c, c.cmd.Start()
}

// do sends a command, and returns the number of the answer.
func (c *clients) do(command string, args ...int) (int, error) {
	line := command
	for _, a := range args {
		line += " " + strconv.Itoa(a)
	}
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		return 0, fmt.Errorf("clients: %w", err)
	}
	answer, err := c.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("clients: %s: %w", line, err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(answer))
	if err != nil {
		return 0, fmt.Errorf("clients: %s", strings.TrimSpace(answer))
	}
	return n, nil
}

func (c *clients) end() error {
	return errors.Join(c.in.Close(), c.cmd.Wait())
}

// A crowd is the connections of the process.
type crowd struct {
	port int
	made int // in total
	fds  []int32
}

// runClients is the main function of the process.
func runClients(args []string) error {
	if len(args) != 1 {
		return errors.New("no port")
	}
	port, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	c := &crowd{port: port}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, err := c.obey(strings.Fields(lines.Text()))
		if err != nil {
			fmt.Printf("%s: %v\n", lines.Text(), err)
		} else {
			fmt.Println(n)
		}
	}
	return lines.Err()
}

func (c *crowd) obey(words []string) (n int, err error) {
	if len(words) == 0 {
		return 0, errors.New("no command")
	}
	var args [2]int
	for i, w := range words[1:] {
		if args[i], err = strconv.Atoi(w); err != nil {
			return 0, err
		}
	}
	switch words[0] {
	case "connect":
		err := hurry(func() error {
			for range args[0] {
				if err := c.connect(); err != nil {
					return fmt.Errorf("connection %d: %w", len(c.fds)+1, err)
				}
			}
			return nil
		})
		return len(c.fds), err
	case "echo":
		start := time.Now()
		err := echoes(int(c.fds[args[0]]), args[1])
		return int(time.Since(start)), err
	case "close":
		return 0, hurry(func() error { return c.wishEnd(args[0]) })
	case "reset":
		return 0, hurry(func() error { return c.last(args[0], unix.Close) }) // its linger time is 0
	case "memory":
		m, err := ownMemory()
		return m.RSS, err
	}
	return 0, errors.New("no such command")
}

// perAddress is the number of connections with the same address on both sides. They differ
// in the client's port; the kernel has 28,000 of these by default.
const perAddress = 10_000

// connect makes one more connection. Its close sends a reset, so that no port stays in
// TIME_WAIT.
func (c *crowd) connect() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.fds = append(c.fds, int32(fd))
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return err
	}
	host := c.made/perAddress + 1
	c.made++
	at := unix.SockaddrInet4{Port: c.port, Addr: [4]byte{127, 0, byte(host / 250), byte(host%250 + 1)}}
	for {
		if err := unix.Connect(fd, &at); err != unix.EINTR && err != unix.EALREADY {
			if err == unix.EISCONN {
				err = nil
			}
			return err
		}
	}
}

// echoes sends a message and receives it, n times.
func echoes(fd, rounds int) error {
	out, in := make([]byte, messageSize), make([]byte, messageSize)
	out[0] = echoIt
	for range rounds {
		if err := sendAll(fd, out); err != nil {
			return err
		}
		for got := 0; got < len(in); {
			n, err := unix.Read(fd, in[got:])
			switch {
			case err == unix.EINTR:
			case err != nil:
				return err
			case n == 0:
				return io.ErrUnexpectedEOF
			default:
				got += n
			}
		}
		if !slices.Equal(in, out) {
			return fmt.Errorf("%q came back as %q", out, in)
		}
	}
	return nil
}

func sendAll(fd int, p []byte) error {
	n, err := unix.Write(fd, p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

// wishEnd has the server end the last n connections. It asks for all, waits until the last
// has ended (the others have ended by then), and closes its own ends.
func (c *crowd) wishEnd(n int) error {
	for n > 0 {
		some := min(n, 1000)
		n -= some
		wish := make([]byte, messageSize)
		wish[0] = closeIt
		if some > len(c.fds) {
			return fmt.Errorf("%d of %d", some, len(c.fds))
		}
		for _, fd := range c.fds[len(c.fds)-some:] {
			if err := sendAll(int(fd), wish); err != nil {
				return err
			}
		}
		slices.Reverse(c.fds[len(c.fds)-some:])
		if err := c.last(some, closed); err != nil {
			return err
		}
	}
	return nil
}

// closed waits until the server has ended a connection, and closes the client's end.
func closed(fd int) error {
	var p [1]byte
	if n, err := unix.Read(fd, p[:]); err != unix.ECONNRESET {
		return fmt.Errorf("%d bytes, %v, where a reset was expected", n, err)
	}
	return unix.Close(fd)
}

// hurry runs f with a higher priority than the server: on the machine's one processor the
// server runs only after f, or while f waits. A switch between the processes for each
// connection would take longer than everything else.
func hurry(f func() error) error {
	if os.Getenv(inside) == "" {
		return f()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := schedule(unix.SCHED_FIFO, 1); err != nil {
		return err
	}
	return errors.Join(f(), schedule(unix.SCHED_NORMAL, 0))
}

func schedule(policy, priority uint32) error {
	return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: priority}, 0)
}

// last applies f to the last n connections and forgets them.
func (c *crowd) last(n int, f func(fd int) error) error {
	if n > len(c.fds) {
		return fmt.Errorf("%d of %d", n, len(c.fds))
	}
	at := len(c.fds) - n
	for _, fd := range c.fds[at:] {
		if err := f(int(fd)); err != nil {
			return err
		}
	}
	c.fds = c.fds[:at]
	return nil
}
