package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// stateName returns unknown for 0, which an emulator may report.
func stateName(s sockopt.TCPState) string {
	if s == 0 {
		return unknown
	}
	return s.String()
}

// An asker asks the kernel for states over a netlink socket, sock_diag: a question is a
// datagram to the kernel, and the answer is one datagram back. Source: sock_diag(7).
type asker struct {
	*sock.Socket
	asked uint32
}

func newAsker() (*asker, error) {
	const sockDiag = 4 // NETLINK_SOCK_DIAG
	s, err := sock.Open(sock.Netlink, sock.Raw, sockDiag)
	if err != nil {
		fmt.Printf("(no sock_diag here: %v. A closed end is %s)\n", err, unknown)
	}
	return &asker{Socket: s}, nil
}

func (a *asker) Close() error {
	if a.Socket == nil {
		return nil
	}
	return a.Socket.Close()
}

// held returns the state of a socket.
func (a *asker) held(s *sock.Socket) (string, error) {
	info, err := sockopt.TCPInfo.Get(s)
	return stateName(info.State), err
}

const (
	byFamily = 20 // SOCK_DIAG_BY_FAMILY
	request  = 1  // NLM_F_REQUEST
	failed   = 2  // NLMSG_ERROR

	headerSize  = 16 // struct nlmsghdr
	requestSize = 56 // struct inet_diag_req_v2
	idAt        = 8  // in it, and
	answerIDAt  = 4  // in struct inet_diag_msg: struct inet_diag_sockid
)

// between returns the state of the end with these addresses, or "".
func (a *asker) between(local, remote sock.Addr) (string, error) {
	if a.Socket == nil {
		return unknown, nil
	}
	// Numbers are in the machine's byte order, except addresses and ports.
	a.asked++
	q := binary.NativeEndian.AppendUint32(nil, headerSize+requestSize)
	q = binary.NativeEndian.AppendUint16(q, byFamily)
	q = binary.NativeEndian.AppendUint16(q, request)
	q = binary.NativeEndian.AppendUint32(q, a.asked) // the answer has it too
	q = binary.NativeEndian.AppendUint32(q, 0)
	q = append(q, byte(local.Domain()), syscall.IPPROTO_TCP, 0, 0)
	q = binary.NativeEndian.AppendUint32(q, 1<<32-1) // in any state
	id := sockID(local, remote)
	if _, err := a.SendTo(append(q, id...), 0, sock.NetlinkAddr(0, 0)); err != nil {
		return "", fmt.Errorf("sock_diag: %w", err)
	}
	answer := make([]byte, 4096)
	for {
		n, from, err := a.RecvFrom(answer, 0)
		switch p := answer[:n]; {
		case err != nil:
			return "", fmt.Errorf("sock_diag: %w", err)
		case from != sock.NetlinkAddr(0, 0) || n < headerSize+4 || binary.NativeEndian.Uint32(p[8:]) != a.asked:
			// not the kernel's answer to this
		case binary.NativeEndian.Uint16(p[4:]) == failed:
			errno := syscall.Errno(-int32(binary.NativeEndian.Uint32(p[headerSize:])))
			if errors.Is(errno, syscall.ENOENT) {
				return "", nil
			}
			return "", fmt.Errorf("sock_diag: %w", errno)
		case n < headerSize+answerIDAt+4:
			return "", errors.New("sock_diag: the answer is cut short")
		default:
			p = p[headerSize:]
			if [4]byte(p[answerIDAt:]) != [4]byte(id) { // the two ports
				return "", nil // the kernel has only a listener at that address
			}
			return stateName(sockopt.TCPState(p[1])), nil
		}
	}
}

// sockID is struct inet_diag_sockid: ports and addresses in the form of a sockaddr, the
// interface of a link-local address, and the socket's cookie, which is unknown here.
func sockID(local, remote sock.Addr) []byte {
	id := make([]byte, requestSize-idAt)
	l, r := local.Bytes(), remote.Bytes()
	copy(id[0:2], l[2:4])
	copy(id[2:4], r[2:4])
	if local.Domain() == sock.Inet6 {
		copy(id[4:20], l[8:24])
		copy(id[20:36], r[8:24])
		copy(id[36:40], l[24:28])
	} else {
		copy(id[4:8], l[4:8])
		copy(id[20:24], r[4:8])
	}
	binary.NativeEndian.PutUint64(id[40:], 1<<64-1) // INET_DIAG_NOCOOKIE, twice
	return id
}
