package sys

// Brief reports whether transfers of a socket, and questions about its readiness, are known
// not to sleep with MSG_DONTWAIT: the protocols of IPv4, IPv6 and unix sockets that 0 stands
// for. Every other family, type and protocol may: netlink works in the context of the sender
// in spite of MSG_DONTWAIT, vsock locks the socket in poll(2).
func Brief(family, typ, proto int) bool {
	switch family {
	case AF_INET, AF_INET6:
		return typ == SOCK_STREAM && (proto == 0 || proto == IPPROTO_TCP) ||
			typ == SOCK_DGRAM && (proto == 0 || proto == IPPROTO_UDP)
	case AF_UNIX:
		return typ == SOCK_STREAM || typ == SOCK_DGRAM || typ == SOCK_SEQPACKET
	}
	return false
}
