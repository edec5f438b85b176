package cmsg_test

import (
	"fmt"
	"log"
	"net"
	"syscall"

	"github.com/berkeleysockets/sock/cmsg"
)

// Control messages with package net: WriteMsgUDP and ReadMsgUDP transfer them as bytes. The
// TOS byte is set for one datagram, and received with it.
func ExampleMessage_TOS() {
	try := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	loopback := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	server, err := net.ListenUDP("udp4", loopback)
	try(err)
	defer server.Close()
	client, err := net.ListenUDP("udp4", loopback)
	try(err)
	defer client.Close()

	raw, err := server.SyscallConn()
	try(err)
	try(raw.Control(func(fd uintptr) {
		try(syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_RECVTOS, 1))
	}))

	to := server.LocalAddr().(*net.UDPAddr).AddrPort()
	control := cmsg.AppendTOS(nil, to.Addr(), 46<<2)
	try(cmsg.Check(control))
	_, _, err = client.WriteMsgUDPAddrPort([]byte("hello"), control, to)
	try(err)

	p, oob := make([]byte, 1500), make([]byte, 256)
	n, nc, _, _, err := server.ReadMsgUDPAddrPort(p, oob)
	try(err)
	for m := range cmsg.All(oob[:nc]) {
		if tos, ok := m.TOS(); ok {
			fmt.Printf("%s, DSCP %d\n", p[:n], tos>>2)
		}
	}
	// Output: hello, DSCP 46
}
