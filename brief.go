package sock

import (
	"encoding/binary"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A call that keeps its processor (internal/sys, HasBrief) must not sleep, or the
// whole program may stand still. Transfers say so by a flag; accept(2), connect(2),
// close(2) and the small options have none. They do not sleep on a TCP socket
//
//   - whose description is non-blocking and this Socket's alone: nobody was given its
//     number or a copy, by which O_NONBLOCK could be cleared
//   - that does not linger, and has no protocol above TCP in the kernel (TCP_ULP, such
//     as TLS): close(2) would wait for either
//
// but for who holds the kernel's lock of the socket, as transfers do: a moment.
//
// A short connection then costs 1.05 of what it does in C; with the scheduler told of
// each call, 1.20.

// isTCP reports whether it is an ordinary one.
func (s *Socket) isTCP() bool {
	return s.Type() == Stream && (s.Domain() == Inet || s.Domain() == Inet6) && (s.proto == 0 || s.proto == int32(TCP))
}

// shared notes that others have the descriptor from now on.
func (s *Socket) shared() {
	if s.word.State()&brief != 0 {
		s.word.Clear(brief)
	}
}

// lingers reports whether an option has close(2) wait.
func lingers(level, name int, value []byte) bool {
	switch level {
	case sys.SOL_SOCKET:
		return name == sys.SO_LINGER && (len(value) != 8 || binary.NativeEndian.Uint32(value[4:]) != 0)
	case sys.IPPROTO_TCP:
		return name == sys.TCP_ULP
	}
	return false
}

// closesBriefly reports whether close(2) is brief. That of a listening socket ends all who
// wait to be accepted.
func (s *Socket) closesBriefly() bool { return s.word.State()&(brief|listens) == brief }

// isSmall reports whether an option takes no longer to set than a transfer: those that
// are set on each connection.
func isSmall(level, name int) bool {
	switch level {
	case sys.SOL_SOCKET:
		return name == sys.SO_KEEPALIVE || name == sys.SO_LINGER
	case sys.IPPROTO_TCP:
		return name == sys.TCP_NODELAY
	}
	return false
}
