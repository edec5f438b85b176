// Package sock is every call of Berkeley sockets, one thin layer over the
// kernel: for programs that need control of a socket's life, and for people who
// want to see what a socket is.
//
// # Sockets
//
// A [Socket] is made by [Open], [Pair] or [Socket.Accept], and ends with
// [Socket.Close]. Its methods are the calls: one method, one system call, by the
// name of its man page. Where one is not enough the method's documentation lists
// the calls. There are no buffers, no goroutines and no finalizers behind it. Any
// number of goroutines may use a Socket at once.
//
// A server calls Open, [Socket.Bind], [Socket.Listen] and Accept; a client Open
// and [Socket.Connect]; then both call [Socket.Send] and [Socket.Recv], or
// [Socket.Write] and [Socket.Read], which do what package io wants of them. A
// datagram socket needs no connection: [Socket.SendTo] and [Socket.RecvFrom].
// [Socket.SendMsg] and [Socket.RecvMsg] carry pieces, control messages and flags
// besides.
//
// # Addresses
//
// An [Addr] is the address of a socket of any family, a comparable value that
// keeps the kernel's own bytes: what RecvFrom returned SendTo takes as it is.
// [ParseAddr] reads 127.0.0.1:80, [::1]:80, unix:/path and whatever else
// [Addr.String] writes; [AddrFrom] takes a [netip.AddrPort]. Names are not
// addresses: [Resolve] looks them up.
//
// # Options
//
// An [Option] is a socket option with the Go type of its value, and options are
// variables of this package, such as [ReuseAddr] or [TCPNoDelay], with methods Get
// and Set. Open takes some, with their values, to set before anything else
// happens:
//
//	s, err := sock.Open(sock.Inet, sock.Stream, 0, sockopt.ReuseAddr.With(true))
//
// One that has no variable has a number: [IntOption], [BoolOption], [BytesOption].
//
// # Control messages
//
// What goes beside the data, such as the hops a datagram had left, or open files, is
// control messages: [AppendTOS], [AppendSegmentSize] and their like write them for
// [Socket.SendMsg] and [Batch.Add], and [NextControl] and [ControlMessages] read what
// came, each a [ControlMessage] with methods for what it may say. Most have to be asked
// for by an option, such as [IPRecvPktInfo]. [Socket.SendFiles] and [Socket.RecvFiles]
// pass open files. The error queue, which [Socket.RecvErr] reads, tells what became of
// packets that were sent.
//
// # Many messages in one call
//
// A [Batch] is messages of any family that [Socket.SendBatch] and [Socket.RecvBatch]
// send and receive with one system call, control messages and addresses with them. Its
// memory is made once: see the example of a QUIC loop.
//
// # Files
//
// [Socket.ReadFrom] and [Socket.WriteTo], which io.Copy and net/http find by themselves,
// have the kernel move files, pipes and streams where it can; [Socket.SendFile] is one
// such call. [Socket.SendZeroCopy] sends from memory without a copy.
//
// # Families
//
// [Open] takes every family, type and protocol that the kernel has, and an [Addr] is of
// any:
//
//	Inet, Inet6   Stream; Dgram; Raw with a protocol, [ICMP] say, which takes CAP_NET_RAW;
//	              Dgram with ICMP or [ICMPv6], a ping socket, for the groups of the sysctl
//	              ping_group_range; Stream with [MPTCP]. [AddrFrom], [ParseAddr]
//	Unix          Stream, Dgram, SeqPacket. [UnixAddr], [AbstractAddr]
//	Packet        Dgram without link headers, Raw with them (CAP_NET_RAW). [PacketAddr]; bound to
//	              an EtherType and an interface it sees what passes there
//	Netlink       Raw with a netlink protocol: 0 for routes, 4 for sock_diag. [NetlinkAddr]
//	VSock         Stream between a virtual machine and its host. [VSockAddr]
//	others        by their numbers, Open(44, Raw, 0) for XDP, with [RawAddr] and [BytesOption]
//
// # How a call waits
//
// Every descriptor is non-blocking in the kernel. What a call does that cannot
// go on at once is the Socket's mode:
//
//   - blocking, the default: its goroutine waits in Go's own network poller, and
//     no thread is held. Deadlines end the waiting, and so does Close. The first
//     wait puts the descriptor into that poller, which takes about 600 bytes and
//     an epoll_ctl(2) or kevent(2); a wait costs a poll(2) besides. A Socket that
//     never waits never pays. A receive without a deadline, on a connection that
//     is busy, may let other goroutines run first.
//   - non-blocking ([Socket.SetNonblock]): the call returns [ErrWouldBlock], for
//     which nothing is allocated. An accepted Socket inherits its listener's mode.
//   - by call: the flag [DontWait] does the same for one call.
//
// [Socket.Wait] waits, in any mode, without receiving or sending anything. In no
// mode does a call allocate that sends, receives or would block, with the few
// exceptions that its documentation names.
//
// # Deadlines
//
// [Socket.SetReadDeadline] and [Socket.SetWriteDeadline] are a point in time, as in
// package net: from then on calls fail with [os.ErrDeadlineExceeded], those that
// wait already and those that could go on. They make no system call. A context
// that ends a call is a deadline in the past, set by [context.AfterFunc]: see the
// example of SetDeadline.
//
// # Many sockets in one goroutine
//
// A [Poller] watches non-blocking Sockets and tells which are ready:
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
//				continue // nothing after all
//			case n == 0 || err != nil:
//				e.Socket.Close() // it leaves the Poller too
//				continue
//			}
//			handle(e.Socket, e.Data, buf[:n])
//		}
//	}
//
// A goroutine for each Socket is simpler, and good for thousands: what one waits
// for stands in its own code. It costs a stack of some kilobytes and a buffer, a
// switch of goroutines for each message, and a third of the rate or so. A Poller
// is for the many that are idle, about 180 bytes each, and for programs that must
// decide themselves who comes next.
//
// Level-triggered, the default: Wait tells what is so, as long as it is so.
// Receive once, and what is left is told again. [Edge]-triggered: Wait tells what
// has changed. On a stream a receive that fills less than its buffer, and on all
// one that would block, is the end of it: only then does the next change come
// through. It saves a call where a Socket is Writable all the time, and loses data
// where a loop stops too soon. Data and the end behind it may be one change: watch
// for ReadClosed too, and where it is told receive until 0 comes. [OneShot] tells
// once, until [Poller.Modify]: for several goroutines that share the work of one
// Poller's events.
//
// # Close
//
// A descriptor's number can never be used after it was closed: each operation
// holds a reference, Close marks the end and wakes whoever waits, and the last
// operation out calls close(2), once. When Close returns the descriptor is
// closed. From then on everything returns an error that matches [net.ErrClosed].
// Close never calls shutdown(2): copies of the descriptor, from [Socket.Dup] or in
// other processes, live on. A Socket that is dropped without Close leaks its
// descriptor; package socktest finds such in tests.
//
// # Errors
//
// A failed call returns an [*Error], which names the call, the address and the
// reason. The reason is the kernel's errno, as errors.Is finds it
// (syscall.ECONNREFUSED), or [net.ErrClosed], [os.ErrDeadlineExceeded], or
// [errors.ErrUnsupported] for what a system lacks. [ErrWouldBlock] and
// [ErrInProgress] are no failures, and are returned as they are. What the kernel
// says, the caller hears: short counts, flags and errnos are not changed. EINTR is
// tried again, but for close(2) and connect(2). Bad input is an error, never a
// panic.
//
// # End of stream
//
// [Socket.Recv] returns what the kernel does: (0, nil) at the end of a stream. A
// loop that tests only the error spins there. [Socket.Read] returns io.EOF, on
// connection-oriented types alone, since an empty datagram is no end.
//
// # Package net
//
// A *Socket is a [net.Conn]: crypto/tls, bufio and io.Copy use it as it is.
// [Listener] and [PacketConn] make a [net.Listener] for net/http and a
// [net.PacketConn] for quic-go of one. [FromConn] makes a Socket of what package
// net has; [Socket.NetConn], [Socket.NetListener] and [Socket.NetPacketConn] hand
// one over. [Socket.File] and [Inherited] pass sockets to a child, or from
// systemd.
//
// # Tracing
//
// [SetTracer] shows each system call as strace prints it. Off, it costs a branch.
//
// # Systems
//
// Every name compiles everywhere, and answers [errors.ErrUnsupported] where a
// system has no such thing.
//
//	                            the kernel is reached by    a transfer allocates
//	Linux                       system calls                no
//	FreeBSD, NetBSD, DragonFly  system calls                no
//	macOS, OpenBSD              golang.org/x/sys            for addresses and vectors
//	others                      not at all                  -
//
// Only Linux is run by the project's own checks.
package sock
