package sock

import (
	"math"
	"strconv"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// A Batch holds messages of any family that one system call sends or has received. It owns
// headers, addresses, and buffers for control messages and received data; after [NewBatch]
// only [Batch.Addr] allocates, and only for a long unix path. One goroutine at a time may use it. The zero Batch holds
// nothing.
//
// To send: Add, [Socket.SendBatch], then Drop what was sent, or Reset. To receive:
// [Socket.RecvBatch], then At, Addr, Control and Flags of each message. A received message
// can be sent: it goes back to its sender, without its control messages.
type Batch struct {
	m          sys.Batch
	first, end int   // the messages that are there
	received   int   // up to here they were received
	controls   bool  // a message to send may have control messages
	bad        error // why it has no room

	// Where every message is a call of its own, an error behind the first is
	// returned by the next call, as Linux does.
	later   sys.Errno
	laterAt int // the message to send that it is of, or receivedLater
}

const receivedLater = -1

// NewBatch returns a Batch for up to messages at a time. For each it has room to receive
// bytes of data and control bytes of control messages (see cmsg.Space); control is also the
// limit for a message to send. With bytes 0 the Batch only sends. One call takes at most
// 1,024 messages (UIO_MAXIOV), and so does a Batch.
func NewBatch(messages, bytes, control int) *Batch {
	const most = math.MaxInt32
	messages = min(max(messages, 0), sys.MaxBatch)
	bytes, control = max(bytes, 0), max(control, 0)
	if bytes > most/sys.MaxBatch || control > most/sys.MaxBatch-7 {
		if n := max(messages, 1); bytes > most/n || control > most/n-7 {
			return &Batch{bad: &inputError{"a batch of more than 2 GiB", sys.ENOMEM}}
		}
	}
	return &Batch{m: sys.NewBatch(messages, bytes, (control+7)&^7)} // control messages are aligned
}

// String describes the Batch: how many messages it holds, and its room.
func (b *Batch) String() string {
	switch {
	case b == nil:
		return "<nil>"
	case b.bad != nil:
		return b.bad.Error()
	}
	text := "batch: " + strconv.Itoa(b.Len()) + " of " + strconv.Itoa(b.Cap()) + " messages"
	if bytes, control := b.m.Room(); bytes > 0 || control > 0 {
		text += ", room for " + strconv.Itoa(bytes) + " bytes and " + strconv.Itoa(control) + " of control messages in each"
	}
	return text
}

// Add appends a message to send. If to is the zero Addr it goes to the peer. The caller must
// not modify p until Reset or Drop; control and the address are copied.
//
// Errors: ENOBUFS (the batch is full), EMSGSIZE (more control messages than there is room
// for), [errors.ErrUnsupported] (a control message that this system lacks).
func (b *Batch) Add(p, control []byte, to Addr) error {
	switch _, room := b.m.Room(); {
	case b.bad != nil:
		return &Error{Op: "batch", Err: b.bad}
	case b.Len() == b.m.Cap():
		return &Error{Op: "batch", Err: &inputError{"full with " + strconv.Itoa(b.Len()) + " messages", sys.ENOBUFS}}
	case len(control) > room:
		return &Error{Op: "batch", Addr: to, Err: &inputError{strconv.Itoa(len(control)) + " bytes of control messages, where " + strconv.Itoa(room) + " fit", sys.EMSGSIZE}}
	}
	if err := checkBuilt("batch", control); err != nil {
		return err
	}
	b.controls = b.controls || len(control) > 0
	if b.end == b.m.Cap() {
		b.pack()
	}
	b.m.Put(b.end, p, control, to.bytes())
	b.end++
	return nil
}

// pack moves the messages to the start of the arrays.
func (b *Batch) pack() {
	for i := range b.Len() {
		b.m.Move(i, b.first+i)
	}
	b.received = max(b.received-b.first, 0)
	b.laterAt -= b.first
	n := b.Len()
	for i := n; i < b.end; i++ {
		b.m.DropData(i)
	}
	b.first, b.end = 0, n
}

// Drop removes the first n messages: those that SendBatch sent, or one that cannot be sent.
// The next SendBatch continues behind them.
func (b *Batch) Drop(n int) {
	n = min(max(n, 0), b.Len())
	for i := range n {
		b.m.DropData(b.first + i)
	}
	if b.first += n; b.laterAt < b.first && b.laterAt != receivedLater {
		b.later = 0
	}
	if b.first == b.end {
		b.Reset()
	}
}

// Reset removes all messages.
func (b *Batch) Reset() {
	for i := b.first; i < b.end; i++ {
		b.m.DropData(i)
	}
	b.first, b.end, b.received, b.later, b.laterAt, b.controls = 0, 0, 0, 0, 0, false
}

// Len returns the number of messages.
func (b *Batch) Len() int { return b.end - b.first }

// Cap returns the number of messages that the Batch has room for.
func (b *Batch) Cap() int { return b.m.Cap() }

// At returns the data of message i, counted from 0, cut to the room that there was; nil if
// there is no such message. Received data stays until the next RecvBatch.
func (b *Batch) At(i int) []byte {
	if !b.has(i) {
		return nil
	}
	return b.m.Data(b.first + i)
}

// Addr returns the sender of message i, or the receiver of a message to send; the zero Addr
// if there is none. It allocates for a unix path above 28 bytes.
func (b *Batch) Addr(i int) Addr {
	if !b.has(i) {
		return Addr{}
	}
	return sourceAddr(b.m.Name(b.first + i))
}

// Control returns the control messages of message i: see package cmsg. Received ones stay
// until the message is sent.
func (b *Batch) Control(i int) []byte {
	if !b.has(i) {
		return nil
	}
	return b.m.Control(b.first + i)
}

// Flags returns the flags that message i was received with: Trunc, CTrunc, EOR, OOB,
// ErrQueue.
func (b *Batch) Flags(i int) Flags {
	if !b.has(i) || b.first+i >= b.received {
		return 0
	}
	return Flags(b.m.Flags(b.first + i))
}

func (b *Batch) has(i int) bool { return i >= 0 && i < b.Len() }

// SendBatch sends the messages in order: one sendmmsg(2) (Linux 3.0), elsewhere a
// sendmsg(2) for each. It returns how many were sent, which may be fewer than there are:
// [Batch.Drop] these and continue. In blocking mode it waits until one can be sent. It drops
// no message itself.
//
// An error is that of the first message, and nothing was sent. The error of a later message
// ends the call before that message, and is returned when it is the first: Drop(1) then
// skips it. An error that is pending from an earlier datagram, such as ECONNREFUSED, belongs
// to no message: if it meets a later message Linux returns only the short count, and
// sockopt.IPRecvErr keeps it in the error queue. A stream may take a part of a message: the
// rest stays, and the message does not count yet.
//
// Control messages that do not fit the socket or the destination are an error of their message:
// see [Socket.SendMsg].
//
// Errors: those of [Socket.SendMsg]; EINVAL (a nil Batch).
//
// Source: sendmmsg(2).
func (s *Socket) SendBatch(b *Batch, flags Flags) (sent int, err error) {
	if flags&unsendable != 0 {
		return 0, s.refusedFlags("sendmmsg", flags)
	}
	if err := s.usable(b, "sendmmsg", flags); err != nil {
		return 0, err
	}
	if b.Len() == 0 {
		return 0, opError("sendmmsg", Addr{}, s.fd.Check(sockfd.WriteDeadline))
	}
	for i := b.first; i < b.received; i++ {
		b.m.DropControl(i)
	}
	end := b.end
	if b.controls {
		if end, err = s.fitting(b); err != nil {
			return 0, s.orClosed("sendmmsg", err)
		}
	}
	tries := 0
	for {
		n, e := s.sendMany(b, end, flags)
		if n > 0 {
			return n, nil
		}
		if e == 0 {
			tries = 0
			continue // a part of one
		}
		if e = s.fd.Retry(e, sockfd.Write, int(flags), &tries); e != 0 {
			to := b.Addr(0)
			return 0, s.addrResult("sendmmsg", &to, e)
		}
	}
}

// RecvBatch receives as many messages as have arrived and b has room for: one recvmmsg(2)
// (Linux 2.6.33), elsewhere a recvmsg(2) for each. In blocking mode it waits for the first
// message. The earlier content of b is removed, also if the call fails. At the end of a
// connection the messages are empty. Data beyond a message's room is lost, which Trunc in
// its Flags reports.
//
// An error after the first message ends the call; the next call returns it.
//
// Errors: those of [Socket.RecvMsg]; EINVAL (a nil Batch, or one without room to receive).
//
// Source: recvmmsg(2).
func (s *Socket) RecvBatch(b *Batch, flags Flags) (received int, err error) {
	if err := s.usable(b, "recvmmsg", flags); err != nil {
		return 0, err
	}
	if bytes, _ := b.m.Room(); bytes == 0 || b.Cap() == 0 {
		return 0, invalidInput("recvmmsg", "a batch without room")
	}
	later, of := b.later, b.laterAt
	b.Reset()
	if later != 0 && of == receivedLater {
		return 0, opResult("recvmmsg", later)
	}
	tries := 0
	if e := s.fd.Prepare(sockfd.Read, int(flags), &tries); e != 0 {
		return 0, opResult("recvmmsg", e)
	}
	for {
		n, e := s.recvMany(b, flags)
		if e == 0 {
			for i := 0; i < n && flags&errQueueIfAny != 0; i++ {
				s.receivedReports(b.m.Control(i))
			}
			b.end, b.received = n, n
			return n, nil
		}
		if e = s.fd.Retry(e, sockfd.Read, int(flags), &tries); e != 0 {
			return 0, opResult("recvmmsg", e)
		}
	}
}

func (s *Socket) usable(b *Batch, op string, flags Flags) error {
	switch {
	case b == nil:
		return invalidInput(op, "no batch")
	case b.bad != nil:
		return &Error{Op: op, Err: b.bad}
	case flags < 0:
		return s.unsupportedOrClosed(op, "a flag")
	}
	return nil
}

// fitting returns the end of the messages whose control messages fit, and the error of the
// first message if it is that one whose do not.
func (s *Socket) fitting(b *Batch) (end int, err error) {
	for i := b.first; i < b.end; i++ {
		control := b.m.Control(i)
		if len(control) == 0 {
			continue
		}
		var to Addr
		if s.Domain() == Inet6 { // else it does not depend on the destination
			to = addrFromKernel(b.m.Name(i))
		}
		wrong := s.misfit(control, &to)
		if wrong == "" {
			continue
		}
		if i == b.first {
			err = misfitError("sendmmsg", addrFromKernel(b.m.Name(i)), wrong)
		}
		return i, err
	}
	return b.end, nil
}

// sendMany sends the messages before end, and returns how many were sent whole.
func (s *Socket) sendMany(b *Batch, end int, flags Flags) (int, sys.Errno) {
	if !sys.HasMmsg {
		return s.sendEach(b, end, flags)
	}
	n, last, e := s.callSendmmsg(b, end, flags)
	if n > 0 {
		if i := b.first + n - 1; last < len(b.m.Data(i)) { // on a stream
			b.m.Cut(i, last)
			n--
		}
	}
	return n, e
}

func (s *Socket) recvMany(b *Batch, flags Flags) (int, sys.Errno) {
	if !sys.HasMmsg {
		return s.recvEach(b, flags)
	}
	return s.callRecvmmsg(b, flags)
}

func (s *Socket) callSendmmsg(b *Batch, end int, flags Flags) (n, last int, e sys.Errno) {
	if e := s.fd.Acquire(sockfd.WriteDeadline); e != 0 {
		return 0, 0, e
	}
	t, start := tracing()
	n, last, e = sys.Sendmmsg(int(s.fd.Sysfd), &b.m, b.first, end, int(flags|DontWait), s.keepsP() && !b.mayPass(s))
	left := s.fd.Release()
	if t != nil {
		t.batch("sendmmsg", int(s.fd.Sysfd), b, b.first, end, end-b.first, flags|DontWait|sys.SendFlags, n, e, start)
	}
	if left {
		s.fd.Destroy()
	}
	return n, last, e
}

// mayPass reports whether a message of b may pass descriptors, or is to a path.
func (b *Batch) mayPass(s *Socket) bool {
	if s.Domain() != Unix {
		return false
	}
	if _, control := b.m.Room(); control > 0 {
		return true
	}
	for i := b.first; i < b.end; i++ {
		if isPath(b.m.Name(i)) {
			return true
		}
	}
	return false
}

func (s *Socket) callRecvmmsg(b *Batch, flags Flags) (int, sys.Errno) {
	flags = s.closesOnExec(flags | DontWait)
	if e := s.fd.Acquire(sockfd.ReadDeadline); e != 0 {
		return 0, e
	}
	t, start := tracing()
	n, e := sys.Recvmmsg(int(s.fd.Sysfd), &b.m, int(flags), s.keepsP() && !b.mayPass(s))
	left := s.fd.Release()
	if t != nil {
		t.batch("recvmmsg", int(s.fd.Sysfd), b, 0, n, b.Cap(), flags, n, e, start)
	}
	if left {
		s.fd.Destroy()
	}
	return n, e
}

// sendEach sends each message with a call of its own. The error of a later message is
// stored, and the next SendBatch returns it.
func (s *Socket) sendEach(b *Batch, end int, flags Flags) (int, sys.Errno) {
	if e := b.later; e != 0 && b.laterAt == b.first {
		b.later = 0
		return 0, e
	}
	for i := b.first; i < end; i++ {
		p := b.m.Data(i)
		to := addrFromKernel(b.m.Name(i))
		n, e := s.callSendmsg([][]byte{p}, b.m.Control(i), &to, flags)
		switch {
		case e != 0 && i == b.first:
			return 0, e
		case e != 0:
			if e != sys.EAGAIN && e != errnoTimeout {
				b.later, b.laterAt = e, i
			}
			return i - b.first, 0
		case n < len(p): // on a stream
			b.m.Cut(i, n)
			return i - b.first, 0
		}
	}
	return end - b.first, 0
}

// recvEach receives each message with a call of its own, until there is none left.
func (s *Socket) recvEach(b *Batch, flags Flags) (int, sys.Errno) {
	for i := range b.m.Cap() {
		p, control, name := b.m.RecvBuffers(i)
		n, nc, got, e := s.callRecvmsg([][]byte{p}, control, name, flags)
		switch {
		case e != 0 && i == 0:
			return 0, e
		case e != 0:
			if e != sys.EAGAIN && e != errnoTimeout {
				b.later, b.laterAt = e, receivedLater
			}
			return i, 0
		}
		b.m.SetReceived(i, n, nc, got)
	}
	return b.m.Cap(), 0
}
