//go:build !linux || sock_loop

package sys

// HasBatches: every message is a call of its own.
const HasBatches = false

// MaxBatch is the most messages a Batch takes: as many as on Linux.
const MaxBatch = 1024

// A Batch is many messages, each of which is sent and received by itself.
type Batch struct {
	messages []message
	bytes    []byte
	perCtl   int
	perMsg   int
}

type message struct {
	data    []byte
	name    Name
	control []byte // its capacity is what there is room for
	flags   int
}

// NewBatch makes a Batch of messages.
func NewBatch(messages, bytes, control int) Batch {
	b := Batch{make([]message, messages), make([]byte, messages*bytes), control, bytes}
	c := make([]byte, messages*control)
	for i := range b.messages {
		b.messages[i].control = c[i*control : i*control : (i+1)*control]
	}
	return b
}

// Cap is how many messages there is memory for.
func (b *Batch) Cap() int { return len(b.messages) }

// Room is how much of a message can be received, and of its control messages.
func (b *Batch) Room() (bytes, control int) { return b.perMsg, b.perCtl }

// Put makes a message to send: p is kept, control and to are copied.
func (b *Batch) Put(i int, p, control, to []byte) {
	m := &b.messages[i]
	m.data = p
	m.name.n = uint32(copy(m.name.b[:], to))
	m.control = append(m.control[:0], control...)
}

// Move makes message i of another.
func (b *Batch) Move(i, from int) {
	b.Put(i, b.Data(from), b.Control(from), b.Name(from))
	b.messages[i].flags = b.messages[from].flags
}

// Cut takes the first n bytes, which have been sent, off a message, and the
// control messages that went with them.
func (b *Batch) Cut(i, n int) {
	b.messages[i].data = b.messages[i].data[n:]
	b.Uncontrol(i)
}

// Uncontrol forgets a message's control messages.
func (b *Batch) Uncontrol(i int) { b.messages[i].control = b.messages[i].control[:0] }

// Forget lets go of a message's buffer.
func (b *Batch) Forget(i int) { b.messages[i].data = nil }

// Data is a message's bytes.
func (b *Batch) Data(i int) []byte { return b.messages[i].data }

// Name is a message's address.
func (b *Batch) Name(i int) []byte { return b.messages[i].name.Bytes() }

// Control is a message's control messages.
func (b *Batch) Control(i int) []byte { return b.messages[i].control }

// Flags are those of a received message.
func (b *Batch) Flags(i int) int { return b.messages[i].flags }

// Space is where message i is received.
func (b *Batch) Space(i int) (p, control []byte, name *Name) {
	m := &b.messages[i]
	return b.bytes[i*b.perMsg : (i+1)*b.perMsg : (i+1)*b.perMsg], m.control[:cap(m.control)], &m.name
}

// Got tells what was received there: n bytes and nc of control messages.
func (b *Batch) Got(i, n, nc, flags int) {
	p, control, _ := b.Space(i)
	m := &b.messages[i]
	m.data, m.control, m.flags = p[:min(n, len(p))], control[:min(nc, len(control))], flags
}
