package sys

const cmsgLenWide = 0

const (
	// PassesAnyControl: not all that this package builds is there.
	PassesAnyControl = false

	// The datagrams of udp_output (bsd/netinet/udp_usrreq.c): an int of type of
	// service, an in_pktinfo, no time to live.
	SendTTL4    = Missing
	SendTOS4    = IP_TOS
	SizeTOS4    = 4
	SendSource4 = IP_PKTINFO

	// Credentials are asked for, by LOCAL_PEERCRED, and never sent.
	SendCredentials = Missing
	SizeCredentials = 0
)

// TripleInfo is 1 where in_pktinfo has an interface and two addresses, 0 where it has
// an address and an interface.
const TripleInfo = 1
