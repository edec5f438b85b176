package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/berkeleysockets/sock"
)

var localOptions = map[string]optionCase{
	"LocalConnWait": {sock.LocalConnWait, "LOCAL_CONNWAIT", "unix", func(t *testing.T, s *sock.Socket) {
		if _, err := sock.LocalConnWait.Get(s); errors.Is(err, syscall.EOPNOTSUPP) {
			t.Skip("FreeBSD 15 has no LOCAL_CONNWAIT any more")
		}
		toggled(sock.LocalConnWait)(t, s)
	}},
	"LocalCreds":           {sock.LocalCreds, "LOCAL_CREDS", "unix", toggled(sock.LocalCreds)},
	"LocalCredsPersistent": {sock.LocalCredsPersistent, "LOCAL_CREDS_PERSISTENT", "unix", toggled(sock.LocalCredsPersistent)},
	"LocalPeerEID":         {sock.LocalPeerEID, "LOCAL_PEEREID", "unix", untold(sock.LocalPeerEID, syscall.ENOTCONN, syscall.EINVAL)},
	"LocalPeerEPID":        {sock.LocalPeerEPID, "LOCAL_PEEREPID", "unix", untold(sock.LocalPeerEPID, syscall.ENOTCONN, syscall.EINVAL)},
	"LocalPeerPID":         {sock.LocalPeerPID, "LOCAL_PEERPID", "unix", untold(sock.LocalPeerPID, syscall.ENOTCONN, syscall.EINVAL)},
}
