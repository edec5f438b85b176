//go:build freebsd || darwin || dragonfly

package sys

import "encoding/binary"

const (
	PeerCredLevel = SOL_LOCAL
	PeerCredName  = LOCAL_PEERCRED
	PeerCredCall  = "SOL_LOCAL, LOCAL_PEERCRED"
)

// PeerCred reads a struct xucred (sys/ucred.h): the version, the user, the number of groups
// and up to 16 groups, of which the first is the effective one, and on FreeBSD the process.
func PeerCred(b []byte) (pid, uid, gid int, ok bool) {
	const version = 0
	ok = len(b) >= 16 && id(b, 0) == version && binary.NativeEndian.Uint16(b[8:]) > 0
	return id(b, peerPIDAt), id(b, 4), id(b, 12), ok
}
