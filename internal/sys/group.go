package sys

// A Change is one of a socket's memberships of multicast groups.
type Change int

const (
	Join Change = iota
	Leave
	Block
	Unblock
)

// A Membership is a change as setsockopt(2) takes it: the option, and its
// argument, which is another structure from system to system.
type Membership struct {
	Level, Name int
	arg         [sizeGroupSource]byte
	n           int
}

// Arg returns the structure.
func (m *Membership) Arg() []byte { return m.arg[:m.n] }

// The largest of the structures is group_source_req: an index, padding, and two
// sockaddr_storage.
const (
	sizeStorage     = 128
	sizeGroupSource = 8 + 2*sizeStorage
)
