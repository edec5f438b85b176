package sock_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// The instructions that are used here.
func loadByte(at uint32) sock.FilterInstruction {
	return sock.FilterInstruction{Op: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: at}
}

func ret(k uint32) sock.FilterInstruction {
	return sock.FilterInstruction{Op: unix.BPF_RET | unix.BPF_K, K: k}
}

// skipUnless goes on if A is k, and else n further.
func skipUnless(k uint32, n uint8) sock.FilterInstruction {
	return sock.FilterInstruction{Op: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: n, K: k}
}

// onlyA keeps datagrams whose data, behind the UDP header, begin with an a.
var onlyA = []sock.FilterInstruction{loadByte(8), skipUnless('a', 1), ret(math.MaxUint16), ret(0)}

// sameFields converts, as golang.org/x/net/bpf.RawInstruction does.
type sameFields struct {
	Op     uint16
	Jt, Jf uint8
	K      uint32
}

var _ = sock.FilterInstruction(sameFields{})

// passes fails the test unless of what is sent to b only want arrives. What is
// sent last does.
func passes(t testing.TB, b *sock.Socket, to sock.Addr, sent, want []string) {
	t.Helper()
	a := open(t, to.Domain(), sock.Dgram)
	for _, text := range sent {
		if _, err := a.SendTo([]byte(text), 0, to); err != nil {
			t.Fatal(err)
		}
	}
	wantErr(t, b.SetReadDeadline(time.Now().Add(10*time.Second)), nil)
	var got []string
	p := make([]byte, 100)
	for len(got) < len(want) {
		n, err := b.Recv(p, 0)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(p[:n]))
	}
	if !slices.Equal(got, want) {
		t.Errorf("of %q arrived %q, want %q", sent, got, want)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	sent := []string{"abc", "bcd", "", "a", "ba", "another"}
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			b, to := bound(t, network, sock.Dgram)
			passes(t, b, to, sent, sent)
			wantErr(t, b.AttachFilter(onlyA), nil)
			passes(t, b, to, sent, []string{"abc", "a", "another"})
			wantErr(t, b.AttachFilter([]sock.FilterInstruction{ret(8 + 2)}), nil) // replaces that, and cuts
			passes(t, b, to, []string{"abc", "b"}, []string{"ab", "b"})
		})
	}
}

func TestFilterDetach(t *testing.T) {
	t.Parallel()
	b, to := bound(t, "udp4", sock.Dgram)
	wrong(t, b.DetachFilter(), "detachfilter", sock.Addr{}, syscall.ENOENT)
	wantErr(t, b.AttachFilter([]sock.FilterInstruction{ret(0)}), nil)
	wantErr(t, b.DetachFilter(), nil)
	wrong(t, b.DetachFilter(), "detachfilter", sock.Addr{}, syscall.ENOENT)
	passes(t, b, to, []string{"abc"}, []string{"abc"})
}

// reads fails the test unless the program of s is want.
func reads(t testing.TB, s *sock.Socket, want []sock.FilterInstruction) {
	t.Helper()
	if got, err := s.Filter(); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d instructions, %v, want %d", len(got), err, len(want))
	}
}

func TestFilterReadBack(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	reads(t, s, nil)
	// The longest there are: an odd one among equals shows that none is missing.
	long := slices.Repeat([]sock.FilterInstruction{ret(math.MaxUint16)}, 4096)
	long[4095].K = 7
	for _, program := range [][]sock.FilterInstruction{onlyA, {ret(1)}, steer, long} {
		if err := s.AttachFilter(program); errors.Is(err, syscall.ENOMEM) {
			t.Log("net.core.optmem_max: ", err)
		} else if wantErr(t, err, nil); err == nil {
			reads(t, s, program)
		}
	}
	wantErr(t, s.DetachFilter(), nil)
	reads(t, s, nil)
}

// Of a unix socket it sees the data alone.
func TestFilterUnix(t *testing.T) {
	t.Parallel()
	a, b, err := sock.Pair(sock.Unix, sock.SeqPacket, 0)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, a)
	closed(t, b)
	wantErr(t, b.AttachFilter([]sock.FilterInstruction{loadByte(0), skipUnless('x', 1), ret(0), ret(math.MaxUint16)}), nil)
	send(t, a, "xyz")
	send(t, a, "yz")
	recv(t, b, 9, 0, "yz")
}

func TestFilterErrno(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	refusedProgram(t, "attachfilter", s.AttachFilter)
}

// refusedProgram fails the test if a bad program can be attached.
func refusedProgram(t *testing.T, op string, attach func([]sock.FilterInstruction) error) {
	t.Helper()
	long := slices.Repeat([]sock.FilterInstruction{ret(math.MaxUint16)}, math.MaxUint16+2)
	for name, program := range map[string][]sock.FilterInstruction{
		"nil":              nil,
		"empty":            {},
		"no such one":      {{Op: math.MaxUint16}, ret(0)},
		"no end":           {loadByte(0)},
		"a jump too far":   {skipUnless(0, 9), ret(0)},
		"division by zero": {{Op: unix.BPF_ALU | unix.BPF_DIV | unix.BPF_K}, ret(0)},
		"4097":             long[:4097],
		"65535":            long[:math.MaxUint16],
		"65536":            long[:math.MaxUint16+1], // which 16 bits would make none
		"65537":            long,                    // and one
	} {
		err := attach(program)
		wantErr(t, err, syscall.EINVAL)
		if text := fmt.Sprint(err); !strings.HasPrefix(text, op+": ") || len(program) > math.MaxUint16 && !strings.Contains(text, "where 4096 fit") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestFilterLocked(t *testing.T) {
	t.Parallel()
	s, _ := bound(t, "udp4", sock.Dgram, sockopt.ReusePort.With(true))
	wantErr(t, s.AttachFilter(onlyA), nil)
	setInt(t, s, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1)
	wrong(t, s.AttachFilter(onlyA), "attachfilter", sock.Addr{}, syscall.EPERM)
	wrong(t, s.DetachFilter(), "detachfilter", sock.Addr{}, syscall.EPERM)
	wrong(t, s.AttachReusePortFilter(onlyA), "attachreuseportfilter", sock.Addr{}, syscall.EPERM)
	reads(t, s, onlyA)
}

// sharing opens n sockets that share an address. The program goes with the first.
func sharing(t testing.TB, network string, ty sock.Type, n int, program []sock.FilterInstruction) (all []*sock.Socket, name sock.Addr) {
	t.Helper()
	to := bindAddr(t, network)
	for i := range n {
		s := open(t, to.Domain(), ty, sockopt.ReusePort.With(true))
		if i == 0 {
			if err := s.AttachReusePortFilter(program); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Bind(to); err != nil {
			t.Fatal(err)
		}
		if ty == sock.Stream {
			wantErr(t, s.Listen(0), nil)
		}
		var err error
		if to, err = s.Sockname(); err != nil {
			t.Fatal(err)
		}
		wantErr(t, s.SetReadDeadline(time.Now().Add(10*time.Second)), nil)
		all = append(all, s)
	}
	return all, to
}

// steer chooses by the first byte: datagrams are seen without their header.
var steer = []sock.FilterInstruction{
	loadByte(0),
	{Op: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: 4},
	{Op: unix.BPF_RET | unix.BPF_A},
}

func TestFilterReusePort(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			all, to := sharing(t, network, sock.Dgram, 4, steer)
			a := open(t, to.Domain(), sock.Dgram)
			steered := func() {
				t.Helper()
				for i := range 64 {
					text := string(rune('0'+i)) + " for you"
					if _, err := a.SendTo([]byte(text), 0, to); err != nil {
						t.Fatal(err)
					}
					recv(t, all[text[0]%4], 20, 0, text)
				}
			}
			steered()
			wantErr(t, all[2].DetachReusePort(), nil) // it was for all of them
			wantErr(t, all[0].DetachReusePort(), syscall.ENOENT)
			wantErr(t, all[3].AttachReusePortFilter(steer), nil)
			steered()
		})
	}
}

func TestFilterReusePortStream(t *testing.T) {
	t.Parallel()
	const chosen = 2
	all, to := sharing(t, "tcp4", sock.Stream, 4, []sock.FilterInstruction{ret(chosen)})
	for range 16 {
		c := open(t, sock.Inet, sock.Stream)
		wantErr(t, c.Connect(to), nil)
		s, _, err := all[chosen].Accept()
		if err != nil {
			t.Fatal(err)
		}
		closed(t, s)
	}
	for i, l := range all {
		l.SetNonblock(true)
		if _, _, err := l.Accept(); err != sock.ErrWouldBlock {
			t.Error(i, err)
		}
	}
}

// It takes ReusePort, before Bind.
func TestFilterReusePortErrno(t *testing.T) {
	t.Parallel()
	s := open(t, sock.Inet, sock.Dgram)
	wrong(t, s.AttachReusePortFilter(steer), "attachreuseportfilter", sock.Addr{}, syscall.EINVAL)
	wrong(t, s.DetachReusePort(), "detachreuseport", sock.Addr{}, syscall.EINVAL)
	shared := open(t, sock.Inet, sock.Dgram, sockopt.ReusePort.With(true))
	refusedProgram(t, "attachreuseportfilter", shared.AttachReusePortFilter)
	wrong(t, shared.DetachReusePort(), "detachreuseport", sock.Addr{}, syscall.ENOENT)
	wantErr(t, s.Bind(bindAddr(t, "udp4")), nil)
	wantErr(t, sockopt.ReusePort.Set(s, true), nil)
	wrong(t, s.AttachReusePortFilter(steer), "attachreuseportfilter", sock.Addr{}, syscall.EINVAL)
}

// Not parallel: it is traced.
func TestFilterTrace(t *testing.T) {
	s := open(t, sock.Inet, sock.Dgram)
	r := record(t)
	wantErr(t, s.AttachFilter(onlyA), nil)
	_, err := s.Filter()
	wantErr(t, err, nil)
	wantErr(t, s.DetachFilter(), nil)
	want := []string{
		fmt.Sprintf("setsockopt(%d, SOL_SOCKET, SO_ATTACH_FILTER, {len=4}) = 0", s.FD()),
		fmt.Sprintf("getsockopt(%d, SOL_SOCKET, SO_ATTACH_FILTER, {len=4}) = 0", s.FD()),
		fmt.Sprintf("setsockopt(%d, SOL_SOCKET, SO_DETACH_FILTER, [0]) = 0", s.FD()),
	}
	if got := texts(r.take()); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
