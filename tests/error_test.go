package sock_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

// These are the methods that other packages look for in an error.
func TestErrorAsOthersAsk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err                error
		errno              error
		timeout, temporary bool
	}{
		{&sock.Error{Op: "sendmsg", Err: syscall.EIO}, syscall.EIO, false, false},
		{&sock.Error{Op: "connect", Err: syscall.ETIMEDOUT}, syscall.ETIMEDOUT, true, true},
		{&sock.Error{Op: "accept", Err: syscall.EMFILE}, syscall.EMFILE, false, true},
		{&sock.Error{Op: "socket", Err: syscall.EMFILE}, syscall.EMFILE, false, false},
		{&sock.Error{Op: "accept", Err: syscall.EINVAL}, syscall.EINVAL, false, false},
		{&sock.Error{Op: "recv", Err: os.ErrDeadlineExceeded}, nil, true, true},
		{&sock.Error{Op: "recv", Err: net.ErrClosed}, nil, false, false},
		{&sock.Error{Op: "resolve", Err: &net.DNSError{IsTimeout: true}}, nil, true, true},
		{&sock.Error{Op: "resolve", Err: context.DeadlineExceeded}, nil, true, true},
	} {
		var ne net.Error
		if !errors.As(c.err, &ne) {
			t.Fatalf("%v is no net.Error", c.err)
		}
		if ne.Timeout() != c.timeout {
			t.Errorf("%v: Timeout %v, want %v", c.err, ne.Timeout(), c.timeout)
		}
		if temporary := c.err.(*sock.Error).Temporary(); temporary != c.temporary {
			t.Errorf("%v: Temporary %v, want %v", c.err, temporary, c.temporary)
		}
		var se *os.SyscallError
		switch found := errors.As(c.err, &se); {
		case found != (c.errno != nil):
			t.Errorf("%v: an os.SyscallError: %v", c.err, found)
		case found && se.Err != c.errno:
			t.Errorf("%v: the os.SyscallError says %v", c.err, se.Err)
		}
		if errors.Is(c.err, io.EOF) {
			t.Errorf("%v matches io.EOF", c.err)
		}
	}
}
