package sock_test

import (
	"github.com/berkeleysockets/sock/sockopt"
	"syscall"
)

var localOptions = map[string]optionCase{
	"LocalConnWait":        {sockopt.LocalConnWait, "LOCAL_CONNWAIT", "unix", toggled(sockopt.LocalConnWait)},
	"LocalCreds":           {sockopt.LocalCreds, "LOCAL_CREDS", "unix", toggled(sockopt.LocalCreds)},
	"LocalCredsPersistent": {sockopt.LocalCredsPersistent, "LOCAL_CREDS_PERSISTENT", "unix", toggled(sockopt.LocalCredsPersistent)},
	"LocalPeerEID":         {sockopt.LocalPeerEID, "LOCAL_PEEREID", "unix", untold(sockopt.LocalPeerEID, syscall.ENOTCONN, syscall.EINVAL)},
	"LocalPeerEPID":        {sockopt.LocalPeerEPID, "LOCAL_PEEREPID", "unix", untold(sockopt.LocalPeerEPID, syscall.ENOTCONN, syscall.EINVAL)},
	"LocalPeerPID":         {sockopt.LocalPeerPID, "LOCAL_PEERPID", "unix", untold(sockopt.LocalPeerPID, syscall.ENOTCONN, syscall.EINVAL)},
}
