package sock_test

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// README's table compares what a datagram there and back allocates. These are the
// cells of the others.

func TestAllocDatagramNet(t *testing.T) {
	needRawCalls(t)
	var ends [2]*net.UDPConn
	for i := range ends {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		wants(t, err, nil)
		defer c.Close()
		ends[i] = c
	}
	to := ends[1].LocalAddr().(*net.UDPAddr).AddrPort()
	send := func(c *net.UDPConn, p []byte, to netip.AddrPort) {
		n, err := c.WriteToUDPAddrPort(p, to)
		must(t, n, err, len(p))
	}
	allocates(t, "WriteToUDPAddrPort, ReadFromUDPAddrPort, and back", 0, func() {
		var p [64]byte
		send(ends[0], p[:], to)
		n, from, err := ends[1].ReadFromUDPAddrPort(p[:])
		must(t, n, err, len(p))
		send(ends[1], p[:], from)
		n, _, err = ends[0].ReadFromUDPAddrPort(p[:])
		must(t, n, err, len(p))
	})
}

func TestAllocDatagramUnix(t *testing.T) {
	needRawCalls(t)
	var ends [2]int
	for i := range ends {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		wants(t, err, nil)
		defer unix.Close(fd)
		wants(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), nil)
		ends[i] = fd
	}
	to, err := unix.Getsockname(ends[1])
	wants(t, err, nil)
	p := make([]byte, 64)
	allocates(t, "Sendto, Recvfrom, and back", 4, func() {
		wants(t, unix.Sendto(ends[0], p, 0, to), nil)
		n, from, err := unix.Recvfrom(ends[1], p, 0)
		must(t, n, err, len(p))
		wants(t, unix.Sendto(ends[1], p, 0, from), nil)
		n, _, err = unix.Recvfrom(ends[0], p, 0)
		must(t, n, err, len(p))
	})
}
