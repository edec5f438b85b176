// Package selector waits for events of many descriptors: epoll on Linux, kqueue on
// the BSDs and macOS, and poll(2) on all of them with the build tag sock_poll.
//
// It knows no Sockets and has no policy. The caller registers a descriptor with a
// token, a number of its own, which comes back with each event. One goroutine waits
// at a time; the caller serializes Add, Modify and Remove.
package selector

// Ready is a set of interests, modes and conditions.
type Ready = uint16

// The bits of Ready. Those of package sock have the same values.
const (
	Readable = 1 << iota
	Writable
	Priority
	ReadClosed
	WriteClosed
	Hangup
	Failed
	Edge
	OneShot
	Exclusive
)

// A Registration is a descriptor, what it is watched for, and its token.
type Registration struct {
	FD    int
	Want  Ready
	Token uint64
}

// MaxEvents bounds the events of one fetch, and so the memory of a Selector.
const MaxEvents = 4096

// WakeToken is the token of the event that Wake causes. The caller must not use the
// two highest slot numbers: the token with the second highest belongs to a backend.
const WakeToken = 1<<TokenBits - 1

// SlotBits is the number of the lower bits of a token, which hold the caller's slot
// number.
const SlotBits = TokenBits / 2
