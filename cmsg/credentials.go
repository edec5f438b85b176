package cmsg

import (
	"encoding/binary"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Credentials identify a process: its id, and its effective user and group. PID is 0 if the
// system does not report it.
type Credentials struct{ PID, UID, GID int }

// AppendCredentials appends the credentials of the sender, for a unix socket (Linux:
// SCM_CREDENTIALS). The kernel verifies them: only a privileged process may send those of
// another one. On FreeBSD and DragonFly (SCM_CREDS) the kernel fills them in and ignores c.
// The other systems cannot send such a message.
//
// Source: unix(7).
func AppendCredentials(b []byte, c Credentials) []byte {
	if !sys.Has(sys.SendCredentials) {
		return appendUnsupported(b)
	}
	if int(int32(c.PID)) != c.PID || int64(c.UID) != int64(uint32(c.UID)) || int64(c.GID) != int64(uint32(c.GID)) {
		return appendInvalid(b)
	}
	b, data := appendMessage(b, sys.SOL_SOCKET, sys.SendCredentials, sys.SizeCredentials)
	if sys.Has(sys.SCM_CREDENTIALS) {
		binary.NativeEndian.PutUint32(data, uint32(c.PID))
		binary.NativeEndian.PutUint32(data[4:], uint32(c.UID))
		binary.NativeEndian.PutUint32(data[8:], uint32(c.GID))
	}
	return b
}

// Credentials returns the credentials of the sender: SCM_CREDENTIALS on Linux, with the
// option sockopt.PassCred; on FreeBSD and DragonFly SCM_CREDS from a sender that appended it;
// on FreeBSD and NetBSD also with sockopt.LocalCreds. UID and GID are the effective ones.
//
// Source: unix(7), unix(4).
func (m Message) Credentials() (c Credentials, ok bool) {
	pid, uid, gid := -1, -1, -1 // their offsets
	switch {
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDENTIALS, 12): // struct ucred
		pid, uid, gid = 0, 4, 8
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDS2, 24): // struct sockcred2
		pid, uid, gid = 4, 12, 20
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDS, 0) && sys.Has(sys.LOCAL_PEEREID) && len(m.Data) >= 20: // NetBSD's struct sockcred
		pid, uid, gid = 0, 8, 16
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDS, 84): // struct cmsgcred; a struct sockcred with 16 groups has the same size
		pid, uid, gid = 0, 8, 12
	case m.is(sys.SOL_SOCKET, sys.SCM_CREDS, 20): // FreeBSD's struct sockcred
		uid, gid = 4, 12
	default:
		return c, false
	}
	if pid >= 0 {
		c.PID = int(int32(m.uint32(pid)))
	}
	c.UID, c.GID = int(m.uint32(uid)), int(m.uint32(gid))
	return c, true
}
