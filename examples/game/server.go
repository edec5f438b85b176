package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// An arena is one goroutine: a poller reports messages until the next tick.
type arena struct {
	poller   *sock.Poller
	socket   *sock.Socket // datagrams of all players
	listener *sock.Socket // listener for players with a stream
	secret   []byte
	start    time.Time // time of tick 0
	states   uint32
	players  map[peer]*player
	conns    map[*conn]bool
	log      io.Writer
}

// A peer is a sender: an address, or one end of a stream.
type peer struct {
	addr sock.Addr
	conn *conn
}

const (
	silence = 3 * time.Second // after this time a player has left
	crowd   = 64              // largest number of connections; there are at most 26 players
)

// server runs an arena at an address until ctx ends.
func server(ctx context.Context, at sock.Addr) error {
	a, err := newArena(at, os.Stdout)
	if err != nil {
		return err
	}
	return a.run(ctx)
}

func newArena(at sock.Addr, log io.Writer) (*arena, error) {
	socket, listener, err := bindBoth(at)
	if err != nil {
		return nil, err
	}
	a := &arena{socket: socket, listener: listener, players: map[peer]*player{}, conns: map[*conn]bool{}, secret: make([]byte, 32), log: log}
	rand.Read(a.secret)
	a.poller, err = sock.NewPoller()
	if err == nil {
		a.socket.SetNonblock(true)
		a.listener.SetNonblock(true)
		err = errors.Join(a.poller.Add(a.socket, sock.Readable, nil), a.poller.Add(a.listener, sock.Readable, nil))
	}
	var name sock.Addr
	if err == nil {
		name, err = a.socket.Sockname()
	}
	if err != nil {
		a.close()
		return nil, err
	}
	a.start = time.Now()
	fmt.Fprintln(log, "server: listening on", name)
	return a, nil
}

// bindBoth makes a datagram socket and a listening socket with the same address. UDP and
// TCP have separate ports with the same numbers. If the kernel chooses the number for
// one, the other may already be in use.
func bindBoth(at sock.Addr) (socket, listener *sock.Socket, err error) {
	for range 20 {
		socket, err = sock.Open(at.Domain(), sock.Dgram, 0)
		if err != nil {
			return nil, nil, err
		}
		var name sock.Addr
		if err = socket.Bind(at); err == nil {
			name, err = socket.Sockname()
		}
		if err != nil {
			socket.Close()
			return nil, nil, err
		}
		// Without TCPNoDelay a small message waits until the previous one is
		// acknowledged. Accepted sockets inherit it.
		listener, err = sock.Open(at.Domain(), sock.Stream, 0, sockopt.ReuseAddr.With(true), sockopt.TCPNoDelay.With(true))
		if err == nil {
			if err = listener.Bind(name); err == nil {
				if err = listener.Listen(0); err == nil {
					return socket, listener, nil
				}
			}
			listener.Close()
		}
		socket.Close()
		if at.Port() != 0 || !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, nil, err
}

func (a *arena) close() {
	for c := range a.conns {
		c.socket.Close()
	}
	a.socket.Close()
	a.listener.Close()
	if a.poller != nil {
		a.poller.Close()
	}
}

// run is the server: it receives until the next tick. It checks the time after each Wait,
// so that no flood of messages can stop the clock.
func (a *arena) run(ctx context.Context) error {
	defer a.close()
	defer context.AfterFunc(ctx, func() { a.poller.Wake() })()
	events := make([]sock.Event, 16)
	next := a.start
	for ctx.Err() == nil {
		if now := time.Now(); !now.Before(next) {
			at := uint32(now.Sub(a.start) / tick) // missed ticks are left out
			a.step(at, now)
			next = a.start.Add(time.Duration(at+1) * tick)
			continue
		}
		n, err := a.poller.Wait(events, time.Until(next))
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			if c, ok := e.Data.(*conn); ok {
				a.hearStream(c)
			} else if e.Socket == a.socket {
				a.hearDatagram()
			} else if err := a.accept(); err != nil {
				return err
			}
		}
	}
	for p := range a.players {
		a.send(p, []byte{'B'})
	}
	return nil
}

func (a *arena) hearDatagram() {
	buf := make([]byte, maxMessage+1) // a longer datagram is cut, and then no valid message
	n, from, err := a.socket.RecvFrom(buf, 0)
	if err != nil {
		return // nothing to receive, or an error of a datagram that was sent
	}
	a.hear(peer{addr: from}, buf[:n])
}

// hear handles a message, if it is valid and its sender is genuine. Anybody can send one,
// with any sender's address in it. The answer to a join is a token, which arrives only at
// that address; the server remembers nothing. A peer that sends the token gets a state 60
// times a second. Without the token anybody could make the server send to an address that
// never asked.
func (a *arena) hear(from peer, message []byte) {
	if len(message) == 0 {
		return
	}
	switch message[0] {
	case 'J':
		if t := a.token(from); len(message) == 1+len(t) {
			a.send(from, append([]byte{'W'}, t[:]...))
		}
	case 'I':
		t, in, err := parseInput(message)
		if err != nil || t != a.token(from) {
			return
		}
		p := a.players[from]
		if p == nil {
			if p = a.welcome(from); p == nil {
				a.send(from, []byte{'F'})
				return
			}
		}
		p.hear(in, time.Now())
	case 'L':
		if t := a.token(from); string(message[1:]) == string(t[:]) {
			a.leave(from, "leaves")
		}
	}
}

// token is computed from the peer's address and a secret of this server.
func (a *arena) token(p peer) (t token) {
	h := hmac.New(sha256.New, a.secret)
	fmt.Fprintf(h, "%t %s", p.conn != nil, p.addr)
	copy(t[:], h.Sum(nil))
	return t
}

// welcome gives a player the first free letter, or returns nil if there is none.
func (a *arena) welcome(from peer) *player {
	taken := map[byte]bool{}
	for _, p := range a.players {
		taken[p.letter] = true
	}
	for letter := byte('A'); letter <= 'Z'; letter++ {
		if !taken[letter] {
			p := &player{letter: letter, x: width/2 - 13 + int(letter-'A'), y: height / 2}
			a.players[from] = p
			fmt.Fprintf(a.log, "server: %c joins from %s\n", letter, from.addr)
			return p
		}
	}
	return nil
}

func (a *arena) leave(p peer, how string) {
	if left := a.players[p]; left != nil {
		delete(a.players, p)
		fmt.Fprintf(a.log, "server: %c %s\n", left.letter, how)
	}
}

// step is one tick: all players move, and all get the state.
func (a *arena) step(at uint32, now time.Time) {
	things := []thing{ballAt(float64(at))}
	for from, p := range a.players {
		if now.Sub(p.heard) > silence {
			a.leave(from, "is silent, and has left")
			continue
		}
		p.move()
		things = append(things, thing{p.letter, float64(p.x), float64(p.y)})
	}
	a.states++
	for to, p := range a.players {
		a.send(to, appendState(nil, state{a.states, at, p.number, p.done, p.letter, things}))
	}
	for c := range a.conns {
		if a.players[c.peer()] == nil && now.Sub(c.since) > silence {
			a.drop(c) // connected, and does not play
		}
	}
	a.poller.Modify(a.listener, sock.Readable) // see accept
}

// send sends a message, or drops it: it would be out of date later.
func (a *arena) send(to peer, message []byte) {
	if to.conn != nil {
		if err := to.conn.send(message); err != nil {
			a.drop(to.conn)
		}
		return
	}
	_, _ = a.socket.SendTo(message, 0, to.addr) // a message that could not be sent is lost
}
