package sock

import (
	"fmt"
	"math"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A FilterInstruction is one instruction of classic BPF. The fields are those of
// bpf.RawInstruction in golang.org/x/net, so that a conversion is enough:
// FilterInstruction(raw).
type FilterInstruction struct {
	Op     uint16
	Jt, Jf uint8
	K      uint32
}

// Programs are for Linux: elsewhere these methods answer errors.ErrUnsupported.
// An eBPF program is attached by its descriptor: see AttachBPF and
// AttachReusePortEBPF.

// AttachFilter attaches a program that decides which packets are kept: setsockopt(2) with
// SO_ATTACH_FILTER. The program returns how many bytes to keep; 0 drops the packet. It sees
// a datagram from its UDP header on, and a packet socket's frame from where the frame begins.
// It replaces an attached program. Packets that have arrived before stay.
//
// Errors: EINVAL (no program, a bad one, or more than 4096 instructions), ENOMEM (more
// memory than net.core.optmem_max), EPERM (locked with SO_LOCK_FILTER; or a TCP socket, and
// the process lacks CAP_NET_ADMIN: newer kernels ask for it, Linux 6.18 does),
// [errors.ErrUnsupported].
//
// Source: socket(7), Documentation/networking/filter.rst.
func (s *Socket) AttachFilter(program []FilterInstruction) error {
	return s.attach("attachfilter", sys.SO_ATTACH_FILTER, program)
}

// DetachFilter removes the program of a socket, a classic or an eBPF one: setsockopt(2) with
// SO_DETACH_FILTER.
//
// Errors: ENOENT (none is attached), EPERM (locked with SO_LOCK_FILTER),
// [errors.ErrUnsupported].
//
// Source: socket(7).
func (s *Socket) DetachFilter() error {
	return s.detach("detachfilter", sys.SO_DETACH_FILTER)
}

// Filter returns the program that was attached, nil if there is none:
// getsockopt(2) with SO_GET_FILTER, which has the number of SO_ATTACH_FILTER
// (Linux 3.8).
//
// Errors: EACCES (an eBPF program is attached), [errors.ErrUnsupported].
//
// Source: socket(7).
func (s *Socket) Filter() ([]FilterInstruction, error) {
	const op = "filter"
	if !sys.Has(sys.SO_ATTACH_FILTER) {
		return nil, s.unsupportedOrClosed(op, "socket filters")
	}
	raw := make([]sys.FilterInstruction, maxFilter)
	n := 0
	e := s.guarded(func(fd int) (e sys.Errno) {
		n, e = sys.GetFilter(fd, raw)
		return e
	}, func() Call { return Call{Name: "getsockopt", Args: filterArgs(sys.SO_ATTACH_FILTER, n)} })
	if e != 0 {
		return nil, opError(op, Addr{}, e)
	}
	var program []FilterInstruction
	for _, i := range raw[:min(n, len(raw))] {
		program = append(program, FilterInstruction(i))
	}
	return program, nil
}

// AttachReusePortFilter attaches a program that chooses between the sockets that share an
// address by sockopt.ReusePort: setsockopt(2) with SO_ATTACH_REUSEPORT_CBPF. The program
// returns the index of a socket, from 0, in the order in which they were bound or, for
// streams, began to listen; when one is closed the last takes its index. For an index
// without a socket the kernel chooses. The program sees a datagram's data from the first
// byte, and of a connection its beginning, without data. One program serves all sockets of
// the address, whichever it is attached to, and replaces the earlier one. It may be attached
// before Bind, once ReusePort is set (Linux 4.5; streams 4.6).
//
// Errors: EINVAL (ReusePort was not set before Bind; or as AttachFilter), ENOMEM, EPERM
// (locked with SO_LOCK_FILTER), [errors.ErrUnsupported].
//
// Source: socket(7).
func (s *Socket) AttachReusePortFilter(program []FilterInstruction) error {
	return s.attach("attachreuseportfilter", sys.SO_ATTACH_REUSEPORT_CBPF, program)
}

// DetachReusePort removes the program, classic or eBPF, that chooses between sockets:
// setsockopt(2) with SO_DETACH_REUSEPORT_BPF (Linux 5.3). The kernel chooses again.
//
// Errors: ENOENT (none is attached), EINVAL (ReusePort is not set), EPERM (locked with
// SO_LOCK_FILTER), ENOPROTOOPT (an older kernel), [errors.ErrUnsupported].
//
// Source: socket(7).
func (s *Socket) DetachReusePort() error {
	return s.detach("detachreuseport", sys.SO_DETACH_REUSEPORT_BPF)
}

// maxFilter is the largest number of instructions (BPF_MAXINSNS).
const maxFilter = 4096

func (s *Socket) attach(op string, name int, program []FilterInstruction) error {
	switch {
	case !sys.Has(name):
		return s.unsupportedOrClosed(op, "socket filters")
	case len(program) > math.MaxUint16: // and sock_fprog.len would be another
		return invalidInput(op, fmt.Sprintf("%d instructions, where %d fit", len(program), maxFilter))
	}
	raw := make([]sys.FilterInstruction, len(program))
	for i, p := range program {
		raw[i] = sys.FilterInstruction(p)
	}
	s.fd.EndExclusive() // close(2) frees the program
	e := s.guarded(func(fd int) sys.Errno { return sys.AttachFilter(fd, name, raw) },
		func() Call { return Call{Name: "setsockopt", Args: filterArgs(name, len(program))} })
	return opError(op, Addr{}, e)
}

func (s *Socket) detach(op string, name int) error {
	if !sys.Has(name) {
		return s.unsupportedOrClosed(op, "socket filters")
	}
	var none [4]byte // the argument is ignored but required
	return opError(op, Addr{}, s.callSetsockopt(sys.SOL_SOCKET, name, none[:]))
}

func filterArgs(name, instructions int) string {
	return fmt.Sprintf("SOL_SOCKET, %s, {len=%d}", sys.OptionName(sys.AF_UNSPEC, sys.SOL_SOCKET, name), instructions)
}
