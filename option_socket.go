package sock

import "github.com/berkeleysockets/sock/internal/sys"

// Options of every socket (SOL_SOCKET), by C name. Source: socket(7).
var (
	AcceptConn   = Option[bool]{sys.SOL_SOCKET, sys.SO_ACCEPTCONN, &boolCodec}      // read: is it listening?
	Broadcast    = Option[bool]{sys.SOL_SOCKET, sys.SO_BROADCAST, &boolCodec}       // datagrams may go to a broadcast address
	PendingError = Option[error]{sys.SOL_SOCKET, sys.SO_ERROR, &errorCodec}         // read: the error that waits, an errno or nil; reading it forgets it
	KeepAlive    = Option[bool]{sys.SOL_SOCKET, sys.SO_KEEPALIVE, &boolCodec}       // ask an idle peer whether it is still there
	Linger       = Option[LingerValue]{sys.SOL_SOCKET, sys.SO_LINGER, &lingerCodec} // what Close does with unsent data
	RecvBuffer   = Option[int]{sys.SOL_SOCKET, sys.SO_RCVBUF, &intCodec}            // bytes; Linux doubles what is set, for its own use
	ReuseAddr    = Option[bool]{sys.SOL_SOCKET, sys.SO_REUSEADDR, &boolCodec}       // bind though old connections of the address linger
	ReusePort    = Option[bool]{sys.SOL_SOCKET, sys.SO_REUSEPORT, &boolCodec}       // several sockets on one address: shared out on Linux and DragonFly; elsewhere one of them gets all
	SendBuffer   = Option[int]{sys.SOL_SOCKET, sys.SO_SNDBUF, &intCodec}            // bytes; Linux doubles what is set, for its own use
)

// Options of IPv4 (IPPROTO_IP). Source: ip(7).
var (
	IPTTL = Option[int]{sys.IPPROTO_IP, sys.IP_TTL, &intCodec} // hops a packet may take, 1 to 255
)

// Options of IPv6 (IPPROTO_IPV6). Source: ipv6(7).
var (
	IPv6Only = Option[bool]{sys.IPPROTO_IPV6, sys.IPV6_V6ONLY, &boolCodec} // no IPv4 by v4-mapped addresses; before Bind. OpenBSD: always, read-only
)

// Options of TCP (IPPROTO_TCP). Source: tcp(7).
var (
	TCPNoDelay = Option[bool]{sys.IPPROTO_TCP, sys.TCP_NODELAY, &boolCodec} // send at once, however little (no Nagle)
)
