package sock

import (
	"fmt"
	"math"

	"github.com/berkeleysockets/sock/internal/sys"
)

// A FilterInstruction is one of classic BPF, as the kernel has it. The fields are
// those of bpf.RawInstruction in golang.org/x/net, which converts to it and back:
// FilterInstruction(raw).
type FilterInstruction struct {
	Op     uint16
	Jt, Jf uint8
	K      uint32
}

// Programs are for Linux: elsewhere these methods answer errors.ErrUnsupported.
// An eBPF program is attached by its descriptor: see AttachBPF and
// AttachReusePortEBPF.

// AttachFilter has a program look at what arrives, and keep or drop it:
// setsockopt(2) with SO_ATTACH_FILTER. It returns how many bytes to keep, and 0
// drops; it sees a datagram from its UDP header on, a packet socket's frame from
// where that begins. One that is attached already is replaced. What has
// arrived before stays.
//
// Errors: EINVAL (no program, a bad one, or more than 4096 instructions), ENOMEM
// (more memory than net.core.optmem_max), EPERM (locked with SO_LOCK_FILTER; or a
// TCP socket, and the process lacks CAP_NET_ADMIN: newer kernels ask for it, Linux
// 6.18 does), [errors.ErrUnsupported].
//
// Source: socket(7), Documentation/networking/filter.rst.
func (s *Socket) AttachFilter(program []FilterInstruction) error {
	return s.attach("attachfilter", sys.SO_ATTACH_FILTER, program)
}

// DetachFilter takes the program of a socket away, a classic or an eBPF one:
// setsockopt(2) with SO_DETACH_FILTER.
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
		return nil, s.lacks(op, "socket filters")
	}
	raw := make([]sys.FilterInstruction, maxFilter)
	n := 0
	e := s.plain(func(fd int) (e sys.Errno) {
		n, e = sys.GetFilter(fd, raw)
		return e
	}, func() Call { return Call{Name: "getsockopt", Args: filterArgs(sys.SO_ATTACH_FILTER, n)} })
	if e != 0 {
		return nil, fail(op, Addr{}, e)
	}
	var program []FilterInstruction
	for _, i := range raw[:min(n, len(raw))] {
		program = append(program, FilterInstruction(i))
	}
	return program, nil
}

// AttachReusePortFilter has a program choose between the sockets that share an
// address by [ReusePort]: setsockopt(2) with SO_ATTACH_REUSEPORT_CBPF. It returns
// the index of one, in the order in which they were bound or, of a stream, began
// to listen; from 0, with gaps filled by the last when one is closed. An index
// that none has leaves the choice to the kernel. It sees a datagram's data from
// their first byte, of a connection the beginning, with no data. One program is
// for all of them, whichever it is attached to, and replaces that before; it may
// be attached before Bind, once ReusePort is set (Linux 4.5; of streams 4.6).
//
// Errors: EINVAL (ReusePort was not set before Bind; or as AttachFilter), ENOMEM,
// EPERM (locked with SO_LOCK_FILTER), [errors.ErrUnsupported].
//
// Source: socket(7).
func (s *Socket) AttachReusePortFilter(program []FilterInstruction) error {
	return s.attach("attachreuseportfilter", sys.SO_ATTACH_REUSEPORT_CBPF, program)
}

// DetachReusePort takes away the program, classic or eBPF, that chooses between
// sockets: setsockopt(2) with SO_DETACH_REUSEPORT_BPF (Linux 5.3). The choice is the
// kernel's again.
//
// Errors: ENOENT (none is attached), EINVAL (ReusePort is not set), EPERM (locked
// with SO_LOCK_FILTER), ENOPROTOOPT (an older kernel), [errors.ErrUnsupported].
//
// Source: socket(7).
func (s *Socket) DetachReusePort() error {
	return s.detach("detachreuseport", sys.SO_DETACH_REUSEPORT_BPF)
}

// maxFilter is the most instructions a kernel takes (BPF_MAXINSNS).
const maxFilter = 4096

func (s *Socket) attach(op string, name int, program []FilterInstruction) error {
	switch {
	case !sys.Has(name):
		return s.lacks(op, "socket filters")
	case len(program) > math.MaxUint16: // and sock_fprog.len would be another
		return invalid(op, fmt.Sprintf("%d instructions, where %d fit", len(program), maxFilter))
	}
	raw := make([]sys.FilterInstruction, len(program))
	for i, p := range program {
		raw[i] = sys.FilterInstruction(p)
	}
	e := s.plain(func(fd int) sys.Errno { return sys.AttachFilter(fd, name, raw) },
		func() Call { return Call{Name: "setsockopt", Args: filterArgs(name, len(program))} })
	return fail(op, Addr{}, e)
}

func (s *Socket) detach(op string, name int) error {
	if !sys.Has(name) {
		return s.lacks(op, "socket filters")
	}
	none := rawInt(0) // the argument means nothing, and must be there
	return fail(op, Addr{}, s.callSetsockopt(sys.SOL_SOCKET, name, none.b[:none.n]))
}

func filterArgs(name, instructions int) string {
	return fmt.Sprintf("SOL_SOCKET, %s, {len=%d}", optionName(Unspec, sys.SOL_SOCKET, name), instructions)
}
