package sock

import (
	"encoding/binary"
	"fmt"
	"os"

	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/internal/sys"
)

// maxRights is how many descriptors Linux passes at a time (SCM_MAX_FD); others pass
// fewer or more.
const maxRights = 253

// SendFiles sends p, and with it copies of open files, over a unix socket: one
// sendmsg(2) with SCM_RIGHTS. The files stay the sender's, and may be closed when it
// returns. Of a stream p must have a byte at least, for the files go with the first; n
// may be short, and the files went all the same.
//
// Errors: those of [Socket.SendMsg]; EINVAL (an empty p on a stream, more than 253 files),
// os.ErrInvalid (a nil file), os.ErrClosed (a closed one), ETOOMANYREFS (too many are on
// their way), EOPNOTSUPP (macOS and OpenBSD: an empty p).
//
// Source: sendmsg(2), unix(7).
func (s *Socket) SendFiles(p []byte, files ...*os.File) (n int, err error) {
	switch {
	case len(p) == 0 && len(files) > 0 && s.Type() == Stream:
		return 0, invalidInput("sendfiles", "no byte for the files to go with")
	case len(files) > maxRights:
		return 0, invalidInput("sendfiles", "more than 253 files")
	}
	held := withFDs(files, make([]int, 0, len(files)), func(fds []int) {
		m := Message{Bufs: [][]byte{p}}
		if len(fds) > 0 {
			m.Control = cmsg.AppendRights(nil, fds...)
		}
		n, err = s.SendMsg(&m, 0)
	})
	if held != nil {
		return 0, &Error{Op: "sendfiles", Err: held}
	}
	return n, err
}

// withFDs calls f while none of the files can be closed. Fd could make one blocking.
func withFDs(files []*os.File, fds []int, f func(fds []int)) error {
	if len(files) == 0 {
		f(fds)
		return nil
	}
	c, err := files[0].SyscallConn()
	if err != nil {
		return err
	}
	var deeper error
	err = c.Control(func(fd uintptr) { deeper = withFDs(files[1:], append(fds, int(fd)), f) })
	if err != nil {
		return os.ErrClosed
	}
	return deeper
}

// RecvFiles receives into p, and at most max open files, over a unix socket: one recvmsg(2).
// The files are close-on-exec (on macOS by fcntl(2), a moment later), and the caller must
// close them. If more arrived the rest are closed and CTrunc is in flags, as when the kernel
// left some out. The end of a stream is (0, nil, 0, nil).
//
// Other control messages are not returned, and descriptors in them are closed.
//
// Errors: those of [Socket.RecvMsg]; EINVAL (max below 0).
//
// Source: recvmsg(2), unix(7).
func (s *Socket) RecvFiles(p []byte, max int) (n int, files []*os.File, flags Flags, err error) {
	if max < 0 {
		return 0, nil, 0, invalidInput("recvfiles", "a negative number of files")
	}
	m := Message{Bufs: [][]byte{p}, Control: make([]byte, cmsg.Space(4*maxRights)+roomForReport)}
	if n, err = s.RecvMsg(&m, 0); err != nil {
		return n, nil, 0, err
	}
	flags = m.Flags
	for fd, rights := range cmsg.Descriptors(m.Control[:m.NControl]) {
		if !rights || len(files) == max {
			flags |= CTrunc
			closeFD(fd)
			continue
		}
		if sys.RecvmsgFlags == 0 {
			sys.SetCloexec(fd)
		}
		files = append(files, os.NewFile(uintptr(fd), "received"))
	}
	return n, files, flags, nil
}

// CloseRights closes every descriptor in received control messages, for a program that does
// not use them. Otherwise they leak, also those of a message that was cut. It writes -1 over
// each number in control, so that no later call closes a reused descriptor. Pass what was
// received: the first NControl bytes of a Message's Control, or [Batch.Control].
//
// Source: close(2), unix(7).
func CloseRights(control []byte) {
	sys.Descriptors(control, func(p []byte, _ bool) bool {
		if fd := int(int32(binary.NativeEndian.Uint32(p))); fd >= 0 {
			binary.NativeEndian.PutUint32(p, 1<<32-1)
			closeFD(fd)
		}
		return true
	})
}

// PeerCred returns the credentials of the peer of a unix socket: getsockopt(2). The kernel
// stored them when the connection was made, whichever process holds that end now. For a
// client they are those of the process that called Listen (NetBSD and OpenBSD: Bind); for a
// server, of the one that called Connect; for a [Pair], of the one that made it (NetBSD: for
// the second socket alone). Datagram sockets have no peer, except those of a Pair on Linux:
// there credentials can arrive with each message.
//
//	Linux               SO_PEERCRED
//	FreeBSD, DragonFly  LOCAL_PEERCRED (PID since FreeBSD 13)
//	macOS               LOCAL_PEERCRED, then LOCAL_PEERPID for PID: the last user of that end
//	NetBSD              LOCAL_PEEREID
//	OpenBSD             SO_PEERCRED
//
// On Linux a listening socket returns its own credentials; user and group are those that this
// process's namespace shows, and PID is 0 if the peer is in a pid namespace that it does not
// see.
//
// Errors: ENOTCONN (no known peer; EINVAL on other systems, for datagrams), EOPNOTSUPP (not a
// unix socket: no call is made, since the option's number may mean something else there),
// [errors.ErrUnsupported].
//
// Source: unix(7), getpeereid(3).
func (s *Socket) PeerCred() (cmsg.Credentials, error) {
	const op = "peercred"
	switch {
	case !sys.Supported:
		return cmsg.Credentials{}, s.unsupportedOrClosed(op, "sockets")
	case s.Domain() != Unix && s.fd.IsOpen():
		return cmsg.Credentials{}, &Error{Op: op, Err: &inputError{s.Domain().String() + " sockets have no peer credentials", sys.EOPNOTSUPP}}
	}
	var b [sys.SizePeerCred]byte
	n := 0
	e := s.guarded(func(fd int) (e sys.Errno) {
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
		return cmsg.Credentials{}, opError(op, Addr{}, e)
	}
	pid, uid, gid, ok := sys.PeerCred(b[:n])
	if !ok {
		return cmsg.Credentials{}, opError(op, Addr{}, sys.ENOTCONN)
	}
	if sys.Has(sys.LOCAL_PEERPID) {
		pid = s.peerPID()
	}
	return cmsg.Credentials{PID: pid, UID: uid, GID: gid}, nil
}

// peerPID is for macOS. It is 0 once the peer has closed.
func (s *Socket) peerPID() (pid int) {
	s.guarded(func(fd int) sys.Errno {
		var b [4]byte
		_, e := sys.Getsockopt(fd, sys.SOL_LOCAL, sys.LOCAL_PEERPID, b[:])
		if e == 0 {
			pid = int(int32(binary.NativeEndian.Uint32(b[:])))
		}
		return e
	}, func() Call { return Call{Name: "getsockopt", Args: fmt.Sprintf("SOL_LOCAL, LOCAL_PEERPID, [%d]", pid)} })
	return pid
}
