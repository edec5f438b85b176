// Package sys makes the system calls of package sock: one function for each call, with
// plain numbers as arguments, and a count and an errno as results. It alone uses unsafe
// and trap numbers, and knows the layout of addresses and of the kernel's structures.
//
// # Backends
//
// A function that differs between systems is in files with one name and three suffixes:
//
//	X_syscall.go  system calls by trap number: Linux, FreeBSD, NetBSD, DragonFly
//	X_libc.go     functions of golang.org/x/sys/unix: macOS and OpenBSD, whose kernels
//	              accept system calls from libc only
//	X_stub.go     every other system, or one without the call: returns [ENOSYS]
//
// A file without a suffix is for all systems, X_unix.go for all but the stubs, X_bsd.go and
// X_linux.go for those systems. Every name that package sock uses exists on every system.
//
// # Rules of the calls
//
// Every call retries after EINTR, except close, connect and the functions whose comment
// says otherwise.
// Descriptors created here are close-on-exec and non-blocking. No function keeps a buffer,
// and with system calls by trap number no buffer escapes to the heap.
//
// # A new system
//
// A port is two files, and the name of the system in the build lines of the backends that
// it uses (grep for a system like it finds them):
//
//   - const_GOOS.go, which `go generate` writes from names.txt: see mkconst.go.
//   - os_GOOS.go, with the facts of one kernel. It defines
//
// for the calls:
//
//	SendFlags               flags of every send: MSG_NOSIGNAL
//	RecvmsgFlags            flags of every recvmsg(2): MSG_CMSG_CLOEXEC, or 0
//	MayBlockFlags           flags with which a receive may block in spite of MSG_DONTWAIT
//	rawLimit                largest transfer that does not release the P (X_syscall.go)
//	hangupIsOfWriting       meaning of POLLHUP (poll_bsd.go)
//	accept4                 accept that returns a close-on-exec, non-blocking descriptor
//	Socket, Socketpair, Poll, DisableSIGPIPE, vendorSockaddr, putVendor
//	                        the calls in which macOS and OpenBSD differ (X_libc.go)
//	ENONET                  Linux's number, or one that no call returns
//	AcceptCall, PollCall, OpenFlags, AcceptFlags
//	                        names and flags in a trace
//
// for addresses:
//
//	sunPath, MaxPath        size of sun_path, and of the longest path in it
//	sizeVSock, Abstract     size of a sockaddr_vm; whether there are abstract unix names
//	family, putFamily, SetLength
//	                        the header of a sockaddr (sockaddr_bsd.go on the BSDs and macOS)
//
// for control messages:
//
//	cmsgLenWide             1 if cmsg_len has 64 bits
//	PassesAnyControl        whether the kernel knows every message that package cmsg builds
//	SendTTL4, SendTOS4, SizeTOS4, SendSource4, TripleInfo
//	                        the messages of an IPv4 datagram
//	SendCredentials, SizeCredentials
//	                        the message that carries credentials
//
// and for options:
//
//	PeerCredLevel, PeerCredName, PeerCredCall, SizePeerCred, PeerCred
//	                        credentials of the peer: see peercred.go
//	mcastOptions, groupAt, putIndex4
//	                        multicast memberships: see mcast.go
package sys
