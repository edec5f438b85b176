package sockfd

import (
	"encoding/binary"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A call that may sleep must not keep the P: see sys.HasNosched. So a call keeps it only
// where it is known not to sleep, and two flags say so, each set only where that is proved.
//
// Brief: transfers, poll(2) and epoll_ctl(2) do not sleep. It depends on the kind of the
// socket, which never changes (see sys.Brief), and on the protocol that TCP_ULP puts on top.
//
// Exclusive: connect, accept and setsockopt of a few options do not sleep either, and
// close(2) does not. It is a TCP socket's that this process opened or accepted, while no
// copy of the descriptor exists, and while only options are set that close(2) does not
// care about.

// SetBrief sets Brief if proto of the family and type is known not to sleep. A caller that
// does not know whether there is a protocol on top asks for TCP_ULP first.
func (fd *FD) SetBrief(proto int) {
	if sys.HasNosched && sys.Brief(fd.Family(), fd.Type(), proto) {
		fd.refs.Set(Brief)
	}
}

// IsBrief reports whether Brief is set.
func (fd *FD) IsBrief() bool { return fd.refs.State()&Brief != 0 }

// SetExclusive is for the maker of a TCP socket.
func (fd *FD) SetExclusive() { fd.kind.Or(exclusive) }

// IsExclusive reports whether Exclusive is set.
func (fd *FD) IsExclusive() bool { return fd.kind.Load()&exclusive != 0 }

// Inherit gives an accepted descriptor what its listener is known for.
func (fd *FD) Inherit(listener *FD) {
	fd.refs.Set(listener.refs.State() & (Nonblock | Brief))
	fd.kind.Or(listener.kind.Load() & exclusive)
}

// endBriefTCP is for a caller who has the descriptor of a TCP socket, and may put a protocol
// on top of it.
func (fd *FD) endBriefTCP() {
	if family := fd.Family(); fd.Type() == sys.SOCK_STREAM && (family == sys.AF_INET || family == sys.AF_INET6) {
		fd.refs.Clear(Brief)
	}
}

// SetShared records that others have the descriptor from now on.
func (fd *FD) SetShared() {
	if fd.kind.Load()&(exclusive|shared) != shared {
		fd.kind.And(^uint32(exclusive))
		fd.kind.Or(shared)
	}
}

// MayBlock reports whether a call without a don't-wait flag would wait in the kernel, where
// neither Close nor a deadline ends it: splice(2), sendfile(2), accept(2). O_NONBLOCK belongs to
// the open file description, so another process that has a copy may have cleared it, as Python
// does for a socket without a time-out. It is fcntl(2), for a shared descriptor alone. The
// caller holds a reference.
func (fd *FD) MayBlock() bool {
	if fd.kind.Load()&shared == 0 {
		return false
	}
	flags, e := sys.StatusFlags(int(fd.Sysfd))
	return e == 0 && flags&sys.O_NONBLOCK == 0
}

// EndExclusive is for whatever close(2) may have to wait for.
func (fd *FD) EndExclusive() {
	if fd.IsExclusive() {
		fd.kind.And(^uint32(exclusive))
	}
}

// CloseCannotSleep reports whether close(2) does not sleep. A listener closes the
// connections that nobody has accepted.
func (fd *FD) CloseCannotSleep() bool {
	return fd.kind.Load()&(exclusive|listening) == exclusive
}

// SetsockoptNosched reports whether this setsockopt(2) does not sleep, and ends what the
// option may end.
func (fd *FD) SetsockoptNosched(level, name int, b []byte) bool {
	if level == sys.IPPROTO_TCP && name == sys.TCP_ULP {
		fd.refs.Clear(Brief)
	}
	if !closeIgnores(level, name, b) {
		fd.EndExclusive()
	}
	return fastOption(level, name) && fd.IsExclusive()
}

// closeIgnores reports whether close(2) is known not to sleep for the sake of an option. To
// leave a multicast group it waits for the lock of all network configuration.
func closeIgnores(level, name int, value []byte) bool {
	switch level {
	case sys.SOL_SOCKET:
		switch name {
		case sys.SO_LINGER: // off, or no time
			return len(value) == 8 && (binary.NativeEndian.Uint32(value) == 0 || binary.NativeEndian.Uint32(value[4:]) == 0)
		case sys.SO_KEEPALIVE, sys.SO_REUSEADDR, sys.SO_REUSEPORT, sys.SO_SNDBUF, sys.SO_RCVBUF:
			return true
		}
	case sys.IPPROTO_TCP:
		switch name {
		case sys.TCP_NODELAY, sys.TCP_CORK, sys.TCP_QUICKACK, sys.TCP_KEEPIDLE, sys.TCP_KEEPINTVL, sys.TCP_KEEPCNT,
			sys.TCP_USER_TIMEOUT, sys.TCP_DEFER_ACCEPT, sys.TCP_FASTOPEN:
			return true
		}
	case sys.IPPROTO_IPV6:
		return name == sys.IPV6_V6ONLY
	}
	return false
}

// fastOption reports whether to set an option locks nothing but the socket.
func fastOption(level, name int) bool {
	switch level {
	case sys.SOL_SOCKET:
		return name == sys.SO_KEEPALIVE || name == sys.SO_LINGER
	case sys.IPPROTO_TCP:
		return name == sys.TCP_NODELAY
	}
	return false
}
