package sys

// A Kind is a sort of file.
type Kind int

const (
	OtherKind Kind = iota
	RegularKind
	PipeKind
	SocketKind
)
