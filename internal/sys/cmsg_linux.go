package sys

// 1 on machines of 64 bits: a size_t.
const cmsgLenWide = int(^uintptr(0) >> 63)

const (
	// PassesAnyControl: every control message this package builds is there,
	// and the kernel judges what is in it.
	PassesAnyControl = true

	// What sets the time to live and the type of service of an IPv4 datagram,
	// and in how many bytes; what chooses its source.
	SendTTL4    = IP_TTL
	SendTOS4    = IP_TOS
	SizeTOS4    = 4
	SendSource4 = IP_PKTINFO

	// A struct ucred.
	SendCredentials = SCM_CREDENTIALS
	SizeCredentials = 12
)

// TripleInfo is 1 where in_pktinfo has an interface and two addresses, 0 where it has
// an address and an interface.
const TripleInfo = 1
