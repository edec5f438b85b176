package sock_test

import (
	"net"
	"os"
	"testing"

	"github.com/berkeleysockets/sock"
)

// The zero Socket has no descriptor, 0 least of all: closing it leaves stdin be.
func TestZeroSocketIsClosed(t *testing.T) {
	t.Parallel()
	for name, call := range methods {
		var s sock.Socket
		if err := call(&s); err != nil {
			wantErr(t, err, net.ErrClosed)
		} else if name != "SetNonblock" {
			t.Log(name, "says nothing")
		}
		if fd := s.FD(); fd != -1 {
			t.Errorf("FD = %d", fd)
		}
	}
	if _, err := os.Stdin.Stat(); err != nil {
		t.Error("stdin: ", err)
	}
}
