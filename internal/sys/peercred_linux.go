package sys

import "math"

const (
	PeerCredLevel = SOL_SOCKET
	PeerCredName  = SO_PEERCRED
	PeerCredCall  = "SOL_SOCKET, SO_PEERCRED"
	SizePeerCred  = 12
)

// PeerCred reads a struct ucred (linux/socket.h). Without a peer its user is all
// ones (cred_to_ucred in net/core/sock.c).
func PeerCred(b []byte) (pid, uid, gid int, ok bool) {
	uid = id(b, 4)
	return id(b, 0), uid, id(b, 8), len(b) == SizePeerCred && uint32(uid) != math.MaxUint32
}
