package sock_test

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"

	"github.com/berkeleysockets/sock"
)

// A file goes to the peer by io.Copy, and no byte of it through this program: sendfile(2).
func ExampleSocket_ReadFrom() {
	dir, err := os.MkdirTemp("", "example")
	try(err)
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "page")
	try(os.WriteFile(name, []byte("<h1>hello</h1>"), 0o600))

	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer a.Close()
	defer b.Close()
	f, err := os.Open(name)
	try(err)
	defer f.Close()
	_, err = io.Copy(a, f)
	try(err)
	try(a.CloseWrite())
	page, err := io.ReadAll(b)
	try(err)
	fmt.Println(string(page))
	// Output: <h1>hello</h1>
}

// The kernel uses the bytes until RecvErr reports the send as complete.
func ExampleSocket_SendZeroCopy() {
	l, err := sock.Open(sock.Inet, sock.Stream, 0)
	try(err)
	defer l.Close()
	local, err := sock.ParseAddr("127.0.0.1:0")
	try(err)
	try(l.Bind(local))
	try(l.Listen(1))
	at, err := l.Sockname()
	try(err)
	s, err := sock.Open(sock.Inet, sock.Stream, 0)
	try(err)
	defer s.Close()
	try(s.Connect(at))

	page := make([]byte, 20000)
	_, id, err := s.SendZeroCopy(page, 0)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOPROTOOPT) { // not Linux, or an old one
		fmt.Println("sends 0 to 0 are complete")
		return
	}
	try(err)
	for done := false; !done; {
		_, err := s.Wait(sock.Failed) // something is in the error queue
		try(err)
		report, err := s.RecvErr(nil)
		try(err)
		first, last, _, ok := report.ZeroCopy()
		fmt.Println(report.Extended)
		done = ok && first <= id && id <= last // now page may be changed
	}
	// Output: sends 0 to 0 are complete
}

// The kernel chooses the interface of the group. Source would limit it to one sender.
func ExampleSocket_JoinGroup() {
	s, err := sock.Open(sock.Inet, sock.Dgram, 0)
	try(err)
	defer s.Close()
	group := sock.Group{Addr: netip.MustParseAddr("239.1.2.3"), Interface: 1}
	if err := s.JoinGroup(group); err != nil {
		fmt.Println(err) // no such interface, perhaps
		return
	}
	try(s.LeaveGroup(group))
}
