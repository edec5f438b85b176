package sock_test

import (
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Elsewhere than on Linux each says that it is not there.
func TestFilterUnsupported(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "linux" || !sys.Supported {
		t.Skip("for systems with sockets and without filters")
	}
	s := open(t, sock.Inet, sock.Dgram)
	for _, name := range []string{"AttachFilter", "AttachReusePortFilter", "DetachFilter", "DetachReusePort", "Filter"} {
		wantErr(t, methods[name](s), errors.ErrUnsupported)
	}
	wantErr(t, s.Close(), nil)
	wantErr(t, s.AttachFilter(keepAll), net.ErrClosed)
}
