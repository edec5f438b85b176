//go:build !linux && !freebsd && !darwin && !netbsd && !openbsd && !dragonfly

package sys

const (
	PeerCredLevel = Missing
	PeerCredName  = Missing
	PeerCredCall  = ""
	SizePeerCred  = 0
)

func PeerCred(b []byte) (pid, uid, gid int, ok bool) { return }
