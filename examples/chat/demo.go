package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

const smallBuffer = 8 << 10

// demo runs a room and three members in one process, and prints what they receive.
func demo(ctx context.Context) error {
	at, err := sock.ParseAddr("127.0.0.1:0")
	if err != nil {
		return err
	}
	l, err := listen(at)
	if err != nil {
		return err
	}
	defer l.Close()
	name, err := l.Sockname()
	if err != nil {
		return err
	}
	// The kernel's buffers can grow to megabytes for one member. With small buffers they
	// are full sooner.
	if err := sockopt.SendBuffer.Set(l, smallBuffer); err != nil {
		return err
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	open, shut := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- serve(open, l) }()
	err = talk(ctx, name)
	shut()
	return errors.Join(err, <-ended)
}

// talk is the conversation. One member stops reading, and the others go on.
func talk(ctx context.Context, room sock.Addr) (err error) {
	alice := enter(ctx, room, "alice", &err)
	bob := enter(ctx, room, "bob", &err)
	alice.hears()
	carol := enter(ctx, room, "carol", &err)
	alice.hears()
	bob.hears()

	alice.says("hello, both of you")
	bob.hears()
	carol.hears()

	fmt.Println("carol reads no more; alice says a long story, and bob hears every line")
	line := strings.Repeat("and then ", 100)
	said, heard := 0, ""
	for ; err == nil && !strings.HasPrefix(heard, "*"); said++ {
		alice.send(line)
		heard = bob.receive()
	}
	fmt.Println("bob hears:", heard)
	fmt.Printf("(the kernel and the room held %d KiB for carol, who read none of it)\n", said*len(line)>>10)
	bob.receive() // alice's last line
	alice.hears()

	alice.says("where was I?")
	bob.hears()
	return err
}

// A visitor is the other end of a member: a client as in examples/echo, which sends and
// receives lines. The first failure ends it for all.
type visitor struct {
	name   string
	socket *sock.Socket
	lines  *bufio.Reader
	err    *error
}

// enter connects and sends a name. The end of ctx closes the socket.
func enter(ctx context.Context, room sock.Addr, name string, err *error) *visitor {
	v := &visitor{name: name, err: err}
	v.do(func() (err error) {
		v.socket, err = sock.Open(room.Domain(), sock.Stream, 0, sockopt.RecvBuffer.With(smallBuffer))
		if err == nil {
			context.AfterFunc(ctx, func() { v.socket.Close() })
		}
		return err
	})
	v.lines = bufio.NewReader(v.socket)
	v.do(func() error { return v.socket.Connect(room) })
	v.hears()
	v.says(name)
	v.hears()
	return v
}

func (v *visitor) do(f func() error) {
	if *v.err == nil {
		*v.err = f()
	}
}

func (v *visitor) send(text string) {
	v.do(func() error {
		_, err := io.WriteString(v.socket, text+"\n")
		return err
	})
}

func (v *visitor) receive() (text string) {
	v.do(func() (err error) {
		text, err = v.lines.ReadString('\n')
		return err
	})
	return strings.TrimSpace(text)
}

func (v *visitor) says(text string) {
	fmt.Printf("%s says: %s\n", v.name, text)
	v.send(text)
}

func (v *visitor) hears() {
	if text := v.receive(); *v.err == nil {
		fmt.Printf("%s hears: %s\n", v.name, text)
	}
}
