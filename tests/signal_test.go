//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// Signals interrupt system calls: Go's own SIGURG, and any that has a handler.
// Nothing may be lost, repeated or fail for it. It is a child that is hit, in all
// its threads.
func TestSignals(t *testing.T) {
	t.Parallel()
	mega := 50
	if testing.Short() {
		mega = 5
	}
	for _, what := range []string{"stream tcp4", "stream pair", "datagrams udp4", "datagrams unix", "connections"} {
		t.Run(what, func(t *testing.T) {
			c := child(t, "signals", what, strconv.Itoa(mega))
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			said := bufio.NewReader(out)
			if line, _ := said.ReadString('\n'); line != "ready\n" { // its handlers are in place
				t.Fatalf("the child said %q, %v", line, c.Wait())
			}
			stop, sent := make(chan bool), make(chan int)
			go func() {
				n := 0
				for round := 0; ; round++ {
					select {
					case <-stop:
						sent <- n
						return
					default:
					}
					n += interrupt(c.Process.Pid, storm[round%len(storm)])
					time.Sleep(10 * time.Microsecond)
				}
			}()
			rest, _ := io.ReadAll(said)
			close(stop)
			t.Logf("%d signals sent, %s", <-sent, rest)
			if err := c.Wait(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

var storm = []syscall.Signal{syscall.SIGURG, syscall.SIGUSR1, syscall.SIGURG, syscall.SIGWINCH}

// interrupt sends a signal to a process and returns how many it sent: on Linux
// one for each thread.
var interrupt = func(pid int, sig syscall.Signal) int {
	syscall.Kill(pid, sig)
	return 1
}

func init() { children["signals"] = signalsChild }

func signalsChild(args []string) error {
	mega, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	handled := make(chan os.Signal, 100)
	signal.Notify(handled, syscall.SIGUSR1, syscall.SIGWINCH)
	var seen atomic.Int64
	go func() {
		for range handled {
			seen.Add(1)
		}
	}()
	fmt.Println("ready")
	start := time.Now()
	switch args[0] {
	case "stream tcp4", "stream pair":
		err = stormStream(args[0][len("stream "):], mega<<20)
	case "datagrams udp4":
		a, _ := sock.ParseAddr("127.0.0.1:0")
		err = stormDatagrams(a, a, 400*mega)
	case "datagrams unix":
		dir, e := os.MkdirTemp(shortTemp(), "s")
		if e != nil {
			return e
		}
		defer os.RemoveAll(dir)
		a, _ := sock.UnixAddr(dir + "/a")
		b, _ := sock.UnixAddr(dir + "/b")
		err = stormDatagrams(a, b, 400*mega)
	case "connections":
		err = stormConnections(40 * mega)
	}
	fmt.Printf("%d handled by signal.Notify, in %v\n", seen.Load(), time.Since(start).Round(time.Millisecond))
	return err
}

// stormStream sends size bytes each way, in pieces of every size and by every
// call, and compares what arrived.
func stormStream(network string, size int) error {
	ours, others, err := connections(network, 1)
	if err != nil {
		return err
	}
	a, b := ours[0], others[0]
	results := make(chan error, 4)
	for _, end := range [][2]*sock.Socket{{a, b}, {b, a}} {
		sum := make(chan []byte, 1)
		go func() {
			h := sha256.New()
			p := make([]byte, 200<<10)
			random := rand.New(rand.NewPCG(uint64(size), 1))
			for left := size; left > 0; {
				q := p[:min(left, 1+random.IntN(len(p)))]
				for i := range q {
					q[i] = byte(random.Uint32())
				}
				var n int
				var err error
				switch random.IntN(3) {
				case 0:
					n, err = end[0].Write(q)
				case 1:
					n, err = end[0].Send(q, 0)
				case 2:
					n, err = end[0].Writev([][]byte{q[:len(q)/3], q[len(q)/3 : len(q)/2], q[len(q)/2:]})
				}
				if err != nil {
					results <- fmt.Errorf("sending: %w", err)
					return
				}
				h.Write(q[:n])
				left -= n
			}
			sum <- h.Sum(nil)
			results <- end[0].CloseWrite()
		}()
		go func() {
			h := sha256.New()
			p, q := make([]byte, 150<<10), make([]byte, 999)
			for total, i := 0, 0; ; i++ {
				var n int
				var err error
				switch i % 4 {
				case 0:
					n, err = end[1].Read(p)
				case 1:
					n, err = end[1].Recv(q, sock.WaitAll)
					copy(p, q[:n])
					if n == 0 && err == nil {
						err = io.EOF
					}
				case 2:
					n, err = end[1].Readv([][]byte{p[:5], p[5:]})
				case 3:
					_, err = end[1].Wait(sock.Readable)
				}
				h.Write(p[:n])
				total += n
				if errors.Is(err, io.EOF) {
					if total != size || !bytes.Equal(h.Sum(nil), <-sum) {
						results <- fmt.Errorf("%d bytes arrived of %d, or others", total, size)
						return
					}
					results <- nil
					return
				}
				if err != nil {
					results <- fmt.Errorf("receiving: %w", err)
					return
				}
			}
		}()
	}
	for range 4 {
		if err := <-results; err != nil {
			return err
		}
	}
	return nil
}

// stormDatagrams sends small datagrams to and fro, each once.
func stormDatagrams(aName, bName sock.Addr, n int) error {
	var s [2]*sock.Socket
	var names [2]sock.Addr
	for i, at := range []sock.Addr{aName, bName} {
		var err error
		if s[i], err = sock.Open(at.Domain(), sock.Dgram, 0); err != nil {
			return err
		}
		if err = s[i].Bind(at); err != nil {
			return err
		}
		if names[i], err = s[i].Sockname(); err != nil {
			return err
		}
	}
	echo := make(chan error, 1)
	go func() {
		p := make([]byte, 64)
		for i := range n {
			m, from, err := s[1].RecvFrom(p, 0)
			if err == nil && (m != 8 || binary.BigEndian.Uint64(p) != uint64(i) || from != names[0]) {
				err = fmt.Errorf("datagram %d is %x from %v", i, p[:m], from)
			}
			if err == nil {
				_, err = s[1].SendTo(p[:m], 0, from)
			}
			if err != nil {
				s[0].Close()
				echo <- err
				return
			}
		}
		echo <- nil
	}()
	p := make([]byte, 64)
	for i := range n {
		_, err := s[0].SendMsg(&sock.Message{Bufs: [][]byte{binary.BigEndian.AppendUint64(nil, uint64(i))}, Addr: names[1]}, 0)
		if err != nil {
			return err
		}
		m := sock.Message{Bufs: [][]byte{p}}
		if _, err = s[0].RecvMsg(&m, 0); errors.Is(err, net.ErrClosed) {
			return <-echo
		} else if err != nil {
			return err
		}
		if m.N != 8 || binary.BigEndian.Uint64(p) != uint64(i) {
			return fmt.Errorf("answer %d is %x", i, p[:m.N])
		}
	}
	return <-echo
}

// stormConnections connects again and again, and waits in every other way.
func stormConnections(n int) error {
	l, err := sock.Open(sock.Inet, sock.Stream, 0, sockopt.ReuseAddr.With(true))
	if err != nil {
		return err
	}
	at, _ := sock.ParseAddr("127.0.0.1:0")
	if err := l.Bind(at); err != nil {
		return err
	}
	if err := l.Listen(0); err != nil {
		return err
	}
	name, err := l.Sockname()
	if err != nil {
		return err
	}
	server := make(chan error, 1)
	go func() {
		for range n {
			s, _, err := l.Accept()
			if err == nil {
				_, err = s.Write([]byte("hello"))
			}
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				server <- err
				return
			}
		}
		server <- nil
	}()
	for i := range n {
		c, err := sock.Open(sock.Inet, sock.Stream, 0)
		if err != nil {
			return err
		}
		if err := c.Connect(name); err != nil {
			return err
		}
		if _, err := c.Wait([]sock.Ready{sock.Readable, sock.Readable | sock.Priority}[i%2]); err != nil {
			return err
		}
		p := make([]byte, 5)
		if n, err := c.Recv(p, sock.WaitAll); string(p[:n]) != "hello" || err != nil {
			return fmt.Errorf("received %q, %v", p[:n], err)
		}
		if n, err := c.Read(p); n != 0 || err != io.EOF {
			return fmt.Errorf("received %q after the end, %v", p[:n], err)
		}
		if err := c.Close(); err != nil {
			return err
		}
	}
	return <-server
}
