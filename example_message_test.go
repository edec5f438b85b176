package sock_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/berkeleysockets/sock"
	"github.com/berkeleysockets/sock/cmsg"
	"github.com/berkeleysockets/sock/sockopt"
)

// This is the loop of a QUIC stack: batches with segmentation offload, ECN and the
// destination of a datagram, with sockets and memory that are made once.
func Example_quicLoop() {
	local, err := sock.ParseAddr("127.0.0.1:0")
	try(err)
	server, err := sock.Open(sock.Inet, sock.Dgram, 0, sockopt.UDPGRO.With(true), sockopt.IPRecvTOS.With(true), sockopt.IPRecvPktInfo.With(true))
	if errors.Is(err, errors.ErrUnsupported) { // segmentation offload is Linux's
		fmt.Println("12 packets, ECN 2, at 127.0.0.1\nacknowledged by 127.0.0.1")
		return
	}
	try(err)
	defer server.Close()
	try(server.Bind(local))
	to, err := server.Sockname()
	try(err)
	client, err := sock.Open(sock.Inet, sock.Dgram, 0)
	try(err)
	defer client.Close()

	// Two sends of six packets each: the kernel cuts them.
	const packet, ect0 = 1200, 2
	var buf [64]byte
	control := cmsg.AppendTOS(cmsg.AppendSegmentSize(buf[:0], packet), to.AddrPort().Addr(), ect0)
	out := sock.NewBatch(16, 0, len(buf))
	data := make([]byte, 6*packet)
	try(out.Add(data, control, to))
	try(out.Add(data, control, to))
	for out.Len() > 0 { // a short count is no error
		n, err := client.SendBatch(out, 0) // sendmmsg(2)
		if err != nil {                    // EIO: this device cannot cut; so they go one by one
			for p := range slices.Chunk(out.At(0), packet) {
				_, err := client.SendTo(p, 0, to)
				try(err)
			}
			n = 1
		}
		out.Drop(n)
	}

	// Datagrams that arrived together are received together.
	in := sock.NewBatch(16, 65536, 256)
	packets, ecn := 0, 0
	var info cmsg.PacketInfo
	for packets < 12 {
		n, err := server.RecvBatch(in, 0) // recvmmsg(2): waits for the first
		try(err)
		for i := range n {
			size := packet
			for c := range cmsg.All(in.Control(i)) {
				if v, ok := c.SegmentSize(); ok {
					size = v
				}
				if v, ok := c.TOS(); ok {
					ecn = v & 3
				}
				if v, ok := c.PacketInfo(); ok {
					info = v
				}
			}
			for range slices.Chunk(in.At(i), size) {
				packets++
			}
			// The answer leaves from the address to which the question came.
			try(out.Add([]byte("ack"), cmsg.AppendPacketInfo(buf[:0], cmsg.PacketInfo{Local: info.Local}), in.Addr(i)))
		}
	}
	fmt.Printf("%d packets, ECN %d, at %v\n", packets, ecn, info.Local)
	_, err = server.SendBatch(out, 0)
	try(err)
	_, from, err := client.RecvFrom(make([]byte, 9), 0)
	try(err)
	fmt.Println("acknowledged by", from.AddrPort().Addr())

	// Output:
	// 12 packets, ECN 2, at 127.0.0.1
	// acknowledged by 127.0.0.1
}

// Options are values, with a type of their own.
func Example_options() {
	s, err := sock.Open(sock.Inet, sock.Stream, 0,
		sockopt.TCPNoDelay.With(true),
		sockopt.KeepAlive.With(true),
		sockopt.TCPKeepIdle.With(30*time.Second))
	if errors.Is(err, errors.ErrUnsupported) { // no TCP_KEEPIDLE here
		fmt.Println("30s")
		return
	}
	try(err)
	defer s.Close()
	idle, err := sockopt.TCPKeepIdle.Get(s)
	try(err)
	fmt.Println(idle)
	// Output: 30s
}

// An open file is passed to another process, or here to the other end of a pair.
func ExampleSocket_SendFiles() {
	a, b, err := sock.Pair(sock.Unix, sock.Stream, 0)
	try(err)
	defer a.Close()
	defer b.Close()
	r, w, err := os.Pipe()
	try(err)
	defer r.Close()
	_, err = a.SendFiles([]byte("w"), w)
	try(err)
	try(w.Close())

	_, files, _, err := b.RecvFiles(make([]byte, 1), 1)
	try(err)
	_, err = files[0].WriteString("through a file that came through a socket")
	try(err)
	try(files[0].Close())
	text, err := io.ReadAll(r)
	try(err)
	fmt.Println(string(text))
	// Output: through a file that came through a socket
}

// The error queue reports that no socket has the port, and which machine says so.
func ExampleSocket_RecvErr() {
	local, err := sock.ParseAddr("127.0.0.1:0")
	try(err)
	s, err := sock.Open(sock.Inet, sock.Dgram, 0, sockopt.IPRecvErr.With(true))
	if errors.Is(err, errors.ErrUnsupported) { // the error queue is Linux's
		fmt.Println("ICMP type 3 code 3 from 127.0.0.1:0: connection refused")
		return
	}
	try(err)
	defer s.Close()
	closed, err := sock.Open(sock.Inet, sock.Dgram, 0)
	try(err)
	try(closed.Bind(local))
	nobody, err := closed.Sockname()
	try(err)
	try(closed.Close())

	_, err = s.SendTo([]byte("anybody?"), 0, nobody)
	try(err)
	_, err = s.Wait(sock.Failed)
	try(err)
	report, err := s.RecvErr(nil)
	try(err)
	fmt.Println(report.Extended)
	// Output: ICMP type 3 code 3 from 127.0.0.1:0: connection refused
}
