// Package sys is the kernel as package sock sees it: one function a system
// call, plain numbers in, a count and an errno out. It alone uses unsafe and
// trap numbers, and knows how addresses lie in memory.
//
// There are two backends: raw traps (Linux, FreeBSD, NetBSD, DragonFly) and
// the functions of golang.org/x/sys/unix (macOS, OpenBSD), whose kernels
// accept calls from libc alone. Every other system gets stubs that answer
// [ENOSYS].
//
// EINTR is retried in every call but close and connect. Descriptors that are
// made here are close-on-exec and non-blocking. No buffer is kept, and with
// raw traps none escapes to the heap.
package sys
