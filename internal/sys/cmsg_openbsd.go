package sys

const cmsgLenWide = 0

const (
	// PassesAnyControl: not all that this package builds is there.
	PassesAnyControl = false

	// A source as an in_addr, and nothing else (udp_output in sys/netinet/udp_usrreq.c).
	SendTTL4    = Missing
	SendTOS4    = Missing
	SizeTOS4    = 1
	SendSource4 = IP_SENDSRCADDR

	// Credentials are asked for, by SO_PEERCRED, and never sent.
	SendCredentials = Missing
	SizeCredentials = 0
)

// TripleInfo is 1 where in_pktinfo has an interface and two addresses, 0 where it has
// an address and an interface.
const TripleInfo = 1
