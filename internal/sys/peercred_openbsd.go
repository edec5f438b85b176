package sys

const (
	PeerCredLevel = SOL_SOCKET
	PeerCredName  = SO_PEERCRED
	PeerCredCall  = "SOL_SOCKET, SO_PEERCRED"
	SizePeerCred  = 12
)

// PeerCred reads a struct sockpeercred (sys/socket.h).
func PeerCred(b []byte) (pid, uid, gid int, ok bool) {
	return id(b, 8), id(b, 0), id(b, 4), len(b) == SizePeerCred
}
