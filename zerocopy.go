package sock

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
	"github.com/berkeleysockets/sock/internal/trace"
)

// SendZeroCopy sends p without a copy: one send(2) with MSG_ZEROCOPY (Linux 4.14). Before the
// first one it calls setsockopt(2) with SO_ZEROCOPY and getsockopt(2) with SO_COOKIE. It is
// worth it from about 10 KiB, and to another machine: on the loopback the kernel copies after
// all.
//
// The caller must not modify p until RecvErr reports the send as complete. [Socket.RecvErr]
// reports one or more sends by their id, which counts up from 0 with each SendZeroCopy that
// sent anything. Until then the Socket keeps p reachable, on the heap. An empty p is sent
// without the flag: it takes no id, and the id returned has no meaning.
//
// The kernel counts the ids and does not return them. A Socket can count them only while
// nothing else can send on its kernel socket. SendZeroCopy returns errors.ErrUnsupported, and
// [Socket.Send] still works:
//
//   - on anything but TCP and UDP over IPv4 and IPv6;
//   - on a Socket that FromFD, FromConn or Inherited adopted, which may have sent before;
//   - after FD, WithFD, Dup, File or a call of SyscallConn's RawConn, since another may send
//     (String prints the descriptor without this effect), and after SO_ZEROCOPY was switched
//     off. If that happens during the send, the error comes with n > 0;
//   - on UDP, after a send that failed and that the kernel may have counted: EPERM of a
//     firewall, a late EINVAL of UDP_SEGMENT, ECONNREFUSED and others. These change nothing:
//     EAGAIN, EDESTADDRREQ, EMSGSIZE for more than 65,535 bytes, and ENOBUFS unless IP_RECVERR
//     or IPV6_RECVERR is set.
//
// The ids that were returned before stay right.
//
// Close releases the buffers of the sends that are complete, whether or not RecvErr has
// reported them. If the peer has reset the connection, these are all. If the kernel still
// sends, Close duplicates the descriptor before it closes it, and calls shutdown(2) on the
// duplicate, which is the only copy then: the peer receives the rest and the end of the
// stream. A time set by SO_LINGER does not wait then. Later calls of Open, Bind, Accept,
// Close, RecvErr and SendZeroCopy, on any Socket, release what the kernel has completed, and
// close the duplicate. A UDP socket's address is in use until then, and datagrams that arrive
// for it are lost; this happens for instance while a neighbor's link address is not resolved.
//
// What is kept after Close is limited. A connection whose peer accepts no data for 60 s ends
// (TCP_USER_TIMEOUT). Above 64 MiB or 1,024 descriptors in the process, Close resets the
// oldest connections, as the kernel does with too many orphans (tcp_max_orphans). What a
// network device has still not sent then may double these numbers briefly. If Close cannot
// duplicate the descriptor (EMFILE), it resets the connection.
//
// If another may have the descriptor, Close does none of this: the buffers stay until a
// RecvErr on a copy reports them, otherwise until the program ends. While there are more than
// 64 MiB of these, SendZeroCopy returns ENOBUFS.
//
// Errors: those of [Socket.Send]; ENOBUFS (too many sends are not complete: receive from the
// error queue, or send with a copy), [errors.ErrUnsupported] (as above, or another system).
//
// Source: send(2), https://docs.kernel.org/networking/msg_zerocopy.html
func (s *Socket) SendZeroCopy(p []byte, flags Flags) (n int, id uint32, err error) {
	if ZeroCopy < 0 || flags < 0 {
		return 0, 0, s.unsupportedOrClosed("send", "MSG_ZEROCOPY or a flag")
	}
	if e := s.fd.Check(sockfd.WriteDeadline); e != 0 {
		return 0, 0, opError("send", Addr{}, e)
	}
	if !s.isTCP() && !s.isUDP() {
		return 0, 0, s.unsupportedOrClosed("send", "MSG_ZEROCOPY over "+s.Domain().String()+", "+s.Type().String())
	}
	if len(p) == 0 { // the kernel counts an empty datagram, and not an empty send on a stream
		n, err = s.Send(p, flags&^ZeroCopy)
		return n, 0, err
	}
	closing.look(lookAtFew)
	if closing.forGood.Load() > maxClosingBytes {
		return 0, 0, opError("send", Addr{}, sys.ENOBUFS)
	}
	z, e := s.countZeroCopy()
	if e != 0 {
		return 0, 0, opError("send", Addr{}, e)
	}
	tries := 0
	for {
		n, id, ok, e := s.callSendZeroCopy(z, p, flags)
		if !ok {
			const why = "MSG_ZEROCOPY: another may send on this socket, or a failed send may have been counted"
			return n, 0, s.orClosed("send", &Error{Op: "send", Err: &inputError{why, errors.ErrUnsupported}})
		}
		if e == 0 {
			return n, id, nil
		}
		if e = s.fd.Retry(e, sockfd.Write, int(flags), &tries); e != 0 {
			return 0, 0, opResult("send", e)
		}
	}
}

// callSendZeroCopy is one send(2) and its id. ok is false if the kernel's count is not known.
func (s *Socket) callSendZeroCopy(z *zeroCopy, p []byte, flags Flags) (n int, id uint32, ok bool, e sys.Errno) {
	if e := s.fd.Acquire(sockfd.WriteDeadline); e != 0 {
		return 0, 0, true, e
	}
	flags |= ZeroCopy | DontWait
	z.mu.Lock() // ids are given in the order of the calls
	if z.ended || s.own.Load() != alone|countable {
		z.mu.Unlock()
		s.fd.Done()
		return 0, 0, false, 0
	}
	t, start := tracing()
	n, e = sys.Sendto(int(s.fd.Sysfd), p, int(flags), nil, s.keepsP())
	id = z.next
	switch {
	case e == 0 && n > 0:
		z.keep(p[:n])
		z.ended = s.own.Load() != alone|countable // a copy that was made meanwhile may have sent first
		z.out[len(z.out)-1].unknown = z.ended
	case e != 0 && s.isUDP():
		z.ended = !s.uncounted(len(p), e)
	}
	ok = e != 0 || !z.ended
	z.mu.Unlock()
	last := s.fd.Release()
	if t != nil {
		t.sendto(int(s.fd.Sysfd), p, flags, nil, n, e, start)
	}
	if last {
		s.fd.Destroy()
	}
	return n, id, ok, e
}

// uncounted reports whether the kernel has not counted a UDP send of size bytes that failed
// with e. It counts in __ip_append_data (net/ipv4/ip_output.c), and takes that back if this
// function fails, but not if a later one does: udp_send_skb, netfilter, a queue. A TCP send
// that fails is never counted (tcp_sendmsg_locked in net/ipv4/tcp.c). The caller holds a
// reference.
func (s *Socket) uncounted(size int, e sys.Errno) bool {
	switch e {
	case sys.EAGAIN, sys.EDESTADDRREQ:
		return true
	case sys.EMSGSIZE:
		return size > 0xffff
	case sys.ENOBUFS: // after the count it is returned only with one of these options
		return !s.isSet(sys.IPPROTO_IP, sys.IP_RECVERR) && (s.Domain() == Inet || !s.isSet(sys.IPPROTO_IPV6, sys.IPV6_RECVERR))
	}
	return false
}

func (s *Socket) isSet(level, name int) bool {
	var b [4]byte
	_, e := sys.Getsockopt(int(s.fd.Sysfd), level, name, b[:])
	return e != 0 || b != [4]byte{}
}

func (s *Socket) isUDP() bool {
	return s.Type() == Dgram && (s.Domain() == Inet || s.Domain() == Inet6) && (s.proto == 0 || s.proto == int32(UDP))
}

// The bits of Socket.own. Both are set if the Socket was opened or accepted here.
const (
	alone     = 1 << iota // no copy of the descriptor is known
	countable             // SO_ZEROCOPY was not switched off
)

// A zeroCopy holds the buffers of sends that are not complete.
type zeroCopy struct {
	mu     sync.Mutex // held over a send, so that ids are in the kernel's order; taken before buffersMu
	ended  bool       // the kernel's count is not known any more
	left   bool       // closed, with no descriptor to ask: bytes is in closing.forGood
	next   uint32     // the id of the next send
	bytes  int        // the length of out's buffers
	cookie uint64     // SO_COOKIE: the kernel's name of the socket; 0 if it has none
	out    []zeroCopySend
}

type zeroCopySend struct {
	id      uint32
	unknown bool // the id is not known
	p       []byte
}

// buffers keeps all that is out reachable, whatever becomes of the Socket: freed, and
// another's, these bytes would still be sent.
var (
	buffersMu sync.Mutex
	buffers   = make(map[*zeroCopy]bool)
)

func (z *zeroCopy) keep(p []byte) {
	if len(z.out) == 0 {
		buffersMu.Lock()
		buffers[z] = true
		buffersMu.Unlock()
	}
	z.out = append(z.out, zeroCopySend{id: z.next, p: p})
	z.bytes += len(p)
	z.next++
}

// completed releases the sends from first to last; ids wrap around.
func (z *zeroCopy) completed(first, last uint32) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if int32(last-z.next) >= 0 { // another has sent
		z.ended = true
	}
	if len(z.out) == 0 {
		return
	}
	before := z.bytes
	z.out = slices.DeleteFunc(z.out, func(o zeroCopySend) bool {
		done := !o.unknown && o.id-first <= last-first
		if done {
			z.bytes -= len(o.p)
		}
		return done
	})
	if z.left {
		closing.forGood.Add(int64(z.bytes - before))
	}
	if len(z.out) == 0 {
		buffersMu.Lock()
		delete(buffers, z)
		buffersMu.Unlock()
	}
}

// pending returns how many bytes are not complete.
func (z *zeroCopy) pending() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.bytes
}

// receivedReports is called with the control messages of what s received from the error queue.
func (s *Socket) receivedReports(control []byte) {
	for m, rest, ok := cmsg.Next(control); ok; m, rest, ok = cmsg.Next(rest) {
		if x, ok := m.ExtendedError(); ok && x.Origin == cmsg.OriginZeroCopy {
			s.zeroCopyCompleted(x.Info, x.Data)
		}
	}
}

// keepForGood is called when there is no descriptor left to ask.
func (z *zeroCopy) keepForGood() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.left = true
	closing.forGood.Add(int64(z.bytes))
}

// zeroCopyCompleted is called with a report that s has received. The sends may be those of
// another Socket of the same kernel socket, open or closed.
func (s *Socket) zeroCopyCompleted(first, last uint32) {
	closing.look(lookAtFew)
	if z := s.zeroCopyIfAny(); z != nil {
		z.completed(first, last)
		return
	}
	var b [8]byte
	if _, e := s.callGetsockopt(sys.SOL_SOCKET, sys.SO_COOKIE, b[:]); e != 0 {
		return
	}
	cookie := binary.NativeEndian.Uint64(b[:])
	var found *zeroCopy
	buffersMu.Lock()
	for z := range buffers {
		if z.cookie == cookie && cookie != 0 {
			found = z
		}
	}
	buffersMu.Unlock()
	if found != nil {
		found.completed(first, last)
	}
}

func (s *Socket) zeroCopyIfAny() *zeroCopy {
	c := s.fd.ColdIfAny()
	if c == nil {
		return nil
	}
	c.Lock()
	defer c.Unlock()
	if o, ok := c.Owner.(*ownState); ok {
		return o.zero
	}
	return nil
}

// countZeroCopy returns the record of s with the option set. It begins one, if s is alone.
func (s *Socket) countZeroCopy() (*zeroCopy, sys.Errno) {
	z := s.zeroCopyIfAny()
	if z == nil {
		z = new(zeroCopy)
		if s.own.Load() != alone|countable {
			z.ended = true
			return z, 0
		}
		if e := s.setInt(sys.SOL_SOCKET, sys.SO_ZEROCOPY, 1); e != 0 {
			return nil, e
		}
		var b [8]byte
		switch _, e := s.callGetsockopt(sys.SOL_SOCKET, sys.SO_COOKIE, b[:]); e {
		case 0:
			z.cookie = binary.NativeEndian.Uint64(b[:])
		case errnoClosed:
			return nil, e
		}
		if e := s.fd.Acquire(0); e != 0 { // a Close that begins now sees BeforeClose
			return nil, e
		}
		defer s.fd.Done()
		c := s.fd.Cold()
		c.Lock()
		defer c.Unlock()
		if o := ownedState(c); o.zero == nil {
			o.zero = z
			c.BeforeClose = s.closeZeroCopy
		}
		z = ownedState(c).zero
	}
	return z, 0
}

// What is closed while the kernel still sends from its buffers. At most lookAtFew are looked
// at by one call.
const (
	maxClosingBytes = 64 << 20
	maxClosing      = 1024
	lookAtFew       = 4
	closingTimeout  = 60_000 // milliseconds
)

type closingSockets struct {
	n       atomic.Int32 // len(list)
	forGood atomic.Int64 // bytes of sockets that were closed, with no descriptor to ask
	mu      sync.Mutex   // guards the fields below; taken before zeroCopy.mu
	bytes   int
	turn    int             // the index to look at next
	list    []closingSocket // the oldest first
}

type closingSocket struct {
	fd    int // a duplicate, the only descriptor of its socket
	bytes int // of z
	z     *zeroCopy
	reset bool
}

var closing closingSockets

// closeZeroCopy is called before close(2) of fd, when no other call is in progress.
func (s *Socket) closeZeroCopy(fd int) {
	z := s.zeroCopyIfAny()
	if s.own.Load()&alone == 0 { // the reports belong to the copies
		z.keepForGood()
		return
	}
	closing.look(lookAtFew)
	log := trace.NewLog()
	z.receiveReports(fd, &log)
	if z.pending() > 0 {
		closing.add(s.isTCP(), fd, z, &log)
	}
	log.Flush()
}

// receiveReports releases what is complete, when nothing more is sent. Another call may have
// received reports without room for them. They are in the socket's option memory until they
// are received: if it has none the kernel is done with all.
func (z *zeroCopy) receiveReports(fd int, log *trace.Log) {
	var control [roomForReport]byte
	for {
		start := trace.Start()
		n, nc, _, e := sys.Recvmsg(fd, nil, control[:], nil, int(ErrQueue|DontWait), false)
		log.Add(trace.Call{Name: "recvmsg", Args: "MSG_ERRQUEUE|MSG_DONTWAIT"}, fd, n, e, start)
		if e == sys.EINTR {
			continue
		}
		if e != 0 {
			break
		}
		for m, rest, ok := cmsg.Next(control[:nc]); ok; m, rest, ok = cmsg.Next(rest) {
			if x, ok := m.ExtendedError(); ok && x.Origin == cmsg.OriginZeroCopy {
				z.completed(x.Info, x.Data)
			}
		}
	}
	if z.pending() == 0 {
		return
	}
	const optMem = 6 // SK_MEMINFO_OPTMEM (linux/sock_diag.h): sk_omem_alloc
	var info [64]byte
	start := trace.Start()
	n, e := sys.Getsockopt(fd, sys.SOL_SOCKET, sys.SO_MEMINFO, info[:])
	log.Add(trace.Call{Name: "getsockopt", Args: "SO_MEMINFO"}, fd, trace.Result(e), e, start)
	if e == 0 && n >= 4*(optMem+1) && binary.NativeEndian.Uint32(info[4*optMem:]) == 0 {
		z.completed(z.next-1<<31, z.next-1)
	}
}

// add keeps a duplicate of fd until the kernel is done with z.
func (c *closingSockets) add(stream bool, fd int, z *zeroCopy, log *trace.Log) {
	start := trace.Start()
	kept, e := sys.Dup(fd)
	log.Add(trace.Call{Name: "fcntl", Args: dupArgs}, fd, kept, e, start)
	if e != 0 { // no descriptor left
		if stream {
			resetNow(fd, z, log)
		}
		z.keepForGood()
		return
	}
	if stream {
		shutDown(kept, z, log)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, closingSocket{fd: kept, bytes: z.pending(), z: z})
	c.bytes += z.pending()
	c.makeRoom(log)
	c.n.Store(int32(len(c.list)))
}

// makeRoom resets the oldest until the others are within the limits. A device may still send
// from what is reset, for moments: it stays in the list. The caller holds mu.
func (c *closingSockets) makeRoom(log *trace.Log) {
	live, bytes := len(c.list), c.bytes
	for i := 0; i < len(c.list) && (bytes > maxClosingBytes || live > maxClosing); {
		x := &c.list[i]
		live--
		bytes -= x.bytes
		if !x.reset {
			resetNow(x.fd, x.z, log)
			x.reset = true
		}
		if c.update(i, log) {
			i++
		}
	}
	for c.bytes > 2*maxClosingBytes || len(c.list) > 2*maxClosing { // a device that does not finish
		c.list[0].z.keepForGood()
		c.remove(0, log)
	}
}

// update counts what the kernel still has of the socket at index i, and removes it if that is
// nothing.
func (c *closingSockets) update(i int, log *trace.Log) (stays bool) {
	x := &c.list[i]
	left := x.z.pending()
	c.bytes -= x.bytes - left
	if x.bytes = left; left == 0 {
		c.remove(i, log)
	}
	return left > 0
}

// remove closes the duplicate at index i.
func (c *closingSockets) remove(i int, log *trace.Log) {
	start := trace.Start()
	e := sys.Close(c.list[i].fd)
	log.Add(trace.Call{Name: "close"}, c.list[i].fd, trace.Result(e), e, start)
	c.bytes -= c.list[i].bytes
	c.list = slices.Delete(c.list, i, i+1)
}

// look closes what the kernel is done with, of at most n sockets.
func (c *closingSockets) look(n int) {
	if c.n.Load() == 0 || !c.mu.TryLock() {
		return
	}
	log := trace.NewLog()
	for n = min(n, len(c.list)); n > 0; n-- {
		if c.turn >= len(c.list) {
			c.turn = 0
		}
		x := &c.list[c.turn]
		x.z.receiveReports(x.fd, &log)
		if c.update(c.turn, &log) {
			c.turn++
		}
	}
	c.n.Store(int32(len(c.list)))
	c.mu.Unlock()
	log.Flush()
}

// shutDown does what close(2) would do to a connection that has no other descriptor.
func shutDown(fd int, z *zeroCopy, log *trace.Log) {
	var b [8]byte
	start := trace.Start()
	_, e := sys.Getsockopt(fd, sys.SOL_SOCKET, sys.SO_LINGER, b[:])
	log.Add(trace.Call{Name: "getsockopt", Args: "SO_LINGER"}, fd, trace.Result(e), e, start)
	if on, seconds := binary.NativeEndian.Uint32(b[:]), binary.NativeEndian.Uint32(b[4:]); e == 0 && on != 0 && seconds == 0 {
		resetNow(fd, z, log)
		return
	}
	start = trace.Start()
	e = sys.Shutdown(fd, sys.SHUT_RDWR)
	log.Add(trace.Call{Name: "shutdown", Args: ShutBoth.String()}, fd, trace.Result(e), e, start)
	start = trace.Start()
	_, e = sys.Getsockopt(fd, sys.IPPROTO_TCP, sys.TCP_USER_TIMEOUT, b[:4])
	log.Add(trace.Call{Name: "getsockopt", Args: "TCP_USER_TIMEOUT"}, fd, trace.Result(e), e, start)
	if set := binary.NativeEndian.Uint32(b[:]); e == 0 && set != 0 && set <= closingTimeout {
		return
	}
	binary.NativeEndian.PutUint32(b[:], closingTimeout)
	start = trace.Start()
	e = sys.Setsockopt(fd, sys.IPPROTO_TCP, sys.TCP_USER_TIMEOUT, b[:4])
	log.Add(trace.Call{Name: "setsockopt", Args: "TCP_USER_TIMEOUT, " + itoa(closingTimeout)}, fd, trace.Result(e), e, start)
}

// resetNow ends a connection with a reset, which empties the kernel's queue: connect(2) with
// AF_UNSPEC (tcp_disconnect in net/ipv4/tcp.c).
func resetNow(fd int, z *zeroCopy, log *trace.Log) {
	var none [16]byte // AF_UNSPEC is 0
	start := trace.Start()
	e := sys.Connect(fd, none[:])
	log.Add(trace.Call{Name: "connect", Args: "AF_UNSPEC"}, fd, trace.Result(e), e, start)
	z.receiveReports(fd, log)
}
