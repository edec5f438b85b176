//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// Each connection has a token, and carries nothing else. While descriptor numbers are
// reused as fast as possible, goroutines use Sockets that others have closed or are
// closing. If a call reached a reused number, a token would appear on the wrong
// connection.
func TestRecycle(t *testing.T) {
	t.Parallel()
	run := 4 * time.Second
	if testing.Short() {
		run = time.Second
	}
	r := recycler{t: t, late: make([]atomic.Pointer[link], 64)}
	stop := make(chan bool)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() { r.renew(i, stop) })
	}
	for i := range 6 {
		wg.Go(func() { r.haunt(i, stop) })
	}
	time.Sleep(run)
	close(stop)
	wg.Wait()
	t.Logf("%d connections, %d messages received, %d late uses, descriptors up to %d",
		r.links.Load(), r.received.Load(), r.refused.Load(), r.highest.Load())
	if r.links.Load() < 100 || r.received.Load() < 100 || r.refused.Load() < 100 {
		t.Error("too little happened to mean anything")
	}
}

// A link is one end of a connection and its token.
type link struct {
	s     *sock.Socket
	token [8]byte
}

type recycler struct {
	t        *testing.T
	links    atomic.Uint64 // and the source of tokens
	received atomic.Uint64
	refused  atomic.Uint64
	highest  atomic.Int64
	late     []atomic.Pointer[link] // Sockets for those who come too late
	next     atomic.Uint64
}

// renew opens a connection, uses it, and closes it while others use it.
func (r *recycler) renew(i int, stop <-chan bool) {
	listener, name := listening(r.t, "tcp4")
	for {
		select {
		case <-stop:
			return
		default:
		}
		a, b := r.connect(i, listener, name)
		if a == nil {
			continue
		}
		x, y := &link{s: a}, &link{s: b}
		// High entropy, so that no part of one token is a part of another.
		binary.NativeEndian.PutUint64(x.token[:], r.links.Add(1)*0x9e3779b97f4a7c15)
		y.token = x.token
		r.leave(x)
		r.leave(y)
		for fd := int64(max(a.FD(), b.FD())); ; {
			if old := r.highest.Load(); fd <= old || r.highest.CompareAndSwap(old, fd) {
				break
			}
		}
		for range 4 {
			r.send(x, sock.DontWait) // late users may have filled it
			r.send(y, sock.DontWait)
			r.receive(x, 0)
			r.receive(y, 0)
		}
		for _, s := range []*sock.Socket{a, b} {
			if err := s.Close(); err != nil && !errors.Is(err, syscall.ECONNRESET) { // see Close: FreeBSD
				r.t.Error("another goroutine has closed it: ", err)
			}
		}
	}
}

func (r *recycler) connect(i int, listener *sock.Socket, name sock.Addr) (a, b *sock.Socket) {
	switch i % 3 {
	case 0:
		c, err := sock.Open(sock.Inet, sock.Stream, 0)
		if err != nil {
			r.t.Error(err)
			return nil, nil
		}
		// A reset leaves no port in TIME_WAIT.
		if err := sockopt.Linger.Set(c, sockopt.LingerValue{On: true}); err != nil {
			r.t.Error(err)
		}
		if err := c.Connect(name); err != nil {
			c.Close()
			return nil, nil
		}
		s, _, err := listener.Accept()
		if err != nil {
			r.t.Error(err)
			c.Close()
			return nil, nil
		}
		return c, s
	case 1:
		a, b, err := sock.Pair(sock.Unix, sock.Dgram, 0)
		if err != nil {
			r.t.Error(err)
			return nil, nil
		}
		return a, b
	}
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	if err != nil {
		r.t.Error(err)
		return nil, nil
	}
	return a, b
}

func (r *recycler) leave(l *link) { r.late[r.next.Add(1)%uint64(len(r.late))].Store(l) }

func (r *recycler) send(l *link, flags sock.Flags) error {
	_, err := l.s.Send(l.token[:], flags)
	return err
}

// receive checks the received bytes: the whole token, or a part if others received the
// rest.
func (r *recycler) receive(l *link, flags sock.Flags) error {
	var p [8]byte
	// What was sent may have reached a late user: do not wait without end.
	if flags == 0 {
		flags = sock.DontWait
	}
	n, err := l.s.Recv(p[:], flags)
	if n > 0 {
		r.received.Add(1)
		if twice := append(l.token[:], l.token[:]...); !bytes.Contains(twice, p[:n]) {
			r.t.Errorf("%x arrived over the connection of %x", p[:n], l.token)
		}
	}
	return err
}

// haunt uses Sockets that others may have closed, in every way.
func (r *recycler) haunt(i int, stop <-chan bool) {
	for n := i; ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		l := r.late[n%len(r.late)].Load()
		if l == nil {
			runtime.Gosched()
			continue
		}
		var err error
		switch n / len(r.late) % 8 {
		case 0:
			err = r.send(l, sock.DontWait)
		case 1:
			err = r.receive(l, 0)
		case 2: // it parks, and Close or the peer's end wakes it
			l.s.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err = l.s.Wait(sock.Readable)
			l.s.SetReadDeadline(time.Time{})
		case 3:
			err = l.s.WithFD(func(int) error { return r.send(l, sock.DontWait) })
		case 4:
			var c *sock.Socket
			if c, err = l.s.Dup(); err == nil {
				err = r.send(&link{c, l.token}, sock.DontWait)
				c.Close()
			}
		case 5:
			_, err = l.s.Writev([][]byte{l.token[:]})
		case 6:
			_, err = l.s.Wait(sock.Writable | sock.Priority)
		case 7:
			_, err = l.s.Sockname()
		}
		if errors.Is(err, net.ErrClosed) {
			r.refused.Add(1)
		}
	}
}
