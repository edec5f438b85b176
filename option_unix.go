package sock

import (
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of unix sockets (SOL_LOCAL) outside of Linux; there they are SOL_SOCKET's, by C name. Source:
// unix(4).
var (
	LocalConnWait        = Option[bool]{sys.SOL_LOCAL, sys.LOCAL_CONNWAIT, &boolCodec}         // Connect waits for Accept (FreeBSD)
	LocalCreds           = Option[bool]{sys.SOL_LOCAL, sys.LOCAL_CREDS, &boolCodec}            // the first message comes with its sender's credentials (FreeBSD, NetBSD)
	LocalCredsPersistent = Option[bool]{sys.SOL_LOCAL, sys.LOCAL_CREDS_PERSISTENT, &boolCodec} // every message does (FreeBSD 13)
)
