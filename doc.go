// Package sock provides the Berkeley sockets API: each method of [Socket] makes one
// system call. It is for programs that need control of a socket's life, and for
// learning what a socket is.
//
// # Sockets
//
// [Open], [Pair] and [Socket.Accept] make a [Socket]; [Socket.Close] ends it. A method
// has the name of its system call. Where one call is not enough, the documentation of
// the method lists the calls. There are no buffers, goroutines or finalizers behind a
// Socket. Any number of goroutines may use it at the same time.
//
// A server calls Open, [Socket.Bind], [Socket.Listen] and Accept; a client calls Open
// and [Socket.Connect]. Then both call [Socket.Send] and [Socket.Recv], or
// [Socket.Write] and [Socket.Read], which are those of package io. A datagram socket
// needs no connection: [Socket.SendTo] and [Socket.RecvFrom]. [Socket.SendMsg] and
// [Socket.RecvMsg] also carry several buffers, control messages and flags.
//
// # Addresses
//
// An [Addr] is the address of a socket of any family. It is a comparable value and keeps
// the kernel's own bytes: SendTo accepts the address that RecvFrom returned. [ParseAddr]
// reads 127.0.0.1:80, [::1]:80, unix:/path and every other text that [Addr.String]
// writes; [AddrFrom] takes a [netip.AddrPort]. Names are not addresses: [Resolve] looks
// them up.
//
// # Options
//
// Package sockopt has more than 200 socket options, each with the Go type of its value and
// the methods Get and Set. Open takes options with their values, and sets them before the Socket is
// used:
//
//	s, err := sock.Open(sock.Inet, sock.Stream, 0, sockopt.ReuseAddr.With(true))
//
// A [Setting] is a function, so a program can write its own. [Socket.Getsockopt] and
// [Socket.Setsockopt] take any option by its number, as bytes.
//
// # Control messages
//
// Control messages (ancillary data) go beside the data: the hop limit of a datagram, or
// open files. Package cmsg builds them for [Socket.SendMsg] and [Batch.Add], and reads
// those that were received. An option such as sockopt.IPRecvPktInfo asks the kernel for
// most of them. A control message that a socket cannot use is an error, also where the kernel
// ignores it. [Socket.SendFiles] and [Socket.RecvFiles] pass open files. The error
// queue, which [Socket.RecvErr] reads, reports errors and timestamps of sent packets.
//
// # Many messages in one call
//
// A [Batch] holds messages of any family. [Socket.SendBatch] and [Socket.RecvBatch] send
// and receive them with one system call, with control messages and addresses. Its memory
// is allocated once: see the example of a QUIC loop.
//
// # Files
//
// [Socket.ReadFrom] and [Socket.WriteTo], which io.Copy and net/http call, have the
// kernel move the bytes of files, pipes and streams where it can. [Socket.SendFile] is
// one such call. [Socket.SendZeroCopy] sends from memory without a copy.
//
// # Families
//
// [Open] takes every family, type and protocol that the kernel has, and an [Addr] is of
// any family:
//
//	Inet, Inet6   Stream; Dgram; Raw with a protocol, such as [ICMP] (needs CAP_NET_RAW);
//	              Dgram with ICMP or [ICMPv6]: a ping socket, for the groups of the sysctl
//	              ping_group_range; Stream with [MPTCP]. [AddrFrom], [ParseAddr]
//	Unix          Stream, Dgram, SeqPacket. [UnixAddr], [AbstractAddr]
//	Packet        Dgram without link headers, Raw with them (CAP_NET_RAW). [PacketAddr]; bound to
//	              an EtherType and an interface it receives what passes there
//	Netlink       Raw with a netlink protocol: 0 for routes, 4 for sock_diag. [NetlinkAddr]
//	VSock         Stream between a virtual machine and its host. [VSockAddr]
//	others        by their numbers, Open(44, Raw, 0) for XDP, with [RawAddr] and sockopt.Bytes
//
// # How a call waits
//
// Every descriptor is non-blocking in the kernel. The mode of the Socket decides what
// happens to a call that cannot proceed at once:
//
//   - blocking, the default: the goroutine waits in the runtime poller, and no thread is
//     held. A deadline or Close ends the wait. The first wait registers the descriptor
//     with the runtime poller, which costs about 600 bytes and an epoll_ctl(2) or
//     kevent(2); each wait costs a poll(2). A Socket that never waits never pays this. A
//     receive without a deadline on a busy connection may let other goroutines run first.
//   - non-blocking ([Socket.SetNonblock]): the call returns [ErrWouldBlock], which
//     allocates nothing. An accepted Socket inherits the mode of its listener.
//   - one call: the flag [DontWait] does the same for one call.
//
// [Socket.Wait] waits in any mode, and neither receives nor sends.
//
// The calls that send and receive from memory allocate nothing: Send, Recv, Write, Read, those
// with vectors, SendTo, RecvFrom, SendMsg, RecvMsg, SendBatch, RecvBatch and RecvErr. Neither
// does a call that would block. One exception is the address of a unix sender with a path above
// 28 bytes. Calls that copy or pass files allocate ([Socket.ReadFrom], [Socket.WriteTo],
// [Socket.SendFile], [Socket.SendFiles], [Socket.RecvFiles]), and so do methods that return an
// address of package net.
//
// # Deadlines
//
// [Socket.SetReadDeadline] and [Socket.SetWriteDeadline] set a point in time, as in
// package net. From then on calls fail with [os.ErrDeadlineExceeded]: those that wait
// already, and those that could proceed. They make no system call. To end a call with a
// context, set a deadline in the past by [context.AfterFunc]: see the example of
// SetDeadline.
//
// # Many sockets in one goroutine
//
// A [Poller] watches non-blocking Sockets and reports which are ready:
//
//	events := make([]sock.Event, 256)
//	for {
//		n, err := p.Wait(events, -1)
//		if err != nil {
//			return err // p was closed
//		}
//		for _, e := range events[:n] {
//			n, err := e.Socket.Recv(buf, 0)
//			switch {
//			case err == sock.ErrWouldBlock:
//				continue // another goroutine was faster
//			case n == 0 || err != nil:
//				e.Socket.Close() // which removes it from the Poller
//				continue
//			}
//			handle(e.Socket, e.Data, buf[:n])
//		}
//	}
//
// A goroutine for each Socket is simpler, and good for thousands of connections. It costs
// a stack of some kilobytes, a buffer, and a switch of goroutines for each message: a tenth
// of the rate with 100 busy connections, a fifth with 1,000 (bench/README.md). A Poller is
// for many idle connections, about 180 bytes each, and for programs that decide the order
// of work themselves.
//
// Level-triggered is the default: Wait reports a socket as long as it is ready. A program
// may receive once; anything left over is reported again.
//
// With [Edge] Wait reports changes. The program must receive until a call on a stream
// returns less than the buffer holds, or until a call would block: only then is the next
// change reported. Edge saves a call for a socket that is always Writable, and loses data
// if a loop stops too early. Data and the end of the stream may be one change: watch for
// ReadClosed too, and when it is reported receive until the result is 0.
//
// With [OneShot] Wait reports a socket once, until [Poller.Modify]. It serves several
// goroutines that share the events of one Poller.
//
// # Close
//
// A descriptor is never used after it was closed. Each operation holds a reference; Close
// marks the Socket closed and wakes every waiting call; the last operation to return
// calls close(2), once. When Close returns, the descriptor is closed, unless a callback of
// [Socket.WithFD] or SyscallConn is running: its return closes it. From then on every call
// returns an error that matches [net.ErrClosed]. Close never calls shutdown(2):
// copies of the descriptor, from [Socket.Dup] or in other processes, stay open. The caller
// must call Close or [Socket.Detach]: there is no finalizer, and an unreachable Socket
// leaks its descriptor. Package socktest finds such leaks in tests.
//
// # Errors
//
// A failed call returns an [*Error] with the call, the option's name or the address, and
// the reason. The reason is the kernel's errno, which errors.Is finds (syscall.ECONNREFUSED), or
// [net.ErrClosed], [os.ErrDeadlineExceeded], or [errors.ErrUnsupported] for what a system
// lacks. [ErrWouldBlock] and [ErrInProgress] are no failures and are returned without an
// Error. Short counts, flags and errnos are returned as the kernel gives them. A call
// that a signal interrupts (EINTR) is made again, except close(2) and connect(2). Bad
// input is an error, never a panic.
//
// # End of stream
//
// [Socket.Recv] returns the kernel's result: (0, nil) at the end of a stream. A loop that
// tests only the error never ends there. [Socket.Read] returns io.EOF, on
// connection-oriented types only, since an empty datagram is not an end.
//
// # Package net
//
// [Dial], [Listen] and [ListenPacket] take networks and addresses in the form of package
// net, resolve names, and return a Socket.
//
// A *Socket is a [net.Conn]: crypto/tls, bufio and io.Copy accept it. [Listener] returns
// a [net.Listener] for net/http, and [PacketConn] a [net.PacketConn] for quic-go.
// [Control] applies settings to sockets that package net opens.
// [FromConn] makes a Socket of a connection of package net; [Socket.NetConn],
// [Socket.NetListener] and [Socket.NetPacketConn] hand a Socket over to it.
// [Socket.File] and [Inherited] pass sockets to a child process, and take them from
// systemd; [Notify] reports the state of a service to it.
//
// # Tracing
//
// [SetTracer] shows each system call of this package as strace prints it; those of the
// runtime poller are not shown. When it is off it costs a branch.
//
// # Slow memory
//
// A system call that is known not to sleep keeps its processor, which saves time: on Linux
// the transfers of TCP, UDP and unix sockets up to 64 KiB. All other calls release it, so
// that other goroutines run meanwhile. Whether the memory of a buffer is slow, as that of a
// mapped file is, cannot be known: a program that passes such buffers calls
// [SetSlowMemory] first.
//
// # Systems
//
// Every name compiles on every system, and returns [errors.ErrUnsupported] where the
// system has no such thing.
//
//	                            the kernel is reached by    sends and receives allocate
//	Linux                       system calls                no
//	FreeBSD, NetBSD, DragonFly  system calls                no
//	macOS, OpenBSD              golang.org/x/sys            for addresses and vectors
//	others                      not at all                  -
//
// The project's own checks run on Linux only; the tests were run on FreeBSD 15 by hand.
package sock
