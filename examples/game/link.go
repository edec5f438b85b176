package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// A link is a forwarder between clients and a server that imitates a bad network. Clients
// send to it as if it were the server.
type link struct {
	drop          float64 // in percent
	delay, jitter time.Duration

	mu            sync.Mutex
	random        *rand.Rand
	carried, lost int
	flying        int
	flows         map[sock.Addr]*sock.Socket
}

const (
	maxFlows  = 64    // largest number of clients at a time
	maxFlying = 10000 // largest number of packets at a time, like a router's buffer
)

func newLink(drop float64, delay, jitter time.Duration, seed uint64) *link {
	return &link{drop: drop, delay: delay, jitter: jitter, random: rand.New(rand.NewPCG(seed, 0)), flows: map[sock.Addr]*sock.Socket{}}
}

// fate decides at random what happens to a packet.
func (l *link) fate() (takes time.Duration, lost bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	takes = l.delay + time.Duration((2*l.random.Float64()-1)*float64(l.jitter))
	lost = l.random.Float64()*100 < l.drop
	if lost {
		l.lost++
	} else {
		l.carried++
	}
	return max(takes, 0), lost
}

// run forwards until ctx ends.
func (l *link) run(ctx context.Context, at, server sock.Addr) error {
	socket, listener, err := bindBoth(at)
	if err != nil {
		return err
	}
	name, err := socket.Sockname()
	if err == nil {
		fmt.Printf("link: listening on %s, for %s\n", name, server)
		err = l.carry(ctx, socket, listener, server)
	}
	socket.Close()
	listener.Close()
	fmt.Printf("link: carried %d packets, lost %d\n", l.carried, l.lost)
	return err
}

func (l *link) carry(ctx context.Context, socket, listener *sock.Socket, server sock.Addr) error {
	ctx, stop := context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { socket.Close(); listener.Close() })
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() { l.acceptStreams(ctx, listener, server, &all) })
	buf := make([]byte, 64<<10)
	for {
		n, from, err := socket.RecvFrom(buf, 0)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			continue // an error of an earlier datagram
		}
		if up := l.flow(ctx, socket, from, server, &all); up != nil {
			l.later(buf[:n], func(p []byte) { _, _ = up.Send(p, sock.DontWait) }) // without room it is lost
		}
	}
}

// later sends a copy of a datagram after its delay, or never. A datagram with a shorter
// delay overtakes others.
func (l *link) later(p []byte, send func([]byte)) {
	takes, lost := l.fate()
	if lost {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flying == maxFlying {
		return
	}
	l.flying++
	p = append([]byte(nil), p...)
	time.AfterFunc(takes, func() {
		send(p)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.flying--
	})
}

// flow returns a client's own socket: the server distinguishes clients by it, and it
// carries the other direction. It ends after ten seconds of silence.
func (l *link) flow(ctx context.Context, down *sock.Socket, client, server sock.Addr, all *sync.WaitGroup) *sock.Socket {
	l.mu.Lock()
	defer l.mu.Unlock()
	if up := l.flows[client]; up != nil || len(l.flows) == maxFlows {
		return up
	}
	up, err := sock.Open(server.Domain(), sock.Dgram, 0)
	if err != nil {
		return nil // this datagram is lost
	}
	if err := up.Connect(server); err != nil {
		up.Close()
		return nil
	}
	l.flows[client] = up
	end := context.AfterFunc(ctx, func() { up.Close() })
	all.Go(func() {
		defer up.Close()
		defer end()
		buf := make([]byte, 64<<10)
		for {
			up.SetReadDeadline(time.Now().Add(10 * time.Second))
			n, err := up.Recv(buf, 0)
			if err != nil {
				l.mu.Lock()
				delete(l.flows, client)
				l.mu.Unlock()
				return // the server has closed, or is silent; the next datagram of the client makes a new flow
			}
			l.later(buf[:n], func(p []byte) { _, _ = down.SendTo(p, sock.DontWait, client) }) // without room it is lost
		}
	})
	return up
}

// acceptStreams forwards streams.
func (l *link) acceptStreams(ctx context.Context, listener *sock.Socket, server sock.Addr, all *sync.WaitGroup) {
	for {
		down, _, err := listener.Accept()
		if sock.AcceptRetryable(err) {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err != nil {
			return // closed
		}
		all.Go(func() {
			defer down.Close()
			up, err := sock.Open(server.Domain(), sock.Stream, 0, sockopt.TCPNoDelay.With(true))
			if err != nil {
				return
			}
			defer up.Close()
			defer context.AfterFunc(ctx, func() { up.Close(); down.Close() })()
			if sockopt.TCPNoDelay.Set(down, true) != nil || up.Connect(server) != nil {
				return
			}
			var both sync.WaitGroup
			both.Go(func() { l.carryStream(up, down) })
			both.Go(func() { l.carryStream(down, up) })
			both.Wait()
		})
	}
}

// carryStream forwards one direction of a stream. The bytes here have already been
// received, so no segment of them can be lost. Instead it adds the delay of a lost
// segment: the sender learns nothing for a round trip, notices the loss by the next three
// acknowledgements, and sends again; until then the receiver gets nothing behind it.
func (l *link) carryStream(to, from *sock.Socket) {
	type piece struct {
		bytes []byte
		due   time.Time
	}
	flying := make(chan piece, 256)
	var all sync.WaitGroup
	defer all.Wait()
	defer close(flying)
	all.Go(func() {
		var err error
		for p := range flying {
			time.Sleep(time.Until(p.due))
			if err == nil {
				_, err = to.Write(p.bytes)
			}
		}
		err = errors.Join(err, to.CloseWrite())
		if err != nil {
			from.Close()
			to.Close()
		}
	})
	var last time.Time
	for {
		buf := make([]byte, 1448)
		n, err := from.Recv(buf, 0)
		if n == 0 || err != nil {
			return
		}
		takes, lost := l.fate()
		for ; lost && takes < time.Minute; _, lost = l.fate() {
			takes += 2*l.delay + 3*tick
		}
		due := time.Now().Add(takes)
		if due.Before(last) {
			due = last // in order
		}
		last = due
		flying <- piece{buf[:n], due}
	}
}
