package sock

import (
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of Multipath TCP (SOL_MPTCP), by C name. Source:
// https://docs.kernel.org/networking/mptcp.html.
var (
	MPTCPInfo = Option[MPTCPInfoValue]{sys.SOL_MPTCP, sys.MPTCP_INFO, &mptcpInfoCodec} // read: how the connection does (Linux 5.16)
)
