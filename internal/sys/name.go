package sys

// Name is where the kernel writes an address: room for any sockaddr, and the
// length that it gave. A zero length is no address.
type Name struct {
	n uint32
	b [sizeName]byte
}

const sizeName = 128

// Bytes returns what the kernel wrote: family, then the rest, as it lies in
// memory.
func (n *Name) Bytes() []byte { return n.b[:min(n.n, uint32(len(n.b)))] }
