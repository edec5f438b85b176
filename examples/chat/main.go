// Chat is a room in which everyone hears everyone: one goroutine, many sockets.
//
// The idea: a server that waits for one client does not hear the others. So it
// waits for all of them at once. A Poller is given sockets and what to watch for;
// Wait returns when something is so for some of them, and says for which. They are
// non-blocking: what a socket cannot do now, the server does when Wait says so.
//
//	NewPoller                        a poller
//	SetNonblock(true), Add           the listening socket: Readable is a new member
//	loop:
//	  Wait                           who is ready?
//	  Accept, Add                    somebody comes in
//	  Recv                           Readable: somebody says something
//	  Send to all the others         what the kernel does not take now is kept
//	  Modify(Readable | Writable)    and sent when there is room
//	  Close                          it leaves the poller as well
//	Wake                             another goroutine ends the Wait
//
// Everything is in one goroutine: no locks. The price: nothing in it may wait. A member
// that does not read must not stop the rest, and must not fill the memory: its queue has
// a limit, and beyond that the room closes its connection.
//
// Read room.go first, then member.go; demo.go is a room and three members. The client
// has one socket, and needs none of this: client.go; terminal.go is what it draws.
//
// To try:
//
//	go run ./examples/chat                            a room and three members
//	go run ./examples/chat -trace                     and its system calls
//	go run ./examples/chat -server 127.0.0.1:7000     then in other terminals:
//	go run ./examples/chat -client 127.0.0.1:7000     your name first; PgUp, Ctrl-C
//	nc 127.0.0.1 7000                                 or telnet 127.0.0.1 7000
//	(echo alice; uptime) | go run ./examples/chat -client 127.0.0.1:7000 | cat
//
// Then: Ctrl-Z in one nc, and paste a long text into another, several times; Ctrl-C
// in an nc, and in the server. In the program: refuse a name that is taken; show a
// new member the last ten lines; let a line that begins with /to and a name go
// to one member only; drop a member that has been silent for an hour (examples/echo/idle.go).
package main

import (
	"context"
	"flag"
	"os"

	"github.com/berkeleysockets/sock/examples/internal/program"
)

const usage = `chat: a room in which everyone hears everyone, from one goroutine.

With no arguments: a room and three members, to the end of their evening.`

func main() {
	serverAt := flag.String("server", "", "run a server, the room, at this `address`: "+program.Forms)
	clientAt := flag.String("client", "", "connect to the server at this `address`, on a terminal or with pipes")
	program.Main(usage, func(ctx context.Context, args []string) error {
		switch {
		case len(args) > 0:
			return program.Wrong("there are no arguments, only flags: -h lists them")
		case *serverAt != "" && *clientAt != "":
			return program.Wrong("-server or -client, not both")
		case *serverAt == "" && *clientAt == "":
			return demo(ctx)
		}
		at, err := program.ParseAddr(*serverAt + *clientAt)
		if err != nil {
			return err
		}
		if *clientAt != "" {
			if flag.Lookup("trace").Value.String() == "true" && isTerminal(os.Stdin) && isTerminal(os.Stdout) && isTerminal(os.Stderr) {
				return program.Wrong("-trace would draw over the room: add 2>FILE")
			}
			return client(ctx, at)
		}
		return server(ctx, at)
	})
}
