package sock

import (
	"slices"
	"sync"

	"github.com/berkeleysockets/sock/internal/sockfd"
	"github.com/berkeleysockets/sock/internal/sys"
)

// SendZeroCopy sends p without a copy: one send(2) with MSG_ZEROCOPY (Linux 4.14), and before
// the first one a setsockopt(2) with SO_ZEROCOPY. It is worth it from about 10 KiB, and to
// another machine: on the loopback the kernel copies after all.
//
// The caller must not modify p until RecvErr reports the send as complete. [Socket.RecvErr]
// reports one or more sends by their id, which counts up from 0 with each SendZeroCopy that
// sent anything. Until then the Socket keeps p reachable, on the heap. If the Socket is
// closed while sends are not complete, their buffers stay allocated, since the kernel may
// still send from them.
//
// The ids are right as long as nothing else sends with MSG_ZEROCOPY on this socket: no Dup,
// no other process.
//
// Errors: those of [Socket.Send]; ENOBUFS (too many sends are not complete: receive from the
// error queue, or send with a copy), [errors.ErrUnsupported] (another system, or a kind of
// socket that cannot).
//
// Source: send(2), https://docs.kernel.org/networking/msg_zerocopy.html
func (s *Socket) SendZeroCopy(p []byte, flags Flags) (n int, id uint32, err error) {
	if ZeroCopy < 0 || flags < 0 {
		return 0, 0, s.unsupportedOrClosed("send", "MSG_ZEROCOPY or a flag")
	}
	if e := s.fd.Check(sockfd.WriteDeadline); e != 0 {
		return 0, 0, opError("send", Addr{}, e)
	}
	z := s.zeroCopy()
	z.mu.Lock() // ids are given in the order of the calls
	defer z.mu.Unlock()
	if !z.on {
		if e := s.setInt(sys.SOL_SOCKET, sys.SO_ZEROCOPY, 1); e != 0 {
			return 0, 0, opError("send", Addr{}, e)
		}
		z.on = true
	}
	tries := 0
	for {
		n, e := s.callSendto(p, flags|ZeroCopy, nil)
		if e == 0 {
			id = z.next
			if n > 0 {
				z.keep(p[:n])
			}
			return n, id, nil
		}
		z.mu.Unlock() // nobody waits for who waits
		e = s.fd.Retry(e, sockfd.Write, int(flags), &tries)
		z.mu.Lock()
		if e != 0 {
			return 0, 0, opResult("send", e)
		}
	}
}

// A zeroCopy holds the buffers of sends that are not complete.
type zeroCopy struct {
	mu   sync.Mutex
	on   bool   // SO_ZEROCOPY is set
	next uint32 // the id of the next send
	out  []zeroCopySend
}

type zeroCopySend struct {
	id uint32
	p  []byte
}

// inFlight keeps all that is out, whatever becomes of the Socket: freed, and
// another's, these bytes would still be sent.
var inFlight struct {
	sync.Mutex
	of map[*zeroCopy]bool
}

func (z *zeroCopy) keep(p []byte) {
	if len(z.out) == 0 {
		inFlight.Lock()
		if inFlight.of == nil {
			inFlight.of = make(map[*zeroCopy]bool)
		}
		inFlight.of[z] = true
		inFlight.Unlock()
	}
	z.out = append(z.out, zeroCopySend{z.next, p})
	z.next++
}

// completed releases the sends from first to last; ids wrap around.
func (z *zeroCopy) completed(first, last uint32) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.out = slices.DeleteFunc(z.out, func(o zeroCopySend) bool { return o.id-first <= last-first })
	if len(z.out) == 0 {
		inFlight.Lock()
		delete(inFlight.of, z)
		inFlight.Unlock()
	}
}

func (s *Socket) zeroCopy() *zeroCopy {
	c := s.fd.Cold()
	c.Lock()
	defer c.Unlock()
	r := ownedState(c)
	if r.zero == nil {
		r.zero = new(zeroCopy)
	}
	return r.zero
}
