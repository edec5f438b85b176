//go:build !linux || sock_loop

package sys

// HasMmsg is false: the caller sends and receives each message with a call of its own.
const HasMmsg = false

// MaxBatch is the largest number of messages of a Batch, as on Linux.
const MaxBatch = 1024

// A Batch holds many messages, each of which is sent and received with its own call.
type Batch struct {
	messages    []message
	bytes       []byte
	controlSize int // bytes of control messages for each message
	messageSize int // bytes of data for each message
}

type message struct {
	data    []byte
	name    Name
	control []byte // its capacity is the size of its buffer
	flags   int
}

// NewBatch returns a Batch of messages, with bytes of data and control bytes of control
// messages for each.
func NewBatch(messages, bytes, control int) Batch {
	b := Batch{make([]message, messages), make([]byte, messages*bytes), control, bytes}
	c := make([]byte, messages*control)
	for i := range b.messages {
		b.messages[i].control = c[i*control : i*control : (i+1)*control]
	}
	return b
}

// Cap returns the number of messages that b has memory for.
func (b *Batch) Cap() int { return len(b.messages) }

// Room returns the bytes that a message may have when received, and those of its
// control messages.
func (b *Batch) Room() (bytes, control int) { return b.messageSize, b.controlSize }

// Put sets message i, to send. It keeps p, and copies control and to.
func (b *Batch) Put(i int, p, control, to []byte) {
	m := &b.messages[i]
	m.data = p
	m.name.n = uint32(copy(m.name.b[:], to))
	m.control = append(m.control[:0], control...)
}

// Move sets message i to message from.
func (b *Batch) Move(i, from int) {
	b.Put(i, b.Data(from), b.Control(from), b.Name(from))
	b.messages[i].flags = b.messages[from].flags
}

// Cut removes the first n bytes of a message, which were sent, and the control messages
// that were sent with them.
func (b *Batch) Cut(i, n int) {
	b.messages[i].data = b.messages[i].data[n:]
	b.DropControl(i)
}

// DropControl removes the control messages of a message.
func (b *Batch) DropControl(i int) { b.messages[i].control = b.messages[i].control[:0] }

// DropData releases the buffer of a message.
func (b *Batch) DropData(i int) { b.messages[i].data = nil }

// Data returns the bytes of a message.
func (b *Batch) Data(i int) []byte { return b.messages[i].data }

// Name returns the address of a message.
func (b *Batch) Name(i int) []byte { return b.messages[i].name.Bytes() }

// Control returns the control messages of a message.
func (b *Batch) Control(i int) []byte { return b.messages[i].control }

// Flags returns the flags of a received message.
func (b *Batch) Flags(i int) int { return b.messages[i].flags }

// RecvBuffers returns the buffers that message i is received into.
func (b *Batch) RecvBuffers(i int) (p, control []byte, name *Name) {
	m := &b.messages[i]
	return b.bytes[i*b.messageSize : (i+1)*b.messageSize : (i+1)*b.messageSize], m.control[:cap(m.control)], &m.name
}

// SetReceived records what RecvBuffers received: n bytes of data, nc bytes of control
// messages, and flags.
func (b *Batch) SetReceived(i, n, nc, flags int) {
	p, control, _ := b.RecvBuffers(i)
	m := &b.messages[i]
	m.data, m.control, m.flags = p[:min(n, len(p))], control[:min(nc, len(control))], flags
}

func Sendmmsg(fd int, b *Batch, from, to, flags int, _ bool) (n, last int, e Errno) {
	return 0, 0, ENOSYS
}
func Recvmmsg(fd int, b *Batch, flags int, _ bool) (int, Errno) { return 0, ENOSYS }
