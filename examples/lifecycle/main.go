// Lifecycle is the life of a TCP connection, one call at a time: after each the
// kernel is asked in which state both ends are now.
//
// The idea: a connection is two ends, and each is in one of eleven states. A call
// or a segment (SYN, ACK, FIN, RST) that arrives moves an end to the next. A state
// outlives the descriptor: who closed first stays in TIME_WAIT for a minute.
//
//	              client                   server
//	              CLOSE                    LISTEN       Open, Bind, Listen
//	Connect       SYN_SENT    --- SYN -->
//	                         <- SYN+ACK -- SYN_RECV
//	              ESTABLISHED --- ACK -->  ESTABLISHED  Accept
//	                          <-- data -->
//	CloseWrite    FIN_WAIT_1  --- FIN -->
//	              FIN_WAIT_2  <-- ACK ---  CLOSE_WAIT   Recv gives 0
//	                          <-- data --               Send: the half-close
//	                          <-- FIN ---  LAST_ACK     Close
//	              TIME_WAIT   --- ACK -->  forgotten
//
// How the kernel is asked: TCPInfo, of a socket that we hold; and for an end that
// nobody holds, because it is not accepted yet or closed already, a netlink socket
// (sock_diag), which answers by the two addresses of the connection. ss asks it too.
//
// Read life.go first, then lossy.go, backlog.go, reset.go, refused.go, timewait.go:
// an idea each. session.go prints the lines; states.go and states_linux.go ask.
//
// To try:
//
//	go run ./examples/lifecycle                       all seven acts
//	go run ./examples/lifecycle -act 1 -trace         the system calls of one
//	go run ./examples/lifecycle -at 127.0.0.1:7000 -step      Enter goes on, and meanwhile
//	ss -tan '( sport = :7000 or dport = :7000 )'              in another terminal
//
// Then: -slow 2s in place of -step; -at [::1]:0, the same with IPv6; -act 7 -at
// 127.0.0.1:7000 twice, and ss for the next minute; tcpdump -ni lo tcp port 7000,
// to see the segments. In the program: CloseRead in place of CloseWrite; Linger
// with two seconds; a Send when the peer has closed, twice.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/program"
)

const usage = `lifecycle: the life of a TCP connection; after each call the state of both ends.

With no arguments: seven acts, one after the other.`

func main() {
	at := flag.String("at", "127.0.0.1:0", "the server listens at this `address`: 127.0.0.1:7000 or [::1]:0; names are not looked up; with port 0 the kernel chooses a port")
	one := flag.Int("act", 0, "play only the act with this `number`; 0: all")
	slow := flag.Duration("slow", 0, "pause for this `duration` after each line")
	step := flag.Bool("step", false, "wait for Enter after each line")
	program.Main(usage, func(ctx context.Context, args []string) error {
		addr, err := program.ParseAddr(*at)
		switch {
		case len(args) > 0:
			return program.Wrong("there are no arguments, only flags: -h lists them")
		case err != nil:
			return program.Wrong("%w", err)
		case addr.Domain() != sock.Inet && addr.Domain() != sock.Inet6:
			return program.Wrong("%v is no address of TCP", addr)
		case *one < 0 || *one > len(acts):
			return program.Wrong("there is no act %d: they are 1 to %d", *one, len(acts))
		case *slow < 0:
			return program.Wrong("a pause of %v is none", *slow)
		case *slow > 0 && *step:
			return program.Wrong("-slow or -step, not both in one")
		}
		return play(ctx, addr, *one, pauses(*slow, *step))
	})
}

// These are the acts, in order.
var acts = []struct {
	title string
	play  func(*session)
	linux bool // it needs a feature of this system
}{
	{"a usual life", life, false},
	{"the same where segments are lost: the states that else pass too quickly", lossy, true},
	{"both close at once", crossing, true},
	{"the backlog: connected before anybody accepts", backlog, false},
	{"reset: an end without goodbye", reset, false},
	{"nobody listens", refused, false},
	{"TIME_WAIT, and what ReuseAddr is for", timeWait, false},
}

// play plays one act, or all.
func play(ctx context.Context, at sock.Addr, one int, pause func(context.Context)) error {
	ask, err := newAsker()
	if err != nil {
		return err
	}
	defer ask.Close()
	for i, act := range acts {
		if one != 0 && one != i+1 {
			continue
		}
		if i > 0 && one == 0 {
			fmt.Println()
		}
		s := &session{ctx: ctx, ask: ask, at: at, pause: pause, began: time.Now()}
		s.title(i+1, act.title)
		act.play(s)
		s.clear()
		switch {
		case act.linux && errors.Is(s.err, errors.ErrUnsupported):
			fmt.Println("  (only on Linux)")
		case s.err == errPrivilege:
			fmt.Printf("  (%v)\n", s.err)
		case s.err != nil:
			return s.err
		}
	}
	return nil
}
