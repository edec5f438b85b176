package sock

import (
	"time"

	"github.com/berkeleysockets/sock/internal/refcount"
	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

const (
	opened        = sockfd.Opened
	nonblock      = sockfd.Nonblock
	readDeadline  = sockfd.ReadDeadline
	writeDeadline = sockfd.WriteDeadline
	readWaited    = sockfd.ReadWaited
	watched       = sockfd.Registered
	brief         = sockfd.Exclusive
	listens       = sockfd.Listening
	reading       = sockfd.Read
	writing       = sockfd.Write
	yielded       = sockfd.Yielded
	_             = refcount.Closed
)

type direction = sockfd.Direction

// isTCP reports whether it is an ordinary one.
func (s *Socket) isTCP() bool {
	return s.Type() == Stream && (s.Domain() == Inet || s.Domain() == Inet6) && (s.proto == 0 || s.proto == int32(TCP))
}

func (s *Socket) SetDeadline(t time.Time) error {
	return fail("setdeadline", Addr{}, s.fd.SetDeadlines(readDeadline|writeDeadline, t))
}
func (s *Socket) SetReadDeadline(t time.Time) error {
	return fail("setreaddeadline", Addr{}, s.fd.SetDeadlines(readDeadline, t))
}
func (s *Socket) SetWriteDeadline(t time.Time) error {
	return fail("setwritedeadline", Addr{}, s.fd.SetDeadlines(writeDeadline, t))
}

// rare is the state of a Socket that few need, in its FD's Cold.
type rare struct {
	members []membership
	zero    *zeroCopy
}

var _ = sys.EINVAL
