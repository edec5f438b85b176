//go:build !linux

package sys

// HasNosched is false: the time that these calls take was measured on Linux only.
const HasNosched = false

// ConnectReportsResult reports whether a second connect(2) on a connecting TCP socket
// returns the result of the first.
const ConnectReportsResult = false

func descriptorsMayGrow() bool { return true }
func newDescriptor(int)        {}

func ConnectNosched(fd int, sa []byte) Errno        { return Connect(fd, sa) }
func AcceptNosched(fd int, from *Name) (int, Errno) { return Accept(fd, from) }
func CloseNosched(fd int) Errno                     { return Close(fd) }

func SetsockoptNosched(fd, level, name int, b []byte) Errno { return Setsockopt(fd, level, name, b) }
