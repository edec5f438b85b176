//go:build linux || freebsd || darwin || netbsd || openbsd || dragonfly

package sock_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
)

// The room of Wait is the caller's: the timer, Wake and stale events take none of it.

// A roomCase is a Poller with a Socket of each mode, one that has left but whose
// description lives on, and a timer that an earlier Wait left armed.
type roomCase struct {
	t       *testing.T
	name    string
	p       *sock.Poller
	sockets map[byte]*sock.Socket // by mode: level, edge, one-shot
	peers   map[byte]*sock.Socket
	expires time.Time
	data    map[byte]bool // what is to be reported, as the reference has it
	woken   bool          // a Wake may still end a Wait
	shown   bool          // or it was returned with events, and does not show
}

// leave adds a Socket to p, and closes it behind a copy that package sock does not know
// of: so does a fork without execve. The caller closes the peer and the copy.
func leave(t testing.TB, p *sock.Poller, want sock.Ready) (peer *sock.Socket, copied int) {
	t.Helper()
	peer, s := streams(t, "tcp4") // close(2) of TCP is known not to sleep: Close trusts it
	s.SetNonblock(true)
	wantErr(t, p.Add(s, want, "left"), nil)
	var events [1]sock.Event
	send(t, peer, "x")
	n, err := p.Wait(events[:], 10*time.Second)
	if n != 1 || err != nil || events[0].Socket != s {
		t.Fatalf("Wait = %v, %v", events[:n], err)
	}
	if copied, err = unix.Dup(events[0].FD); err != nil { // s.FD() would give it away
		t.Fatal(err)
	}
	unix.CloseOnExec(copied)
	if _, err := s.Recv(make([]byte, 8), 0); err != nil {
		t.Fatal(err)
	}
	wantErr(t, s.Close(), nil)
	return peer, copied
}

func (c *roomCase) pair() (s, peer *sock.Socket) {
	s, peer, err := sock.Pair(sock.Unix, sock.Stream, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	return s, peer
}

func (c *roomCase) run(steps string, room int) {
	t := c.t
	c.name = fmt.Sprintf("%q, room %d", steps, room)
	p, err := sock.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	c.p, c.sockets, c.peers, c.data = p, map[byte]*sock.Socket{}, map[byte]*sock.Socket{}, map[byte]bool{}
	left, copied := leave(t, p, sock.Readable)
	defer left.Close()
	defer unix.Close(copied)
	c.peers['s'] = left
	for mode, want := range map[byte]sock.Ready{'l': 0, 'e': sock.Edge, 'o': sock.OneShot} {
		s, peer := c.pair()
		defer s.Close()
		defer peer.Close()
		c.sockets[mode], c.peers[mode] = s, peer
		if want&^pollerHas == 0 {
			attend(t, p, s, sock.Readable|want)
		}
	}
	c.arm()
	for _, step := range []byte(steps) {
		c.step(step)
	}
	time.Sleep(time.Millisecond) // the runtime poller takes the edges of the epoll descriptor
	for turn := 0; c.wait(room, []time.Duration{-1, 0, 3 * time.Millisecond}[turn%3]); turn++ {
	}
	// A Wake still ends a Wait, and Close one that has begun.
	c.wake()
	c.within("Wait after Wake", func() {
		if n, err := p.Wait(make([]sock.Event, room), -1); n != 0 || err != nil {
			t.Errorf("%s: Wait after Wake = %d, %v", c.name, n, err)
		}
	})
	c.within("Close", func() { wantErr(t, p.Close(), nil) })
}

// arm leaves the timer of a short Wait armed, by a Wake that ends it while it sleeps.
func (c *roomCase) arm() {
	const timeout = 5 * time.Millisecond
	for range 20 { // on a busy machine the Wake may be late
		done := make(chan bool)
		time.AfterFunc(time.Millisecond/2, func() { c.p.Wake(); close(done) })
		start := time.Now()
		c.expires = start.Add(timeout + time.Millisecond)
		c.p.Wait(make([]sock.Event, 1), timeout)
		<-done
		if time.Since(start) < timeout {
			return
		}
		c.p.Wait(make([]sock.Event, 1), 0)
	}
}

func (c *roomCase) wake() { wantErr(c.t, c.p.Wake(), nil) }

func (c *roomCase) step(step byte) {
	switch step {
	case 't': // the timer expires
		time.Sleep(time.Until(c.expires))
	case 'w':
		c.wake()
		c.woken = true
	case 's': // a stale event
		send(c.t, c.peers['s'], "x")
	default:
		send(c.t, c.peers[step], "x")
		c.data[step] = true
	}
}

// wait calls Wait, and compares it with the reference: it returns as many as are to be
// reported, if there is room. What it returns is received. It returns whether more is
// to be reported.
func (c *roomCase) wait(room int, timeout time.Duration) bool {
	t, want := c.t, min(room, len(c.data))
	if want == 0 && (!c.woken || c.shown) && timeout < 0 {
		timeout = 0
	}
	var n int
	var err error
	events := make([]sock.Event, room)
	c.within("Wait", func() { n, err = c.p.Wait(events, timeout) })
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
		return false
	}
	if n == 0 && c.woken { // it may end one Wait without events
		c.woken = false
		if want > 0 {
			t.Errorf("%s: a Wake took the room of %d", c.name, want)
		}
		return len(c.data) > 0
	}
	if n != want {
		t.Errorf("%s: Wait(%v) = %v, want %d of %v", c.name, timeout, events[:n], want, c.data)
		return false
	}
	c.shown = n > 0
	seen := map[*sock.Socket]bool{}
	for _, e := range events[:n] {
		mode := byte(0)
		for m, s := range c.sockets {
			if s == e.Socket {
				mode = m
			}
		}
		if !c.data[mode] || seen[e.Socket] || e.Ready != sock.Readable {
			t.Errorf("%s: Wait reports %+v, twice: %v, of %v", c.name, e, seen[e.Socket], c.data)
			return false
		}
		seen[e.Socket] = true
		if mode == 'l' && len(c.data) > 1 && timeout != 0 {
			continue // it is reported as long as it is ready
		}
		delete(c.data, mode)
		if _, err := e.Socket.Recv(make([]byte, 8), 0); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	return len(c.data) > 0
}

// within fails the test if f takes long.
func (c *roomCase) within(what string, f func()) {
	c.t.Helper()
	done := make(chan bool)
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		c.t.Fatalf("%s: %s has not returned in ten seconds", c.name, what)
	}
}

// arrangements yields each order of each choice of at most n of the steps.
func arrangements(steps string, n int) (all []string) {
	all = []string{""}
	if n == 0 {
		return all
	}
	for i := range steps {
		for _, rest := range arrangements(steps[:i]+steps[i+1:], n-1) {
			all = append(all, steps[i:i+1]+rest)
		}
	}
	return all
}

func TestPollRoom(t *testing.T) {
	t.Parallel()
	steps, most := "twsleo", 4
	if pollerHas&sock.Edge == 0 {
		steps = "twslo"
	}
	if raceDetector || testing.Short() {
		most = 3
	}
	all := arrangements(steps, most)
	for room := 1; room <= 3; room++ {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			t.Parallel()
			const workers = 4
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() {
					for i := w; i < len(all) && !t.Failed(); i += workers {
						(&roomCase{t: t}).run(all[i], room)
					}
				})
			}
			wg.Wait()
		})
	}
}
