package sock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// local opens a socket that listens on the loopback, for the examples.
func local() (l *sock.Socket, name sock.Addr) {
	at, err := sock.ParseAddr("127.0.0.1:0")
	try(err)
	l, err = sock.Open(sock.Inet, sock.Stream, 0)
	try(err)
	try(l.Bind(at))
	try(l.Listen(0))
	name, err = l.Sockname()
	try(err)
	return l, name
}

// net/http on Sockets, at both ends. The server's options are chosen before it
// listens; the client's before it connects, by DialContext.
func ExampleListener() {
	l, server := local()
	try(sockopt.TCPNoDelay.Set(l, true)) // accepted sockets inherit it
	go http.Serve(sock.Listener(l), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
	}))

	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, hostport string) (net.Conn, error) {
			found, err := sock.Resolve(ctx, sock.Unspec, hostport)
			if err != nil {
				return nil, err
			}
			s, err := sock.Open(found[0].Domain(), sock.Stream, 0, sockopt.TCPNoDelay.With(true))
			if err != nil {
				return nil, err
			}
			if err := s.Connect(found[0]); err != nil {
				s.Close()
				return nil, err
			}
			return s, nil // a Socket is a net.Conn
		},
	}}
	answer, err := client.Get("http://" + server.String() + "/index.html")
	try(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	try(err)
	fmt.Println(string(body))
	client.CloseIdleConnections()
	try(l.Close())
	// Output: GET /index.html
}

// A context that is cancelled ends a call that waits: it sets a deadline that has
// passed.
func ExampleSocket_SetDeadline() {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer a.Close()
	defer b.Close()

	recv := func(ctx context.Context, p []byte) (int, error) {
		ended := make(chan bool)
		stop := context.AfterFunc(ctx, func() {
			a.SetReadDeadline(time.Unix(1, 0))
			close(ended)
		})
		n, err := a.Recv(p, 0)
		if !stop() { // it has begun: the next call is to find no deadline
			<-ended
			a.SetReadDeadline(time.Time{})
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = ctx.Err()
			}
		}
		return n, err
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = recv(ctx, make([]byte, 10))
	fmt.Println(err)

	_, err = b.Write([]byte("still alive"))
	try(err)
	p := make([]byte, 20)
	n, err := recv(context.Background(), p)
	fmt.Printf("%s %v\n", p[:n], err)
	// Output:
	// context deadline exceeded
	// still alive <nil>
}

// Any code that takes a net.Conn, an io.Reader or an io.Writer takes a Socket.
func ExampleSocket_Read() {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer b.Close()
	go func() {
		defer a.Close()
		w := bufio.NewWriter(a)
		for i := range 3 {
			fmt.Fprintf(w, "line %d\n", i)
		}
		w.Flush()
	}()
	for lines := bufio.NewScanner(b); lines.Scan(); {
		fmt.Println(lines.Text())
	}
	// Output:
	// line 0
	// line 1
	// line 2
}

// A connection of package net becomes a Socket, here to wait for its first byte without a
// buffer, which package net cannot do. The two share the kernel's socket, and each must
// be closed.
func ExampleFromConn() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	try(err)
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	try(err)
	defer client.Close()
	c, err := l.Accept()
	try(err)
	defer c.Close()

	s, err := sock.FromConn(c.(*net.TCPConn))
	try(err)
	defer s.Close()
	_, err = io.WriteString(client, "hello")
	try(err)
	ready, err := s.Wait(sock.Readable)
	try(err)
	p := make([]byte, 10)
	n, err := c.Read(p)
	try(err)
	fmt.Printf("%v: %s\n", ready, p[:n])
	// Output: Readable: hello
}

// A Socket becomes a *net.TCPConn, for code that requires one.
func ExampleSocket_NetConn() {
	l, server := local()
	defer l.Close()
	s, err := sock.Open(sock.Inet, sock.Stream, 0, sockopt.RecvBuffer.With(1<<20))
	try(err)
	try(s.Connect(server))
	c, err := s.NetConn() // s is closed now
	try(err)
	defer c.Close()
	fmt.Printf("%T %t\n", c, s.FD() < 0)
	// Output: *net.TCPConn true
}

// A datagram socket becomes a net.PacketConn.
func ExamplePacketConn() {
	at, err := sock.ParseAddr("127.0.0.1:0")
	try(err)
	s, err := sock.Open(sock.Inet, sock.Dgram, 0, sockopt.RecvBuffer.With(1<<20))
	try(err)
	try(s.Bind(at))
	c := sock.PacketConn(s)
	defer c.Close()

	_, err = c.WriteTo([]byte("to myself"), c.LocalAddr())
	try(err)
	p := make([]byte, 20)
	n, from, err := c.ReadFrom(p)
	try(err)
	fmt.Printf("%s, %t\n", p[:n], from.String() == c.LocalAddr().String())
	// Output: to myself, true
}

// Resolve looks names up. The program tries the addresses in their order.
func ExampleResolve() {
	found, err := sock.Resolve(context.Background(), sock.Inet, "127.0.0.1:http")
	try(err)
	for _, a := range found {
		fmt.Println(a)
	}
	// Output: 127.0.0.1:80
}

// A server inherits its listening socket from systemd or from the process that it
// replaces, and otherwise opens one.
func ExampleInherited() {
	given, err := sock.Inherited()
	try(err)
	var l *sock.Socket
	if len(given) > 0 {
		l = given[0]
	} else {
		l, _ = local()
	}

	// Later: a new version takes over. It inherits the same socket, so that no
	// client is turned away between.
	f, err := l.File()
	try(err)
	next := exec.Command("/usr/local/bin/server-2")
	next.ExtraFiles = []*os.File{f} // descriptor 3 there
	next.Env = append(os.Environ(), "LISTEN_FDS=1")
	if err := next.Start(); err != nil {
		log.Print(err) // and go on with the old
	}
	f.Close()
	l.Close()
}

// Listen and Dial take networks and addresses as package net does, and settings of sock.
func ExampleDial() {
	l, err := sock.Listen("tcp", "127.0.0.1:0", sockopt.RecvBuffer.With(1<<16))
	try(err)
	defer l.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := sock.Dial(ctx, "tcp", l.LocalAddr().String(), sockopt.KeepAlive.With(true))
	try(err)
	defer c.Close()
	s, _, err := l.Accept()
	try(err)
	defer s.Close()
	_, err = c.Write([]byte("hello"))
	try(err)
	p := make([]byte, 5)
	_, err = io.ReadFull(s, p)
	fmt.Println(string(p), err)
	// Output: hello <nil>
}

// Control applies settings to a socket of package net, before it is bound or connected.
func ExampleControl() {
	config := net.ListenConfig{Control: sock.Control(sockopt.ReusePort.With(true))}
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	try(err)
	defer l.Close()
	again, err := config.Listen(context.Background(), "tcp", l.Addr().String()) // shares the port
	try(err)
	fmt.Println(again.Addr().String() == l.Addr().String())
	again.Close()
	// Output: true
}

// A service reports its state to the service manager; without one nothing is sent.
func ExampleNotify() {
	os.Unsetenv("NOTIFY_SOCKET") // as if a user had started it
	sent, err := sock.Notify(sock.NotifyReady)
	fmt.Println(sent, err)
	// Output: false <nil>
}
