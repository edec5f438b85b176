package sock

import (
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of every socket (SOL_SOCKET), by C name. Source:
// socket(7), and on other systems getsockopt(2).
var (
	AcceptConn          = Option[bool]{sys.SOL_SOCKET, sys.SO_ACCEPTCONN, &readBoolCodec}                    // read: is it listening?
	AttachBPF           = Option[int]{sys.SOL_SOCKET, sys.SO_ATTACH_BPF, &intCodec}                          // write: the descriptor of an eBPF program that filters what is received (Linux 3.19)
	AttachReusePortEBPF = Option[int]{sys.SOL_SOCKET, sys.SO_ATTACH_REUSEPORT_EBPF, &intCodec}               // write: the descriptor of an eBPF program that chooses among the sockets of ReusePort (Linux 4.5)
	BindAny             = Option[bool]{sys.SOL_SOCKET, sys.SO_BINDANY, &boolCodec}                           // bind to addresses that are not ours (OpenBSD)
	BindToDevice        = Option[string]{sys.SOL_SOCKET, sys.SO_BINDTODEVICE, &deviceCodec}                  // send and receive by one interface only, by its name; "" is any
	BindToIfIndex       = Option[int]{sys.SOL_SOCKET, sys.SO_BINDTOIFINDEX, &intCodec}                       // the same by index; 0 is any (Linux 5.0)
	BPFExtensions       = Option[int]{sys.SOL_SOCKET, sys.SO_BPF_EXTENSIONS, &readIntCodec}                  // read: how many extensions a classic filter may use (Linux 3.14)
	Broadcast           = Option[bool]{sys.SOL_SOCKET, sys.SO_BROADCAST, &boolCodec}                         // datagrams may go to a broadcast address
	BufferLock          = Option[int]{sys.SOL_SOCKET, sys.SO_BUF_LOCK, &intCodec}                            // bits: 1 SendBuffer, 2 RecvBuffer are not for the kernel to change (Linux 5.14)
	BusyPoll            = Option[time.Duration]{sys.SOL_SOCKET, sys.SO_BUSY_POLL, &microsecondsCodec}        // how long a receive polls the device before it waits; more takes CAP_NET_ADMIN (Linux 3.11)
	BusyPollBudget      = Option[int]{sys.SOL_SOCKET, sys.SO_BUSY_POLL_BUDGET, &intCodec}                    // packets in one such poll; above 8 takes CAP_NET_ADMIN (Linux 5.11)
	ConnectionAdvice    = Option[int]{sys.SOL_SOCKET, sys.SO_CNX_ADVICE, &intCodec}                          // write: 1 says that the path is bad and another should be tried (Linux 4.7)
	Cookie              = Option[uint64]{sys.SOL_SOCKET, sys.SO_COOKIE, &readUint64Codec}                    // read: a number of this socket that no other has, until the next boot (Linux 4.12)
	Debug               = Option[bool]{sys.SOL_SOCKET, sys.SO_DEBUG, &boolCodec}                             // record debugging information; takes CAP_NET_ADMIN
	SocketDomain        = Option[Domain]{sys.SOL_SOCKET, sys.SO_DOMAIN, &readDomainCodec}                    // read: the address family (Linux, FreeBSD 14, OpenBSD)
	DirectRoute         = Option[bool]{sys.SOL_SOCKET, sys.SO_DONTROUTE, &boolCodec}                         // send to hosts on the same network only, as the flag DontRoute does for one message
	PendingError        = Option[error]{sys.SOL_SOCKET, sys.SO_ERROR, &errorCodec}                           // read: the error that waits, an errno or nil; reading it forgets it
	IncomingCPU         = Option[int]{sys.SOL_SOCKET, sys.SO_INCOMING_CPU, &intCodec}                        // the CPU that handled what was received last; set, which of several listeners serves which CPU (Linux 4.4)
	IncomingNAPI        = Option[int]{sys.SOL_SOCKET, sys.SO_INCOMING_NAPI_ID, &readIntCodec}                // read: the device queue that packets came by; 0 is none, as on the loopback (Linux 4.12)
	KeepAlive           = Option[bool]{sys.SOL_SOCKET, sys.SO_KEEPALIVE, &boolCodec}                         // ask an idle peer whether it is still there
	Linger              = Option[LingerValue]{sys.SOL_SOCKET, sys.SO_LINGER, &lingerCodec}                   // what Close does with unsent data
	ListenIncomplete    = Option[int]{sys.SOL_SOCKET, sys.SO_LISTENINCQLEN, &readIntCodec}                   // read: connections that are being made (FreeBSD)
	ListenQueue         = Option[int]{sys.SOL_SOCKET, sys.SO_LISTENQLEN, &readIntCodec}                      // read: connections that wait for Accept (FreeBSD)
	ListenLimit         = Option[int]{sys.SOL_SOCKET, sys.SO_LISTENQLIMIT, &readIntCodec}                    // read: the backlog (FreeBSD)
	LockFilter          = Option[bool]{sys.SOL_SOCKET, sys.SO_LOCK_FILTER, &boolCodec}                       // the filter cannot be changed any more; it stays so (Linux 3.9)
	Mark                = Option[uint32]{sys.SOL_SOCKET, sys.SO_MARK, &uint32Codec}                          // of each packet, for routes and firewalls; takes CAP_NET_ADMIN or CAP_NET_RAW
	MaxPacingRate       = Option[uint64]{sys.SOL_SOCKET, sys.SO_MAX_PACING_RATE, &pacingCodec}               // bytes per second; the highest number is no limit. TCP paces itself, other sockets need the queueing discipline fq (Linux 3.13; 64 bits since 4.20)
	MemInfo             = Option[MemInfoValue]{sys.SOL_SOCKET, sys.SO_MEMINFO, &memInfoCodec}                // read: what it holds of the kernel's memory (Linux 4.12)
	NetNSCookie         = Option[uint64]{sys.SOL_SOCKET, sys.SO_NETNS_COOKIE, &readUint64Codec}              // read: a number of its network namespace (Linux 5.14)
	NoFCS               = Option[bool]{sys.SOL_SOCKET, sys.SO_NOFCS, &boolCodec}                             // the caller writes the frame check sequence (Linux; of some network cards)
	NoSigPipe           = Option[bool]{sys.SOL_SOCKET, sys.SO_NOSIGPIPE, &boolCodec}                         // no signal for a send to who is gone; Sockets of macOS have it (macOS, FreeBSD, NetBSD, DragonFly)
	UnreadBytes         = Option[int]{sys.SOL_SOCKET, sys.SO_NREAD, &readIntCodec}                           // read: bytes to receive, of the first datagram or of the stream (macOS)
	UnsentBytes         = Option[int]{sys.SOL_SOCKET, sys.SO_NWRITE, &readIntCodec}                          // read: bytes not yet sent (macOS)
	OOBInline           = Option[bool]{sys.SOL_SOCKET, sys.SO_OOBINLINE, &boolCodec}                         // urgent data stays in the stream
	PassCred            = Option[bool]{sys.SOL_SOCKET, sys.SO_PASSCRED, &boolCodec}                          // each message comes with its sender's credentials
	PassPidFD           = Option[bool]{sys.SOL_SOCKET, sys.SO_PASSPIDFD, &boolCodec}                         // each message comes with a descriptor of the process that sent it (Linux 6.5)
	PassRights          = Option[bool]{sys.SOL_SOCKET, sys.SO_PASSRIGHTS, &boolCodec}                        // descriptors are received, as they are by default (Linux 6.16)
	PassSec             = Option[bool]{sys.SOL_SOCKET, sys.SO_PASSSEC, &boolCodec}                           // each message comes with its sender's security label
	PeekOffset          = Option[int]{sys.SOL_SOCKET, sys.SO_PEEK_OFF, &intCodec}                            // where a receive with Peek begins, which moves on; -1 is off (Linux 3.4)
	PeerGroups          = Option[[]uint32]{sys.SOL_SOCKET, sys.SO_PEERGROUPS, &wordsCodec}                   // read: the groups of the process at the other end, 128 at most (Linux 4.13)
	PeerPidFD           = Option[int]{sys.SOL_SOCKET, sys.SO_PEERPIDFD, &readIntCodec}                       // read: a new descriptor of the process at the other end, close-on-exec and the caller's (Linux 6.5)
	PeerSec             = Option[string]{sys.SOL_SOCKET, sys.SO_PEERSEC, &readTextCodec}                     // read: the security label of the other end
	PreferBusyPoll      = Option[bool]{sys.SOL_SOCKET, sys.SO_PREFER_BUSY_POLL, &boolCodec}                  // poll the device rather than take interrupts; takes CAP_NET_ADMIN (Linux 5.11)
	SendPriority        = Option[int]{sys.SOL_SOCKET, sys.SO_PRIORITY, &intCodec}                            // for the queueing discipline; above 6 takes CAP_NET_ADMIN
	SocketProtocol      = Option[Protocol]{sys.SOL_SOCKET, sys.SO_PROTOCOL, &readProtocolCodec}              // read: the protocol (Linux, FreeBSD 14, OpenBSD)
	RecvBuffer          = Option[int]{sys.SOL_SOCKET, sys.SO_RCVBUF, &intCodec}                              // bytes; Linux doubles what is set, for its own use
	RecvBufferForce     = Option[int]{sys.SOL_SOCKET, sys.SO_RCVBUFFORCE, &intCodec}                         // write: RecvBuffer above net.core.rmem_max; takes CAP_NET_ADMIN
	RecvLowWater        = Option[int]{sys.SOL_SOCKET, sys.SO_RCVLOWAT, &intCodec}                            // bytes of a stream below which it is not readable
	RecvMark            = Option[bool]{sys.SOL_SOCKET, sys.SO_RCVMARK, &boolCodec}                           // each datagram comes with its mark; takes CAP_NET_ADMIN or CAP_NET_RAW (Linux 5.19)
	RecvPriority        = Option[bool]{sys.SOL_SOCKET, sys.SO_RCVPRIORITY, &boolCodec}                       // each datagram comes with its priority (Linux 6.14)
	ReserveMem          = Option[int]{sys.SOL_SOCKET, sys.SO_RESERVE_MEM, &intCodec}                         // bytes of memory set aside for this socket (Linux 5.16; with memory cgroups)
	ReuseAddr           = Option[bool]{sys.SOL_SOCKET, sys.SO_REUSEADDR, &boolCodec}                         // bind though old connections of the address linger
	ReusePort           = Option[bool]{sys.SOL_SOCKET, sys.SO_REUSEPORT, &boolCodec}                         // several sockets on one address: shared out on Linux and DragonFly; elsewhere one of them gets all
	ReusePortLB         = Option[bool]{sys.SOL_SOCKET, sys.SO_REUSEPORT_LB, &boolCodec}                      // the same, shared out (FreeBSD 12)
	RoutingTable        = Option[int]{sys.SOL_SOCKET, sys.SO_RTABLE, &intCodec}                              // which is used; to change it takes root (OpenBSD)
	RecvQueueOverflow   = Option[bool]{sys.SOL_SOCKET, sys.SO_RXQ_OVFL, &boolCodec}                          // messages come with the count of those that were dropped (Linux 2.6.33)
	SelectErrQueue      = Option[bool]{sys.SOL_SOCKET, sys.SO_SELECT_ERR_QUEUE, &boolCodec}                  // something in the error queue is Priority too (Linux 3.10)
	SetFIB              = Option[int]{sys.SOL_SOCKET, sys.SO_SETFIB, &intCodec}                              // write: the routing table that is used (FreeBSD)
	SendBuffer          = Option[int]{sys.SOL_SOCKET, sys.SO_SNDBUF, &intCodec}                              // bytes; Linux doubles what is set, for its own use
	SendBufferForce     = Option[int]{sys.SOL_SOCKET, sys.SO_SNDBUFFORCE, &intCodec}                         // write: SendBuffer above net.core.wmem_max; takes CAP_NET_ADMIN
	SendLowWater        = Option[int]{sys.SOL_SOCKET, sys.SO_SNDLOWAT, &intCodec}                            // bytes of room below which it is not writable; Linux does not let it be changed
	Timestamp           = Option[bool]{sys.SOL_SOCKET, sys.SO_TIMESTAMP, &boolCodec}                         // datagrams come with the time they arrived
	Timestamping        = Option[TimestampingFlags]{sys.SOL_SOCKET, sys.SO_TIMESTAMPING, &timestampingCodec} // which timestamps are made, of what is sent too, and how they are told (Linux 2.6.30)
	TimestampNS         = Option[bool]{sys.SOL_SOCKET, sys.SO_TIMESTAMPNS, &boolCodec}                       // as Timestamp, in nanoseconds; the one turns the other off (Linux 2.6.22)
	TimestampClock      = Option[int]{sys.SOL_SOCKET, sys.SO_TS_CLOCK, &intCodec}                            // of Timestamp: 0 microseconds, 1 bintime, 2 real time, 3 monotonic (FreeBSD)
	TxRehash            = Option[int]{sys.SOL_SOCKET, sys.SO_TXREHASH, &intCodec}                            // 1: try another path when a connection stalls (Linux 6.0)
	TxTime              = Option[TxTimeValue]{sys.SOL_SOCKET, sys.SO_TXTIME, &txTimeCodec}                   // packets leave when AppendTxTime says, by this clock (Linux 4.19)
	SocketType          = Option[Type]{sys.SOL_SOCKET, sys.SO_TYPE, &readTypeCodec}                          // read: the type
	UseLoopback         = Option[bool]{sys.SOL_SOCKET, sys.SO_USELOOPBACK, &boolCodec}                       // of a routing socket: hear what one says oneself (BSDs, macOS)
	UserCookie          = Option[uint32]{sys.SOL_SOCKET, sys.SO_USER_COOKIE, &uint32Codec}                   // write: a number for firewalls (FreeBSD)
	WiFiStatus          = Option[bool]{sys.SOL_SOCKET, sys.SO_WIFI_STATUS, &boolCodec}                       // packets sent come to the error queue with what became of them (Linux 3.3; Wi-Fi)
	ZeroCopySend        = Option[bool]{sys.SOL_SOCKET, sys.SO_ZEROCOPY, &boolCodec}                          // sends may ask for zero copy (Linux 4.14)
)
