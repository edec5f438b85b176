package sys

const cmsgLenWide = 0

const (
	// PassesAnyControl: not all that this package builds is there.
	PassesAnyControl = false

	// An in_pktinfo chooses the source (ip_setpktopts in sys/netinet/ip_output.c).
	SendTTL4    = Missing
	SendTOS4    = Missing
	SizeTOS4    = 1
	SendSource4 = IP_PKTINFO

	// Credentials come with LOCAL_CREDS, and are never sent.
	SendCredentials = Missing
	SizeCredentials = 0
)

// TripleInfo is 1 where in_pktinfo has an interface and two addresses, 0 where it has
// an address and an interface.
const TripleInfo = 0
