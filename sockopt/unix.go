package sockopt

import "github.com/berkeleysockets/sock/internal/sys"

// Options of unix sockets (SOL_LOCAL), by C name. Linux has none: there they are
// in SOL_SOCKET. Source: unix(4).
var (
	LocalConnWait        = Option[bool]{sys.SOL_LOCAL, sys.LOCAL_CONNWAIT, &localBool}               // Connect ends when the connection is accepted (FreeBSD before 15)
	LocalCreds           = Option[bool]{sys.SOL_LOCAL, sys.LOCAL_CREDS, &localBool}                  // the first message of a stream, and each datagram, brings the sender's credentials (FreeBSD, NetBSD)
	LocalCredsPersistent = Option[bool]{sys.SOL_LOCAL, sys.LOCAL_CREDS_PERSISTENT, &localBool}       // every message brings them (FreeBSD 13)
	LocalPeerEID         = Option[LocalPeerEIDValue]{sys.SOL_LOCAL, sys.LOCAL_PEEREID, &peerEIDRead} // read: the peer's process, user and group (NetBSD)
	LocalPeerEPID        = Option[int]{sys.SOL_LOCAL, sys.LOCAL_PEEREPID, &localIntRead}             // read: the process on whose behalf the peer acts (macOS)
	LocalPeerPID         = Option[int]{sys.SOL_LOCAL, sys.LOCAL_PEERPID, &localIntRead}              // read: the peer's process (macOS)
)

var (
	localBool    = ofLocal(boolCodec)
	localIntRead = ofLocal(intRead)
)

// LocalPeerEIDValue is the value of [LocalPeerEID]: NetBSD's unpcbid.
type LocalPeerEIDValue struct {
	PID, UID, GID int
}

var peerEIDRead = ofLocal(codec[LocalPeerEIDValue]{
	size: 12,
	get: func(r raw) LocalPeerEIDValue {
		return LocalPeerEIDValue{int(int32(r.uint32(0))), int(r.uint32(4)), int(r.uint32(8))}
	},
})
