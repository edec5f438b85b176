// Game is an arena for many players over a bad network: late is worse than lost.
//
// The idea: the server knows where everything is, and says so 60 times a second.
// What it said a moment ago is of no use any more. So each message is a datagram
// with all that there is to know, and a number: one that is lost is made good by
// the next, and one that was overtaken is thrown away. Over a stream nothing is lost
// and nothing overtaken, and so all that follows has to wait for a segment that
// must be sent again.
//
// What a player does counts once and must not be lost: its steps are numbered,
// and each datagram repeats those that the server has not confirmed yet.
//
//	server                              client
//
//	Open(Inet, Dgram), Bind             Open(Inet, Dgram), Connect
//	RecvFrom   <------- join ---------  Send
//	SendTo     -------- token ------->  Recv      who has it can hear at its address
//	RecvFrom   <--- token, steps -----  Send      60 times a second
//	SendTo     ---- number, all ----->  Recv      60 times a second
//	Wait       (a Poller, until the next tick)
//
// Read packet.go, arena.go and view.go, which need no socket; then server.go,
// client.go and link.go; screen.go is the picture, demo.go two players on two links.
//
// To try:
//
//	go run ./examples/game                              what a player sees
//	go run ./examples/game -server 127.0.0.1:7000       then in other terminals:
//	go run ./examples/game -link 127.0.0.1:7001,127.0.0.1:7000 -drop 10 -delay 50ms -jitter 30ms
//	go run ./examples/game -client 127.0.0.1:7001       arrows or WASD; i, q
//	go run ./examples/game -client 127.0.0.1:7001 -stream
//	go run ./examples/game -client 127.0.0.1:7001 -bot 4s -trace
//
// Then: -drop 50; -jitter 0; a server that is stopped with Ctrl-Z and goes on. In the
// program: use late states for the smoothed picture, which still needs them; show
// one's own letter where it will be when the server has heard of the steps
// (prediction); send what has changed since the state that the client confirmed.
package main

import (
	"context"
	"flag"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/examples/internal/program"
)

const usage = `game: an arena for many players over a bad network, 60 datagrams a second.

With no arguments: what two players see, over datagrams and over a stream.`

func main() {
	serverAt := flag.String("server", "", "run a server, the arena, at this `address`: 127.0.0.1:7000 or [::1]:7000; names are not looked up")
	clientAt := flag.String("client", "", "play on the server at this `address`")
	stream := flag.Bool("stream", false, "with -client: over a stream, not datagrams")
	bot := flag.Duration("bot", 0, "with -client: play by itself for this `duration`, without a terminal, and print what was seen")
	linkAt := flag.String("link", "", "be a bad link between two `addresses`: its own and the server's, with a comma")
	drop := flag.Float64("drop", 0, "with -link: lose this `percentage` of the packets")
	delay := flag.Duration("delay", 0, "with -link: delay each packet by this `duration`")
	jitter := flag.Duration("jitter", 0, "with -link: make the delay longer or shorter by up to this `duration`, at random")
	seed := flag.Uint64("seed", 1, "with -link: the `number` that the random choices start from")
	program.Main(usage, func(ctx context.Context, args []string) error {
		halves := 0
		for _, at := range []string{*serverAt, *clientAt, *linkAt} {
			if at != "" {
				halves++
			}
		}
		switch {
		case len(args) > 0:
			return program.Wrong("there are no arguments, only flags: -h lists them")
		case halves > 1:
			return program.Wrong("-server, -client or -link: one of them")
		case *clientAt == "" && (*stream || *bot != 0):
			return program.Wrong("-stream and -bot go with -client")
		case *linkAt == "" && (*drop != 0 || *delay != 0 || *jitter != 0):
			return program.Wrong("-drop, -delay and -jitter go with -link")
		case !(*drop >= 0 && *drop <= 100):
			return program.Wrong("-drop: from 0 to 100")
		case *delay < 0 || *jitter < 0 || *bot < 0 || *delay > time.Minute || *jitter > time.Minute:
			return program.Wrong("a time is not below 0, and of -delay and -jitter not above a minute")
		}
		switch {
		case *serverAt != "":
			at, err := address(*serverAt)
			if err != nil {
				return err
			}
			return server(ctx, at)
		case *linkAt != "":
			listen, to, ok := strings.Cut(*linkAt, ",")
			if !ok {
				return program.Wrong("-link: listen,server: two addresses")
			}
			at, err := address(listen)
			if err != nil {
				return err
			}
			server, err := address(to)
			if err != nil {
				return err
			}
			return newLink(*drop, *delay, *jitter, *seed).run(ctx, at, server)
		case *clientAt != "":
			at, err := address(*clientAt)
			if err != nil {
				return err
			}
			if *bot > 0 {
				return playBot(ctx, at, *stream, *bot)
			}
			if flag.Lookup("trace").Value.String() == "true" && term.IsTerminal(int(os.Stderr.Fd())) {
				return program.Wrong("-trace would draw over the arena: add -bot 4s, or 2>FILE")
			}
			return play(ctx, at, *stream)
		}
		return demo(ctx)
	})
}

// address reads an IP address and a port: unix datagrams would need a path for
// each client too.
func address(text string) (sock.Addr, error) {
	at, err := program.ParseAddr(text)
	if err != nil {
		return at, program.Wrong("%w", err)
	}
	if !at.AddrPort().IsValid() {
		return at, program.Wrong("%s: not an IP address and a port", text)
	}
	return at, nil
}
