package sockfd

import (
	"encoding/binary"

	"github.com/berkeleysockets/sock/internal/sys"
)

// SetShared records that others have the descriptor from now on.
func (fd *FD) SetShared() {
	if fd.refs.State()&Exclusive != 0 {
		fd.refs.Clear(Exclusive)
	}
}

// CloseNosched reports whether close(2) does not sleep.
func (fd *FD) CloseCannotSleep() bool { return fd.refs.State()&(Exclusive|Listening) == Exclusive }

// Setsockopt is setsockopt(2).
func (fd *FD) SetsockoptNosched(level, name int, b []byte) bool {
	if closeMaySleep(level, name, b) {
		fd.refs.Clear(Exclusive)
	}
	return fd.refs.State()&Exclusive != 0 && fastOption(level, name)
}

func closeMaySleep(level, name int, value []byte) bool {
	switch level {
	case sys.SOL_SOCKET:
		return name == sys.SO_LINGER && (len(value) != 8 || binary.NativeEndian.Uint32(value[4:]) != 0)
	case sys.IPPROTO_TCP:
		return name == sys.TCP_ULP
	}
	return false
}

func fastOption(level, name int) bool {
	switch level {
	case sys.SOL_SOCKET:
		return name == sys.SO_KEEPALIVE || name == sys.SO_LINGER
	case sys.IPPROTO_TCP:
		return name == sys.TCP_NODELAY
	}
	return false
}
