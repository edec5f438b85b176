// Package sock is every call of Berkeley sockets, one thin layer over the
// kernel: for programs that need control of a socket's life, and for people who
// want to see what a socket is.
//
// A [Socket] is made by [Open], [Pair], [Socket.Accept] or [FromFD], and ends
// with [Socket.Close]. Its methods are the calls: one method, one system call,
// by the name of its man page. Where one is not enough the method's
// documentation lists the calls. There are no buffers, no goroutines and no
// finalizers behind it.
//
// An [Addr] is the address of a socket of any family, as the kernel has it.
// An [Option] is a socket option with the Go type of its value: options are
// variables of this package, such as [ReuseAddr].
//
// # How a call waits
//
// Every descriptor is non-blocking in the kernel. What a call does that cannot
// go on at once is the Socket's mode:
//
//   - blocking, the default: the goroutine waits in Go's own network poller. No
//     thread is held, deadlines end the waiting, and so does Close.
//   - non-blocking ([Socket.SetNonblock]): the call returns [ErrWouldBlock],
//     which allocates nothing. An accepted Socket inherits its listener's mode.
//   - by call: the flag [DontWait] does the same for one call.
//
// [Socket.Wait] waits, in any mode, without receiving or sending anything.
//
// # Close
//
// A descriptor's number can never be used after it was closed: each operation
// holds a reference, Close marks the end and wakes whoever waits, and the last
// operation out calls close(2), once. From then on everything returns an error
// that matches [net.ErrClosed]. Close never calls shutdown(2): copies of the
// descriptor, from [Socket.Dup] or in other processes, live on. A Socket that is
// dropped without Close leaks its descriptor; package socktest finds such in
// tests.
//
// # Errors
//
// A failed call returns an [*Error], which names the call, the address and the
// reason. The reason is the kernel's errno, as errors.Is finds it
// (syscall.ECONNREFUSED), or [net.ErrClosed], [os.ErrDeadlineExceeded], or
// [errors.ErrUnsupported] for what a system lacks. What the kernel says, the
// caller hears: short counts, flags and errnos are not changed. Bad input is an
// error, never a panic.
//
// # End of stream
//
// [Socket.Recv] returns what the kernel does: (0, nil) at the end of a stream. A
// loop that tests only the error spins there. [Socket.Read] returns io.EOF, on
// connection-oriented types alone, since an empty datagram is no end.
//
// # Systems
//
// Every name compiles everywhere. Linux, FreeBSD, NetBSD, OpenBSD, DragonFly and
// macOS work; macOS and OpenBSD reach their kernels through golang.org/x/sys,
// which allocates for addresses and vectors, where elsewhere no transfer
// allocates. On any other system each call answers [errors.ErrUnsupported].
package sock
