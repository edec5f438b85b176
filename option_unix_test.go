package sock_test

import (
	"github.com/berkeleysockets/sock"
	"syscall"
)

var localOptions = map[string]optionCase{
	"LocalConnWait":        {sock.LocalConnWait, "LOCAL_CONNWAIT", "unix", toggled(sock.LocalConnWait)},
	"LocalCreds":           {sock.LocalCreds, "LOCAL_CREDS", "unix", toggled(sock.LocalCreds)},
	"LocalCredsPersistent": {sock.LocalCredsPersistent, "LOCAL_CREDS_PERSISTENT", "unix", toggled(sock.LocalCredsPersistent)},
	"LocalPeerEID":         {sock.LocalPeerEID, "LOCAL_PEEREID", "unix", untold(sock.LocalPeerEID, syscall.ENOTCONN, syscall.EINVAL)},
	"LocalPeerEPID":        {sock.LocalPeerEPID, "LOCAL_PEEREPID", "unix", untold(sock.LocalPeerEPID, syscall.ENOTCONN, syscall.EINVAL)},
	"LocalPeerPID":         {sock.LocalPeerPID, "LOCAL_PEERPID", "unix", untold(sock.LocalPeerPID, syscall.ENOTCONN, syscall.EINVAL)},
}
