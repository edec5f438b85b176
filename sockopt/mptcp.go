package sockopt

import (
	"encoding/binary"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of multipath TCP (SOL_MPTCP), by C name. All are Linux's, of 5.16 on, and
// are read. One that has fallen back to TCP answers EOPNOTSUPP. Source: the
// kernel's networking/mptcp.rst.
var (
	MPTCPInfo         = Option[MPTCPInfoValue]{sys.SOL_MPTCP, sys.MPTCP_INFO, &mptcpInfoRead}              // read: all about the connection
	MPTCPSubflowAddrs = Option[[]MPTCPSubflowValue]{sys.SOL_MPTCP, sys.MPTCP_SUBFLOW_ADDRS, &subflowsRead} // read: the addresses of each subflow, at most 16
	MPTCPTCPInfo      = Option[[]TCPInfoValue]{sys.SOL_MPTCP, sys.MPTCP_TCPINFO, &mptcpTCPInfoRead}        // read: TCPInfo of each subflow, at most 16
)

// MPTCPInfoValue is the value of [MPTCPInfo]: Linux's mptcp_info. What an older
// kernel does not tell is zero.
type MPTCPInfoValue struct {
	Subflows, AddAddrSignal, AddAddrAccepted          uint8
	SubflowsMax, AddAddrSignalMax, AddAddrAcceptedMax uint8
	Flags                                             uint32 // bits: 1 fallen back, 2 the peer's key is known
	Token                                             uint32 // of the connection, for the path manager
	WriteSeq, SendUna, RecvNext                       uint64
	LocalAddrUsed, LocalAddrMax                       uint8
	CsumEnabled                                       bool

	// Linux 6.5
	Retransmits                                        uint32
	BytesRetrans, BytesSent, BytesReceived, BytesAcked uint64
	SubflowsTotal                                      uint8         // (Linux 6.8)
	EndpointLaminarMax, EndpointFullmeshMax            uint8         // (Linux 6.18, 6.19)
	LastDataSent, LastDataRecv, LastAckRecv            time.Duration // so long ago (Linux 6.10)
}

var mptcpInfoRead = codec[MPTCPInfoValue]{read: readMPTCPInfo}

// The order is the structure's; where it has gaps, so that fields lie at their own
// size, they are read too.
func readMPTCPInfo(s *sock.Socket, level, name int) (v MPTCPInfoValue, err error) {
	const ms = time.Millisecond
	var b [96]byte
	n, err := readOption(s, level, name, b[:])
	f := fields{b[:n]}
	v.Subflows, v.AddAddrSignal, v.AddAddrAccepted = f.uint8(), f.uint8(), f.uint8()
	v.SubflowsMax, v.AddAddrSignalMax, v.AddAddrAcceptedMax = f.uint8(), f.uint8(), f.uint8()
	f.bytes(2)
	v.Flags, v.Token = f.uint32(), f.uint32()
	v.WriteSeq, v.SendUna, v.RecvNext = f.uint64(), f.uint64(), f.uint64()
	v.LocalAddrUsed, v.LocalAddrMax, v.CsumEnabled = f.uint8(), f.uint8(), f.uint8() != 0
	f.bytes(1)
	v.Retransmits = f.uint32()
	v.BytesRetrans, v.BytesSent, v.BytesReceived, v.BytesAcked = f.uint64(), f.uint64(), f.uint64(), f.uint64()
	v.SubflowsTotal, v.EndpointLaminarMax, v.EndpointFullmeshMax = f.uint8(), f.uint8(), f.uint8()
	f.bytes(1)
	v.LastDataSent, v.LastDataRecv, v.LastAckRecv = f.in(ms), f.in(ms), f.in(ms)
	return v, err
}

// MPTCPSubflowValue is an element of the value of [MPTCPSubflowAddrs].
type MPTCPSubflowValue struct {
	Local, Remote sock.Addr
}

// maxSubflows is how many of a connection's subflows are told; the kernel makes
// no more than 9.
const maxSubflows = 16

// readSubflows asks for what the kernel has of each subflow, size bytes; each
// answer is passed on, in order. Before them goes an mptcp_subflow_data: its own
// size, the number of subflows, the kernel's size and ours.
func readSubflows(s *sock.Socket, level, name, size int, each func([]byte)) error {
	const header = 16
	b := make([]byte, header+maxSubflows*size)
	binary.NativeEndian.PutUint32(b, header)
	binary.NativeEndian.PutUint32(b[12:], uint32(size))
	n, err := readOption(s, level, name, b)
	if err != nil {
		return err
	}
	f := fields{b[:n]}
	f.uint32()
	count, filled := f.uint32(), f.uint32()
	f.uint32()
	for range count {
		one := f.bytes(size)
		if one == nil {
			break
		}
		each(one[:min(size, int(filled))])
	}
	return nil
}

var subflowsRead = codec[[]MPTCPSubflowValue]{
	read: func(s *sock.Socket, level, name int) (v []MPTCPSubflowValue, err error) {
		const storage = 128 // bytes of a sockaddr_storage, of which there are two
		err = readSubflows(s, level, name, 2*storage, func(b []byte) {
			if len(b) == 2*storage {
				v = append(v, MPTCPSubflowValue{addr(b[:storage]), addr(b[storage:])})
			}
		})
		return v, err
	},
}

var mptcpTCPInfoRead = codec[[]TCPInfoValue]{
	read: func(s *sock.Socket, level, name int) (v []TCPInfoValue, err error) {
		err = readSubflows(s, level, name, sizeTCPInfo, func(b []byte) {
			v = append(v, TCPInfoValue{})
			v[len(v)-1].decode(b)
		})
		return v, err
	},
}
