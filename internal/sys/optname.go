package sys

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// OptionName returns the C name of an option. The domain distinguishes levels that have the
// same number.
func OptionName(domain int, level, name int) string {
	if n := ConstName(OptionGroup(domain, level), name); n != strconv.Itoa(name) {
		return n
	}
	return fmt.Sprintf("option %d of level %d", name, level)
}

// OptionGroup returns the group of names.txt that has the options of a level.
func OptionGroup(domain int, level int) string {
	if domain == AF_UNIX && level == SOL_LOCAL {
		return "LOCAL" // SOL_LOCAL has the number of IPPROTO_IP on systems that have it
	}
	switch level {
	case SOL_SOCKET:
		return "SO"
	case IPPROTO_TCP:
		return "TCP"
	case IPPROTO_IP:
		return "IP"
	case IPPROTO_IPV6:
		return "IPV6"
	case IPPROTO_ICMPV6:
		return "ICMPV6"
	case IPPROTO_UDP:
		return "UDP"
	case IPPROTO_UDPLITE:
		return "UDPLITE"
	case SOL_RAW:
		return "ICMP"
	case SOL_MPTCP:
		return "MPTCP"
	case SOL_NETLINK:
		return "NETLINK"
	case SOL_PACKET:
		return "PACKET"
	case AF_VSOCK: // the level of vsock options on Linux
		return "SO_VM"
	}
	return ""
}

// LevelName returns the name of a level in the form of strace: SOL_ instead of IPPROTO_.
func LevelName(domain int, level int) string {
	switch {
	case domain == AF_UNIX && level == SOL_LOCAL:
		return "SOL_LOCAL"
	case level == SOL_SOCKET: // on Linux the number of IPPROTO_ICMP too
		return "SOL_SOCKET"
	case level == AF_VSOCK:
		return "AF_VSOCK"
	}
	if n := ConstName("IPPROTO", level); n != strconv.Itoa(level) {
		return strings.Replace(n, "IPPROTO_", "SOL_", 1)
	}
	return ConstName("SOL", level)
}

// OptionValue formats a value for a trace, in the form of strace.
func OptionValue(level, name int, b []byte) string {
	switch {
	case level == SOL_SOCKET && name == SO_LINGER && len(b) == 8:
		return fmt.Sprintf("{l_onoff=%d, l_linger=%d}", int32(binary.NativeEndian.Uint32(b)), int32(binary.NativeEndian.Uint32(b[4:])))
	case level == SOL_SOCKET && (name == SO_BINDTODEVICE || name == SO_PEERSEC),
		level == IPPROTO_TCP && (name == TCP_CONGESTION || name == TCP_ULP):
		return strconv.Quote(string(b))
	case level == SOL_SOCKET && name == SO_ERROR && len(b) == 4:
		if e := Errno(binary.NativeEndian.Uint32(b)); e != 0 {
			return "[" + ErrnoName(e) + "]"
		}
	case level == SOL_SOCKET && (name == SO_COOKIE || name == SO_NETNS_COOKIE || name == SO_MAX_PACING_RATE) && len(b) == 8:
		return fmt.Sprintf("[%d]", binary.NativeEndian.Uint64(b))
	}
	if len(b) == 4 {
		return fmt.Sprintf("[%d]", int32(binary.NativeEndian.Uint32(b)))
	}
	return "[" + hex.EncodeToString(b) + "]" // not with fmt: b would escape to the heap
}
