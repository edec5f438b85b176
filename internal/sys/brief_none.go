//go:build !linux

package sys

// HasBrief reports whether calls keep their processor: not where nobody has measured
// how long they take.
const HasBrief = false

// ConnectSettles reports whether a second connect(2) tells how the first ended.
const ConnectSettles = false

func ConnectBriefly(fd int, sa []byte) Errno        { return Connect(fd, sa) }
func AcceptBriefly(fd int, from *Name) (int, Errno) { return Accept(fd, from) }
func CloseBriefly(fd int) Errno                     { return Close(fd) }

func SetsockoptBriefly(fd, level, name int, b []byte) Errno { return Setsockopt(fd, level, name, b) }
