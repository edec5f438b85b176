package sockopt

import "github.com/berkeleysockets/sock/internal/sys"

// Options of unix sockets (SOL_LOCAL), by C name. On Linux the options of unix sockets are in
// SOL_SOCKET.
//
// Source: unix(4).
var (
	// LocalConnWait is LOCAL_CONNWAIT: Connect returns when the connection is accepted. Systems:
	// FreeBSD before 15.
	LocalConnWait Option[bool]

	// LocalCreds is LOCAL_CREDS: the first message of a stream, and each datagram, carries the
	// credentials of the sender. Systems: FreeBSD, NetBSD.
	LocalCreds Option[bool]

	// LocalCredsPersistent is LOCAL_CREDS_PERSISTENT: each message carries the credentials of the
	// sender. Systems: FreeBSD 13.
	LocalCredsPersistent Option[bool]

	// LocalPeerEID is LOCAL_PEEREID: process, user and group of the peer. It is read-only.
	// Systems: NetBSD.
	LocalPeerEID Option[LocalPeerEIDValue]

	// LocalPeerEPID is LOCAL_PEEREPID: the process on whose behalf the peer acts. It is read-only.
	// Systems: macOS.
	LocalPeerEPID Option[int]

	// LocalPeerPID is LOCAL_PEERPID: the process of the peer. It is read-only. Systems: macOS.
	LocalPeerPID Option[int]
)

// Level, number and codec of each option.
func init() {
	LocalConnWait = option(sys.SOL_LOCAL, sys.LOCAL_CONNWAIT, &localBool)
	LocalCreds = option(sys.SOL_LOCAL, sys.LOCAL_CREDS, &localBool)
	LocalCredsPersistent = option(sys.SOL_LOCAL, sys.LOCAL_CREDS_PERSISTENT, &localBool)
	LocalPeerEID = option(sys.SOL_LOCAL, sys.LOCAL_PEEREID, &peerEIDRead)
	LocalPeerEPID = option(sys.SOL_LOCAL, sys.LOCAL_PEEREPID, &localIntRead)
	LocalPeerPID = option(sys.SOL_LOCAL, sys.LOCAL_PEERPID, &localIntRead)
}

var (
	localBool    = localOnly(boolCodec)
	localIntRead = localOnly(intRead)
)

// LocalPeerEIDValue is the value of [LocalPeerEID]: NetBSD's struct unpcbid.
type LocalPeerEIDValue struct {
	PID, UID, GID int
}

var peerEIDRead = localOnly(codec[LocalPeerEIDValue]{
	size: 12,
	decode: func(x value) LocalPeerEIDValue {
		return LocalPeerEIDValue{int(int32(x.uint32(0))), int(x.uint32(4)), int(x.uint32(8))}
	},
})
