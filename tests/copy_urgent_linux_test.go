package sock_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// urgentParts says how a stream goes: "!" is a byte of urgent data, anything else is data.
var urgentParts = map[string][]string{
	"begin":   {"!", "tail"},
	"middle":  {"head", "!", "tail"},
	"end":     {"head", "!"},
	"alone":   {"!"},
	"several": {"a", "!", "b", "!", "c", "!", "d"},
	"much":    {string(make([]byte, 300_000)), "!", string(make([]byte, 300_000))},
}

// sendUrgent sends parts, and returns what a receiver gets of them.
func sendUrgent(t *testing.T, a *sock.Socket, parts []string, inline bool) (want string) {
	t.Helper()
	for _, p := range parts {
		if p != "!" {
			_, err := a.Write([]byte(p))
			wantErr(t, err, nil)
			want += p
			continue
		}
		_, err := a.Send([]byte("!"), sock.OOB)
		wantErr(t, err, nil)
		if inline {
			want += "!"
		}
	}
	return want
}

// withoutUrgent removes the urgent bytes: one that a later one has overtaken is in the stream.
func withoutUrgent(p []byte, inline bool) []byte {
	if inline {
		return p
	}
	return bytes.ReplaceAll(p, []byte("!"), nil)
}

// TestCopyUrgent shows that a copy delivers every byte past the mark of urgent data, where
// splice(2) stops, to every kind of destination, whether the bytes arrive before the copy, in
// the course of it, or with the end of the stream.
func TestCopyUrgent(t *testing.T) {
	t.Parallel()
	for where, parts := range urgentParts {
		for name, writer := range writers {
			for _, inline := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/to %s/inline %t", where, name, inline), func(t *testing.T) {
					t.Parallel()
					w, got := writer(t)
					a, b := streams(t, "tcp4")
					wantErr(t, sockopt.OOBInline.Set(b, inline), nil)
					done := make(chan error, 1)
					go func() { _, err := io.Copy(w, b); done <- err }()
					want := sendUrgent(t, a, parts, inline)
					time.Sleep(time.Millisecond) // both orders are right; mostly the copy waits at the mark now
					want += sendUrgent(t, a, parts, inline)
					wantErr(t, a.CloseWrite(), nil)
					wantErr(t, recvTimeout(t, done), nil)
					same(t, withoutUrgent(got(), inline), []byte(want))
				})
			}
		}
		for _, from := range []string{"Socket", "net"} {
			t.Run(where+"/from "+from, func(t *testing.T) {
				t.Parallel()
				a, b := streams(t, "tcp4")
				to, end := streams(t, "tcp4")
				got := collects(end)
				want := sendUrgent(t, a, parts, false)
				var r io.Reader = b
				if from == "net" {
					c, err := b.NetConn()
					wantErr(t, err, nil)
					defer c.Close()
					r = c
				}
				done := make(chan error, 1)
				go func() { _, err := to.ReadFrom(r); done <- err }()
				want += sendUrgent(t, a, parts, false)
				wantErr(t, a.CloseWrite(), nil)
				wantErr(t, recvTimeout(t, done), nil)
				wantErr(t, to.CloseWrite(), nil)
				same(t, withoutUrgent(recvTimeout(t, got), false), []byte(want))
			})
		}
	}
}

// TestCopyUrgentIdle shows what a peer can cost that sends a byte of urgent data and then
// nothing: copies that wait at the mark take next to no processor time.
func TestCopyUrgentIdle(t *testing.T) {
	const connections = 200
	var senders []*sock.Socket
	done := make(chan error, connections)
	for range connections {
		a, b := streams(t, "tcp4")
		to, _ := streams(t, "tcp4")
		sendUrgent(t, a, []string{"head", "!"}, false)
		go func() { _, err := io.Copy(to, b); done <- err }()
		senders = append(senders, a)
	}
	time.Sleep(300 * time.Millisecond) // the copies have begun; nothing reports that they wait
	before := processTime(t)
	time.Sleep(time.Second)
	used := processTime(t) - before
	t.Logf("%d copies at a mark took %v of a second", connections, used)
	if used > 300*time.Millisecond { // other tests do not run meanwhile; it was a whole processor
		t.Errorf("%v of a second", used)
	}
	for _, a := range senders {
		wantErr(t, a.Close(), nil)
	}
	for range connections {
		recvTimeout(t, done)
	}
}

func processTime(t testing.TB) time.Duration {
	t.Helper()
	var u unix.Rusage
	wantErr(t, unix.Getrusage(unix.RUSAGE_SELF, &u), nil)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestCopyDatagrams shows that io.Copy takes datagrams of package net for what they are: an
// empty one is no end, and each is sent whole.
func TestCopyDatagrams(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"unixgram", "unixpacket"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			typ := map[string]int{"unixgram": syscall.SOCK_DGRAM, "unixpacket": syscall.SOCK_SEQPACKET}[network]
			fds, err := syscall.Socketpair(syscall.AF_UNIX, typ|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			own, err := sock.FromFD(fds[0])
			wantErr(t, err, nil)
			closed(t, own)
			other, err := sock.FromFD(fds[1])
			wantErr(t, err, nil)
			c, err := other.NetConn()
			wantErr(t, err, nil)
			defer c.Close()

			// From a stream to it: each write is a message, and none is too long.
			a, b := streams(t, "tcp4")
			copying := make(chan error, 1)
			go func() { _, err := b.WriteTo(c); copying <- err }()
			send(t, a, "one")
			recv(t, own, 9, 0, "one")
			send(t, a, "three")
			recv(t, own, 9, 0, "three")
			wantErr(t, a.CloseWrite(), nil)
			wantErr(t, recvTimeout(t, copying), nil)

			// From it to a stream: an empty message is not the end of a unixgram.
			to, end := streams(t, "tcp4")
			go func() { _, err := to.ReadFrom(c); copying <- err }()
			send(t, own, "four")
			recv(t, end, 4, sock.WaitAll, "four")
			if network == "unixgram" {
				send(t, own, "")
				send(t, own, "five")
				recv(t, end, 4, sock.WaitAll, "five")
			}
			wantErr(t, c.(interface{ SetReadDeadline(time.Time) error }).SetReadDeadline(time.Now()), nil)
			recvTimeout(t, copying)
		})
	}
	t.Run("udp", func(t *testing.T) {
		t.Parallel()
		x, y := netPair(t, "udp")
		to, end := streams(t, "tcp4")
		copying := make(chan error, 1)
		go func() { _, err := to.ReadFrom(x); copying <- err }()
		for _, p := range []string{"one", "", "three"} {
			if _, err := y.Write([]byte(p)); err != nil {
				t.Fatal(err)
			}
			if p != "" {
				recv(t, end, len(p), sock.WaitAll, p)
			}
		}
		wantErr(t, x.SetReadDeadline(time.Now()), nil)
		var ne net.Error
		if err := recvTimeout(t, copying); !errors.As(err, &ne) || !ne.Timeout() {
			t.Error(err)
		}
	})
}

// TestCopyPipeNonblock shows that a non-blocking Socket does not wait for a pipe: with nothing
// in it, and with no room for what is in it.
func TestCopyPipeNonblock(t *testing.T) {
	t.Parallel()
	a, b := streams(t, "pair")
	a.SetNonblock(true)
	r, w := pipe(t)
	n, err := a.ReadFrom(r)
	if n != 0 || err != sock.ErrWouldBlock {
		t.Error("an empty pipe: ", n, err)
	}
	w.Write([]byte("hello"))
	n, err = a.ReadFrom(r)
	if n != 5 || err != sock.ErrWouldBlock {
		t.Error("five bytes: ", n, err)
	}
	recv(t, b, 9, 0, "hello")
	fillBuffer(t, a)
	w.Write([]byte("more"))
	n, err = a.ReadFrom(r)
	if n != 0 || err != sock.ErrWouldBlock {
		t.Error("no room: ", n, err)
	}
	w.Close()
	p, err := io.ReadAll(r)
	if string(p) != "more" || err != nil {
		t.Errorf("left in the pipe are %q, %v", p, err)
	}
}

func TestAllocSendFile(t *testing.T) {
	a, b := streams(t, "pair")
	f := fileWith(t, []byte("hello"))
	p := make([]byte, 9)
	if n := testing.AllocsPerRun(100, func() {
		off := int64(1)
		if n, err := a.SendFile(f, &off, 4); n != 4 || err != nil || off != 5 {
			t.Fatal(n, err, off)
		}
		if n, err := b.Recv(p, 0); string(p[:n]) != "ello" || err != nil {
			t.Fatalf("%q, %v", p[:n], err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
