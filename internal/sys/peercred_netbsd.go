package sys

const (
	PeerCredLevel = SOL_LOCAL
	PeerCredName  = LOCAL_PEEREID
	PeerCredCall  = "SOL_LOCAL, LOCAL_PEEREID"
	SizePeerCred  = 12
)

// PeerCred reads a struct unpcbid (sys/un.h).
func PeerCred(b []byte) (pid, uid, gid int, ok bool) {
	return id(b, 0), id(b, 4), id(b, 8), len(b) == SizePeerCred
}
