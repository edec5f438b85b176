package sock

import (
	"time"

	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of TCP (IPPROTO_TCP), by C name. Source:
// tcp(7), and on other systems tcp(4).
var (
	TCPCCInfo           = Option[[]byte]{sys.IPPROTO_TCP, sys.TCP_CC_INFO, &ccInfoCodec}                    // read: what the congestion control knows; vegas, dctcp and bbr tell (Linux 4.1)
	TCPCongestion       = Option[string]{sys.IPPROTO_TCP, sys.TCP_CONGESTION, &algorithmCodec}              // the congestion control by its name: "cubic", "reno", "bbr" (Linux 2.6.13, FreeBSD)
	TCPConnectTimeout   = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_CONNECTIONTIMEOUT, &secondsCodec}  // how long Connect tries (macOS)
	TCPCork             = Option[bool]{sys.IPPROTO_TCP, sys.TCP_CORK, &boolCodec}                           // no short packets: what is less than one waits until this is off, or 200 ms
	TCPDeferAccept      = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_DEFER_ACCEPT, &secondsCodec}       // of a listener: a connection counts once it has data, or after this; Linux rounds up to a time that it retransmits at
	TCPDelayedAckMax    = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_DELACK_MAX_US, &microsecondsCodec} // the longest that an acknowledgement is delayed (Linux 6.15)
	TCPFastOpen         = Option[int]{sys.IPPROTO_TCP, sys.TCP_FASTOPEN, &intCodec}                         // of a listener: how many connections may have come with data, and be unfinished (Linux 3.7; elsewhere 1 is on)
	TCPFastOpenConnect  = Option[bool]{sys.IPPROTO_TCP, sys.TCP_FASTOPEN_CONNECT, &boolCodec}               // Connect waits for the first send, whose data go with it (Linux 4.11)
	TCPFastOpenKey      = Option[[]byte]{sys.IPPROTO_TCP, sys.TCP_FASTOPEN_KEY, &fastOpenKeyCodec}          // of a listener: 16 bytes, or 32 of which the second half is the old one (Linux 4.15)
	TCPFastOpenNoCookie = Option[bool]{sys.IPPROTO_TCP, sys.TCP_FASTOPEN_NO_COOKIE, &boolCodec}             // data in the first packet without a cookie (Linux 4.15)
	TCPInfo             = Option[TCPInfoValue]{sys.IPPROTO_TCP, sys.TCP_INFO, &tcpInfoCodec}                // read: how the connection does
	TCPInq              = Option[bool]{sys.IPPROTO_TCP, sys.TCP_INQ, &boolCodec}                            // receives come with how much is left to receive (Linux 4.18)
	TCPIsMPTCP          = Option[bool]{sys.IPPROTO_TCP, sys.TCP_IS_MPTCP, &readBoolCodec}                   // read: is it Multipath TCP, and not fallen back? (Linux 5.16)
	TCPKeepCount        = Option[int]{sys.IPPROTO_TCP, sys.TCP_KEEPCNT, &intCodec}                          // of KeepAlive: questions without an answer that end the connection
	TCPKeepIdle         = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_KEEPIDLE, &secondsCodec}           // of KeepAlive: how long it is idle before it asks (on macOS TCP_KEEPALIVE)
	TCPKeepInit         = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_KEEPINIT, &secondsCodec}           // how long a connection may take to be made (FreeBSD, NetBSD)
	TCPKeepInterval     = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_KEEPINTVL, &secondsCodec}          // of KeepAlive: between questions
	TCPLinger2          = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_LINGER2, &secondsCodec}            // how long it stays in FIN-WAIT-2 once it is closed
	TCPMaxSegment       = Option[int]{sys.IPPROTO_TCP, sys.TCP_MAXSEG, &intCodec}                           // bytes of the largest segment: set before Connect; read, that in use
	TCPMaxUnackTime     = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_MAXUNACKTIME, &secondsCodec}       // how long data may stay unacknowledged (FreeBSD 14)
	TCPMD5Sig           = Option[[]byte]{sys.IPPROTO_TCP, sys.TCP_MD5SIG, &md5SigCodec}                     // write: a key for segments to and from an address, a struct tcp_md5sig (RFC 2385)
	TCPNoDelay          = Option[bool]{sys.IPPROTO_TCP, sys.TCP_NODELAY, &boolCodec}                        // send at once, however little (no Nagle)
	TCPNoPush           = Option[bool]{sys.IPPROTO_TCP, sys.TCP_NOPUSH, &boolCodec}                         // as TCPCork (BSDs, macOS)
	TCPNotSentLowWater  = Option[int]{sys.IPPROTO_TCP, sys.TCP_NOTSENT_LOWAT, &intCodec}                    // it is writable while less than these bytes are not sent (Linux 3.12, macOS)
	TCPQuickAck         = Option[bool]{sys.IPPROTO_TCP, sys.TCP_QUICKACK, &boolCodec}                       // acknowledge at once; the kernel turns it on and off as it sees fit
	TCPRepair           = Option[int]{sys.IPPROTO_TCP, sys.TCP_REPAIR, &intCodec}                           // a connection is being moved: its state can be read and set; takes CAP_NET_ADMIN (Linux 3.5)
	TCPRTOMax           = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_RTO_MAX_MS, &millisecondsCodec}    // the longest between retransmissions, 1 to 120 s (Linux 6.15)
	TCPRTOMin           = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_RTO_MIN_US, &microsecondsCodec}    // the shortest before a retransmission (Linux 6.15)
	TCPSavedSYN         = Option[[]byte]{sys.IPPROTO_TCP, sys.TCP_SAVED_SYN, &savedSYNCodec}                // read once, of an accepted connection: the headers of its first packet, with TCPSaveSYN on the listener (Linux 4.2)
	TCPSaveSYN          = Option[int]{sys.IPPROTO_TCP, sys.TCP_SAVE_SYN, &intCodec}                         // of a listener: 1 keeps IP and TCP headers of first packets, 2 the link's too (Linux 4.2)
	TCPSYNCount         = Option[int]{sys.IPPROTO_TCP, sys.TCP_SYNCNT, &intCodec}                           // how often a first packet is sent again
	TCPThinDupACK       = Option[bool]{sys.IPPROTO_TCP, sys.TCP_THIN_DUPACK, &boolCodec}                    // has had no effect since Linux 4.11
	TCPThinLinear       = Option[bool]{sys.IPPROTO_TCP, sys.TCP_THIN_LINEAR_TIMEOUTS, &boolCodec}           // of a stream with little in flight: retransmit at equal intervals (Linux 2.6.34)
	TCPTimestamp        = Option[uint32]{sys.IPPROTO_TCP, sys.TCP_TIMESTAMP, &uint32Codec}                  // the clock of its timestamps; set while TCPRepair (Linux 3.9)
	TCPTxDelay          = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_TX_DELAY, &microsecondsCodec}      // all it sends is late by this, for tests of protocols (Linux 5.3; fq)
	TCPULP              = Option[string]{sys.IPPROTO_TCP, sys.TCP_ULP, &ulpCodec}                           // a layer above TCP, by name: "tls" (Linux 4.13); only once, connected
	TCPUserTimeout      = Option[time.Duration]{sys.IPPROTO_TCP, sys.TCP_USER_TIMEOUT, &millisecondsCodec}  // how long data may stay unacknowledged before the connection ends; 0 is the system's (Linux 2.6.37)
	TCPWindowClamp      = Option[int]{sys.IPPROTO_TCP, sys.TCP_WINDOW_CLAMP, &intCodec}                     // the largest window it offers, bytes
)
