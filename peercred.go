package sock

import (
	"encoding/binary"
	"fmt"

	"github.com/berkeleysockets/sock/cmsg"

	"github.com/berkeleysockets/sock/internal/sys"
)

// PeerCred returns who is at the other end of a unix socket: getsockopt(2). The
// kernel noted it down when the connection was made, whoever has that end by now:
// for a client, who called Listen (NetBSD and OpenBSD: Bind); for a server, who
// called Connect; for a [Pair], who made it (NetBSD: for the second alone). Datagram
// sockets know no peer, but for those of a Pair on Linux: there credentials can come
// with each message.
//
//	Linux               SO_PEERCRED
//	FreeBSD, DragonFly  LOCAL_PEERCRED (PID since FreeBSD 13)
//	macOS               LOCAL_PEERCRED, then LOCAL_PEERPID for PID: who last used that end
//	NetBSD              LOCAL_PEEREID
//	OpenBSD             SO_PEERCRED
//
// On Linux a listening socket is told its own credentials; user and group are as
// this process's namespace has them, and PID is 0 if the peer is in a pid
// namespace that it does not see.
//
// Errors: ENOTCONN (no peer that is known; EINVAL on other systems, of datagrams),
// EOPNOTSUPP (not a unix socket: no call is made, for a number that means this to
// one may mean something else to the other), [errors.ErrUnsupported].
//
// Source: unix(7), getpeereid(3).
func (s *Socket) PeerCred() (cmsg.Credentials, error) {
	const op = "peercred"
	switch {
	case !sys.Supported:
		return cmsg.Credentials{}, s.lacks(op, "sockets")
	case s.Domain() != Unix && s.FD() >= 0:
		return cmsg.Credentials{}, &Error{Op: op, Err: &misuse{s.Domain().String() + " sockets have no peer credentials", sys.EOPNOTSUPP}}
	}
	var b [sys.SizePeerCred]byte
	n := 0
	e := s.plain(func(fd int) (e sys.Errno) {
		if n, e = sys.Getsockopt(fd, sys.PeerCredLevel, sys.PeerCredName, b[:]); e != 0 {
			n = 0
		}
		n = min(n, len(b))
		return e
	}, func() Call {
		if n == 0 {
			return Call{Name: "getsockopt", Args: sys.PeerCredCall}
		}
		pid, uid, gid, _ := sys.PeerCred(b[:n])
		return Call{Name: "getsockopt", Args: fmt.Sprintf("%s, {pid=%d, uid=%d, gid=%d}", sys.PeerCredCall, pid, uid, gid)}
	})
	if e != 0 {
		return cmsg.Credentials{}, fail(op, Addr{}, e)
	}
	pid, uid, gid, ok := sys.PeerCred(b[:n])
	if !ok {
		return cmsg.Credentials{}, fail(op, Addr{}, sys.ENOTCONN)
	}
	if sys.Has(sys.LOCAL_PEERPID) {
		pid = s.peerPID()
	}
	return cmsg.Credentials{PID: pid, UID: uid, GID: gid}, nil
}

// peerPID is for macOS. Once the peer has gone it is 0.
func (s *Socket) peerPID() (pid int) {
	s.plain(func(fd int) sys.Errno {
		var b [4]byte
		_, e := sys.Getsockopt(fd, sys.SOL_LOCAL, sys.LOCAL_PEERPID, b[:])
		if e == 0 {
			pid = int(int32(binary.NativeEndian.Uint32(b[:])))
		}
		return e
	}, func() Call { return Call{Name: "getsockopt", Args: fmt.Sprintf("SOL_LOCAL, LOCAL_PEERPID, [%d]", pid)} })
	return pid
}
