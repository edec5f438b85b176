package sockopt

import (
	"encoding/binary"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/internal/sys"
)

// Options of multipath TCP (SOL_MPTCP), by C name. They are read-only. A connection that has
// fallen back to TCP returns EOPNOTSUPP.
//
// Source: the kernel's networking/mptcp.rst.
var (
	// MPTCPInfo is MPTCP_INFO: the state and statistics of the connection. It is read-only.
	// Systems: Linux 5.16.
	MPTCPInfo Option[MPTCPInfoValue]

	// MPTCPSubflowAddrs is MPTCP_SUBFLOW_ADDRS: the addresses of each subflow, at most 16. It is
	// read-only. Systems: Linux 5.16.
	MPTCPSubflowAddrs Option[[]MPTCPSubflowValue]

	// MPTCPTCPInfo is MPTCP_TCPINFO: the TCPInfo of each subflow, at most 16. It is read-only.
	// Systems: Linux 5.16.
	MPTCPTCPInfo Option[[]TCPInfoValue]
)

// Level, number and codec of each option.
func init() {
	MPTCPInfo = option(sys.SOL_MPTCP, sys.MPTCP_INFO, &mptcpInfoRead)
	MPTCPSubflowAddrs = option(sys.SOL_MPTCP, sys.MPTCP_SUBFLOW_ADDRS, &subflowsRead)
	MPTCPTCPInfo = option(sys.SOL_MPTCP, sys.MPTCP_TCPINFO, &mptcpTCPInfoRead)
}

// MPTCPInfoValue is the value of [MPTCPInfo]: struct mptcp_info. Fields that an older kernel
// does not have are zero.
type MPTCPInfoValue struct {
	Subflows, AddAddrSignal, AddAddrAccepted          uint8
	SubflowsMax, AddAddrSignalMax, AddAddrAcceptedMax uint8
	Flags                                             uint32 // bits: 1 fallen back to TCP, 2 the peer's key is known
	Token                                             uint32 // of the connection, for the path manager
	WriteSeq, SendUna, RecvNext                       uint64
	LocalAddrUsed, LocalAddrMax                       uint8
	CsumEnabled                                       bool

	// Linux 6.5
	Retransmits                                        uint32
	BytesRetrans, BytesSent, BytesReceived, BytesAcked uint64
	SubflowsTotal                                      uint8         // (Linux 6.8)
	EndpointLaminarMax, EndpointFullmeshMax            uint8         // (Linux 6.18, 6.19)
	LastDataSent, LastDataRecv, LastAckRecv            time.Duration // time since then (Linux 6.10)
}

var mptcpInfoRead = codec[MPTCPInfoValue]{read: readMPTCPInfo}

// readMPTCPInfo reads the fields in the order of the structure. It skips the padding between
// them.
func readMPTCPInfo(s *sock.Socket, level, name int) (v MPTCPInfoValue, err error) {
	const ms = time.Millisecond
	var b [96]byte
	n, err := s.Getsockopt(level, name, b[:])
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
	v.LastDataSent, v.LastDataRecv, v.LastAckRecv = f.duration(ms), f.duration(ms), f.duration(ms)
	return v, err
}

// MPTCPSubflowValue is an element of the value of [MPTCPSubflowAddrs].
type MPTCPSubflowValue struct {
	Local, Remote sock.Addr
}

// maxSubflows is the number of subflows that a read has room for. The kernel makes at most 9.
const maxSubflows = 16

// readSubflows reads size bytes for each subflow, and calls each with them in order. The
// buffer begins with a struct mptcp_subflow_data: its size, the number of subflows, the size
// of an element in the kernel and that in this program.
func readSubflows(s *sock.Socket, level, name, size int, each func([]byte)) error {
	const header = 16
	b := make([]byte, header+maxSubflows*size)
	binary.NativeEndian.PutUint32(b, header)
	binary.NativeEndian.PutUint32(b[12:], uint32(size))
	n, err := s.Getsockopt(level, name, b)
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
				v = append(v, MPTCPSubflowValue{addrFromKernel(b[:storage]), addrFromKernel(b[storage:])})
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
