package sys

// A Kind is a kind of file.
type Kind int

const (
	OtherKind Kind = iota
	RegularKind
	PipeKind
	SocketKind
)
