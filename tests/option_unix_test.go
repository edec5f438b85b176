package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

var localOptions = map[string]optionCase{
	"LocalConnWait": {sockopt.LocalConnWait, "LOCAL_CONNWAIT", "unix", func(t *testing.T, s *sock.Socket) {
		if _, err := sockopt.LocalConnWait.Get(s); errors.Is(err, syscall.EOPNOTSUPP) {
			t.Skip("FreeBSD 15 has no LOCAL_CONNWAIT any more")
		}
		toggled(sockopt.LocalConnWait)(t, s)
	}},
	"LocalCreds":           {sockopt.LocalCreds, "LOCAL_CREDS", "unix", toggled(sockopt.LocalCreds)},
	"LocalCredsPersistent": {sockopt.LocalCredsPersistent, "LOCAL_CREDS_PERSISTENT", "unix", toggled(sockopt.LocalCredsPersistent)},
	"LocalPeerEID":         {sockopt.LocalPeerEID, "LOCAL_PEEREID", "unix", cannotRead(sockopt.LocalPeerEID, syscall.ENOTCONN, syscall.EINVAL)},
	"LocalPeerEPID":        {sockopt.LocalPeerEPID, "LOCAL_PEEREPID", "unix", cannotRead(sockopt.LocalPeerEPID, syscall.ENOTCONN, syscall.EINVAL)},
	"LocalPeerPID":         {sockopt.LocalPeerPID, "LOCAL_PEERPID", "unix", cannotRead(sockopt.LocalPeerPID, syscall.ENOTCONN, syscall.EINVAL)},
}
