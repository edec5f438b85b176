//go:build !linux

package sys

// Epoll exists on Linux only. A kqueue descriptor has the same use, but cannot wait in the
// runtime poller: that registers each descriptor for writing too, which a kqueue refuses
// (EINVAL).

func EpollCreate() (int, Errno)               { return -1, ENOSYS }
func EpollAdd(ep, fd int, events int16) Errno { return ENOSYS }
func EpollFetchOne(ep int) (int16, Errno)     { return 0, ENOSYS }
