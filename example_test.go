package sock_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berkeleysockets/sock"
)

// A server that sends back what it receives, and a client.
func Example() {
	// The server.
	at, err := sock.ParseAddr("127.0.0.1:0") // port 0: the kernel chooses one
	try(err)
	l, err := sock.Open(at.Domain(), sock.Stream, 0) // socket(2)
	try(err)
	try(l.Bind(at))  // bind(2)
	try(l.Listen(0)) // listen(2)
	go func() {
		for {
			c, _, err := l.Accept() // accept4(2): a new socket for each client
			if err != nil {
				return // l was closed
			}
			go func() {
				defer c.Close() // close(2)
				io.Copy(c, c)   // on Linux pipe2(2), then splice(2) in and out until the client has ended
			}()
		}
	}()

	// The client.
	server, err := l.Sockname() // getsockname(2): with the port
	try(err)
	s, err := sock.Open(server.Domain(), sock.Stream, 0)
	try(err)
	try(s.Connect(server)) // connect(2)
	_, err = s.Write([]byte("hello"))
	try(err)
	try(s.CloseWrite()) // shutdown(2): this was all
	answer, err := io.ReadAll(s)
	try(err)
	fmt.Println(string(answer))
	try(s.Close()) // close(2)
	try(l.Close())
	// Output: hello
}

func try(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The program in README.md is the first Example, word for word.
func TestReadmeProgram(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Skip("only in the source tree: ", err)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	want := between(t, string(examples), "func Example() {\n", "\t// Output:")
	want += "}\n\n" + "func try(" + between(t, string(examples), "\nfunc try(", "\n}\n") + "\n}\n"
	if got := between(t, string(readme), "func main() {\n", "```"); got != want {
		t.Errorf("README.md has\n%s\nexample_test.go has\n%s", got, want)
	}
}

func between(t *testing.T, s, begin, end string) string {
	t.Helper()
	i := strings.Index(s, begin)
	if i < 0 {
		t.Fatalf("no %q", begin)
	}
	s = s[i+len(begin):]
	i = strings.Index(s, end)
	if i < 0 {
		t.Fatalf("no %q", end)
	}
	return s[:i]
}

// Datagrams: no connection, and each message keeps its boundaries.
func ExampleSocket_SendTo() {
	at, err := sock.ParseAddr("127.0.0.1:0")
	try(err)
	server, err := sock.Open(sock.Inet, sock.Dgram, 0)
	try(err)
	defer server.Close()
	try(server.Bind(at))
	name, err := server.Sockname()
	try(err)

	client, err := sock.Open(sock.Inet, sock.Dgram, 0)
	try(err)
	defer client.Close()
	_, err = client.SendTo([]byte("one"), 0, name)
	try(err)
	_, err = client.SendTo([]byte("two"), 0, name)
	try(err)

	buf := make([]byte, 1500)
	for range 2 {
		n, from, err := server.RecvFrom(buf, 0)
		try(err)
		_, err = server.SendTo(buf[:n], 0, from) // back to the sender
		try(err)
	}
	for range 2 {
		n, from, err := client.RecvFrom(buf, 0)
		try(err)
		fmt.Printf("%s, from the server: %t\n", buf[:n], from == name)
	}
	// Output:
	// one, from the server: true
	// two, from the server: true
}

// A unix socket has a path for an address. Binding makes the file, and removing
// it is the caller's.
func ExampleUnixAddr() {
	dir, err := os.MkdirTemp("", "sock")
	try(err)
	defer os.RemoveAll(dir)
	at, err := sock.UnixAddr(filepath.Join(dir, "s"))
	try(err)

	l, err := sock.Open(sock.Unix, sock.Stream, 0)
	try(err)
	defer l.Close()
	try(l.Bind(at))
	try(l.Listen(0))

	s, err := sock.Open(sock.Unix, sock.Stream, 0)
	try(err)
	defer s.Close()
	try(s.Connect(at)) // it waits in the backlog: no Accept is needed yet
	c, _, err := l.Accept()
	try(err)
	defer c.Close()

	_, err = s.Write([]byte("hello"))
	try(err)
	buf := make([]byte, 10)
	n, err := c.Recv(buf, 0)
	try(err)
	peer, err := s.Peername()
	try(err)
	fmt.Printf("%s, through %s\n", buf[:n], filepath.Base(peer.Path()))
	// Output: hello, through s
}

// Two unix sockets that are connected to each other, for two goroutines or a
// child process.
func ExamplePair() {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer a.Close()
	defer b.Close()
	_, err = a.Write([]byte("ping"))
	try(err)
	buf := make([]byte, 10)
	n, err := b.Recv(buf, 0)
	try(err)
	fmt.Printf("%s\n", buf[:n])
	// Output: ping
}

// The end of a stream: Recv gives 0 bytes and no error, Read gives io.EOF.
func ExampleSocket_Recv() {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer a.Close()
	defer b.Close()
	_, err = a.Send([]byte("the last words"), 0)
	try(err)
	try(a.CloseWrite())

	buf := make([]byte, 100)
	n, err := b.Recv(buf, 0)
	fmt.Printf("%q %v\n", buf[:n], err)
	n, err = b.Recv(buf, 0)
	fmt.Printf("%q %v\n", buf[:n], err)
	n, err = b.Read(buf)
	fmt.Printf("%q %v\n", buf[:n], err)
	// Output:
	// "the last words" <nil>
	// "" <nil>
	// "" EOF
}

// A deadline ends a call that waits. A later one, or none, makes the socket
// useful again.
func ExampleSocket_SetReadDeadline() {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer a.Close()
	defer b.Close()
	try(b.SetReadDeadline(time.Now().Add(10 * time.Millisecond)))
	buf := make([]byte, 10)
	_, err = b.Recv(buf, 0)
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))

	try(b.SetReadDeadline(time.Time{}))
	_, err = a.Write([]byte("late"))
	try(err)
	n, err := b.Recv(buf, 0)
	fmt.Printf("%s %v\n", buf[:n], err)
	// Output:
	// true
	// late <nil>
}

// Close wakes the calls that wait.
func ExampleSocket_Close() {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer b.Close()
	ended := make(chan error)
	go func() {
		_, err := a.Recv(make([]byte, 1), 0)
		ended <- err
	}()
	try(a.Close())
	fmt.Println(errors.Is(<-ended, net.ErrClosed))
	fmt.Println(errors.Is(a.Close(), net.ErrClosed))
	// Output:
	// true
	// true
}

// A non-blocking socket never waits: connecting takes two steps.
func ExampleSocket_ConnectResult() {
	at, err := sock.ParseAddr("127.0.0.1:0")
	try(err)
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	try(err)
	defer l.Close()
	try(l.Bind(at))
	try(l.Listen(0))
	server, err := l.Sockname()
	try(err)

	s, err := sock.Open(sock.Inet, sock.Stream, 0)
	try(err)
	defer s.Close()
	s.SetNonblock(true)
	err = s.Connect(server)
	if err == sock.ErrInProgress { // the usual answer; it may also succeed at once
		_, err = s.Wait(sock.Writable)
		try(err)
		err = s.ConnectResult()
	}
	try(err)
	peer, err := s.Peername()
	try(err)
	fmt.Println(peer == server)

	_, err = s.Recv(make([]byte, 10), 0)
	fmt.Println(err)
	fmt.Println(errors.Is(err, syscall.EAGAIN))
	// Output:
	// true
	// operation would block
	// true
}

// An error names the call and the address. What it wraps is the kernel's errno.
func ExampleError() {
	s, err := sock.Open(sock.Unix, sock.Stream, 0)
	try(err)
	defer s.Close()
	at, err := sock.UnixAddr("nobody/here")
	try(err)
	err = s.Connect(at)
	fmt.Println(err)
	fmt.Println(errors.Is(err, syscall.ENOENT))
	var e *sock.Error
	if errors.As(err, &e) {
		fmt.Println(e.Op, e.Addr.Path())
	}
	// Output:
	// connect unix:nobody/here: no such file or directory
	// true
	// connect nobody/here
}

func ExampleParseAddr() {
	for _, text := range []string{"127.0.0.1:80", "[::1]:80", "unix:/run/s", "127.0.0.1:65536"} {
		a, err := sock.ParseAddr(text)
		fmt.Println(a.Domain(), a.Port(), a.Path(), err != nil)
	}
	// Output:
	// AF_INET 80  false
	// AF_INET6 80  false
	// AF_UNIX 0 /run/s false
	// AF_UNSPEC 0  true
}

// A tracer sees each system call of every Socket as it returns. Call.String
// writes it like strace; here only what is the same on every run.
func ExampleSetTracer() {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer a.Close()
	defer b.Close()

	sock.SetTracer(func(c sock.Call) {
		if c.FD == a.FD() || c.FD == b.FD() {
			fmt.Printf("%s of %d bytes: %d %v\n", c.Name, c.Len, c.Result, c.Err)
		}
	})
	buf := make([]byte, 10)
	_, _ = a.Send([]byte("hello"), 0)
	_, _ = b.Recv(buf, 0)
	_, _ = b.Recv(buf, sock.DontWait)
	sock.SetTracer(nil)
	_, _ = a.Send([]byte("unseen"), 0)
	// Output:
	// sendto of 5 bytes: 5 <nil>
	// recvfrom of 10 bytes: 5 <nil>
	// recvfrom of 10 bytes: -1 resource temporarily unavailable
}
