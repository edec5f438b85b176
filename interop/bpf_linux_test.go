package interop

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/sockopt"
)

// These tests load programs that were not written with package sock.

// assembled returns a program of golang.org/x/net/bpf as our instructions, which have the same
// fields.
func assembled(t testing.TB, program ...bpf.Instruction) (ours []sock.FilterInstruction) {
	t.Helper()
	raw, err := bpf.Assemble(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range raw {
		ours = append(ours, sock.FilterInstruction(i))
	}
	return ours
}

func TestBPFAssembled(t *testing.T) {
	s := bound(t, "127.0.0.1:0", sock.Dgram)
	const header = 8
	program := assembled(t, bpf.LoadAbsolute{Off: header, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 'a', SkipFalse: 1}, bpf.RetConstant{Val: 1 << 16}, bpf.RetConstant{Val: 0})
	if err := s.AttachFilter(program); err != nil {
		t.Fatal(err)
	}
	said(t, s, "b", "ab")
	heard(t, s, "ab")

	back, err := s.Filter()
	if err != nil {
		t.Fatal(err)
	}
	var raw []bpf.RawInstruction
	for _, i := range back {
		raw = append(raw, bpf.RawInstruction(i))
	}
	if list, ok := bpf.Disassemble(raw); !ok || len(list) != 4 || list[3] != (bpf.RetConstant{Val: 0}) {
		t.Error(list)
	}
}

// loaded returns an eBPF program that returns the first byte of a datagram, modulo 4.
func loaded(t testing.TB) *ebpf.Program {
	t.Helper()
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:    ebpf.SocketFilter,
		License: "BSD",
		Instructions: asm.Instructions{
			asm.Mov.Reg(asm.R6, asm.R1),
			asm.LoadAbs(0, asm.Byte),
			asm.And.Imm(asm.R0, 3),
			asm.Return(),
		},
	})
	if errors.Is(err, os.ErrPermission) || errors.Is(err, ebpf.ErrNotSupported) {
		t.Skip("no bpf(2) here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestBPFReusePort shows that an eBPF program chooses between sockets that share a port.
func TestBPFReusePort(t *testing.T) {
	p := loaded(t)
	var all [4]*sock.Socket
	at := "127.0.0.1:0"
	for i := range all {
		s := bound(t, at, sock.Dgram, sockopt.ReusePort.With(true))
		name, err := s.Sockname()
		if err != nil {
			t.Fatal(err)
		}
		all[i], at = s, name.String()
	}
	attach(t, all[0], unix.SO_ATTACH_REUSEPORT_EBPF, p)
	for _, text := range []string{"0", "1", "2", "3", "4", "5", "6", "7"} {
		said(t, all[0], text)
		heard(t, all[text[0]%4], text)
	}
	if err := all[3].DetachReusePort(); err != nil {
		t.Error(err)
	}
}

// A filter of this kind cannot be read back.
func TestBPFFilter(t *testing.T) {
	p := loaded(t)
	s := bound(t, "127.0.0.1:0", sock.Dgram)
	attach(t, s, unix.SO_ATTACH_BPF, p)
	if _, err := s.Filter(); !errors.Is(err, unix.EACCES) {
		t.Error(err)
	}
	if err := s.DetachFilter(); err != nil {
		t.Error(err)
	}
	if program, err := s.Filter(); program != nil || err != nil {
		t.Error(program, err)
	}
}

func attach(t testing.TB, s *sock.Socket, option int, p *ebpf.Program) {
	t.Helper()
	err := s.WithFD(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, p.FD()) })
	if err != nil {
		t.Fatal(err)
	}
}

// said sends datagrams to the address of s.
func said(t testing.TB, s *sock.Socket, texts ...string) {
	t.Helper()
	to, err := s.Sockname()
	if err != nil {
		t.Fatal(err)
	}
	from := bound(t, "127.0.0.1:0", sock.Dgram)
	for _, text := range texts {
		if _, err := from.SendTo([]byte(text), 0, to); err != nil {
			t.Fatal(err)
		}
	}
}

// heard fails the test unless s receives text next.
func heard(t testing.TB, s *sock.Socket, text string) {
	t.Helper()
	if err := s.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100)
	if n, err := s.Recv(p, 0); string(p[:n]) != text || err != nil {
		t.Fatalf("%q, %v, want %q", p[:n], err, text)
	}
}
